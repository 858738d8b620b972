"""Small runs: how one is asked for, and all that it leaves."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

from cutaway.runs.checkpoints import resume
from cutaway.runs.schema import content
from cutaway.runs.telemetry import lines

SIZES = {"width": 16, "depth": 1, "heads": 2, "context": 16, "batch": 4, "steps": 12, "warm": 2}
OFTEN = {"judge-every": 4, "save-every": 4, "sample-every": 6, "threads": 1}
LAST = 12


def small(asked: str = "") -> list[str]:
    """The options of a small run, but for those that are asked otherwise."""
    words = asked.split()
    usual = {f"--{name}": str(value) for name, value in {**SIZES, **OFTEN}.items()}
    rest = [word for pair in usual.items() if pair[0] not in words for word in pair]
    return [*rest, *words]


def write(path: Path) -> Path:
    """A text of short sentences that a model can learn something from."""
    chance = random.Random(0)
    words = ["the cat", "a dog", "my aunt"], ["saw", "fed", "heard"], ["the moon", "a fish", "it"]
    said = (" ".join(map(chance.choice, words)) for _ in range(600))
    path.write_text("".join(f"{one}.\n" for one in said), encoding="utf-8")
    return path


def left(run: Path) -> Any:
    """What a run left: all that was seen but when and where it paused, and what was written."""
    kinds = ("step", "layers", "judged", "sample")
    seen = [content(line) for line in lines(run / "telemetry.jsonl") if line["kind"] in kinds]
    last = resume(run / "checkpoints").last
    assert last
    groups = {
        f"{group}/{name}": tensor.tolist()
        for group, tensors in last.groups.items()
        for name, tensor in tensors.items()
    }
    written = {path.name: path.read_text() for path in sorted((run / "samples").iterdir())}
    return seen, written, last.step, groups
