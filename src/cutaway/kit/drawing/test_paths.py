"""Paths written briefly: every corner where it was, whatever the steps."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("matplotlib")

from cutaway.kit.drawing.conftest import outlines
from cutaway.kit.drawing.paths import brief, is_straight, number, radius, steps, widened

LENGTH = st.integers(-9999, 9999)
NEAR = st.integers(-2, 2)  # so that steps along an axis, and none at all, are frequent
OUTLINE = st.lists(st.tuples(LENGTH | NEAR, LENGTH | NEAR), min_size=2, max_size=6)


def written(points: list[tuple[int, int]], end: str) -> str:
    """An outline as Matplotlib writes one, from corners in tenths."""
    return "\n".join(f"{'ML'[at > 0]} {x / 10} {y / 10}" for at, (x, y) in enumerate(points)) + end


def bends(points: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """The corners of an outline without repeats, to the tenth."""
    corners = [(round(x, 1) + 0.0, round(y, 1) + 0.0) for x, y in points]
    return [one for at, one in enumerate(corners) if at == 0 or one != corners[at - 1]]


@given(st.lists(OUTLINE, min_size=1, max_size=4), st.booleans())
def test_every_corner_stays_where_it_was(wanted: list[list[tuple[int, int]]], closed: bool) -> None:
    text = "".join(written(points, "\nz\n" if closed else "\n") for points in wanted)
    drawn = outlines(brief(steps(text), True))
    assert len(drawn) == len(wanted)
    for one, points in zip(drawn, wanted, strict=True):
        true = [(x / 10, y / 10) for x, y in points]
        assert bends(one + one[:1] * closed) == bends(true + true[:1] * closed)


@given(LENGTH)
def test_a_number_is_exact(length: int) -> None:
    assert float(number(length)) == length / 10
    assert re.fullmatch(r"-?\d+(\.[1-9])?", number(length))


def test_errors_of_rounding_do_not_add_up() -> None:
    text = " L ".join(f"{at * 0.34} {at * 0.0351}" for at in range(1000))
    ((*_, last),) = outlines(brief(steps(f"M {text}"), True))
    assert last == pytest.approx((999 * 0.34, 999 * 0.0351), abs=0.051)


@pytest.mark.parametrize(
    ("text", "stroked", "expected"),
    [
        ("M 1 2 L 3 2 L 3 5 L 1 5 L 1 2 z", False, "M1 2h2v3h-2"),
        ("M 1 2 L 3 2 L 3 5 L 1 5 L 1 2 z", True, "M1 2h2v3h-2z"),
        ("M 1 2 L 3 2 L 3 5 L 1 2", True, "M1 2h2v3l-2-3"),  # left open, it has two ends
        ("M 1 2 L 1 2", True, "M1 2v0"),  # with square ends a dot
        ("M 1 2 M 3 4 L 5 4 M 6 7 z M 8 9", True, "M3 4h2"),  # a move draws nothing
        ("M 1 2 L 3 4 L 3 4 L 4 6 L 5 8", True, "M1 2l2 2 1 2 1 2"),
        ("M 100 100 L 200 100 M 100 110 L 200 110", True, "M100 100h100M100 110h100"),
        ("M 100 100 L 101 100 L 101 101 z M 103 100 L 103 101 L 104 101 z", True,
         "M100 100h1v1zm3 0v1h1z"),
        ("M 0 0 C 1 1 2 1 3 0 Q 4 1 5 0 C 1e-05 1 2 1 3 0", True,
         "M0 0c1 1 2 1 3 0q1 1 2 0c-5 1-3 1-2 0"),
    ],
)  # fmt: skip
def test_only_what_draws_is_written(text: str, stroked: bool, expected: str) -> None:
    assert brief(steps(text), stroked) == expected


def test_a_circle_is_told_from_other_shapes() -> None:
    from matplotlib.path import Path

    def drawn(path: Path, size: float) -> str:
        letters = {Path.MOVETO: "M", Path.LINETO: "L", Path.CURVE4: "C", Path.CLOSEPOLY: "z"}
        parts = path.iter_segments(curves=True)
        return " ".join(
            letters[code]
            + (" ".join(str(size * one) for one in ends) if letters[code] != "z" else "")
            for ends, code in parts
        )

    assert [radius(steps(drawn(Path.unit_circle(), size))) for size in (1.4, 1.7, 2.5)] == [
        14, 17, 25
    ]  # fmt: skip
    assert radius(steps(drawn(Path.unit_rectangle(), 2.0))) is None
    assert radius(steps("M 0 2 C 2 2 2 0 4 0 C 2 -2 0 -2 0 2 z")) is None


def test_lines_of_two_ends_are_straight() -> None:
    assert is_straight(steps("M 1 2 L 3 4 M 1 5 L 3 6"))
    assert not is_straight(steps("M 1 2 L 3 4 L 5 5"))
    assert not is_straight(steps("M 1 2 L 3 4 z"))


def rectangle(left: int, top: int, right: int, bottom: int) -> list[tuple[int, int]]:
    """The corners of a rectangle, round once and back."""
    return [(left, top), (right, top), (right, bottom), (left, bottom), (left, top)]


def test_rectangles_side_by_side_are_one_and_others_stay() -> None:
    row = [rectangle(10 * at, 0, 10 * at + 10, 5) for at in range(3)]
    apart = rectangle(40, 0, 50, 5), rectangle(50, 0, 60, 6), rectangle(60, 1, 70, 6)
    slanted = [(70, 1), (80, 1), (80, 7), (70, 6), (70, 1)]
    text = "".join(written(one, "\n") for one in (*row, *apart, slanted))
    found = outlines(brief(widened(steps(text)), False))
    assert found[0] == [(0, 0), (3, 0), (3, 0.5), (0, 0.5)]
    assert found[1:] == outlines(
        brief(steps("".join(written(o, "\n") for o in (*apart, slanted))), False)
    )
