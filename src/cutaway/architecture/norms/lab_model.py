"""The models that this lab measures with: small, deep transformers around a world's norms.

Import this file inside functions: it brings torch along, and listing the labs must stay quick.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import cache, partial
from typing import TYPE_CHECKING, Any

from torch import Tensor, nn

from cutaway.kit.exams import Rows, Text
from cutaway.kit.fit import generator
from cutaway.kit.teaching import nats

from .lab_arms import ARMS, BENDS, CONTEXT, GATED, HEADS, HIDDEN, SIZE, WIDTH, Arm

if TYPE_CHECKING:
    from cutaway.kit.worlds import World

EXAM = Text(context=CONTEXT, size=SIZE)
Part = Callable[[], nn.Module]


def straight(x: Tensor) -> Tensor:
    """No bend at all."""
    return x


def thinking(world: World, bend: str) -> Part:
    """The network of a block with a bend; a gated one is as large as the others."""
    parts, found = world.block, BENDS[bend]
    how: Any = getattr(world.norms, found) if found else straight
    if bend in GATED:
        return lambda: parts.Gated(WIDTH, 2 * HIDDEN // 3, False, how)
    return lambda: parts.MLP(WIDTH, HIDDEN, False, how)


def norming(world: World, name: str | None) -> Part:
    """A norm by its name, or the stream as it is."""
    return nn.Identity if name is None else partial(getattr(world.norms, name), WIDTH, 1e-5)


def block(world: World, arm: Arm, bend: str) -> nn.Module:
    """One block of a model."""
    kind = world.block.PostBlock if arm.post else world.block.Block
    norm, still = norming(world, arm.norm), world.positions.Still()
    heads = world.heads.Heads(WIDTH, HEADS, HEADS, WIDTH // HEADS, False, still)
    made: nn.Module = kind(norm(), heads, norm(), thinking(world, bend)())
    return made


def assembled(
    world: World, seed: int, blocks: Sequence[nn.Module], last: nn.Module, calm: bool = False
) -> nn.Module:
    """A model of some blocks, each parameter from its own stream.

    Matrices are normal at the root of their fan-in, what writes to the stream at that of the widest
    of them; a calm start divides what is written by the root of the number of those who write.
    """
    tokens = world.embeddings.Embedding(EXAM.vocab, WIDTH)
    places = world.positions.Learned(CONTEXT, WIDTH)
    model: nn.Module = world.gpt.GPT(tokens, places, blocks, last, tokens.scores)
    writing = HIDDEN**-0.5 / (math.sqrt(2 * len(blocks)) if calm else 1)
    world.gpt.initialise(model, WIDTH**-0.5, writing, partial(generator, seed))
    return model


def model(world: World, seed: int, arm: str, depth: int, bend: str = "GELU") -> nn.Module:
    """An untrained model of one arm."""
    found = ARMS[arm]
    last = nn.Identity() if found.post else norming(world, found.norm)()
    blocks = [block(world, found, bend) for _ in range(depth)]
    return assembled(world, seed, blocks, last, found.calm)


def patchwork(world: World, seed: int) -> nn.Module:
    """A model of four blocks in which every norm and every bend of this lab has its place."""
    norms = ("pre LayerNorm", "pre RMSNorm") * 2
    bends = ("GELU", "GELU by tanh", "SiLU", "ReLU")
    blocks = [block(world, ARMS[norm], bend) for norm, bend in zip(norms, bends, strict=True)]
    return assembled(world, seed, blocks, norming(world, "LayerNorm")())


@cache
def some() -> Rows:
    """Every fourth of the held-out windows."""
    rows = EXAM.held_out()
    return Rows(rows.tokens[::4], rows.scored[::4])


@cache
def unigram() -> float:
    """The held-out loss of one who knows how often each character occurs, and no more."""
    return short(EXAM.rung("unigram"))


def final(model: nn.Module, rows: Rows) -> float | None:
    """The held-out loss, or None if it is above that of guessing among all characters alike."""
    found = nats(model, rows)
    return None if found is None or found > math.log(EXAM.vocab) else short(found)


def short(value: float) -> float:
    """Six digits of a number."""
    return float(f"{value:.6g}")
