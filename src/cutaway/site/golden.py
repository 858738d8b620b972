"""Golden cases: what a demo must compute, said by the component that it repeats, in every world.

A lab's test_lab_demo.py says at which states its demo is held, and what the component makes of one.
"""

from __future__ import annotations

import json
import math
import os
import random
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cutaway.kit.labs import load, nearest, place
from cutaway.kit.worlds import CLEAN, World, broken

State = Mapping[str, Any]
Numbers = Mapping[str, Any]
HERE = Path(__file__).parent
TELLING = 3  # for each break, the cases at which it shows
FEW = 20  # pairs of breaks that are all mixed
LONGEST = 60.0  # seconds for node


@dataclass(frozen=True)
class Offer:
    """The breaks of a demo by name, and which two of them it allows at once."""

    breaks: tuple[str, ...]
    pairs: frozenset[frozenset[str]]


def hold(
    lab: str,
    states: Sequence[State],
    numbers: Callable[[World, State], Numbers],
    tolerance: float,
    folder: Path,
) -> int:
    """How many golden cases a lab's demo was held to; an error unless it computes them all.

    `numbers` is what the component of a world makes of a state of the demo's controls. A number may
    differ by the tolerance, absolutely or relatively, whichever is more.
    """
    demo = place(lab).folder / "demo.js"
    cases = computed(lab, offered(demo, folder), states, numbers, tolerance)
    compare(demo, cases, tolerance, folder)
    return len(cases)


def offered(demo: Path, folder: Path) -> Offer:
    """The breaks that a demo offers."""
    ended = _node(folder, [], {"demo": str(demo)})
    assert ended.returncode == 0, f"{demo} cannot be read without a page:\n{ended.stderr}"
    found = json.loads(ended.stdout)
    return Offer(tuple(found["breaks"]), frozenset(map(frozenset, found["pairs"])))


def computed(
    lab: str,
    offer: Offer,
    states: Sequence[State],
    numbers: Callable[[World, State], Numbers],
    tolerance: float,
) -> list[dict[str, Any]]:
    """The golden cases: every state in the clean world, in each broken one, and in some mixed."""
    faults = [fault.name for fault in load(lab).faults]
    for name in offer.breaks:
        assert name in faults, (
            f"The demo of {lab} offers the break {name!r}, which is no fault of the lab. "
            f"{nearest(name, faults, f'cutaway break {lab}')}"
        )
    clean = [numbers(CLEAN, state) for state in states]
    cases = list(_named((), states, clean))
    for breaks in (*((name,) for name in offer.breaks), *mixed(offer)):
        with broken(*(f"{lab}.{name}" for name in breaks)) as world:
            found = [numbers(world, state) for state in states]
        telling = sum(far(a, b, 3 * tolerance) for a, b in zip(found, clean, strict=True))
        assert len(breaks) > 1 or telling >= TELLING, (
            f"The switch {breaks[0]} of the demo of {lab} has {telling} golden cases at which it "
            f"shows; it needs {TELLING}. Add states at which its numbers differ from clean ones."
        )
        cases += _named(breaks, states, found)
    return cases


def mixed(offer: Offer) -> list[tuple[str, ...]]:
    """For each break two or three at once that the demo allows; and every pair, if they are few."""
    chance = random.Random(0)
    found = {tuple(sorted(pair)) for pair in offer.pairs if len(offer.pairs) <= FEW}
    for name in offer.breaks:
        chosen, several = [name], chance.choice((2, 3))
        for other in chance.sample(offer.breaks, len(offer.breaks)):
            if len(chosen) < several and all({one, other} in offer.pairs for one in chosen):
                chosen.append(other)
        if len(chosen) > 1:
            found.add(tuple(sorted(chosen)))
    return sorted(found)


def far(one: object, other: object, tolerance: float) -> bool:
    """Whether two values, or any two inside them, differ by more than a tolerance."""
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return one.keys() != other.keys() or any(far(one[k], other[k], tolerance) for k in one)
    if isinstance(one, list | tuple) and isinstance(other, list | tuple):
        pairs = zip(one, other, strict=False)
        return len(one) != len(other) or any(far(a, b, tolerance) for a, b in pairs)
    if isinstance(one, int | float) and isinstance(other, int | float):
        if math.isfinite(one) and math.isfinite(other):
            return abs(one - other) > tolerance * max(1, abs(other))
        return str(float(one)) != str(float(other))
    return one != other


def compare(demo: Path, cases: Sequence[Mapping[str, Any]], tolerance: float, folder: Path) -> None:
    """Nothing, if a demo computes every case; else an error that shows where it does not."""
    job = {"demo": str(demo), "cases": _plain(cases), "tolerance": tolerance}
    ended = _node(folder, ["--test", "--test-reporter=tap"], job)
    wrong = re.findall(r"^ *error: (?:\|-\n *)?(.*)", ended.stdout, re.MULTILINE)
    said = "\n".join(wrong[:10]) or ended.stdout + ended.stderr
    assert ended.returncode == 0, f"{demo} does not compute what the component does:\n{said}"
    passed = re.findall(r"^ *ok \d+ - (.*, state \d+)$", ended.stdout, re.MULTILINE)
    assert passed == [case["name"] for case in cases] != [], "node did not hold every case"


def _named(
    breaks: Sequence[str], states: Sequence[State], found: Sequence[Numbers]
) -> Iterator[dict[str, Any]]:
    """The cases of one world, each with a name."""
    world = " + ".join(breaks) or "clean"
    for number, (state, golden) in enumerate(zip(states, found, strict=True), 1):
        whole = {**state, "breaks": list(breaks)}
        yield {"name": f"{world}, state {number}", "state": whole, "golden": golden}


def _plain(value: Any) -> Any:
    """A value as JSON can hold it: numbers that are not finite become JavaScript's words."""
    if isinstance(value, Mapping):
        return {key: _plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    return value


def _node(
    folder: Path, options: Sequence[str], job: Mapping[str, Any]
) -> subprocess.CompletedProcess[str]:
    """How node ended on golden.mjs; without node the test that asks is skipped."""
    node = shutil.which("node")
    if node is None:
        import pytest

        pytest.skip("node is not installed")
    file = folder / "golden.json"
    file.write_text(json.dumps({"shared": str(HERE / "demo.js"), **job}), encoding="utf-8")
    inherited = {k: v for k, v in os.environ.items() if not k.startswith("NODE_")}
    return subprocess.run(
        [node, *options, str(HERE / "golden.mjs")],
        env={**inherited, "CUTAWAY_GOLDEN": str(file)},
        capture_output=True,
        encoding="utf-8",
        timeout=LONGEST,
    )
