"""How long training takes to a loss: a GPT as it is usually written, and what is gained upon it.

Each row changes one thing more than the row before it, and is given its own rate, rows of a batch
and number of steps: the fewest, on a grid by fourths of an octave, whose half wave ends at or below
the loss. They are searched with one seed and then timed with others; a row whose runs do not end
there on the mean is marked, and takes the next number of the grid. How many steps it takes rests on
no clock, so only the second part asks for a quiet machine.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from statistics import fmean
from typing import Any

import torch
import training_peers as peers
from torch.nn import functional as F

from cutaway.data.prepared import Prepared
from cutaway.verbs.training.assembling import Training
from cutaway.verbs.training.settings import Settings

NATS, SEEDS = 1.88, (1, 2, 3)  # what is asked for, and the seeds that are timed
GRID = [round(50 * 2 ** (at / 4)) for at in range(29)]
BATCHES = (16, 32)


@dataclass(frozen=True)
class Row:
    """A way of training: what it changes, and what the search found to be its best."""

    name: str
    change: Mapping[str, Any]
    best: Mapping[str, Any]
    usual: bool = False  # the GPT as it is usually written in torch, not ours


PLAIN = Settings(style="gpt2", optimizer="adamw", precision="single", compile="no")
ADAMW = {"batch": 16, "rate": 0.004, "steps": 800}
ROWS = (
    Row("a usual GPT, eager, AdamW, single precision", {}, ADAMW, usual=True),
    Row("the same, compiled", {"compile": "yes"}, ADAMW, usual=True),
    Row("cutaway's attention, loss and optimizer", {}, ADAMW),
    Row("products in bfloat16", {"precision": "bf16"}, ADAMW),
    Row("RMSNorm, rotary positions, gates", {"style": "llama"}, ADAMW | {"steps": 476}),
    Row("norms of queries and keys", {"style": "qwen3"}, ADAMW | {"steps": 400}),
    Row("Muon", {"optimizer": "muon"}, {"batch": 16, "rate": 0.03, "steps": 141}),
)


class Run:
    """A run of a row, step by step, which can be judged on all of the held-out text."""

    def __init__(self, settings: Settings, usual: bool, text: Prepared) -> None:
        ours = replace(settings, compile="no") if usual else settings
        self.job = Training(ours, text)
        self.model: Any = self.job.model
        if usual:
            one, weights = settings, self.model.state_dict()
            sizes = text.tokenization.vocab, one.context, one.width, one.depth, one.heads
            self.model = peers.given(peers.Usual(*sizes), weights)
            half, fast = one.precision == "bf16", one.compile == "yes"
            self.usual = peers.stepping(self.model, half, fast, self.job.rate)
        else:
            self.states = self.job.states(0)
        self.step: Callable[[int], Any] = self._usual if usual else lambda _: next(self.states)

    def _usual(self, step: int) -> None:
        """A step of a usual GPT, on the rows that ours would read."""
        for read, to in self.job.batches(step):
            self.usual(torch.cat((read, to[:, -1:]), 1))

    @torch.no_grad()
    def loss(self) -> float:
        """Nats a token, over windows that are laid end to end."""
        size, row = self.job.settings.context, torch.from_numpy(self.job.text.held_out[:].copy())
        windows = row.long().unfold(0, size + 1, size)
        nats = [
            F.cross_entropy(self.model(rows[:, :-1]).mT, rows[:, 1:], reduction="none")
            for rows in torch.split(windows, 256)
        ]
        return float(torch.cat(nats).mean())


def settings_of(at: int, best: Mapping[str, Any], seed: int) -> Settings:
    """What a row is, with all that the rows before it change."""
    found = PLAIN
    for row in ROWS[: at + 1]:
        found = replace(found, **{"compile": "no" if row.usual else "yes", **row.change})
    return replace(found, **best, warm=best["steps"] // 10, seed=seed)


@cache
def ended(at: int, batch: int, rate: float, steps: int, text: Prepared) -> float:
    """The loss that a row ends at; compiled in any case, which changes no loss that counts."""
    best = {"batch": batch, "rate": rate, "steps": steps}
    torch._dynamo.reset()
    run = Run(replace(settings_of(at, best, 0), compile="yes"), ROWS[at].usual, text)
    for step in range(steps):
        run.step(step)
    loss = run.loss()
    print(f"    {batch:3} rows, rate {rate:<8.4g}{steps:6} steps: {loss:.3f}", flush=True)
    return loss


def searched(at: int, batch: int, text: Prepared) -> dict[str, Any] | None:
    """The fewest steps that a row needs with so many rows, and the rate with which it does."""
    best = ROWS[at].best
    rate, steps = best["rate"], best["steps"] * best["batch"] / batch
    place = min(range(len(GRID)), key=lambda one: abs(GRID[one] - steps))
    found = None
    while 0 <= place < len(GRID):
        rates, steps = (rate, rate / 2, rate * 2), GRID[place]
        enough = (one for one in rates if ended(at, batch, one, steps, text) <= NATS)
        reached = next(enough, None)
        if reached:
            rate = reached
            found = {"batch": batch, "rate": rate, "steps": steps}
        elif found:
            return found
        place += -1 if found else 1
    return found


def search(text: Prepared, only: str) -> None:
    """Print what is best for each row, and each run that was asked on the way."""
    for at, row in enumerate(ROWS):
        if only in row.name:
            print(f"  {row.name}", flush=True)
            for batch in BATCHES:
                print(f"  -> {searched(at, batch, text)}", flush=True)


def timed(at: int, seed: int, text: Prepared) -> tuple[float, float, float]:
    """Seconds of a row's run, of them until its second step has begun, and its loss."""
    torch._dynamo.reset()
    settings = settings_of(at, ROWS[at].best, seed)
    start = time.perf_counter()
    run = Run(settings, ROWS[at].usual, text)
    run.step(0)
    begun = time.perf_counter() - start
    for step in range(1, settings.steps):
        run.step(step)
    return time.perf_counter() - start, begun, run.loss()


def main(text: Prepared, only: str) -> None:
    """Print the seconds of each row to the loss, in rounds, and how many times as fast it is."""
    print(f"to {NATS} nats on all held-out characters; compiled before, which the cache keeps")
    found: dict[int, list[tuple[float, float, float]]] = {}
    for turn, seed in enumerate((SEEDS[0], *SEEDS)):
        for at, row in enumerate(ROWS):
            if only in row.name:
                took = timed(at, seed, text)
                found.setdefault(at, []).extend([took] if turn else [])
    first = fmean(seconds for seconds, _, _ in next(iter(found.values())))
    for at, several in found.items():
        seconds, begun, loss = (fmean(column) for column in zip(*several, strict=True))
        best = ROWS[at].best
        said = f"{best['batch']} rows, rate {best['rate']:g}, {best['steps']} steps"
        missed = "" if loss <= NATS else "  VOID: it does not end there"
        print(f"  {ROWS[at].name:46}{said:36}{seconds:7.1f} s, {first / seconds:.2f}x", end="")
        print(f"  begun in {begun:.1f} s, loss {loss:.3f}{missed}", flush=True)
