"""Effects: one at each point of the grid, and a reason where there is none."""

from __future__ import annotations

from .effects import effects
from .tables import Table
from .words import Experiment, Row, Scalar


def measure() -> list[Row]:
    """Stands in for a measurement."""
    return []


GRID: dict[str, tuple[Scalar, ...]] = {"fault": (None, "worse"), "width": (2, 4)}
WORSE = Experiment("loss", measure, GRID, outcome="loss", margin=0.1)


def table(*widths: int) -> Table:
    """A table in which the fault costs as much as the width, give or take."""
    rows = [
        {"fault": fault, "width": width, "seed": seed, "loss": cost * width + seed * (0.1 + cost)}
        for width in widths
        for fault, cost in ((None, 0.0), ("worse", 1.0))
        for seed in range(4)
    ]
    return Table.of(rows)


def test_there_is_an_effect_at_each_point_that_was_measured() -> None:
    found = effects(WORSE, table(2, 4), "worse")
    assert [(one.point, one.found and one.found.mean) for one in found] == [
        ({"width": 2}, 3.5),
        ({"width": 4}, 5.5),
    ]


def test_a_point_with_more_seeds_takes_nothing_from_the_others() -> None:
    more = [{**row, "seed": row["seed"] + 4} for row in table(4).dicts()]
    few, many = effects(WORSE, Table.of([*table(2, 4).dicts(), *more]), "worse")
    assert few.found and many.found and (few.found.n, many.found.n) == (4, 8)


def test_where_nothing_was_measured_there_is_a_reason() -> None:
    for empty in (table(), Table.of([], [{"params": {"width": 2}, "seed": 0, "error": "no"}])):
        (one,) = effects(WORSE, empty, "worse")
        assert one.found is None and one.because and "not measurable" in str(one)
