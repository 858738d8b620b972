"""Two measurements of one table compared: to the last bit, or within a stated tolerance."""

from __future__ import annotations

import math

from .tables import Table
from .words import Scalar

TOLERANCE = 1e-3


def agreement(recorded: Table, again: Table, to_the_bit: bool, exact: bool) -> tuple[bool, str]:
    """Whether two tables agree as they should, and how well they do, in words."""
    if recorded.digest() == again.digest():
        return True, f"equal to the last bit ({recorded.digest()[:12]})"
    if not exact:
        return True, "timings: only the verdicts are compared"
    if (recorded.columns, len(recorded)) != (again.columns, len(again)):
        return False, f"{len(recorded)} rows are recorded, {len(again)} were measured"
    pairs = [
        (one, other)
        for row, now in zip(recorded.rows, again.rows, strict=True)
        for one, other in zip(row, now, strict=True)
    ]
    apart = max((_gap(one, other) for one, other in pairs), default=0.0)
    says = f"apart by up to {apart:.2g} of 1 + the value"
    if to_the_bit:
        return False, f"{says}; on this kind of machine it must be equal to the last bit"
    return apart <= TOLERANCE, f"{says}; another kind of machine may differ by {TOLERANCE:g}"


def _gap(one: Scalar, other: Scalar) -> float:
    """How far apart two values are, relative to one plus the larger."""
    numbers = [value for value in (one, other) if isinstance(value, int | float)]
    if one == other:
        return 0.0
    if len(numbers) < 2 or isinstance(one, bool) or isinstance(other, bool):
        return math.inf
    return abs(numbers[0] - numbers[1]) / (1 + max(map(abs, numbers)))
