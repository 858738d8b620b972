"""The small models that this lab measures: their recipe, and every way from GPT-2 to Llama."""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from cutaway.kit.fit import generator

if TYPE_CHECKING:
    from torch import nn

    from cutaway.kit.exams import Exam
    from cutaway.kit.worlds import World

WIDTH, DEPTH, HEADS, CONTEXT, SIZE, STEPS, WARM = 64, 2, 4, 32, 8, 300, 20
RATES = (0.0003, 0.001, 0.003, 0.01)
PARTS = ("positions", "norm", "gate", "biases", "tie", "groups", "writers")
RECIPE = (
    f"{DEPTH} blocks of width {WIDTH}, characters of Shakespeare, {STEPS} steps of {SIZE} windows "
    f"of {CONTEXT}, AdamW without decay, constant rate after {WARM} steps"
)


def sizes(world: World, vocab: int, **other: Any) -> Any:
    """The config of a small model, from which some sizes may differ."""
    found = {"width": WIDTH, "depth": DEPTH, "heads": HEADS, "context": CONTEXT} | other
    size = found["width"] // found["heads"]
    rest = {"groups": found["heads"], "size": size, "hidden": 4 * found["width"]}
    return world.gpt.Config(vocab=vocab, **{**rest, **found})


def drawn(style: Any, config: Any, seed: int) -> nn.Module:
    """A model of a style, each parameter drawn by its name."""
    found: nn.Module = style(config, partial(generator, seed))
    return found


def count(model: nn.Module) -> int:
    """The numbers in a model."""
    return sum(one.numel() for one in model.parameters())


def like_llama(world: World, config: Any, parts: Collection[str], seed: int) -> nn.Module:
    """GPT-2 with some of its parts exchanged for Llama's: with none of them, with all, or between.

    A gate has a third matrix, and with it two thirds of the numbers in between. Heads that share
    do so in pairs. `writers` are drawn as wide as the rest.
    """
    from torch import nn

    blocks, heads, norms, places = world.block, world.heads, world.norms, world.positions
    c = replace(config, groups=config.heads // 2) if "groups" in parts else config
    turned = "positions" in parts
    place = places.Rotary(places.speeds(c.size, c.base), places.halves) if turned else None
    norm = norms.RMSNorm if "norm" in parts else norms.LayerNorm
    bias = "biases" not in parts
    mlp, bend = (blocks.Gated, norms.silu) if "gate" in parts else (blocks.MLP, norms.gelu_tanh)
    layers = [
        blocks.Block(
            norm(c.width, c.epsilon),
            heads.Heads(c.width, c.heads, c.groups, c.size, bias, place or places.Still()),
            norm(c.width, c.epsilon),
            mlp(c.width, c.hidden, bias, bend),
        )
        for _ in range(c.depth)
    ]
    tokens = world.embeddings.Embedding(c.vocab, c.width)
    head = nn.Linear(c.width, c.vocab, bias=False) if "tie" in parts else tokens.scores
    positions = places.Unmarked() if turned else places.Learned(c.context, c.width)
    model: nn.Module = world.gpt.GPT(tokens, positions, layers, norm(c.width, c.epsilon), head)
    writing = c.std if "writers" in parts else c.std / math.sqrt(2 * c.depth)
    world.gpt.initialise(model, c.std, writing, partial(generator, seed))
    return model


def as_large(world: World, config: Any, parts: Collection[str], seed: int) -> nn.Module:
    """The same, with as many numbers between the products as give it GPT-2's count, or nearly."""
    wanted = count(like_llama(world, config, (), seed))
    one, more = (
        count(like_llama(world, replace(config, hidden=hidden), parts, seed))
        for hidden in (config.hidden, config.hidden + 1)
    )
    hidden = config.hidden + round((wanted - one) / (more - one))
    return like_llama(world, replace(config, hidden=hidden), parts, seed)


def read(model: nn.Module, exam: Exam, seed: int, rate: float, steps: int) -> dict[str, Any]:
    """What a model has learnt after some steps; None where it is not a number."""
    from cutaway.kit.teaching import nats, taught

    taught(model, exam, seed, steps=steps, rate=rate, warm=WARM)
    return {"loss": nats(model, exam.held_out())}
