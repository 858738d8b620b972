"""Whether a claim believes too much: a table of nothing, or arms shuffled within their seeds."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

from .tables import Table
from .words import Claim

SHUFFLES = 5


def credulous(claim: Claim, table: Table) -> Iterator[str]:
    """What a claim is supported by and should not be."""
    keys = _keys(table)
    blank = [{k: v if k in keys else None for k, v in row.items()} for row in table.dicts()]
    if _word(claim, Table.of(blank)) == "supported":
        yield f"claim {claim.says!r}: a table without a single measured value supports it"
    if _word(claim, table) != "supported" or "fault" not in keys or _is_null(claim, table):
        return
    if len(table.values("seed")) > 1:
        lucky = [_word(claim, shuffled(table, seed)) for seed in range(SHUFFLES)]
        if lucky.count("supported") > 1:
            yield f"claim {claim.says!r}: it is supported even with its arms shuffled"


def _keys(table: Table) -> tuple[str, ...]:
    """The columns that say what was measured, not what came out."""
    end = table.columns.index("seed") + 1 if "seed" in table.columns else 0
    return table.columns[:end]


def _is_null(claim: Claim, table: Table) -> bool:
    """Whether a claim says that two arms are alike: shuffling them cannot take its support."""
    effect = claim.holds(table)
    return effect.low is not None and effect.high is not None and effect.low <= 0 <= effect.high


def shuffled(table: Table, seed: int) -> Table:
    """The table with the measured values of the arms permuted within each seed and grid point."""
    chance = random.Random(seed)
    keys = [name for name in _keys(table) if name != "fault"]
    groups: dict[tuple[Any, ...], list[dict[str, Any]]] = {}
    for row in table.dicts():
        groups.setdefault(tuple(row[key] for key in keys), []).append(row)
    rows = []
    for group in groups.values():
        arms = [row["fault"] for row in group]
        chance.shuffle(arms)
        rows += [{**row, "fault": arm} for row, arm in zip(group, arms, strict=True)]
    return Table.of(rows)


def _word(claim: Claim, table: Table) -> str:
    """The word of a verdict; a claim that stumbles over a table has decided nothing."""
    try:
        return claim.holds(table).verdict
    except Exception:
        return "undecided"
