"""Arms compared at their own best rates, which are chosen on seeds that do not judge."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from cutaway.kit.judging import Holds, decided, every
from cutaway.kit.pairs import Arm, values
from cutaway.kit.statistics import Undecidable, Verdict
from cutaway.kit.tables import Table
from cutaway.kit.verdicts import above_chance
from cutaway.kit.words import Scalar

TUNING = (0, 1)
MARGIN = 0.02
LEFT = 0.1  # nats below the unigram: whoever is there has learnt something from the context
Judge = Callable[..., Verdict]


def named(arm: Arm) -> str:
    """An arm in words."""
    return ", ".join(map(str, arm.values()))


def best_rate(table: Table, column: str, arm: Arm) -> float:
    """The rate that is best on the tuning seeds; undecidable at either end of the grid."""
    rates, means = sorted(table.values("rate")), {}
    for rate in rates:
        rows = table.where(**arm, rate=rate).dicts()
        found = [row[column] for row in rows if row["seed"] in TUNING]
        if len(found) < len(TUNING):
            raise Undecidable(f"the tuning seeds were not measured: {named(arm)} at rate {rate:g}")
        lost = any(value is None or not math.isfinite(value) for value in found)
        means[rate] = math.inf if lost else sum(found) / len(found)
    best = min(rates, key=lambda rate: means[rate])
    if best in (rates[0], rates[-1]):
        raise Undecidable(f"the best rate of {named(arm)}, {best:g}, is at an end of the grid")
    return best


def tuned(table: Table, column: str, arms: Sequence[Arm]) -> tuple[Table, str]:
    """The arms on fresh seeds, each at its own best rate; and the rates in words."""
    if not len(table):
        raise Undecidable("nothing was measured")
    seed, rows, words = table.columns.index("seed"), list[tuple[Scalar, ...]](), list[str]()
    for arm in arms:
        rate = best_rate(table, column, arm)
        rows += [row for row in table.where(**arm, rate=rate).rows if row[seed] not in TUNING]
        words.append(f"{named(arm)} at {rate:g}")
    return Table(table.columns, tuple(rows), table.failed), ", ".join(words)


def learnt(column: str, arm: Arm) -> Callable[[Table], None]:
    """A guard: the control must have left what single characters allow."""

    def guard(table: Table) -> None:
        above_chance(table, column, arm, min(values(table, "unigram", arm)), LEFT)

    return guard


def compared(judge: Judge, column: str, arm: Arm, control: Arm) -> Holds:
    """How two arms compare in a final loss, each at its own best rate."""

    def decide(table: Table) -> Verdict:
        found, words = tuned(table, column, (arm, control))
        verdict = judge(found, column, arm, control, MARGIN, learnt(column, control))
        return replace(verdict, because=f"{words}: {verdict.because}")

    return decided(decide)


def among(found: Mapping[str, Verdict]) -> Verdict:
    """What verdicts on several cases say together; conditional if they contradict each other."""
    said = "; ".join(f"{case} {one.verdict}: {one.because}" for case, one in found.items())
    if {"supported", "refuted"} <= {one.verdict for one in found.values()}:
        weakest = max(found.values(), key=lambda one: one.p or 0)
        return replace(weakest, verdict="conditional", because=said)
    return replace(every(*found.values()), because=said)
