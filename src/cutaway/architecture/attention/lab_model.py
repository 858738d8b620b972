"""The model that this lab measures with: a very small transformer around a world's attention.

Import this file inside functions: it brings torch along, and listing the labs must stay quick.

    batches = text_batches(seed)                                   # step -> (16, 65) tokens
    net = model(world, seed, width=32, heads=4, depth=2, context=64, vocab=64)
    losses = fit(net, batches, loss_of, steps=400, rate=3e-3)    # cutaway.kit.fit
    validation(net), truncated(net), spoken(net, seed)             # None where not finite
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from cutaway.data.batches import batch
from cutaway.data.ladder import ladder
from cutaway.data.prepared import Prepared, prepare
from cutaway.kit.fit import generator, seeded

if TYPE_CHECKING:
    from cutaway.kit.worlds import World

CONTEXT = 64
LENGTHS = (5, 13, 29, 37, 53, 61)  # coprime to any number of heads that this lab uses
HELD_OUT = 384  # windows that every model is read on
PAGES = 24  # texts that a model speaks


class Block(nn.Module):
    """A residual block: attention, then a small network, each after a norm."""

    def __init__(self, attention: nn.Module, width: int) -> None:
        super().__init__()
        self.before, self.attention = nn.LayerNorm(width), attention
        self.between, self.widen = nn.LayerNorm(width), nn.Linear(width, 2 * width)
        self.narrow = nn.Linear(2 * width, width)

    def forward(self, x: Tensor, *mask: Any) -> Tensor:
        """The stream after the block."""
        x = x + self.attention(self.before(x), *mask)
        return x + self.narrow(F.gelu(self.widen(self.between(x))))


class Model(nn.Module):
    """Tokens and learned positions, some blocks, a norm and a head: scores of the next token."""

    def __init__(
        self,
        attention: Callable[[], nn.Module],
        width: int,
        depth: int,
        *,
        context: int,
        vocab: int,
    ) -> None:
        super().__init__()
        self.context, self.vocab = context, vocab
        self.tokens, self.places = nn.Embedding(vocab, width), nn.Embedding(context, width)
        self.blocks = nn.ModuleList(Block(attention(), width) for _ in range(depth))
        self.last, self.head = nn.LayerNorm(width), nn.Linear(width, vocab)

    def forward(self, tokens: Tensor, *mask: Any) -> Tensor:
        """The scores (B, T, V); a mask, if one is given, stands in for the world's own."""
        x = self.tokens(tokens) + self.places.weight[: tokens.shape[1]]
        for block in self.blocks:
            x = block(x, *mask)
        scores: Tensor = self.head(self.last(x))
        return scores


def model(
    world: World,
    seed: int,
    *,
    width: int,
    heads: int,
    depth: int,
    context: int = CONTEXT,
    vocab: int,
    std: float | None = None,
    attend: Callable[..., Tensor] | None = None,
) -> Model:
    """An untrained model of a world, each parameter from its own stream.

    Matrices are drawn as torch draws them (uniform, by their fan-in) and embeddings at 0.1; where a
    std is given, all of them are normal at that. `attend` is another variant of the same function.
    """
    parts = world.attention
    how = {} if attend is None else {"attend": attend}
    made = Model(
        lambda: parts.SelfAttention(width, heads, **how), width, depth, context=context, vocab=vocab
    )
    seeded(made, seed)
    with torch.no_grad():
        for name, each in made.named_parameters():
            embeds = name in ("tokens.weight", "places.weight")
            if each.dim() > 1 and (embeds or std is not None):
                spread = 0.1 if std is None else std
                each.normal_(0, spread, generator=generator(seed, f"normal {name}"))
    return made


@cache
def shakespeare() -> Prepared:
    """The corpus, as characters: train and held-out tokens, the vocabulary, the ladder."""
    return prepare("shakespeare")


def rung(name: str) -> float:
    """The held-out loss of one n-gram model of the corpus, in nats a character."""
    return {one.name: one.nats for one in shakespeare().ladder}[name]


def text_batches(seed: int, *, size: int = 16, context: int = CONTEXT) -> Callable[[int], Tensor]:
    """The training batches (size, context + 1) of a seed, by step."""
    tokens = shakespeare().train
    return lambda step: torch.from_numpy(batch(tokens, seed, step, size=size, context=context))


def loss_of(model: nn.Module, tokens: Tensor) -> Tensor:
    """The mean surprise of a model at each token but the first."""
    return F.cross_entropy(model(tokens[:, :-1]).flatten(0, 1), tokens[:, 1:].flatten())


@cache
def held_out(context: int = CONTEXT) -> Tensor:
    """Windows of held-out text, (HELD_OUT, context + 1), from one end of it to the other."""
    tokens = np.asarray(shakespeare().held_out)
    starts = np.linspace(0, len(tokens) - context - 1, HELD_OUT).astype(int)
    return torch.from_numpy(tokens[starts[:, None] + np.arange(context + 1)].astype(np.int64))


@torch.no_grad()
def by_position(model: Model, windows: Tensor, *mask: Any) -> list[float | None]:
    """The loss at the positions 1, 2, ... of windows all of whose tokens are fed."""
    return _means([_surprise(model(r[:, :-1], *mask), r[:, 1:]) for r in windows.split(64)])


@torch.no_grad()
def by_length(
    model: Model, windows: Tensor, lengths: Iterable[int], *mask: Any
) -> dict[int, float | None]:
    """The loss of the token after each length, where the model is fed that many and no more."""
    found = {}
    for length in lengths:
        blocks = [(r[:, :length], r[:, length, None]) for r in windows.split(64)]
        rows = [_surprise(model(past, *mask)[:, -1:], after) for past, after in blocks]
        found[length] = _means(rows)[0]
    return found


def validation(model: Model, lengths: Iterable[int] = LENGTHS) -> float | None:
    """The held-out loss as one usually reads it: full windows, at the positions `lengths`."""
    found = by_position(model, held_out(model.context))
    return mean(found[length - 1] for length in lengths)


def truncated(model: Model, lengths: Iterable[int] = LENGTHS) -> float | None:
    """The loss at the same tokens, of a model that is fed only what precedes each."""
    return mean(by_length(model, held_out(model.context), lengths).values())


@torch.no_grad()
def future_seen(model: Model) -> float | None:
    """The largest change of a score when only tokens that come later are changed."""
    tokens = held_out(model.context)[::64, :-1]
    before, found = model(tokens), [0.0]
    for length in (length for length in LENGTHS if length < model.context):
        other = tokens.clone()
        other[:, length:] = (other[:, length:] + 1) % model.vocab
        change = model(other)[:, :length] - before[:, :length]
        found.append(change.abs().max().item())
    return None if any(math.isnan(one) for one in found) else finite(max(found))


@torch.no_grad()
def spoken(model: Model, seed: int) -> float | None:
    """How unlike the corpus a model speaks: the loss of its text under a trigram of the corpus.

    It speaks from one held-out character up to its context, drawing each next one as it expects.
    """
    draws = generator(seed, "speech")
    tokens = held_out(model.context)[:: HELD_OUT // PAGES, :1]
    while tokens.shape[1] <= model.context:
        odds = model(tokens)[:, -1].softmax(-1)
        if not odds.isfinite().all():
            return None
        tokens = torch.cat([tokens, torch.multinomial(odds, 1, generator=draws)], 1)
    pages = list(tokens.numpy())
    return ladder([np.asarray(shakespeare().train)], pages, model.vocab, orders=3)[-1].nats


def finite(value: float) -> float | None:
    """The value, or None if it is not a number."""
    return value if math.isfinite(value) else None


def _surprise(scores: Tensor, targets: Tensor) -> Tensor:
    """The surprise at each target, (B, T)."""
    return F.cross_entropy(scores.mT, targets, reduction="none")


def _means(blocks: list[Tensor]) -> list[float | None]:
    """The mean of each column of some blocks of rows."""
    return [finite(value) for value in torch.cat(blocks).double().mean(0).tolist()]


def mean(values: Iterable[float | None]) -> float | None:
    """The mean, or None if one of the values is."""
    found = list(values)
    known = [value for value in found if value is not None]
    return sum(known) / len(known) if len(known) == len(found) else None
