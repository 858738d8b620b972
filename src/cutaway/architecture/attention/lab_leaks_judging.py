"""How several measured runs decide one claim, beyond the comparison of two arms."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from typing import Any

from cutaway.kit.judging import Holds
from cutaway.kit.pairs import values
from cutaway.kit.statistics import Verdict, proportion
from cutaway.kit.tables import Table


def beside(table: Table, column: str, level: str | float) -> Table:
    """The table with one arm more, "level": that number, or that column, as `column` at each seed.

    Its values come from the clean rows.
    """
    rows = table.where(fault=None).dicts()
    fixed = [{**row, column: row[level] if isinstance(level, str) else level} for row in rows]
    return Table.of([*table.dicts(), *({**row, "fault": "level"} for row in fixed)], table.failed)


def fingerprints(columns: Sequence[str], arms: Sequence[str | None]) -> Holds:
    """Whether four losses name the arm of a run, by the nearest mean of the other seeds' runs."""

    def holds(table: Table) -> Verdict:
        runs = {
            arm: list(zip(*(values(table, c, {"fault": arm}) for c in columns), strict=True))
            for arm in arms
        }
        every_run = [(arm, out) for arm in arms for out in range(len(runs[arm]))]
        said = [(arm, named(runs, out, runs[arm][out])) for arm, out in every_run]
        wrong = Counter(f"{one or 'clean'} for {arm or 'clean'}" for arm, one in said if one != arm)
        n, hits = len(said), len(said) - wrong.total()
        tail = (math.comb(n, k) * (len(arms) - 1) ** (n - k) for k in range(hits, n + 1))
        p, found = sum(tail) / len(arms) ** n, proportion(hits, n)
        words = ", ".join(f"{name} ({count})" for name, count in wrong.items())
        because = f"{hits} of {n} runs are named rightly; named wrongly: {words or 'none'}"
        word = "supported" if p < 0.05 and not wrong else "conditional" if p < 0.05 else "undecided"
        word = "refuted" if found.high < 0.9 else word
        return Verdict(word, found.mean, found.low, found.high, p, n, because)

    return holds


def named(runs: dict[Any, list[Any]], out: int, run: Sequence[float]) -> Any:
    """The arm whose mean over all seeds but `out` is nearest, in units of the arms' own spread."""
    known = {arm: [one for at, one in enumerate(rows) if at != out] for arm, rows in runs.items()}
    means = {
        a: [sum(col) / len(col) for col in zip(*rows, strict=True)] for a, rows in known.items()
    }
    spread = [
        sum((one[c] - means[arm][c]) ** 2 for arm, rows in known.items() for one in rows) + 1e-12
        for c in range(len(run))
    ]

    def away(arm: Any) -> float:
        return float(sum((a - b) ** 2 / s for a, b, s in zip(run, means[arm], spread, strict=True)))

    return min(known, key=away)


def mean_of(numbers: Sequence[float | None]) -> float | None:
    """The mean, or None if a number is missing."""
    known = [number for number in numbers if number is not None]
    return sum(known) / len(known) if known and len(known) == len(numbers) else None
