"""Several seeds of a small GPT: trained as one program, beside one after another.

    python benchmarks/seeds.py [--seeds N] [--rounds N]

By the CPU time of one thread: a lab has a process for each core, and other arms for the others.
"""

from __future__ import annotations

import argparse
import time
from functools import partial
from statistics import median
from typing import Any

import torch
from torch import nn
from torch.nn import functional as F

from cutaway.kit.fit import fit, generator
from cutaway.kit.fits import fit_all
from cutaway.kit.worlds import CLEAN

VOCAB, CONTEXT, ROWS, STEPS, DEPTH = 64, 32, 8, 40, 2
WIDTHS = (8, 16, 32, 64, 128)


def made(width: int, seed: int) -> nn.Module:
    """A small model like Llama."""
    size = width // 2
    config = CLEAN.gpt.Config(VOCAB, CONTEXT, width, DEPTH, 2, 2, size, 8 * width // 3)
    model: nn.Module = CLEAN.gpt.llama(config, partial(generator, seed))
    return model


def rows(seed: int, step: int) -> torch.Tensor:
    """What a seed reads at a step."""
    return torch.randint(VOCAB, (ROWS, CONTEXT + 1), generator=generator(seed, f"rows/{step}"))


def loss(model: Any, given: torch.Tensor) -> torch.Tensor:
    """Nats a token."""
    return F.cross_entropy(model(given[:, :-1]).flatten(0, 1), given[:, 1:].flatten())


def alone(width: int, seeds: int) -> list[list[float]]:
    """One seed after another, as a process of a lab's pool does it."""
    return [
        fit(made(width, seed), partial(rows, seed), loss, steps=STEPS, rate=0.003)
        for seed in range(seeds)
    ]


def together(width: int, seeds: int) -> list[list[float]]:
    """All seeds in one program."""
    models = [made(width, seed) for seed in range(seeds)]
    batches = [partial(rows, seed) for seed in range(seeds)]
    return fit_all(models, batches, loss, steps=STEPS, rate=0.003)


def main() -> None:
    """Print the seconds of each by width, and how far their losses are apart."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=8)
    parser.add_argument("--rounds", type=int, default=5)
    asked = parser.parse_args()
    torch.set_num_threads(1)
    for width in WIDTHS:
        took: dict[Any, list[float]] = {together: [], alone: []}
        found: dict[Any, list[list[float]]] = {}
        for _ in range(asked.rounds + 1):
            for way, times in took.items():
                start = time.process_time()
                found[way] = way(width, asked.seeds)
                times.append(time.process_time() - start)
        one, other = (times[1:] for times in took.values())
        ratios = [b / a for a, b in zip(one, other, strict=True)]
        numbers = sum(p.numel() for p in made(width, 0).parameters())
        off = (torch.tensor(found[together]) - torch.tensor(found[alone])).abs().max()
        print(f"width {width:4}, {numbers:8,} numbers: {median(one):6.2f} s as one,", end="")
        print(f"{median(other):6.2f} s each alone, {median(ratios):5.2f}x", end="")
        print(f" ({min(ratios):.2f} to {max(ratios):.2f}); losses off by {off:.0e}", flush=True)


if __name__ == "__main__":
    main()
