"""How a rate is chosen for each arm, and on which seeds the arms are then compared."""

from __future__ import annotations

from collections.abc import Mapping
from statistics import fmean

from cutaway.kit.judging import Holds, decided
from cutaway.kit.statistics import Undecidable, Verdict
from cutaway.kit.tables import Table
from cutaway.kit.tuning import TUNING, best_rate, common, fresh
from cutaway.kit.verdicts import above_chance, lowers, raises, unchanged
from cutaway.kit.words import Scalar

MARGIN = 0.02
Arm = Mapping[str, Scalar]
JUDGES = {"raises": raises, "lowers": lowers, "unchanged": unchanged}


def unigram(table: Table) -> float:
    """What knowing how often each character occurs, and no more, would lose."""
    found = [value for value in table.column("unigram") if value is not None]
    if not found:
        raise Undecidable("chance was not measured")
    return float(min(found))


def judged(table: Table, arms: Mapping[str, Arm]) -> Table:
    """Each arm at the rate that is best for it, on the seeds that it was not tuned on."""
    kept = common([fresh(table, "loss", arm)[0] for arm in arms.values()])
    rows = [
        {**row, "arm": name} for name, one in zip(arms, kept, strict=True) for row in one.dicts()
    ]
    return Table.of(rows, [one for one in table.failed if one["seed"] not in TUNING])


def tuned(word: str, arm: Arm, against: Arm) -> Holds:
    """How a table decides between two arms, each at its best rate, if the second left chance."""

    def holds(table: Table) -> Verdict:
        if not len(table):
            raise Undecidable("nothing was measured")
        both = judged(table, {"one": arm, "other": against})
        guard = {"arm": "other"}
        above_chance(both, "loss", guard, unigram(table), 0.2)
        return JUDGES[word](both, "loss", {"arm": "one"}, guard, MARGIN)

    return decided(holds)


def compared(word: str, arm: Arm, against: Arm) -> Holds:
    """How a table decides between two arms as they are, if the second left chance."""

    def holds(table: Table) -> Verdict:
        if not len(table):
            raise Undecidable("nothing was measured")
        above_chance(table, "loss", against, unigram(table), 0.2)
        return JUDGES[word](table, "loss", arm, against, MARGIN)

    return decided(holds)


def forgiving(arm: Arm, against: Arm) -> Holds:
    """Whether rates around its best cost an arm less than another."""

    def holds(table: Table) -> Verdict:
        if not len(table):
            raise Undecidable("nothing was measured")
        rows = [
            {"arm": name, "seed": seed, "cost": cost}
            for name, one in {"one": arm, "other": against}.items()
            for seed, cost in around(table, one).items()
        ]
        return lowers(Table.of(rows), "cost", {"arm": "one"}, {"arm": "other"}, MARGIN)

    return decided(holds)


def around(table: Table, arm: Arm) -> dict[int, float]:
    """What rates half a power of ten from the best cost on the mean, by seed."""
    rates = sorted(table.values("rate"))
    at = rates.index(best_rate(table, "loss", arm))
    if not 2 <= at < len(rates) - 2:
        raise Undecidable(f"nothing is known half a power of ten from the best rate of {dict(arm)}")
    low, best, high = rates[at - 2 : at + 3 : 2]
    found: dict[int, float] = {}
    for seed in table.values("seed"):
        rows = table.where(**arm, seed=seed).dicts()
        losses = {row["rate"]: row["loss"] for row in rows}
        if seed in TUNING or not losses.keys() >= {low, best, high}:
            continue
        if any(losses[rate] is None for rate in (low, best, high)):
            raise Undecidable(f"a run beside the best rate of {dict(arm)} is no number")
        found[seed] = fmean((losses[low], losses[high])) - losses[best]
    return found
