"""How a rate is chosen for each arm, and on which seeds the arms are then compared."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

from cutaway.kit.judging import Holds, decided
from cutaway.kit.statistics import Undecidable, Verdict
from cutaway.kit.tables import Table
from cutaway.kit.tuning import TUNING, common, fresh
from cutaway.kit.verdicts import above_chance, lowers, raises, unchanged
from cutaway.kit.words import Scalar

MARGIN = 0.02
Arm = Mapping[str, Scalar]

JUDGES = {"raises": raises, "lowers": lowers, "unchanged": unchanged}


def at_best(table: Table, column: str, arms: Mapping[str, Arm], better: str = "lower") -> Table:
    """Each arm at the rate that is best for it, on the seeds that it was not tuned on.

    What cannot be better than right may be so at an end of the grid.
    """
    near = 0.0 if better == "lower" else math.inf
    kept = common([fresh(table, column, a, better=better, near=near)[0] for a in arms.values()])
    rows = [
        {"arm": name, **row} for name, one in zip(arms, kept, strict=True) for row in one.dicts()
    ]
    return Table.of(rows, [one for one in table.failed if one["seed"] not in TUNING])


def tuned(
    word: str,
    arm: Arm,
    against: Arm,
    chance: Callable[[Table], float],
    column: str = "loss",
    margin: float = MARGIN,
) -> Holds:
    """How a table decides between two arms, each at its best rate, if the second left chance."""

    def holds(table: Table) -> Verdict:
        if not len(table):
            raise Undecidable("nothing was measured")
        judged = at_best(table, column, {"one": arm, "other": against})
        guard = {"arm": "other"}
        above_chance(judged, column, guard, chance(table), 0.2)
        return JUDGES[word](judged, column, {"arm": "one"}, guard, margin)

    return decided(holds)


def unigram(table: Table) -> float:
    """What knowing how often each character occurs, and no more, would lose."""
    found = [value for value in table.column("unigram") if value is not None]
    if not found:
        raise Undecidable("chance was not measured")
    return float(min(found))
