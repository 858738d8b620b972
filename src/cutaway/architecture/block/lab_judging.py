"""How tables of this lab are judged: each arm at its own best rate, and sums of several arms."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from cutaway.kit.judging import decided
from cutaway.kit.pairs import Arm, values
from cutaway.kit.statistics import Undecidable, Verdict
from cutaway.kit.tables import Table
from cutaway.kit.tuning import common, fresh
from cutaway.kit.verdicts import above_chance

LEFT, STILL = 0.2, 0.02
Arms = Mapping[str, Arm]
Judge = Callable[[Table], Verdict]


def measured(decide: Judge) -> Judge:
    """The same judgement, undecided where the table cannot give one or holds nothing."""

    def holds(table: Table) -> Verdict:
        if not len(table):
            raise Undecidable("nothing was measured")
        return decide(table)

    return decided(holds)


def tabled(rows: Iterable[Mapping[str, Any]], table: Table) -> Table:
    """Rows made of a table's, where what is no number is None."""
    clean = [{name: None if lost(one) else one for name, one in row.items()} for row in rows]
    return Table.of(clean, table.failed)


def lost(value: Any) -> bool:
    """Whether a value is a float and no number."""
    return isinstance(value, float) and not math.isfinite(value)


def at_best(table: Table, arms: Arms, column: str = "nats") -> tuple[Table, str]:
    """Arms on fresh seeds, each at its own best rate, as rows with `arm`; and the rates."""
    found = {name: fresh(table, column, arm, near=STILL) for name, arm in arms.items()}
    kept = common([one for one, _ in found.values()])
    rows = [
        {**row, "arm": name} for name, one in zip(found, kept, strict=True) for row in one.dicts()
    ]
    words = ", ".join(f"{name or 'none'} {rate:g}" for name, (_, rate) in found.items())
    return tabled(rows, table), f"rates: {words}"


def summed(table: Table, sums: Mapping[str, Mapping[str, float]], column: str = "nats") -> Table:
    """Arms that are sums of others, so many times each, seed by seed."""
    rows: list[dict[str, Any]] = []
    for seed in table.values("seed"):
        known = {row["arm"]: row[column] for row in table.dicts() if row["seed"] == seed}
        for name, terms in sums.items():
            rows.append({"seed": seed, "arm": name, column: added(known, terms)})
    return tabled(rows, table)


def added(known: Mapping[str, float | None], terms: Mapping[str, float]) -> float | None:
    """A sum of some arms, or None if one of them is missing."""
    found = [known.get(arm) for arm in terms]
    if any(one is None or not math.isfinite(one) for one in found):
        return None
    return sum(times * one for times, one in zip(terms.values(), found) if one is not None)


def mean_over(table: Table, by: str, column: str, arms: Iterable[Any], over: str) -> Table:
    """For each arm and seed the mean of a column over the values of another; None if one is."""
    rows: list[dict[str, Any]] = []
    for arm in arms:
        for seed in table.values("seed"):
            found = [row[column] for row in table.where(**{by: arm, "seed": seed}).dicts()]
            known = [one for one in found if one is not None and math.isfinite(one)]
            full = known and len(known) == len(found) == len(table.values(over))
            rows.append({by: arm, "seed": seed, column: sum(known) / len(known) if full else None})
    return tabled(rows, table)


def learnt(table: Table, arm: Arm, column: str = "nats") -> None:
    """Nothing, if an arm has surely left what it would know without context."""
    level = min(values(table, "chance", arm))
    above_chance(table, column, arm, level, LEFT)


def said(found: Verdict, words: str) -> Verdict:
    """A verdict with some words before its reason."""
    return Verdict(**{**vars(found), "because": f"{words}: {found.because}"})
