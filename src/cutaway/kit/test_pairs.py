from __future__ import annotations

import math
from typing import Any

import numpy
import pytest

from .pairs import correlation, paired, values
from .statistics import Undecidable
from .tables import Table

CLEAN: dict[str, Any] = {"fault": None}
BROKEN: dict[str, Any] = {"fault": "no_shift"}


def rows(**more: Any) -> list[dict[str, Any]]:
    clean = [{"fault": None, "seed": seed, "loss": 2.0 + seed, **more} for seed in range(5)]
    return clean + [
        {**row, "fault": "no_shift", "loss": (2.0 + s) ** 2} for s, row in enumerate(clean)
    ]


def test_pairs_are_made_by_seed_and_not_by_the_order_of_the_rows() -> None:
    measured = rows()
    expected = [(2.0 + seed) ** 2 - (2.0 + seed) for seed in range(5)]
    assert paired(Table.of(measured), "loss", BROKEN, CLEAN) == expected
    shuffled = [measured[at] for at in numpy.random.default_rng(0).permutation(10)]
    assert paired(Table.of(shuffled), "loss", BROKEN, CLEAN) == expected
    assert paired(Table.of(shuffled), "loss", CLEAN, BROKEN) == [-one for one in expected]


def test_an_arm_that_leaves_a_column_open_is_told_which_one() -> None:
    both = [{**row, "steps": round(row["loss"])} for row in rows(width=8)]
    wide = [{**row, "width": 64, "steps": row["steps"] + row["seed"] ** 2} for row in both]
    table = Table.of(both + wide)
    with pytest.raises(ValueError, match=r"fault=no_shift has several .* besides is width\. "):
        paired(table, "loss", BROKEN, CLEAN)
    assert len(paired(table, "loss", {**BROKEN, "width": 8}, {**CLEAN, "width": 8})) == 5
    with pytest.raises(ValueError, match="rows are repeated"):
        paired(Table.of(rows() + rows()), "loss", BROKEN, CLEAN)


def test_a_mistaken_question_is_an_error_and_no_verdict() -> None:
    table = Table.of(rows(word="a"))
    mistakes: list[tuple[str, dict[str, Any], str]] = [
        ("los", BROKEN, "no los; it has fault, seed, loss"),
        ("loss", {"falt": None}, "no falt"),
        ("loss", CLEAN, "the same arm"),
        ("word", BROKEN, "holds words"),
    ]
    for column, arm, says in mistakes:
        with pytest.raises(ValueError, match=says) as caught:
            paired(table, column, arm, CLEAN)
        assert not isinstance(caught.value, Undecidable)


def test_a_failed_cell_leaves_the_pairs_undecidable_in_its_own_arms_only() -> None:
    complete = rows() + [{**row, "fault": "other"} for row in rows()[:5]]
    measured = [row for row in complete if (row["fault"], row["seed"]) != ("no_shift", 3)]
    failure = {"params": BROKEN, "seed": 3, "error": "killed by the limit"}
    table = Table.of(measured, failed=[failure])
    for arm, against in ((BROKEN, CLEAN), (CLEAN, BROKEN)):
        with pytest.raises(Undecidable, match="1 cells; seed 3: killed by the limit"):
            paired(table, "loss", arm, against)
    assert paired(table, "loss", {"fault": "other"}, CLEAN) == [0.0] * 5
    with pytest.raises(Undecidable, match="killed"):
        paired(Table.of(complete, failed=[failure]), "loss", BROKEN, CLEAN)
    with pytest.raises(Undecidable, match="killed"):
        paired(Table.of([], failed=[failure]), "loss", BROKEN, CLEAN)


def test_a_seed_that_is_missing_is_named_even_if_both_arms_lack_it() -> None:
    one = [row for row in rows() if row["fault"] is None or row["seed"] != 2]
    with pytest.raises(Undecidable, match="fault=no_shift lacks the seeds 2"):
        paired(Table.of(one), "loss", BROKEN, CLEAN)
    both = [row for row in rows() if row["seed"] != 4]
    other = [{"fault": "other", "seed": seed, "loss": 1.0} for seed in range(5)]
    with pytest.raises(Undecidable, match="lacks the seeds 4"):
        paired(Table.of(both + other), "loss", BROKEN, CLEAN)
    failed = {"params": {"fault": "other"}, "seed": 4, "error": "x"}
    with pytest.raises(Undecidable, match="lacks the seeds 4"):
        paired(Table.of(both, failed=[failed]), "loss", BROKEN, CLEAN)
    with pytest.raises(Undecidable, match="0 seeds"):
        paired(Table.of([]), "loss", BROKEN, CLEAN)


def test_fewer_than_three_seeds_are_too_few() -> None:
    assert len(paired(Table.of(r for r in rows() if r["seed"] < 3), "loss", BROKEN, CLEAN)) == 3
    with pytest.raises(Undecidable, match="2 seeds; 3 are the least"):
        paired(Table.of(row for row in rows() if row["seed"] < 2), "loss", BROKEN, CLEAN)


@pytest.mark.parametrize("bad", [None, math.nan, math.inf])
def test_a_value_that_is_no_number_is_not_skipped(bad: float | None) -> None:
    cells = [("no_shift", seed, float(seed)) for seed in range(4)]
    cells += [(None, seed, bad if seed == 3 else 1.0) for seed in range(4)]  # type: ignore[misc]
    table = Table(("fault", "seed", "loss"), tuple(cells))
    with pytest.raises(Undecidable, match="in fault=None at seed 3"):
        paired(table, "loss", BROKEN, CLEAN)
    assert values(table, "loss", BROKEN) == [0.0, 1.0, 2.0, 3.0]


def test_yes_and_no_are_one_and_nought() -> None:
    solved = [{**row, "loss": row["seed"] > 1} for row in rows()]
    assert values(Table.of(solved), "loss", CLEAN) == [0.0, 0.0, 1.0, 1.0, 1.0]


def test_the_correlation_of_the_pairs_is_pearsons() -> None:
    found = correlation(Table.of(rows()), "loss", BROKEN, CLEAN)
    first, second = [(2.0 + s) ** 2 for s in range(5)], [2.0 + s for s in range(5)]
    assert found == pytest.approx(numpy.corrcoef(first, second)[0, 1], rel=1e-12)
    opposed = [{**row, "loss": row["loss"] * (1 if row["fault"] else -1)} for row in rows()]
    assert correlation(Table.of(opposed), "loss", BROKEN, CLEAN) == pytest.approx(-found)
    flat = [{**row, "loss": 0.1 if row["fault"] else row["loss"]} for row in rows()]
    with pytest.raises(Undecidable, match="does not vary"):
        correlation(Table.of(flat), "loss", BROKEN, CLEAN)
