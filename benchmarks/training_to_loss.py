"""How long `cutaway train` takes to a loss, against a plain recipe at its own best rate."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import torch

from cutaway.data.prepared import Prepared
from cutaway.verbs.training.assembling import Training
from cutaway.verbs.training.settings import Settings

NATS, EVERY = 1.88, 50
OURS = Settings(optimizer="muon", rate=0.02, precision="bf16", compile="yes", steps=1000, warm=50)
PLAIN = Settings(style="gpt2", compile="no", steps=2500)
RATES, HORIZONS = (1e-3, 3e-3, 1e-2), (2000, 3000)
WITHOUT: Mapping[str, Mapping[str, Any]] = {
    "Muon": {"optimizer": "adamw", "rate": 3e-3},
    "the style of Llama": {"style": "gpt2"},
    "bfloat16": {"precision": "single"},
    "compiling": {"compile": "no"},
}


def reached(settings: Settings, text: Prepared) -> tuple[float, int, float]:
    """Seconds and steps until the first of two judgements in a row at or below it, or inf.

    Judging, on all of the held-out text, is not counted; compiling is. The last loss is told, too.
    """
    torch._dynamo.reset()
    job = Training(settings, text)
    rows = whole(job)
    spent, first, loss = 0.0, None, float("inf")
    start = time.perf_counter()
    for state in job.states(0):
        done = state.step + 1
        if done % EVERY == 0 or done == settings.steps:
            spent += time.perf_counter() - start
            loss = job.loop.nats(job.model, rows)
            if not loss <= NATS:
                first = None
            elif first is not None:
                return *first, loss
            else:
                first = (spent, done)
            start = time.perf_counter()
        if done == settings.steps:
            break
    return (*first, loss) if first else (float("inf"), settings.steps, loss)


def whole(job: Training) -> list[Any]:
    """All of the held-out text, in windows laid end to end."""
    import numpy as np

    size, row = job.settings.context, np.asarray(job.text.held_out)
    starts = np.arange(0, len(row) - size, size)
    rows = torch.from_numpy(row[starts[:, None] + np.arange(size + 1)].astype(np.int64))
    return list(job.loop.parts(rows, 256))


def told(name: str, settings: Settings, text: Prepared) -> float:
    """The seconds of a run, printed."""
    seconds, steps, loss = reached(settings, text)
    each = f"{seconds / steps * 1e3:.1f} ms a step" if seconds < float("inf") else "not reached"
    print(f"  {name:40}{seconds:8.1f} s {steps:6} steps, {each}; last {loss:.3f}", flush=True)
    return seconds


def main(text: Prepared) -> None:
    """Print the seconds to a loss by our recipe, without each part of it, and by the plain one."""
    print(f"to {NATS} nats on all held-out characters, compiling counted, judging not:")
    best = told("ours", OURS, text)
    for name, other in WITHOUT.items():
        told(f"ours without {name}", replace(OURS, **other, steps=3 * OURS.steps), text)
    plain = [
        told(f"plain, rate {rate:g}, {steps} steps", replace(PLAIN, rate=rate, steps=steps), text)
        for rate in RATES
        for steps in HORIZONS
    ]
    print(f"ours is {min(plain) / best:.1f}x as fast as the best plain one")
