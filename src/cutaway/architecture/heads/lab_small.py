"""The small model of this lab, what it is taught, and how its heads are read and removed."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

from cutaway.data.tasks import Dyck, Induction
from cutaway.kit.exams import Exam, Quiz, Rows, Text
from cutaway.kit.fit import generator
from cutaway.kit.teaching import Look, finite, taught

if TYPE_CHECKING:
    from torch import Tensor

    from cutaway.kit.worlds import World

WIDTH, DEPTH, HIDDEN, HEADS, WARM = 32, 2, 64, 4, 20
REPEATS, BRACKETS = Induction(8, 24, 0.8), Dyck()
EXAMS: Mapping[str, Exam] = {
    "text": Text(context=32),
    "induction": Quiz(REPEATS, 32),
    "dyck": Quiz(BRACKETS, 32),
}
STEPS = {"text": 400, "induction": 600, "dyck": 300}
RATE = {"text": 0.003, "induction": 0.003, "dyck": 0.01}  # chosen on pilots
SHAKESPEARE = ("shakespeare",)
MODEL = (
    f"a model like Llama of {DEPTH} blocks, width {WIDTH} and hidden width {HIDDEN}; AdamW without "
    f"decay, {WARM} steps of warm-up; held-out loss"
)


def untrained(
    world: World, exam: str, seed: int, heads: int = HEADS, groups: int | None = None
) -> Any:
    """A model of a world; however many heads share its width, all parameters are the same."""
    c = world.gpt.Config(
        vocab=EXAMS[exam].vocab,
        context=64,
        width=WIDTH,
        depth=DEPTH,
        heads=heads,
        groups=groups or heads,
        size=WIDTH // heads,
        hidden=HIDDEN,
    )
    return world.gpt.llama(c, partial(generator, seed))


def trained(
    world: World,
    exam: str,
    seed: int,
    share: float = 1.0,
    look: Look = lambda step, net: None,
    **sizes: Any,
) -> Any:
    """The same after a share of the steps that its exam takes."""
    net = untrained(world, exam, seed, **sizes)
    steps = round(STEPS[exam] * share)
    taught(net, EXAMS[exam], seed, steps=steps, rate=RATE[exam], warm=WARM, look=look)
    return net


def chance(exam: str) -> float:
    """The loss of one who knows how often each token occurs, and no more."""
    found = EXAMS[exam]
    return found.rung("unigram") if isinstance(found, Text) else math.log(found.vocab)


def part(rows: Rows, first: int, last: int) -> Rows:
    """Some of the rows."""
    return Rows(rows.tokens[first:last], rows.scored[first:last])


def halves(exam: str) -> tuple[Rows, Rows]:
    """The held-out rows, of which some choose a head and the others tell what it is worth."""
    rows = EXAMS[exam].held_out()
    middle = len(rows.tokens) // 2
    return part(rows, 0, middle), part(rows, middle, 2 * middle)


def surprises(net: Any, rows: Rows) -> Tensor:
    """The mean surprise at what is scored, a number for each row."""
    import torch
    from torch.nn import functional as F

    with torch.no_grad():
        scores = net(rows.tokens[:, :-1]).mT
        asked = rows.scored[:, 1:].double()
        found = F.cross_entropy(scores, rows.tokens[:, 1:], reduction="none").double() * asked
    return found.sum(1) / asked.sum(1)


def mean(values: Tensor) -> float | None:
    """The mean, or None if it is no number."""
    return finite(values.mean().item())


def looks(world: World, net: Any, tokens: Tensor) -> list[Tensor]:
    """Where the heads of each layer look, (B, H, T, S)."""
    import torch

    read: list[Tensor] = []
    hooks = [
        block.heads.register_forward_pre_hook(lambda module, args: read.append(args[0]))
        for block in net.blocks
    ]
    with torch.no_grad():
        net(tokens)
        for hook in hooks:
            hook.remove()
        return [
            world.heads.weights(block.heads, x) for block, x in zip(net.blocks, read, strict=True)
        ]


def named(net: Any) -> list[tuple[int, int]]:
    """Every head of a model, as layer and number."""
    return [(at, head) for at, block in enumerate(net.blocks) for head in range(block.heads.heads)]


@contextmanager
def lacking(world: World, net: Any, gone: Iterable[tuple[int, int]]) -> Iterator[None]:
    """A block in which nothing that some heads find reaches the stream."""
    whole = [block.heads for block in net.blocks]
    try:
        for layer, head in gone:
            net.blocks[layer].heads = world.heads.without(net.blocks[layer].heads, head)
        yield
    finally:
        for block, heads in zip(net.blocks, whole, strict=True):
            block.heads = heads


def drawn(model: Any) -> Any:
    """A model whose parameters are drawn by their names, each as often as it has it."""
    import torch

    with torch.no_grad():
        for name, weight in model.named_parameters(remove_duplicate=False):
            weight.normal_(0, 0.5, generator=generator(0, name))
    return model
