"""Healthy runs that come with cutaway: their held-out losses, by settings, step and seed.

They stand in a sealed file beside this one, written by benchmarks/healthy.py.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from itertools import pairwise
from pathlib import Path
from typing import Any

from cutaway.errors import Refused, UsageError
from cutaway.runs import plain
from cutaway.runs.placing import reopen

from .kin import Curve, judged, kind

FORMAT, DIGITS = 1, 6
FILE = files("cutaway.verbs.training") / "healthy.json"
KIND = {"settings": dict, "text": str, "tokens": str}
FAMILY = {"kind": dict, "where": dict, "steps": list, "losses": dict}
WHERE = ("torch", "cpu")


@dataclass(frozen=True)
class Family:
    """Runs that differ by their seeds: what they have in common, where they ran, their curves."""

    kind: Mapping[str, Any]
    where: Mapping[str, str]
    curves: Mapping[int, Curve]


def shipped(like: Mapping[str, Any]) -> Mapping[int, Curve]:
    """The curves, by their seeds, of the runs of a kind that come with cutaway."""
    try:
        families = read(FILE.read_bytes())
    except (OSError, ValueError) as error:
        what = f"The healthy runs that come with cutaway cannot be used: {error}."
        raise Refused(what, "Install cutaway again; until then no run is held against them.") from (
            error
        )
    return next((one.curves for one in families if one.kind == like), {})


def read(raw: bytes) -> list[Family]:
    """The families in a file; any other bytes are a ValueError that says what is wrong."""
    data = plain.from_bytes(raw)
    if data.get("format") != FORMAT or type(data.get("families")) is not list:
        raise ValueError(f"it is not of format {FORMAT}")
    found = [_family(one) for one in data["families"]]
    if any(one.kind == other.kind for at, one in enumerate(found) for other in found[:at]):
        raise ValueError("two of its families are of one kind")
    return found


def _family(data: Any) -> Family:
    """One family of a file."""
    _fields(data, FAMILY, "a family")
    _fields(data["kind"], KIND, "a kind")
    _fields(data["where"], dict.fromkeys(WHERE, str), "a place")
    steps: list[int] = data["steps"]
    if any(type(one) is not int for one in steps) or any(a >= b for a, b in pairwise(steps)):
        raise ValueError("its steps do not rise")
    if not steps or steps[-1] != data["kind"]["settings"].get("steps"):
        raise ValueError("its curves do not reach their last step")
    curves = {_seed(seed): _curve(steps, losses) for seed, losses in data["losses"].items()}
    return Family(data["kind"], data["where"], curves)


def _fields(data: Any, wanted: Mapping[str, type], what: str) -> None:
    """Nothing, or an error if something has other fields than it should."""
    if type(data) is not dict or {name: type(one) for name, one in data.items()} != wanted:
        raise ValueError(f"{what} has the fields {', '.join(wanted)}, and no others")


def _seed(text: str) -> int:
    """A seed that was a name."""
    if not text.isdecimal() or text != str(int(text)):
        raise ValueError(f"{text!r:.40} is no seed")
    return int(text)


def _curve(steps: Sequence[int], losses: Any) -> Curve:
    """The losses of a run by their steps."""
    if type(losses) is not list or any(type(one) is not float or one <= 0 for one in losses):
        raise ValueError("its losses are no losses")
    if len(losses) != len(steps):
        raise ValueError("a loss lacks its step, or a step its loss")
    return dict(zip(steps, losses, strict=True))


def written(families: Iterable[Family]) -> bytes:
    """The file of some families, which `read` reads."""
    rows = [
        {
            "kind": dict(one.kind),
            "where": dict(one.where),
            "steps": sorted(next(iter(one.curves.values()))),
            "losses": {
                str(seed): [round(loss, DIGITS) for _, loss in sorted(curve.items())]
                for seed, curve in one.curves.items()
            },
        }
        for one in families
    ]
    raw = plain.to_bytes({"format": FORMAT, "families": rows})
    read(raw)
    return raw


def family(runs: Sequence[Path]) -> Family:
    """Runs in their folders that were done, are alike and ran at one kind of place, as a family."""
    configs = [reopen(run)[1] for run in runs]
    found = {one["settings"]["seed"]: judged(run) for one, run in zip(configs, runs, strict=True)}
    places = [{name: one["environment"][name] for name in WHERE} for one in configs]
    curves = [curve for curve, _ in found.values()]
    faults = {
        "have seeds in common": len(found) < len(runs),
        "were not all done": not all(done for _, done in found.values()),
        "are not of one kind": any(kind(one) != kind(configs[0]) for one in configs),
        "ran at different places": any(one != places[0] for one in places),
        "were judged at different steps": any(one.keys() != curves[0].keys() for one in curves),
        "left the numbers": not all(math.isfinite(x) for one in curves for x in one.values()),
    }
    for what, is_so in faults.items():
        if is_so:
            raise UsageError(f"These runs {what}: they are no family.", "Give runs that are.")
    return Family(kind(configs[0]), places[0], {seed: curve for seed, (curve, _) in found.items()})
