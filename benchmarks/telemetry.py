"""What it costs to write a run down: a line for each step, and a look into the layers.

    python benchmarks/telemetry.py [--threads N] [--rounds N] [--width N] [--compile yes|no]
                                   [--track tensorboard] [--track wandb]

Of each run every second step is looked into. A line costs what a step takes beyond the loop's own
part of it, with the digest of what was read; a look, what such a step takes more than those beside
it. `train` looks into one step in so many, and that is what the sum is made of. Of a compiled run
such a step is run as it is written, which is the dearest part of it. With one thread CPU time is
counted, otherwise the clock.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

import torch
from conditions import conditions, now

from cutaway.data.opening import corpus
from cutaway.data.prepared import Prepared, prepare
from cutaway.runs.probes import EVERY, Probes
from cutaway.runs.recording import digest, recorded
from cutaway.runs.telemetry import Telemetry
from cutaway.verbs.training.assembling import Training
from cutaway.verbs.training.settings import Settings
from cutaway.verbs.training.undertaking import TRACKERS
from cutaway.verbs.training.vocabulary import chosen

WARM = 5  # rounds that are not counted
FILE = "the file alone"


class Timed:
    """The states of a run, and what the loop itself took for the last of them."""

    def __init__(self, states: Iterator[Any]) -> None:
        self.states, self.took = states, 0.0

    def __iter__(self) -> Iterator[Any]:
        while True:
            start = now()
            state = next(self.states)
            self.took = now() - start
            yield state


def costs(
    settings: Settings, text: Prepared, trackers: Sequence[str], rounds: int
) -> tuple[float, float, float]:
    """The seconds of a step, of a line, and of a look."""
    job = Training(settings, text)
    own = Timed(job.states(0))
    with TemporaryDirectory() as folder:
        told = [TRACKERS[name](Path(folder, name)) for name in trackers]
        with Telemetry(Path(folder, "run.jsonl"), "run", {}, {}, 0, told) as log:
            states = recorded(iter(own), log, job.limit, Probes(job.model, 2), job.data)
            steps, lines, looks = [], [], []
            for round_ in range(WARM + rounds):
                start = now()
                next(states)
                seen = now()
                next(states)
                end, inside = now(), own.took
                digest(job.batches(round_))
                hashed = now() - end
                if round_ >= WARM:
                    steps.append(inside)
                    lines.append(end - seen - inside + hashed)
                    looks.append((seen - start) - (end - seen))
    return median(steps), median(lines), median(looks)


def compared(settings: Settings, text: Prepared, told: Sequence[str], rounds: int) -> None:
    """Print what a line and a look cost, and what both do at the cadence of `train`."""
    how = "compiled" if settings.compile == "yes" else "as written"
    print(f"\nwidth {settings.width}, {how}", flush=True)
    for where in (FILE, *told):
        step, line, look = costs(settings, text, [where] if where != FILE else [], rounds)
        print(f"  {where:15}{step * 1e3:7.1f} ms a step, +{line * 1e6:4.0f} us a line,", end=" ")
        each = (line + look / EVERY) / step
        print(f"+{look * 1e3:5.1f} ms a look; one in {EVERY}: {each:.2%} of a step", flush=True)


def main() -> None:
    """Print what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--width", type=int, choices=(128, 384))
    parser.add_argument("--compile", choices=("yes", "no"))
    parser.add_argument("--track", choices=TRACKERS, action="append", default=[])
    asked = parser.parse_args()
    torch.set_num_threads(asked.threads)
    print(conditions())
    text = prepare("shakespeare", chosen("characters", corpus("shakespeare")))
    for width in [asked.width] if asked.width else (128, 384):
        words: Any = [asked.compile] if asked.compile else ("no", "yes")
        for word in words:
            one = replace(Settings(), width=width, heads=width // 32, groups=width // 32)
            compared(replace(one, compile=word, steps=10**6), text, asked.track, asked.rounds)


if __name__ == "__main__":
    main()
