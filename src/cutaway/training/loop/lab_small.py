"""The small run that this lab breaks: a model like Llama, a text, a stop and a going on.

It has what a run in the world has: uneven parts, dropout, decay, a limit, a stop in the middle.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache, partial
from itertools import count, islice
from typing import TYPE_CHECKING, Any

from cutaway.kit.fit import generator

if TYPE_CHECKING:
    from torch import Tensor, nn

    from cutaway.kit.worlds import World

WIDTH, DEPTH, CONTEXT, SIZE, MOST = 32, 2, 32, 8, 3  # rows of a batch, and of a part
STEPS, SHORT, WARM, LEAST = 160, 40, 40, 0.1
LETTERS, HELD = 24_000, 0.1  # characters that are read, in less than two epochs; a share is kept
DROPOUT, DECAY, LIMIT = 0.1, 0.1, 1.0
BETAS, EPSILON, MOMENTUM, TIMES = (0.9, 0.95), 1e-8, 0.9, 0.15
USUAL = {"SGD": 0.6, "momentum": 0.1, "AdamW": 0.005, "Muon": 0.06}
RECIPE = (
    f"{DEPTH} blocks of width {WIDTH}, characters of Shakespeare, {STEPS} steps of {SIZE} windows "
    f"of {CONTEXT} in three uneven parts, dropout, decay (AdamW and Muon), clipping at {LIMIT:g}, "
    f"half a wave, stopped in the middle"
)


@dataclass(frozen=True)
class Plan:
    """How a run goes; `rate` is a multiple of what is usual for the rule."""

    rule: str = "AdamW"
    rate: float = 1.0
    precision: str = "single"  # or products in bfloat16, `mixed`, or all that there is, `half`
    steps: int = STEPS
    stopped: bool = True  # and gone on with, half way
    warm: int = WARM
    limit: float = LIMIT
    depth: int = DEPTH
    dropout: float = DROPOUT
    decay: float = DECAY
    times: float = TIMES
    most: int = MOST
    bad: int | None = None  # a step whose loss is no number


@dataclass
class Ran:
    """What a run leaves: a model, a state for each step, and what it was told in between."""

    model: nn.Module
    states: list[Any] = field(default_factory=list)
    judged: list[float] = field(default_factory=list)
    moved: list[float] = field(default_factory=list)  # how far a step went, by all that there is
    weights: float = 0.0  # how long all of them are, at the end


@cache
def text() -> Tensor:
    """What the runs learn from."""
    import torch

    from cutaway.kit.exams import prepared

    row = prepared("shakespeare").train[:LETTERS]
    return torch.tensor(row.astype("int64"))


def model_of(world: World, seed: int, depth: int) -> nn.Module:
    """A small model like Llama, each parameter drawn by its name."""
    from cutaway.kit.exams import Text

    gpt, size = world.gpt, WIDTH // 4
    config = gpt.Config(Text().vocab, CONTEXT, WIDTH, depth, 4, 2, size, 8 * WIDTH // 3)
    model: nn.Module = gpt.llama(config, partial(generator, seed))
    return model


def optimizer_of(world: World, plan: Plan, model: nn.Module) -> Any:
    """The optimizer of a rule, for a whole model."""
    loop, weights = world.loop, dict(model.named_parameters())
    made: dict[str, Callable[[], Any]] = {
        "SGD": lambda: loop.SGD(weights, 0.0),
        "momentum": lambda: loop.Momentum(weights, 0.0, MOMENTUM),
        "AdamW": lambda: loop.with_adamw(model, plan.decay, BETAS, EPSILON),
        "Muon": lambda: loop.with_muon(model, plan.decay, MOMENTUM, BETAS, EPSILON, plan.times),
    }
    return made[plan.rule]()


def recipe_of(world: World, plan: Plan, seed: int, learnt: Tensor) -> Any:
    """What a run follows."""
    loop = world.loop

    def batches(step: int) -> Any:
        if step > plan.steps:
            raise RuntimeError("a run that does not end")
        rows = loop.windows(learnt, seed, step, SIZE, CONTEXT)
        return padded(world, loop.parts(rows, plan.most), seed, step)

    def rate(step: int) -> float:
        share = loop.cosine(step, plan.warm, plan.steps, LEAST)
        return float(USUAL[plan.rule] * plan.rate * share)

    loss = loop.mixed(loop.surprise, "cpu") if plan.precision == "mixed" else loop.surprise
    return loop.Recipe(batches, loop.asked, spoilt(loss, plan), rate, plan.limit)


def padded(world: World, parts: Any, seed: int, step: int) -> list[Any]:
    """The parts of a batch, each row over after a number of tokens of its own."""
    import torch

    ends = torch.randint(1, 2 * CONTEXT, (SIZE,), generator=generator(seed, f"ends/{step}"))
    found = []
    for (read, to), some in zip(parts, ends.split([len(to) for _, to in parts]), strict=True):
        over = torch.arange(to.shape[1]) >= some[:, None]
        found.append((read, to.masked_fill(over, world.loop.UNASKED)))
    return found


def spoilt(loss: Any, plan: Plan) -> Any:
    """A loss, which is no number at one step if the plan says so."""
    asked = count()

    parts = -(-SIZE // plan.most)

    def value(model: nn.Module, part: Any) -> Any:
        return loss(model, part) * (math.nan if next(asked) // parts == plan.bad else 1.0)

    return loss if plan.bad is None else value


@contextmanager
def dropping(model: nn.Module, share: float, seed: int) -> Iterator[None]:
    """A model some of whose stream is dropped while it learns."""
    import torch
    from torch.nn import functional as F

    def drop(module: nn.Module, given: Any, found: Tensor) -> Tensor:
        return F.dropout(found, share, module.training)

    hook = model.tokens.register_forward_hook(drop)  # type: ignore[union-attr, operator]
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        yield
    hook.remove()


def run(world: World, plan: Plan, seed: int) -> Ran:
    """A run, judged at its stop and at its end."""
    import torch

    loop = world.loop
    learnt, kept = loop.apart(text(), HELD)
    model = model_of(world, seed, plan.depth)
    model.to(torch.bfloat16 if plan.precision == "half" else torch.float32)
    ran, recipe = Ran(model), recipe_of(world, plan, seed, learnt)
    held = padded(world, loop.parts(loop.windows(kept, 0, 0, SIZE, CONTEXT), MOST), 0, -1)
    optimizer = optimizer_of(world, plan, model)
    with dropping(model, plan.dropout, seed):
        first = 0
        for last in (plan.steps // 2, plan.steps) if plan.stopped else (plan.steps,):
            if first:
                remembered = {name: one.clone() for name, one in optimizer.state.items()}
                optimizer = optimizer_of(world, plan, model)
                optimizer.load(remembered)
            follow(ran, islice(loop.train(model, optimizer, recipe, first), last - first))
            ran.judged.append(loop.nats(model, held))
            first = last
    model.eval()
    return ran


def follow(ran: Ran, states: Iterator[Any]) -> None:
    """Take the states of a run, and see how far each step goes."""
    import torch

    before = flat(ran.model)
    for state in states:
        after = flat(ran.model)
        ran.states.append(state)
        ran.moved.append(float(torch.dist(before, after)))
        before = after
    ran.weights = float(before.norm())


def flat(model: nn.Module) -> Tensor:
    """All weights of a model, end to end."""
    from torch.nn.utils import parameters_to_vector

    return parameters_to_vector(model.parameters()).detach()
