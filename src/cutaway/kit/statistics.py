"""What differences between paired seeds can say: intervals, p values, powers, and a verdict."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

VERDICTS = ("supported", "refuted", "conditional", "undecided")
FEWEST = 3  # pairs; two give an interval that says nothing
FEWEST_EQUAL = 6  # pairs that agree exactly: 2 ** (1 - 6) is the first p below 0.05
HUGE = 1e300  # beyond it sums overflow


class Undecidable(ValueError):
    """The numbers at hand cannot decide, and why."""


@dataclass(frozen=True)
class Interval:
    """A mean with the ends of its confidence interval, from `n` values that spread by `sd`."""

    mean: float
    low: float
    high: float
    n: int
    sd: float


@dataclass(frozen=True)
class Verdict:
    """What a measurement says about a claim: the effect with its interval, p, and the reason.

    `p` belongs to the test that gave the verdict; an exact claim has none. `p_holm` is p after
    Holm's correction over the claims of the lab.
    """

    verdict: str
    effect: float | None = None
    low: float | None = None
    high: float | None = None
    p: float | None = None
    n: int | None = None
    because: str = ""
    p_holm: float | None = None

    def __post_init__(self) -> None:
        """Nothing, if it is one of four words with finite numbers."""
        if self.verdict not in VERDICTS:
            raise ValueError(f"a verdict is one of {', '.join(VERDICTS)}, not {self.verdict!r}")
        for name in ("effect", "low", "high", "p", "p_holm"):
            value = getattr(self, name)
            if value is not None and not math.isfinite(value):
                raise ValueError(f"the {name} of a verdict is a finite number or None, not {value}")


def interval(differences: Sequence[float], level: float = 0.95) -> Interval:
    """The t interval of the mean; a point where the differences are all equal."""
    from scipy.special import stdtrit

    if not 0 < level < 1:
        raise ValueError(f"the level of an interval lies between 0 and 1, not at {level}")
    n, mean, sd = _summary(differences)
    half = float(stdtrit(n - 1, (1 + level) / 2)) * sd / math.sqrt(n)
    return Interval(mean, mean - half, mean + half, n, sd)


def t_p(differences: Sequence[float]) -> float:
    """The two-sided p of a mean of 0."""
    return min(1.0, 2 * min(_p_above(differences, 0.0), _p_below(differences, 0.0)))


def equivalence_p(differences: Sequence[float], margin: float) -> float:
    """The p of a mean outside +-margin, by two one-sided tests: small when there is no effect."""
    positive(margin)
    return max(_p_above(differences, -margin), _p_below(differences, margin))


def beyond_p(differences: Sequence[float], margin: float) -> float:
    """The two-sided p of a mean within +-margin: small when the effect is surely larger."""
    positive(margin)
    return min(1.0, 2 * min(_p_above(differences, margin), _p_below(differences, -margin)))


def sign_flip_p(differences: Sequence[float]) -> float:
    """The exact two-sided p of the sum when every pair could as well have been the other way."""
    import numpy

    _summary(differences)
    if len(differences) > 20:
        raise ValueError(f"2 ** {len(differences)} flips are too many; 20 pairs are the most")
    sums = numpy.zeros(1)
    for difference in differences:
        sums = numpy.concatenate([sums + difference, sums - difference])
    rounding = 1e-12 * math.fsum(abs(difference) for difference in differences)
    return float(numpy.mean(numpy.abs(sums) >= abs(math.fsum(differences)) - rounding))


def proportion(k: int, n: int, level: float = 0.95) -> Interval:
    """The exact (Clopper-Pearson) interval of k successes in n; `sd` is that of one outcome."""
    from scipy.special import betaincinv

    if not (0 <= k <= n and n > 0 and 0 < level < 1):
        raise ValueError(f"{k} of {n} at level {level} is not a proportion")
    tail = (1 - level) / 2
    low = float(betaincinv(k, n - k + 1, tail)) if k > 0 else 0.0
    high = float(betaincinv(k + 1, n - k, 1 - tail)) if k < n else 1.0
    return Interval(k / n, low, high, n, math.sqrt(k * (n - k)) / n)


def holm(ps: Sequence[float]) -> list[float]:
    """The p values as Holm adjusts them for their number, in the order they came in."""
    if not all(0 <= p <= 1 for p in ps):
        raise ValueError(f"p values lie between 0 and 1, and these do not: {list(ps)}")
    adjusted = [0.0] * len(ps)
    largest = 0.0
    for rank, at in enumerate(sorted(range(len(ps)), key=lambda at: ps[at])):
        largest = max(largest, min(1.0, (len(ps) - rank) * ps[at]))
        adjusted[at] = largest
    return adjusted


def positive(margin: float) -> None:
    """A smallest effect of interest is a positive number, or the claim is not a claim."""
    if not 0 < margin < math.inf:
        raise ValueError(f"a smallest effect of interest is a positive number, not {margin}")


def _summary(values: Sequence[float]) -> tuple[int, float, float]:
    """How many, their mean, and their standard deviation: 0 if they are equal but for rounding."""
    n = len(values)
    if n < FEWEST:
        raise Undecidable(f"{n} pairs are too few; {FEWEST} are the least that can say anything")
    if not all(abs(value) < HUGE for value in values):
        raise Undecidable("some differences are not numbers, or not finite")
    mean = math.fsum(values) / n
    sd = math.hypot(*(value - mean for value in values)) / math.sqrt(n - 1)
    return n, mean, 0.0 if sd <= 1e-12 * max(map(abs, values)) else sd


def _p_above(differences: Sequence[float], at: float) -> float:
    """The one-sided p of a mean that is not above a value.

    Differences that do not vary give no t; then the p is what their signs alone can show.
    """
    from scipy.special import stdtr

    n, mean, sd = _summary(differences)
    if sd == 0:
        return 0.5**n if mean > at else 1.0
    return float(stdtr(n - 1, -(mean - at) / (sd / math.sqrt(n))))


def _p_below(differences: Sequence[float], at: float) -> float:
    """The one-sided p of a mean that is not below a value."""
    return _p_above([-difference for difference in differences], -at)
