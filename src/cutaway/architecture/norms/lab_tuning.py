"""Arms compared at their own best rates, which are chosen on seeds that do not judge."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from cutaway.kit.judging import Holds, decided, every
from cutaway.kit.pairs import Arm, values
from cutaway.kit.statistics import Verdict
from cutaway.kit.tables import Table
from cutaway.kit.tuning import fresh, named, together
from cutaway.kit.verdicts import above_chance

MARGIN = 0.02
LEFT = 0.1  # nats below the unigram: whoever is there has learnt something from the context
Judge = Callable[..., Verdict]


def tuned(table: Table, column: str, arms: Sequence[Arm]) -> tuple[Table, str]:
    """The arms on fresh seeds, each at its own best rate; and the rates in words."""
    found = [fresh(table, column, arm) for arm in arms]
    words = (f"{named(arm)} at {rate:g}" for arm, (_, rate) in zip(arms, found, strict=True))
    return together([rows for rows, _ in found]), ", ".join(words)


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
