"""The source that bigram models are trained on, whose entropy is known, and how they are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cutaway.kit.fit import generator, seeded
from cutaway.kit.fits import fit_all

if TYPE_CHECKING:
    import torch
    from torch import Tensor, nn

    from cutaway.kit.worlds import World

VOCAB, STEPS, RATE, SHAPE = 12, 300, 0.1, (16, 33)


def source(seed: int) -> tuple[Tensor, Tensor]:
    """A Markov chain of VOCAB tokens: its transitions, and how often each token occurs."""
    import torch

    weights = torch.empty(VOCAB, VOCAB, dtype=torch.float64)
    chain = weights.exponential_(generator=generator(seed, "chain")) ** 2 + 0.01
    chain = chain / chain.sum(-1, keepdim=True)
    return chain, torch.linalg.matrix_power(chain, 200)[0]


def text(chain: Tensor, share: Tensor, shape: tuple[int, int], stream: torch.Generator) -> Tensor:
    """Tokens of shape (batch, length) from a stationary chain."""
    import torch

    batch, length = shape
    tokens = [torch.multinomial(share, batch, replacement=True, generator=stream)]
    for _ in range(length - 1):
        tokens.append(torch.multinomial(chain[tokens[-1]], 1, generator=stream)[:, 0])
    return torch.stack(tokens, 1)


def entropy(chain: Tensor, share: Tensor) -> float:
    """The entropy of the next token given this one, in nats."""
    return float(-(share[:, None] * chain * chain.log()).sum())


@dataclass(frozen=True)
class Trained:
    """What became of a model: its losses, and the source that it was trained on."""

    seed: int
    model: nn.Module
    losses: list[float]
    chain: Tensor
    share: Tensor

    @property
    def floor(self) -> float:
        """The loss below which nobody comes."""
        return entropy(self.chain, self.share)


def trained(world: World, seeds: Sequence[int]) -> list[Trained]:
    """Bigram models of a world, each trained on the source of its seed, all in one program."""
    parts = world.bigram
    sources = [source(seed) for seed in seeds]
    streams = [generator(seed, "data") for seed in seeds]
    pages = [
        [text(*one, SHAPE, stream) for _ in range(50)]
        for one, stream in zip(sources, streams, strict=True)
    ]

    def loss(model: Any, tokens: Tensor) -> Tensor:
        inputs, targets = parts.shift(tokens)
        value: Tensor = parts.cross_entropy(model(inputs), targets)
        return value

    models = [seeded(parts.Bigram(VOCAB), seed) for seed in seeds]
    batches = [lambda step, mine=mine: mine[step % 50] for mine in pages]
    losses = fit_all(models, batches, loss, steps=STEPS, rate=RATE)
    found = zip(seeds, models, losses, sources, strict=True)
    return [Trained(seed, model, its, *one) for seed, model, its, one in found]
