"""Each arm at its own best rate, which is chosen on seeds that do not judge it."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest

from .statistics import Undecidable
from .tables import Table
from .tuning import TUNING, best_rate, common, fresh, together

RATES = (0.1, 0.2, 0.4)
Loss = Callable[[float, int], float | None]


def table(loss: Loss, seeds: int = 4, arm: str = "one") -> Table:
    """A loss by rate and seed."""
    points = [(rate, seed) for rate in RATES for seed in range(seeds)]
    return Table.of([{"arm": arm, "rate": r, "seed": s, "loss": loss(r, s)} for r, s in points])


def test_the_seeds_that_choose_do_not_judge() -> None:
    def loss(rate: float, seed: int) -> float:
        best = 0.2 if seed in TUNING else 0.4
        return abs(rate - best)

    kept, rate = fresh(table(loss), "loss", {"arm": "one"})
    assert rate == 0.2
    assert kept.column("seed") == [2, 3] and set(kept.column("rate")) == {0.2}


def test_each_arm_has_its_own_best_rate() -> None:
    rows = together([table(lambda r, s: abs(r - 0.2)), table(lambda r, s: -r, arm="other")])
    assert best_rate(rows, "loss", {"arm": "one"}) == 0.2
    with pytest.raises(Undecidable, match=r"arm other, 0\.4, stands at an end of the grid"):
        best_rate(rows, "loss", {"arm": "other"})


def test_arms_are_paired_on_the_seeds_that_all_of_them_come_to() -> None:
    few, many = table(lambda r, s: r), table(lambda r, s: r, seeds=7, arm="other")
    assert together([few, many]).values("seed") == [0, 1, 2, 3]
    lost = ({"params": {"arm": "other"}, "seed": 9, "error": "no luck"},)
    both = [few, Table(many.columns, many.rows, lost)]
    assert together(both).failed == together([*both, both[1]]).failed == lost
    torn = Table(many.columns, tuple(row for row in many.rows if row[2] != 2))
    assert [one.values("seed") for one in common([few, torn])] == [[0, 1, 2, 3], [0, 1, 3]]


def test_an_end_of_the_grid_will_do_where_its_neighbour_is_as_good() -> None:
    nearly = table(lambda r, s: 1 - r / 99)
    assert best_rate(nearly, "loss", {}, near=0.02) == 0.4
    with pytest.raises(Undecidable, match=r"for all, 0\.4, stands at an end"):
        best_rate(nearly, "loss", {})
    with pytest.raises(Undecidable, match=r"for all, 0\.1, stands at an end"):
        best_rate(table(lambda r, s: r), "loss", {}, near=0.02)


def test_a_grid_of_one_rate_has_no_best_but_where_an_end_will_do() -> None:
    one = table(lambda r, s: r).where(rate=0.1)
    assert best_rate(one, "loss", {}, near=0.02) == 0.1
    with pytest.raises(Undecidable, match=r"stands at an end"):
        best_rate(one, "loss", {})


@pytest.mark.parametrize("gap", [None, math.nan])
def test_a_rate_at_which_a_run_comes_to_nothing_is_not_the_best(gap: float | None) -> None:
    rows = [
        (r, s, gap if r == 0.2 and s == 1 else r) for r in (0.3, 0.2, 0.31, 0.1) for s in range(3)
    ]
    found = Table(("rate", "seed", "loss"), tuple((r, s, 1 if r == 0.1 else v) for r, s, v in rows))
    assert best_rate(found, "loss", {}) == 0.3
    nothing = Table(("rate", "seed", "loss"), tuple((r, s, gap) for r, s, _ in rows))
    with pytest.raises(Undecidable, match=r"no rate gave loss that is a number, for all"):
        best_rate(nothing, "loss", {})


def test_where_more_is_better_the_most_is_best() -> None:
    rows = table(lambda r, s: -abs(r - 0.2))
    assert best_rate(rows, "loss", {}, better="higher") == 0.2
    lost = table(lambda r, s: None if r == 0.1 else r)
    assert best_rate(lost, "loss", {}, better="higher", near=math.inf) == 0.4


def test_seeds_that_were_not_measured_choose_nothing() -> None:
    rows = table(lambda r, s: r)
    late = Table(rows.columns, tuple(row for row in rows.rows if row[2] != 1))
    with pytest.raises(Undecidable, match=r"the tuning seeds were not measured at rate 0\.1"):
        best_rate(late, "loss", {})
    with pytest.raises(Undecidable, match=r"nothing was measured"):
        best_rate(Table.of([]), "loss", {})
