"""How the tables of this lab decide: rates tuned apart, heads counted, costs compared."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from cutaway.kit.judging import Holds, decided, every
from cutaway.kit.pairs import Arm
from cutaway.kit.statistics import Undecidable, Verdict
from cutaway.kit.tables import Table
from cutaway.kit.tuning import fresh, together
from cutaway.kit.verdicts import above_chance, exactly, lowers, raises, unchanged

from .lab_broken import ORDERS
from .lab_count import expected
from .lab_roles import AFTER

MARGIN, LEFT = 0.02, 0.2
CLEAN = {"fault": None}
MEASURED, LEVEL = {"arm": "measured"}, {"arm": "level"}
Judge = Callable[..., Verdict]


def learnt(table: Table, arm: Arm) -> None:
    """Nothing, if the arm's loss is surely better than that of one who ignores the context."""
    levels = [row["chance"] for row in table.where(**arm).dicts()]
    if not levels or None in levels:
        raise Undecidable("what chance is was not measured")
    above_chance(table, "nats", arm, min(levels), LEFT)


def more_heads(exam: str, many: int, few: int) -> Holds:
    """Whether many heads end with a lower loss than few, each at its own best rate."""
    arms = {"heads": many}, {"heads": few}

    def holds(table: Table) -> Verdict:
        table = table.where(exam=exam)
        (more, fast), (fewer, slow) = (fresh(table, "nats", arm) for arm in arms)
        judged = together([more, fewer])
        found = lowers(judged, "nats", *arms, MARGIN, lambda t: learnt(t, arms[1]))
        words = f"at rate {fast:g}, with {few} heads {slow:g}"
        return replace(found, because=f"{words}: {found.because}")

    return decided(holds)


def beside(table: Table, column: str, level: float, of: Callable[[Table], float]) -> Table:
    """A number for each seed, and a level that it is held against."""
    rows = []
    for seed in table.values("seed") if len(table) else []:
        one = of(table.where(seed=seed))
        rows += [{"seed": seed, **MEASURED, column: one}, {"seed": seed, **LEVEL, column: level}]
    return Table.of(rows, table.failed)


def known(table: Table, column: str) -> list[float]:
    """The values of a column, all of them measured."""
    found = table.column(column)
    if any(one is None for one in found):
        raise Undecidable(f"{column} was not measured everywhere")
    return found


def matter(exam: str) -> Holds:
    """Whether at least half of the heads cost something alone: more than three of eight."""

    def share(table: Table) -> float:
        pairs = list(zip(known(table, "cost"), known(table, "low"), strict=True))
        return sum(low > 0 and cost >= MARGIN for cost, low in pairs) / len(pairs)

    def holds(table: Table) -> Verdict:
        table = table.where(exam=exam)
        learnt(table, {"rank": 1})
        found = beside(table, "share", 3.5 / 8, share)
        return raises(found, "share", MEASURED, LEVEL, 0.02)

    return decided(holds)


def adds_up(exam: str) -> Holds:
    """Whether the costs of single heads add up to at least half of what all cost together."""

    def share(table: Table) -> float:
        whole = max(known(table.where(rank=1), "together"))
        if whole < MARGIN:
            raise Undecidable("without all heads the model is as good: there is nothing to share")
        return sum(known(table, "cost")) / whole

    def holds(table: Table) -> Verdict:
        table = table.where(exam=exam)
        learnt(table, {"rank": 1})
        return raises(beside(table, "share", 0.5, share), "share", MEASURED, LEVEL, 0.05)

    return decided(holds)


def apart(exam: str, against: str) -> Holds:
    """Whether heads of one model have less weight in common than others, over the layers."""

    def holds(table: Table) -> Verdict:
        table = table.where(exam=exam)
        learnt(table, {"heads": against, "layer": 1})
        rows = []
        for seed in table.values("seed"):
            for name in ("of one model", against):
                found = known(table.where(seed=seed, heads=name), "overlap")
                rows.append({"seed": seed, "heads": name, "overlap": statistics.fmean(found)})
        arms = {"heads": "of one model"}, {"heads": against}
        return lowers(Table.of(rows, table.failed), "overlap", *arms, 0.05)

    return decided(holds)


def ranks(found: Sequence[float]) -> list[float]:
    """The rank of each value; equal ones share theirs."""
    return [sum((one > v) + (one == v) / 2 for v in found) for one in found]


def rise_together(table: Table) -> Verdict:
    """Whether the score for what came after and accuracy rank the steps alike, seed by seed."""
    if not len(table):
        raise Undecidable("nothing was measured")
    end = table.where(what="accuracy", step=max(table.column("step")))
    above_chance(end, "value", {}, 1 / 8, LEFT, better="higher")

    def correlation(one: Table) -> float:
        both = []
        for what in (AFTER, "accuracy"):
            rows = one.where(what=what)
            found = dict(zip(rows.column("step"), known(rows, "value"), strict=True))
            both.append(ranks([found[step] for step in sorted(found)]))
        try:
            return statistics.correlation(*both)
        except statistics.StatisticsError as error:
            raise Undecidable(str(error)) from error

    found = beside(table, "rank correlation", 0.0, correlation)
    return raises(found, "rank correlation", MEASURED, LEVEL, 0.8)


def compared(judge: Judge, column: str, arm: Arm, against: Arm, margin: float = MARGIN) -> Any:
    """How two arms are judged, where the second has learnt something."""

    def holds(table: Table) -> Verdict:
        return judge(table, column, arm, against, margin, lambda t: learnt(t, against))

    return decided(holds)


def of_exam(exam: str, holds: Holds) -> Holds:
    """The same on the rows of one exam."""
    return lambda table: holds(table.where(exam=exam))


def counted(table: Table) -> Verdict:
    """Whether what is kept of a token is what one counts by hand, at every seed."""
    rows = [(row["groups"], row["bytes"]) for row in table.dicts()]
    if not rows or any(count is None for _, count in rows):
        raise Undecidable("nothing was counted")
    wrong = [(groups, count) for groups, count in rows if count != expected(groups)]
    said = ", ".join(f"{groups}: {expected(groups)}" for groups in sorted({g for g, _ in rows}))
    return exactly(not wrong, f"bytes of a token by groups: {said}")


def nameless(table: Table) -> Verdict:
    """Whether every fault of order leaves the loss what it was."""
    judge = compared(unchanged, "nats", {"fault": ORDERS[0]}, CLEAN)
    found = [judge(table)]
    for fault in ORDERS[1:]:
        found.append(compared(unchanged, "nats", {"fault": fault}, CLEAN)(table))
    return every(*found)
