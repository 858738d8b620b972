"""How many paired seeds a question takes."""

from __future__ import annotations

import math
from collections.abc import Sequence

from .statistics import FEWEST, FEWEST_EQUAL, interval, positive


def seeds_to_decide(differences: Sequence[float], margin: float, power: float = 0.8) -> int:
    """The seeds with which an effect of the margin is seen, and none is shown to be none.

    Each with the stated power, were the spread what it is in these differences.
    """
    from scipy.special import ndtri

    positive(margin)
    if not 0 < power < 1:
        raise ValueError(f"a power lies between 0 and 1, not at {power}")
    sd = interval(differences).sd
    if sd == 0:
        return FEWEST_EQUAL
    seen = float(ndtri(0.975) + ndtri(power))
    shown = float(ndtri(0.95) + ndtri((1 + power) / 2))
    n = max(FEWEST, math.ceil((max(seen, shown) * sd / margin) ** 2))
    while n < 1000 and _power(n, margin / sd) < power:
        n += 1
    return n


def seeds_to_tell(differences: Sequence[float], margin: float, power: float = 0.8) -> int:
    """The seeds with which an effect as large as in these differences is told from the margin.

    What is closer to the margin than a thousandth of it counts as that far away.
    """
    from scipy.special import ndtri

    positive(margin)
    found = interval(differences)
    mean, sd = found.mean, found.sd
    if sd == 0:
        return FEWEST_EQUAL
    apart = max(abs(abs(mean) - margin), margin / 1000)
    level = 0.95 if abs(mean) < margin else 0.975  # as the tests for less and for more have it
    n = max(FEWEST, math.ceil((float(ndtri(level) + ndtri(power)) * sd / apart) ** 2))
    while n < 1000 and _told(n, apart / sd, level) < power:
        n += 1
    return n


def _power(n: int, margin: float) -> float:
    """The lower of two powers with n pairs of spread 1: to see the margin, to show no effect."""
    return min(_told(n, margin, 0.975), 2 * _told(n, margin, 0.95) - 1)


def _told(n: int, apart: float, level: float) -> float:
    """The power with which n pairs of spread 1 show on which side of a value their mean lies."""
    from scipy.special import nctdtr, stdtrit

    return 1 - float(nctdtr(n - 1, apart * math.sqrt(n), stdtrit(n - 1, level)))
