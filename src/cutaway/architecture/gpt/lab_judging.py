"""How a rate is chosen for each arm, and on which seeds the arms are then compared."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import replace

from cutaway.kit.judging import Holds, decided, every
from cutaway.kit.statistics import Undecidable, Verdict
from cutaway.kit.tables import Table
from cutaway.kit.verdicts import above_chance, lowers, raises, unchanged
from cutaway.kit.words import Scalar

TUNING, MARGIN = (0, 1), 0.02
Arm = Mapping[str, Scalar]

JUDGES = {"raises": raises, "lowers": lowers, "unchanged": unchanged}


def best_rate(table: Table, column: str, arm: Arm, better: str = "lower") -> float:
    """The rate that is best on the tuning seeds; undecidable at either end of the grid."""
    sign = 1 if better == "lower" else -1
    rates = sorted(table.values("rate"))
    means = {}
    for rate in rates:
        rows = table.where(**arm, rate=rate).dicts()
        found = [row[column] for row in rows if row["seed"] in TUNING]
        if len(found) < len(TUNING):
            raise Undecidable(f"the tuning seeds were not measured at rate {rate}")
        lost = any(value is None for value in found)
        means[rate] = math.inf if lost else sign * sum(found) / len(found)
    best = min(rates, key=lambda rate: means[rate])
    if means[best] == math.inf:
        raise Undecidable("no rate gave a finite loss on the tuning seeds")
    if best in (rates[0], rates[-1]) and better == "lower":
        raise Undecidable(f"the best rate, {best:g}, stands at an end of the grid: extend it")
    return best


def fresh(table: Table, column: str, arms: Mapping[str, Arm], better: str = "lower") -> Table:
    """Each arm at the rate that is best for it, on the seeds that it was not tuned on."""
    rows = []
    for name, arm in arms.items():
        best = best_rate(table, column, arm, better)
        for row in table.where(**arm, rate=best).dicts():
            if row["seed"] not in TUNING:
                rows.append({"arm": name, "seed": row["seed"], **row})
    kept = [one for one in table.failed if one["seed"] not in TUNING]
    return Table.of(rows, kept)


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
        judged = fresh(table, column, {"one": arm, "other": against})
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


def at_each(column: str, decide: Holds) -> Holds:
    """What is decided at each word of a column; conditional if it holds at some of them only."""

    def holds(table: Table) -> Verdict:
        words = table.values(column) if len(table) else []
        if not words:
            raise Undecidable("nothing was measured")
        found = {at: decide(table.where(**{column: at})) for at in words}
        if not {"supported", "refuted"} <= {one.verdict for one in found.values()}:
            return every(*found.values())
        weakest = max(found.values(), key=lambda one: one.p or 0)
        said = "; ".join(f"at {at} {one.verdict}: {one.because}" for at, one in found.items())
        return replace(weakest, verdict="conditional", because=said)

    return decided(holds)
