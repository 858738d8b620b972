"""The page's drawing is Matplotlib's own: the same shapes, looks and words, in far fewer bytes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations
from xml.etree import ElementTree as Xml

import pytest

pytest.importorskip("matplotlib")

from cutaway.kit.drawing import figures
from cutaway.kit.drawing.conftest import (
    BAR,
    HEAT,
    LINE,
    MARKS,
    Point,
    Shape,
    matrix,
    measured,
    shapes,
)
from cutaway.kit.drawing.inline import inlined
from cutaway.kit.drawing.marks import UNSAID, Mark, marks
from cutaway.kit.drawing.paths import steps
from cutaway.kit.drawing.series import INK, Series
from cutaway.kit.tables import Table
from cutaway.kit.words import Figure

MANY = measured((None, *"abcdefghijklmnopqrstu"))
FLAT = Table.of({"fault": f, "seed": s, "step": s, "val_loss": 1.0} for f in "ab" for s in range(4))
BROKEN = Table(("fault", "step", "val_loss"), ((None, 0, 1.0), (None, 9, 2.0), ("a", 0, 1.0),
    ("a", 1, None), ("a", 2, 3.0), ("a", 3, 2.0)))  # fmt: skip
CASES = [
    *((figure, table) for figure in MARKS for table in (measured(), MANY, FLAT, BROKEN)),
    *((replace(figure, log="xy"), measured()) for figure in MARKS),
    (HEAT, matrix([[0.1, -0.2, None], [0.1, 0.1, 0.4]])),
    (HEAT, matrix([[(x * y) ** 0.5 for x in range(12)] for y in range(12)])),
    (LINE, Table.of([])),
]


def near(one: Point, other: Point) -> bool:
    """Whether two points are less than a tenth of a pixel apart each way."""
    return all(abs(a - b) < 0.1 for a, b in zip(one, other, strict=True))


def follows(drawn: list[Point], true: list[Point]) -> bool:
    """Whether one outline passes where the other does, in its order, and nowhere else."""
    drawn, true = (p[:-1] if len(p) > 2 and near(p[0], p[-1]) else p for p in (drawn, true))
    drawn = [point for at, point in enumerate(drawn) if at == 0 or point != drawn[at - 1]]
    at = 0
    for point in true:
        if not near(drawn[at], point):
            at += 1
            if at == len(drawn) or not near(drawn[at], point):
                return False
    return at == len(drawn) - 1


def paint(shape: Shape) -> tuple[object, ...]:
    """What of a look can be seen, alike however it is said."""

    def number(name: str, given: float = 1.0) -> float:
        return round(float(shape.look.get(name, given)), 2)

    opacity = number("opacity")
    straight = all(len(one) <= 2 for one in shape.outlines) and shape.tag == "path"
    fill, stroke = (shape.look[key].replace(INK, "currentColor") for key in ("fill", "stroke"))
    look: list[object] = [shape.series, shape.words]
    if fill != "none" and not straight:
        look += [fill, round(number("fill-opacity") * opacity, 2)]
    if stroke != "none":
        look += [stroke, round(number("stroke-opacity") * opacity, 2), number("stroke-width")]
        look += [shape.look["stroke-linecap"]]
        look += [] if straight else [shape.look["stroke-linejoin"]]
        dashes = shape.look.get("stroke-dasharray", "none").replace(",", " ")
        look += dashes.replace("none", "").split()
    if shape.words:
        look += [float(shape.look["font-size"].removesuffix("px"))]
        look += [shape.look.get("font-style", "normal"), shape.look.get("text-anchor", "start")]
        look += [shape.turn]
    return tuple(look)


def by_paint(found: Sequence[Shape]) -> dict[tuple[object, ...], list[tuple[list[Point], Shape]]]:
    """The outlines of each look, in the order in which they are painted."""
    alike: dict[tuple[object, ...], list[tuple[list[Point], Shape]]] = {}
    for shape in found:
        for outline in shape.outlines:
            if len(outline) == 1 and shape.tag == "path":
                continue  # a move draws nothing
            alike.setdefault(paint(shape), []).append((outline, shape))
    return alike


def is_clipped_alike(drawn: Shape, true: Shape) -> bool:
    """Whether a shape is cut by the frame that cuts Matplotlib's, or lies in that frame."""
    if drawn.clip or not true.clip:
        return drawn.clip == pytest.approx(true.clip, abs=0.1)
    left, top, width, height = true.clip
    thick = float(drawn.look.get("stroke-width", 1)) / 2 if drawn.look["stroke"] != "none" else 0
    return all(
        left - 0.1 <= x - thick
        and x + thick <= left + width + 0.1
        and top - 0.1 <= y - thick
        and y + thick <= top + height + 0.1
        for outline in drawn.outlines
        for x, y in outline
    )


def sides(outline: Sequence[Point]) -> tuple[float, float, float, float]:
    """Left, top, right and bottom of a rectangle."""
    assert len(set(outline)) == 4
    xs, ys = zip(*outline, strict=True)
    return min(xs), min(ys), max(xs), max(ys)


def covers(drawn: Sequence[list[Point]], cells: Sequence[list[Point]]) -> None:
    """Nothing, if fewer rectangles cover all cells and nothing but those."""
    wide, small = ([sides(outline) for outline in some] for some in (drawn, cells))
    for left, top, right, bottom in small:
        inside = [w for w in wide if w[0] - 0.1 <= left and right <= w[2] + 0.1]
        assert any((w[1], w[3]) == pytest.approx((top, bottom), abs=0.1) for w in inside)
    areas = [sum((w[2] - w[0]) * (w[3] - w[1]) for w in some) for some in (wide, small)]
    assert areas[0] == pytest.approx(areas[1], rel=0.02)


@pytest.mark.parametrize(("figure", "table"), CASES)
def test_every_mark_is_where_matplotlib_drew_it_and_looks_the_same(
    figure: Figure, table: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    raw = []

    def kept(svg: str, figure: Figure, series: Sequence[Series]) -> str:
        raw.append(svg)
        return inlined(svg, figure, series)

    monkeypatch.setattr(figures, "inlined", kept)
    small = figures.draw(figure, replace(table, quick=True))
    true = [
        one for one in shapes(raw[0]) if (one.look["fill"], one.look["stroke"]) != ("none", "none")
    ]
    drawn, wanted = by_paint(shapes(small)), by_paint(true)
    assert drawn.keys() == wanted.keys()
    for look, outlines in wanted.items():
        if len(drawn[look]) < len(outlines):
            covers([one for one, _ in drawn[look]], [one for one, _ in outlines])
            continue
        assert len(drawn[look]) == len(outlines)
        left = list(drawn[look])
        for other, its in outlines:  # what looks alike looks the same in any order
            found = next((one for one in left if follows(one[0], other)), None)
            assert found, (look, other)
            assert is_clipped_alike(found[1], its), (look, other, its.clip)
            left.remove(found)


def test_a_figure_of_many_bars_is_light() -> None:
    rows = ((f"a_fault_{at}", seed, at / 30 + seed / 97) for at in range(28) for seed in range(8))
    table = Table(("fault", "seed", "val_loss"), tuple(rows))
    assert len(figures.draw(replace(BAR, name="attention-validation_by_fault"), table)) < 20_000


@pytest.mark.parametrize("side", range(4))
def test_a_mark_is_cut_by_its_frame_unless_it_lies_in_it_with_its_strokes(side: int) -> None:
    look = UNSAID | {"stroke": "black", "stroke-width": "2", "fill": "none"}
    mark = Mark("path", look, "", "", Xml.Element("g"), path=steps("M 10 20 L 30 40"))
    frame = [80, 180, 320, 420]
    assert mark.fits(frame)
    frame[side] += 5 if side < 2 else -5
    assert not mark.fits(frame)
    assert replace(mark, look=look | {"stroke-width": "1"}).fits(frame)
    assert replace(mark, look=look | {"stroke": "none", "fill": "black"}).fits(frame)
    frame[side] += 20 if side < 2 else -20
    assert not replace(mark, look=look | {"stroke": "none", "fill": "black"}).fits(frame)
    assert not replace(mark, path=[]).fits(frame)


def test_what_no_mark_of_a_figure_is_does_not_vanish() -> None:
    drawing = Xml.fromstring("<svg><g><image href='data:'/></g></svg>")
    with pytest.raises(ValueError, match="<image>"):
        list(marks(drawing))


def test_dots_that_overlap_shine_through_each_other() -> None:
    table = Table.of({"fault": None, "seed": seed, "val_loss": 1.0} for seed in range(8))
    svg = figures.draw(replace(BAR, mark="point"), table)
    dots = [one for one in shapes(svg, "clean") if one.tag == "circle"]
    assert len(dots) == 8 and all(one.density == 0.8 for one in dots)
    alike = Table.of({"fault": f, "seed": s, "val_loss": 1.0} for f in "abcdefg" for s in range(8))
    many = figures.draw(replace(BAR, mark="point"), alike)
    dots = [one for one in shapes(many, "g") if one.density == 0.8]
    assert sum(len(one.outlines) for one in dots) == 8 and len(dots) > 1
    for one in dots:
        places = sorted((min(xs), max(xs), min(ys), max(ys)) for xs, ys in map(ends, one.outlines))
        assert all(not touch(a, b) for a, b in combinations(places, 2))


def ends(outline: list[Point]) -> tuple[list[float], list[float]]:
    """All x and all y of an outline."""
    return [x for x, _ in outline], [y for _, y in outline]


def touch(one: Sequence[float], other: Sequence[float]) -> bool:
    """Whether two boxes, left and right, top and bottom, have a point in common."""
    beside = one[1] < other[0] or other[1] < one[0]
    return not (beside or one[3] < other[2] or other[3] < one[2])


def test_dots_that_stand_apart_are_one_path() -> None:
    rows = tuple((fault, seed, 9.0 * seed) for fault in "abcdefg" for seed in range(4))
    table = Table(("fault", "seed", "val_loss"), rows)
    svg = figures.draw(replace(BAR, mark="point"), table)
    dots = [one for one in shapes(svg, "g") if one.tag == "path" and one.density == 0.8]
    assert [len(one.outlines) for one in dots] == [4]


def test_the_cells_of_a_shade_are_one_path_and_so_are_the_lines_of_a_grid() -> None:
    svg = figures.draw(HEAT, matrix([[(x * y) ** 0.5 for x in range(12)] for y in range(12)]))
    cells = shapes(svg, "weight")
    assert len(cells) <= 25 and 12 < sum(len(one.outlines) for one in cells) < 144
    grid = [one for one in shapes(figures.draw(LINE, measured()), "") if one.clip]
    assert [len(one.outlines) > 2 for one in grid] == [True]
