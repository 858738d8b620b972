"""Whether a claim believes too much: a table of nothing, or arms shuffled within their seeds."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence

from .tables import Table
from .words import Claim, Row

# A claim that tunes each arm on two seeds finds shuffled arms at the points that were best for both
# as they were: in a quarter of the shuffles both seeds fall the wrong way round.
SHUFFLES, LUCKY = 12, 1 / 3


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
        if lucky.count("supported") > SHUFFLES * LUCKY:
            yield f"claim {claim.says!r}: it is supported even with its arms shuffled"


def _keys(table: Table) -> tuple[str, ...]:
    """The columns that say what was measured, not what came out."""
    end = table.columns.index("seed") + 1 if "seed" in table.columns else 0
    return table.columns[:end]


def _is_null(claim: Claim, table: Table) -> bool:
    """Whether a claim says that two arms are alike: shuffling them cannot take its support.

    It is supported by an interval with 0 in it; or, where a small effect is sure, by an effect of
    nothing when every arm is given the clean one's numbers.
    """
    effect = claim.holds(table)
    if effect.low is not None and effect.high is not None and effect.low <= 0 <= effect.high:
        return True
    keys, clean, rows = _keys(table), table.where(fault=None).dicts(), list[Row]()
    for arm in table.values("fault"):
        for at, row in enumerate(table.where(fault=arm).dicts()):
            one = clean[at] if at < len(clean) else row
            rows.append({**(one if _beside(row, one, keys) else row), "fault": arm})
    try:
        alike = claim.holds(Table.of(rows))
    except ValueError:
        return False
    return alike.verdict == "supported" and alike.effect == 0


def _beside(row: Row, clean: Row, keys: Sequence[str]) -> bool:
    """Whether two rows are of one seed and one point of the grid, but for the fault."""
    return all(row[key] == clean[key] for key in keys if key != "fault")


def shuffled(table: Table, seed: int) -> Table:
    """The table with the names of the arms exchanged within each seed, for its whole grid alike.

    A run belongs to a seed and an arm. A grid point exchanged by itself would mix runs, and a
    claim that tunes each arm would then compare arms at points that were chosen for others.
    """
    chance = random.Random(seed)
    arms = table.values("fault")
    names = {}
    for one in table.values("seed"):
        names[one] = dict(zip(arms, chance.sample(arms, len(arms)), strict=True))
    return Table.of([{**row, "fault": names[row["seed"]][row["fault"]]} for row in table.dicts()])


def _word(claim: Claim, table: Table) -> str:
    """The word of a verdict; a claim that stumbles over a table has decided nothing."""
    try:
        return claim.holds(table).verdict
    except Exception:
        return "undecided"
