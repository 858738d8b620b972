"""The models that this lab measures with: a GPT whose blocks are put together here.

Import this file inside functions: it brings torch along, and listing the labs must stay quick.

    exam = exam_of("text")                              # or "recall"
    model = built(world, exam, seed, depth=2)           # pre-norm, an MLP with a GELU
    learn(model, exam, seed, steps=150, rate=0.01)      # the losses, step by step
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache, partial
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from cutaway.data.tasks import Recall
from cutaway.kit.exams import Exam, Quiz, Text
from cutaway.kit.fit import generator
from cutaway.kit.teaching import Look, taught

if TYPE_CHECKING:
    from cutaway.kit.worlds import World

WIDTH, HEADS, CONTEXT, EPSILON = 32, 4, 32, 1e-5
HIDDEN = {"plain": 4 * WIDTH, "gated": 8 * WIDTH // 3}  # a gated MLP has three matrices, not two
PAIRS, WARM, TABLE = 4, 10, 0.1
Makes = Callable[[], nn.Module]


@cache
def exam_of(task: str) -> Exam:
    """Characters of Shakespeare, or pairs of which some are asked for."""
    if task == "text":
        return Text(context=CONTEXT)
    return Quiz(Recall(pairs=PAIRS, queries=PAIRS, joined=True), size=32)


def chance(task: str) -> float:
    """The loss of one who sees no context: which characters are common, or which values were said.

    To know the four values that a row has, and not whose they are, is no more than chance.
    """
    if task == "text":
        return Text(context=CONTEXT).rung("unigram")
    return math.log(PAIRS)


def parts(world: World, mlp: str = "plain") -> dict[str, nn.Module]:
    """The parts of a block by their names in it."""
    norms, heads = world.norms, world.heads
    kind = {"plain": world.block.MLP, "gated": world.block.Gated}[mlp]
    bend = {"plain": norms.gelu, "gated": norms.silu}[mlp]
    still = world.positions.Still()
    return {
        "before": norms.LayerNorm(WIDTH, EPSILON),
        "heads": heads.Heads(WIDTH, HEADS, HEADS, WIDTH // HEADS, False, still),
        "between": norms.LayerNorm(WIDTH, EPSILON),
        "mlp": kind(WIDTH, HIDDEN[mlp], mlp == "plain", bend),
    }


class Wired(nn.Module):
    """A block in which parts may be missing: its stream is replaced where nothing is added to it.

    With all parts and additions it is a pre-norm block. A part that is missing is passed by.
    """

    def __init__(self, parts: dict[str, nn.Module], present: set[str]) -> None:
        super().__init__()
        self.adds = "stream" in present
        normed = "norms" in present
        for norm, part in (("before", "heads"), ("between", "mlp")):
            setattr(self, norm, parts[norm] if normed and part in present else nn.Identity())
            setattr(self, part, parts[part] if part in present else None)

    def forward(self, x: Tensor, *how: Any) -> Tensor:
        """The stream after the block."""
        if self.heads is not None:
            found = self.heads(self.before(x), *how)
            x = x + found if self.adds else found
        if self.mlp is not None:
            found = self.mlp(self.between(x))
            x = x + found if self.adds else found
        return x


def built(
    world: World,
    exam: Exam,
    seed: int,
    *,
    depth: int = 2,
    block: Makes | None = None,
    last: bool = True,
    start: str = "fan-in",
) -> Any:
    """An untrained GPT of a world, each parameter drawn by its name."""
    block = block or partial(made, world)
    table = world.embeddings.Embedding(exam.vocab, WIDTH)
    places = world.positions.Learned(CONTEXT, WIDTH)
    norm = world.norms.LayerNorm(WIDTH, EPSILON) if last else nn.Identity()
    head = nn.Linear(WIDTH, exam.vocab)
    model = world.gpt.GPT(table, places, [block() for _ in range(depth)], norm, head)
    return started(world, model, seed, start)


def made(world: World, wiring: str = "Block", mlp: str = "plain") -> nn.Module:
    """A block of a world as it is."""
    found: nn.Module = getattr(world.block, wiring)(**parts(world, mlp))
    return found


@torch.no_grad()
def started(world: World, model: nn.Module, seed: int, start: str) -> nn.Module:
    """The model with its first weights: all at 0.02, or such that products keep their size."""
    draws = partial(generator, seed)
    world.gpt.initialise(model, 0.02, 0.02, draws)
    if start == "fan-in":
        for name, weight in model.named_parameters():
            if weight.dim() > 1:
                inside = name.startswith(("blocks.", "head."))
                spread = weight.shape[1] ** -0.5 if inside else TABLE
                weight.normal_(0, spread, generator=draws(name))
    return model


def learn(
    model: nn.Module,
    exam: Exam,
    seed: int,
    *,
    steps: int,
    rate: float,
    look: Look = lambda step, model: None,
) -> list[float]:
    """The losses of training at a rate that stays, after a few steps of warm-up."""
    return taught(model, exam, seed, steps=steps, rate=rate, warm=WARM, look=look)


def short(value: float | None) -> float | None:
    """Six digits of a number, or None if it is none."""
    return float(f"{value:.6g}") if value is not None and math.isfinite(value) else None
