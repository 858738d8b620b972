"""Tests of figures: what is drawn is what was measured, and a page can take it as it is."""

from __future__ import annotations

import itertools
from dataclasses import replace
from itertools import combinations

import pytest

pytest.importorskip("matplotlib")

from cutaway.kit.drawing.conftest import (
    BAR,
    HEAT,
    LINE,
    MARKS,
    SVG,
    assert_affine,
    line,
    loss,
    matrix,
    measured,
    parsed,
    shapes,
    words,
)
from cutaway.kit.drawing.figures import draw
from cutaway.kit.drawing.keys import spread
from cutaway.kit.drawing.series import PALETTE
from cutaway.kit.statistics import interval
from cutaway.kit.tables import Table
from cutaway.kit.words import Figure, Scalar


def test_a_line_stands_where_the_means_over_seeds_are() -> None:
    svg, table = draw(LINE, measured()), measured()
    drawn, true = [], []
    for name, fault in (("clean", None), ("no_scale", "no_scale")):
        corners = line(svg, name)
        assert_affine([x for x, _ in corners], [0, 5, 10, 20])
        drawn += [y for _, y in corners]
        for step in (0, 5, 10, 20):
            true.append(interval(table.where(fault=fault, step=step).column("val_loss")).mean)
    assert_affine(drawn, true)
    assert drawn[0] > drawn[3]  # larger is higher


def test_the_band_is_the_interval_of_the_seeds() -> None:
    svg, table = draw(LINE, measured()), measured()
    corners = line(svg, "clean")
    means = [interval(table.where(fault=None, step=x).column("val_loss")) for x in (0, 5, 10, 20)]
    scale = (corners[0][1] - corners[3][1]) / (means[3].mean - means[0].mean)
    band = shapes(svg, "clean")[0].corners
    ys = [y for x, y in band if x == pytest.approx(corners[0][0], abs=0.05)]
    assert max(ys) - min(ys) == pytest.approx(scale * (means[0].high - means[0].low), abs=0.15)


def test_a_band_that_the_table_states_is_drawn_and_none_where_it_states_none() -> None:
    ends = {0: (0.0, 2.0), 10: (0.0, 2.0), 20: (None, None)}
    rows: list[dict[str, Scalar]] = [
        {"fault": None, "step": x, "val_loss": 1.0, "val_loss_low": low, "val_loss_high": high}
        for x, (low, high) in ends.items()
    ]
    lines: list[dict[str, Scalar]] = [
        {"fault": "line", "step": 20 * y, "val_loss": y} for y in (0.0, 0.5, 1.0)
    ]
    svg = draw(LINE, Table.of([*rows, *lines]))
    (_, bottom), _, (right, top) = line(svg, "line")
    band = [corner for one in shapes(svg, "clean") if one.density < 0.2 for corner in one.corners]
    assert max(y for _, y in band) == pytest.approx(bottom, abs=0.15)
    assert min(y for _, y in band) == pytest.approx(2 * top - bottom, abs=0.15)
    assert max(x for x, _ in band) < right - 9
    assert shapes(draw(LINE, measured()), "no_scale")[0].density < 0.2


def test_of_rows_that_are_of_no_seed_nothing_is_said() -> None:
    rows = [{"fault": fault, "step": x, "val_loss": 1.0 + x} for fault in "ab" for x in (0, 1)]
    assert "of 1 row" not in draw(LINE, Table.of(rows))
    assert "without interval: mean of 2 rows" in draw(LINE, Table.of(rows * 2))
    with_seeds = Table.of({**row, "seed": 0} for row in rows)
    assert "without interval: mean of 1 seed" in draw(LINE, with_seeds)


def test_several_rows_of_one_seed_count_as_one() -> None:
    once = measured()
    twice = Table(once.columns, once.rows * 2)
    assert draw(LINE, once) == draw(LINE, twice)


def test_bars_are_as_long_as_the_means() -> None:
    values = ((None, 1.0), ("no_scale", 3.0), ("late_mask", 2.0))
    table = Table(
        ("fault", "seed", "val_loss"),
        tuple(
            (fault, s, v + noise)
            for s, noise in enumerate((-0.2, 0.3, -0.1))
            for fault, v in values
        ),
    )
    lengths = []
    for name in ("clean", "no_scale", "late_mask"):
        bar, whisker, middle, *_ = shapes(draw(BAR, table), name)
        corners = bar.corners
        lengths.append(max(x for x, _ in corners) - min(x for x, _ in corners))
        (left, _), (right, _) = whisker.corners
        assert [x for x, _ in middle.corners] == pytest.approx([(left + right) / 2] * 2, abs=0.11)
        assert max(x for x, _ in corners) == pytest.approx((left + right) / 2, abs=0.11)
        assert bar.density == pytest.approx(0.28)
    assert lengths == pytest.approx([lengths[0], 3 * lengths[0], 2 * lengths[0]], abs=0.3)
    assert all(one.density > 0.5 for one in shapes(draw(replace(BAR, log="y"), table), "clean"))


def test_every_seed_is_a_dot() -> None:
    svg = draw(replace(LINE, mark="point"), measured(seeds=5))
    dots = [one.corners[0] for one in shapes(svg, "no_scale") if one.tag == "circle"]
    true = [loss(1, step, seed) for seed in range(5) for step in (0, 5, 10, 20)]
    ys = sorted(y for x, y in dots if x < 400)
    assert_affine(sorted(ys, reverse=True)[: len(true)], sorted(true))


def test_a_heat_cell_is_the_denser_the_larger_its_value() -> None:
    svg = draw(HEAT, matrix([[0.0, 1.0], [None, 0.5]]))
    density = [one.density for one in shapes(svg, "weight")]
    assert density == pytest.approx([0.03, 0.78, 0.405], abs=0.02)
    assert {"0", "1", "0.5", "–"} <= set(words(parsed(svg)))
    two = draw(HEAT, matrix([[-1.0, 1.0]]))
    assert all(colour in two for colour in PALETTE[:2])


def test_a_heat_whose_scale_ends_shows_the_rest_of_it_and_writes_what_is_beyond() -> None:
    svg = draw(replace(HEAT, most=2.0), matrix([[0.0, 1.0], [2.0, 6e8]]))
    density = [one.density for one in shapes(svg, "weight")]
    assert density == pytest.approx([0.03, 0.405, 0.78], abs=0.02)  # the last two are alike
    assert {"0", "1", "2", "6×10⁸"} <= set(words(parsed(svg)))
    within = draw(replace(HEAT, most=9.0), matrix([[0.0, 1.0]]))
    assert within == draw(HEAT, matrix([[0.0, 1.0]]))


def test_the_first_row_of_a_matrix_is_on_top() -> None:
    svg = draw(HEAT, matrix([[7.25, 1.0], [3.0, 8.75]]))
    height = {t.text: float(t.get("y", "")) for t in parsed(svg).iter(f"{SVG}text")}
    assert height["7.25"] < height["8.75"]


def test_numbers_stand_by_size_whatever_the_order_of_the_rows() -> None:
    table = measured()
    turned = Table(table.columns, table.rows[2:] + table.rows[:2])
    corners = line(draw(LINE, turned), "clean")
    assert corners == line(draw(LINE, table), "clean")
    svg = draw(replace(LINE, mark="bar"), turned)
    at = {t.text: float(t.get("x", "")) for t in parsed(svg).iter(f"{SVG}text") if t.text}
    assert at["0"] < at["5"] < at["10"] < at["20"]


def test_two_series_of_one_colour_differ_in_their_dashes() -> None:
    svg = draw(LINE, measured((None, *"abcdefgh")))
    lines = [
        next(one.look for one in shapes(svg, name) if one.look["fill"] == "none")
        for name in "abcdefgh"
    ]
    looks = [(look["stroke"], look.get("stroke-dasharray", "none")) for look in lines]
    assert (
        len(set(looks)) == 8 and [dash == "none" for _, dash in looks] == [True] * 6 + [False] * 2
    )


def test_a_row_that_does_not_apply_is_not_missed_where_its_seed_has_a_number() -> None:
    rows: list[dict[str, Scalar]] = [
        {"fault": "a", "step": x, "seed": s, "depth": d, "val_loss": 1.0 + x if d == 2 else None}
        for x, s, d in itertools.product((0, 1), (0, 1), (2, 8))
    ]
    assert "no number" not in draw(LINE, Table.of(rows))
    lost = [{**row, "val_loss": None} if row["step"] == row["seed"] == 0 else row for row in rows]
    assert "a: 1 of 4 no number" in words(parsed(draw(LINE, Table.of(lost))))


def test_names_beside_a_matrix_are_never_left_out() -> None:
    names = [f"name number {at}" for at in range(40)]
    figure = replace(HEAT, x="key", y="query")
    named: list[dict[str, Scalar]] = [
        {"key": x, "query": y, "weight": 1.0} for x in names[:14] for y in names
    ]
    assert {*names} <= {*words(parsed(draw(figure, Table.of(named))))}
    numbers = [{"key": 0, "query": 100 + at, "weight": 1.0} for at in range(40)]
    assert not {"101", "102"} & {*words(parsed(draw(figure, Table.of(numbers))))}


def test_what_is_missing_is_said_in_words() -> None:
    rows: list[dict[str, Scalar]] = [*measured().dicts()]
    rows += [{"fault": "gone", "seed": s, "step": 0, "val_loss": None} for s in range(4)]
    rows += [{"fault": "up", "seed": 0, "step": 0, "val_loss": None, "diverged": True}]
    failed = [
        {"params": {"fault": name}, "seed": 0, "error": "x"} for name in ("crash", "no_scale")
    ]
    svg = draw(LINE, Table.of(rows, failed))
    expected = {"gone: no number", "up: diverged", "crash: not measured"}
    assert {*expected, "no_scale: 1 run not measured"} <= set(words(parsed(svg)))
    part = Table(("fault", "step", "val_loss"), ((None, 1, 1.0), (None, 2, float("nan"))))
    assert "clean: 1 of 2 diverged" in words(parsed(draw(LINE, part)))
    assert "no_scale: diverged" in words(parsed(draw(BAR, Table(
        ("fault", "val_loss"), ((None, 1.0), ("no_scale", float("inf")))))))  # fmt: skip


def test_a_line_breaks_where_nothing_was_measured() -> None:
    rows = [(None, x, None if x == 3 else float(x)) for x in range(6)]
    svg = draw(LINE, Table(("fault", "step", "val_loss"), tuple(rows)))
    lines = [one for one in shapes(svg, "clean") if one.look["stroke"] != "none"]
    assert any(len(one.outlines) == 2 for one in lines)


@pytest.mark.parametrize("figure", [*MARKS, HEAT])
def test_an_empty_table_says_that_nothing_was_measured(figure: Figure) -> None:
    assert words(parsed(draw(figure, Table.of([])))) == ["nothing was measured"]
    assert words(parsed(draw(figure, Table.of([], quick=True)))) == [
        "nothing was measured",
        "quick",
    ]


@pytest.mark.parametrize("log", ["x", "y", "xy"])
@pytest.mark.parametrize("figure", MARKS)
def test_a_log_axis_says_how_many_points_it_cannot_show(figure: Figure, log: str) -> None:
    rows = [(None, s, x, float(y)) for s in range(3) for x, y in ((1, 2), (10, 20), (100, -1))]
    table = Table(("fault", "seed", "step", "val_loss"), tuple(rows))
    svg = draw(replace(figure, log=log), table)
    hidden = "y" in log and figure.x == "step"
    assert ("at or below 0" in svg) == hidden
    assert "nan" not in svg and "inf" not in svg


def test_a_log_axis_is_logarithmic() -> None:
    rows = [(None, seed, x, 10.0**x) for seed in range(3) for x in (1, 2, 3)]
    table = Table(("fault", "seed", "step", "val_loss"), tuple(rows))
    corners = line(draw(replace(LINE, log="y"), table), "clean")
    assert_affine([y for _, y in corners], [1, 2, 3])


def test_axes_are_named_after_their_columns() -> None:
    for figure, names in ((LINE, {"step", "val loss"}), (BAR, {"fault", "val loss"})):
        assert names <= set(words(parsed(draw(figure, measured()))))
    drawn = words(parsed(draw(HEAT, matrix([[1.0, 2.0]]))))
    assert {"step", "layer", "weight"} <= set(drawn)


def test_a_log_axis_has_no_place_for_an_x_of_zero() -> None:
    corners = line(draw(replace(LINE, log="x"), measured()), "clean")
    shown = [x for x, _ in corners]
    assert len(shown) == 3 and shown[1] - shown[0] == pytest.approx(shown[2] - shown[1], abs=0.15)


def test_labels_keep_their_order_and_their_distance() -> None:
    wanted = [0.5, 0.51, 0.0, 0.02, 1.0, 0.5]
    given = spread(wanted, 0.1)
    assert all(abs(a - b) >= 0.1 - 1e-9 for a, b in combinations(given, 2))
    assert all(-1e-9 <= height <= 1 + 1e-9 for height in given) and given[4] == 1.0
    assert given[1] > given[0] and given[3] > given[2]
    assert spread([0.2, 0.8], 0.1) == [0.2, 0.8]
    assert max(spread([1.0, 1.0, 0.97], 0.1)) == 1.0


@pytest.mark.parametrize("mark", ["bar", "point"])
@pytest.mark.parametrize("log", ["", "y"])
def test_what_is_beyond_the_end_of_a_scale_is_a_triangle_at_it(mark: str, log: str) -> None:
    figure = replace(BAR, mark=mark, log=log, most=2.0)

    def table(far: float) -> Table:
        each = ((None, 1.0), ("no_scale", 1.5), ("late_mask", far))
        rows = tuple((fault, s, v + 0.01 * s) for s in range(3) for fault, v in each)
        return Table(("fault", "seed", "val_loss"), rows)

    cut, other = draw(figure, table(50.0)), draw(figure, table(5e6))
    assert "a triangle is beyond 2" in cut
    assert shapes(cut, "clean") == shapes(other, "clean") != []
    assert shapes(cut, "late_mask") == shapes(other, "late_mask")
    right = max(x for one in shapes(cut, "late_mask") for x, _ in one.corners)
    assert right > max(x for one in shapes(cut, "no_scale") for x, _ in one.corners) + 20
    within = draw(figure, table(1.8))
    assert "triangle" not in within and within == draw(replace(figure, most=None), table(1.8))
