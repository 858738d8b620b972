"""The kin of a run: runs of the same settings on the same text that differ by their seed."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from cutaway.errors import CutawayError
from cutaway.runs.placing import CONFIG, reopen
from cutaway.runs.telemetry import lines

FREE = {"seed", "compile"}  # compiled or not, a run is the same but for rounding
NAMES = {"text", "tokens"}  # of what counts by what stands in it, wherever that is kept
Curve = Mapping[int, float]


def kind(config: Mapping[str, Any]) -> dict[str, Any]:
    """What a run's curve rests on, but for the seed; text and tokens count by their content."""
    asked = {name: value for name, value in config["settings"].items() if name not in FREE | NAMES}
    return {
        "settings": asked,
        "text": config["text"]["key"],
        "tokens": config["tokens"]["digest"],
    }


def beside(path: Path, config: Mapping[str, Any]) -> dict[int, Curve]:
    """The curves of the kin in a run's folder that were done, one for each other seed."""
    like, mine, found = kind(config), config["settings"]["seed"], dict[int, Curve]()
    for other in sorted(path.parent.glob(f"*/{CONFIG}")):
        with suppress(CutawayError, KeyError, TypeError):
            theirs = reopen(other.parent)[1]
            seed = theirs["settings"]["seed"]
            if seed not in (mine, *found) and kind(theirs) == like:
                curve, done = judged(other.parent)
                found |= {seed: curve} if done else {}
    return found


def judged(path: Path) -> tuple[dict[int, float], bool]:
    """The held-out losses of a run by the steps it had taken, and whether it was done."""
    found, done = dict[int, float](), False
    for line in lines(path / "telemetry.jsonl"):
        if line["kind"] == "judged":
            found[line["step"] + 1] = line["loss"]
        done = line["kind"] == "ended" and line["status"] == "done"
    return found, done
