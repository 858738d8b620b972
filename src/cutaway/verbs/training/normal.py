"""Whether a run's curve is normal: beside runs of the same settings that differ by their seed.

A band is where the next healthy run is to be expected, at each step at which all of them were
judged and it will be: the mean, and so many deviations to either side that 99 of 100 such runs are
inside at every step. It is made of runs in the same folder, or if those are fewer than three of
runs that come with cutaway; without either there is none.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Container, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

from cutaway.errors import CutawayError
from cutaway.runs.driving import Told

from .healthy import shipped
from .kin import Curve, beside, kind

FEWEST, HOLDS, LEAST = 3, 0.99, 0.002  # runs of a band, how many it holds, nats that are nothing
Say = Callable[[str], object]
Limits = Mapping[int, tuple[float, float]]


def unsaid(_: str) -> None:
    """Say nothing: what is wrong is said when a run ends."""


@dataclass(frozen=True)
class Normal:
    """Between which losses a healthy run lies at which steps, and by which runs."""

    limits: Limits = field(default_factory=dict)
    by: str = ""

    def odd(self, curve: Curve) -> str | None:
        """Where a curve is first not that of a healthy run, in words; None if it nowhere is."""
        steps = [step for step in sorted(curve) if step in self.limits]
        high = [step for step in steps if not curve[step] <= self.limits[step][1]]
        where = high or [step for step in steps if curve[step] < self.limits[step][0]]
        if not where:
            return None
        on = len(where) > 1 and where == steps[-len(where) :]
        low, top = self.limits[where[0]]
        return (
            f"{f'From step {where[0]:,} on' if on else f'At step {where[0]:,}'} the held-out loss, "
            f"{curve[where[0]]:.3f}, is {'higher' if high else 'lower'} than 99 of 100 such runs "
            f"would have it: between {low:.3f} and {top:.3f}, by {self.by}."
        )

    def said(self, curve: Curve) -> str | None:
        """How a curve lies to that of a healthy run, in words; None if that is not known."""
        shared = len(self.limits.keys() & curve)
        if not shared:
            return None
        where = f"all {shared} steps" if shared > 1 else "the one step"
        usual = f"The held-out loss is that of {self.by}, at {where} they share."
        return self.odd(curve) or usual


def normal(path: Path, config: Mapping[str, Any], say: Say) -> Normal:
    """What is normal for a run: nothing if that is not known, which is said where it should be."""
    curves, where = beside(path, config), "stand beside it"
    if len(curves) < FEWEST:
        mine, where = config["settings"]["seed"], "come with cutaway"
        try:
            every = shipped(kind(config))
        except CutawayError as error:
            say(f"{error.what} {error.next_step}")
            return Normal()
        curves = {seed: curve for seed, curve in every.items() if seed != mine}
    by = f"{len(curves)} runs of the same settings with other seeds that {where}"
    return Normal(band(curves.values(), judged_at(config)), by)


@dataclass(frozen=True)
class Judged(Container[int]):
    """After how many steps a run is judged: however many those are, none is counted out."""

    last: int
    every: int

    def __contains__(self, step: object) -> bool:
        between = range(self.every, self.last, self.every) if self.every else ()
        return step in (0, self.last) or step in between


def judged_at(config: Mapping[str, Any]) -> Judged:
    """After how many steps a run is judged."""
    return Judged(config["settings"]["steps"], config["cadence"]["judged"])


def band(curves: Collection[Curve], steps: Container[int]) -> dict[int, tuple[float, float]]:
    """Where the next run is to be expected, at those of some steps that all curves have."""
    n = len(curves)
    if n < FEWEST:
        return {}
    shared = [step for step in sorted(set[int].intersection(*map(set, curves))) if step in steps]
    if not shared:
        return {}
    from scipy.special import stdtrit

    outside = (1 - HOLDS) / len(shared)
    far = float(stdtrit(n - 1, 1 - outside / 2)) * math.sqrt(1 + 1 / n)
    found = {}
    for step in shared:
        here = [one[step] for one in curves]
        if all(map(math.isfinite, here)):
            middle, half = fmean(here), max(far * stdev(here), LEAST)
            found[step] = (middle - half, middle + half)
    return found


def warned(told: Told, known: Normal, last: int, say: Say) -> Told:
    """Who hears what `told` hears, and says once, before the end, that a loss is not normal."""
    quiet = False

    def heard(kind: str, step: int, values: Mapping[str, Any]) -> None:
        nonlocal quiet
        told(kind, step, values)
        if kind != "judged" or quiet or step == last:
            return
        if odd := known.odd({step: values["loss"]}):
            quiet = True
            say(f"{odd} Ctrl-C stops and saves.")

    return heard
