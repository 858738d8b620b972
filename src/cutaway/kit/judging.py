"""How several judgements of one table decide a claim together."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from .statistics import Undecidable, Verdict
from .tables import Table

Holds = Callable[[Table], Verdict]


def decided(decide: Holds) -> Holds:
    """The same judgement, undecided where the table cannot give one."""

    def holds(table: Table) -> Verdict:
        try:
            return decide(table)
        except Undecidable as reason:
            return Verdict("undecided", because=str(reason))

    return holds


def every(*verdicts: Verdict) -> Verdict:
    """What several verdicts say together: as weak as the weakest of them."""
    for word in ("refuted", "undecided"):
        if found := [one for one in verdicts if one.verdict == word]:
            return found[0]
    weakest = max(verdicts, key=lambda one: one.p or 0)
    return replace(weakest, because="; ".join(one.because for one in verdicts))


def at_every(column: str, decide: Holds) -> Holds:
    """What is decided at each value of a column; conditional if it holds at some of them only."""

    def holds(table: Table) -> Verdict:
        values = sorted(table.values(column)) if len(table) else []
        if not values:
            raise Undecidable("nothing was measured")
        found = {value: decide(table.where(**{column: value})) for value in values}
        if not {"supported", "refuted"} <= {one.verdict for one in found.values()}:
            return every(*found.values())
        weakest = max(found.values(), key=lambda one: one.p or 0)
        said = "; ".join(f"at {at} {one.verdict}: {one.because}" for at, one in found.items())
        return replace(weakest, verdict="conditional", because=said)

    return decided(holds)
