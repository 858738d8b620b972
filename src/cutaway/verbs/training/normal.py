"""Whether a run's curve is normal: beside runs of the same settings that differ by their seed.

A band is where the next healthy run is to be expected, at each step at which all of them were
judged: the mean, and so many deviations to either side that 99 of 100 such runs are inside at every
step. It is made of runs that stand in the same folder; with fewer than three there is none.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

from cutaway.errors import CutawayError
from cutaway.runs.placing import CONFIG, reopen
from cutaway.runs.telemetry import lines

FEWEST, HOLDS, LEAST = 3, 0.99, 0.002  # runs of a band, how many it holds, nats that are nothing
Curve = Mapping[int, float]


def kin(path: Path, config: Mapping[str, Any]) -> Iterator[tuple[str, Curve]]:
    """The runs beside a run that were asked for alike but for their seed, and that ended."""
    for other in sorted(path.parent.glob(f"*/{CONFIG}")):
        with suppress(CutawayError, OSError, KeyError, TypeError):
            if other.parent != path and alike(reopen(other.parent)[1], config):
                curve, ended = judged(other.parent)
                if ended:
                    yield other.parent.name, curve


def alike(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether two runs on the same text differ by their seed, and by nothing else that counts."""
    texts = one["text"]["key"] == other["text"]["key"] and one["tokens"] == other["tokens"]
    free = {"seed", "compile"}  # compiled or not, a run is the same but for rounding
    first, second = (
        {name: value for name, value in it["settings"].items() if name not in free}
        for it in (one, other)
    )
    return texts and first == second and one["settings"]["seed"] != other["settings"]["seed"]


def judged(path: Path) -> tuple[dict[int, float], bool]:
    """The held-out losses of a run by the steps it had taken, and whether it came to its end."""
    found, ended = dict[int, float](), False
    for line in lines(path / "telemetry.jsonl"):
        if line["kind"] == "judged":
            found[line["step"] + 1] = line["loss"]
        ended = line["kind"] == "ended"
    return found, ended


def band(curves: Sequence[Curve]) -> dict[int, tuple[float, float]]:
    """Where the next run is to be expected, at each step that all of them have."""
    from scipy.special import stdtrit

    n = len(curves)
    if n < FEWEST:
        return {}
    shared = sorted(set.intersection(*(set(one) for one in curves)))
    outside = (1 - HOLDS) / max(len(shared), 1)
    far = float(stdtrit(n - 1, 1 - outside / 2)) * math.sqrt(1 + 1 / n)
    found = {}
    for step in shared:
        here = [one[step] for one in curves]
        if all(map(math.isfinite, here)):
            middle, half = fmean(here), max(far * stdev(here), LEAST)
            found[step] = (middle - half, middle + half)
    return found


def compared(curve: Curve, others: Sequence[Curve]) -> str | None:
    """How a run's curve lies to the band of others, in words; None without a band."""
    limits = band(others)
    steps = [step for step in limits if step in curve]
    if not steps:
        return None
    like = f"{len(others)} runs of the same settings with other seeds"
    high = [step for step in steps if not curve[step] <= limits[step][1]]
    low = [step for step in steps if curve[step] < limits[step][0]]
    if not high and not low:
        return f"The held-out loss is that of {like}, at all {len(steps)} steps they share."
    where = high or low
    first = where[0]
    said = (
        f"From step {first:,} on" if where == steps[steps.index(first) :] else f"At step {first:,}"
    )
    words = "higher" if high else "lower"
    return (
        f"{said} the held-out loss, {curve[first]:.3f}, is {words} than 99 of 100 such runs would "
        f"have it: {like} lie between {limits[first][0]:.3f} and {limits[first][1]:.3f}."
    )
