"""The rate of an arm is chosen on seeds that do not judge it."""

from __future__ import annotations

import math
from collections.abc import Sequence

from .pairs import Arm
from .statistics import Undecidable
from .tables import Table

TUNING = (0, 1)  # the seeds that choose


def best_rate(
    table: Table, column: str, arm: Arm, *, better: str = "lower", near: float = 0.0
) -> float:
    """The rate that is best for an arm on the seeds that choose.

    An end of the grid will do only where its neighbour is nearer than `near`: a grid that ends
    where the best lies beyond it has found no best.
    """
    rates = sorted(table.values("rate")) if len(table) else []
    if not rates:
        raise Undecidable("nothing was measured")
    sign = 1 if better == "lower" else -1
    means = [sign * _mean(table.where(**arm, rate=rate), column, better, rate) for rate in rates]
    at = min(range(len(rates)), key=means.__getitem__)
    if means[at] == math.inf:
        raise Undecidable(f"no rate gave {column} that is a number, for {named(arm)}")
    if at in (0, len(rates) - 1):
        inside = means[min(1, len(rates) - 1) if at == 0 else at - 1]
        if not inside - means[at] < near:
            raise Undecidable(
                f"the best rate for {named(arm)}, {rates[at]:g}, stands at an end of the grid"
            )
    return float(rates[at])


def fresh(
    table: Table, column: str, arm: Arm, *, better: str = "lower", near: float = 0.0
) -> tuple[Table, float]:
    """The rows of an arm at its best rate, of the seeds that did not choose it; and that rate."""
    rate = best_rate(table, column, arm, better=better, near=near)
    rows = table.where(**arm, rate=rate)
    seeds = rows.column("seed")
    kept = [row for row, seed in zip(rows.rows, seeds, strict=True) if seed not in TUNING]
    return Table(rows.columns, tuple(kept), table.failed), rate


def common(tables: Sequence[Table]) -> list[Table]:
    """Tables cut to the seeds that all of them come to: some have more, and those have no pair."""
    seeds = [one.column("seed") for one in tables]
    last = min(max(found, default=-1) for found in seeds)
    cut = []
    for one, found in zip(tables, seeds, strict=True):
        rows = [row for row, seed in zip(one.rows, found, strict=True) if seed <= last]
        cut.append(Table(one.columns, tuple(rows), one.failed))
    return cut


def together(tables: Sequence[Table]) -> Table:
    """Tables of the same columns, one below the other, on the seeds that all of them come to."""
    rows = tuple(row for one in common(tables) for row in one.rows)
    failed = [cell for one in tables for cell in one.failed]
    apart = tuple(cell for at, cell in enumerate(failed) if cell not in failed[:at])
    return Table(tables[0].columns, rows, apart)


def named(arm: Arm) -> str:
    """An arm in words."""
    return ", ".join(f"{name} {value}" for name, value in arm.items()) or "all"


def _mean(rows: Table, column: str, better: str, rate: float) -> float:
    """The mean over the seeds that choose; the worst there is, if one of them is no number."""
    found = [row[column] for row in rows.dicts() if row["seed"] in TUNING]
    if len(found) < len(TUNING):
        raise Undecidable(f"the tuning seeds were not measured at rate {rate:g}")
    if any(value is None or not math.isfinite(value) for value in found):
        return math.inf if better == "lower" else -math.inf
    return float(sum(found) / len(found))
