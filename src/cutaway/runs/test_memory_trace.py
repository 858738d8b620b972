"""What is planned is what is alive at the worst moment, and nothing of it is made."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterable
from functools import partial
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from cutaway.architecture.gpt import Config, gpt2, llama
from cutaway.errors import Refused, Unavailable, UsageError
from cutaway.training.loop import (
    SGD,
    Recipe,
    asked,
    mixed,
    nats,
    parts,
    surprise,
    train,
    windows,
    with_adamw,
    with_muon,
)

from .memory_trace import Job, plan

STYLES: dict[str, Callable[[Config], nn.Module]] = {"gpt2": gpt2, "llama": llama}
BETAS = (0.9, 0.95)
FLOAT, IDS = 4, 8


SIZES: dict[str, Any] = {
    "style": "gpt2",
    "vocab": 65,
    "context": 64,
    "width": 64,
    "depth": 2,
    "batch": 8,
    "part": 0,  # rows of a part; none are all of them
    "optimizer": "adamw",
    "half": False,
    "judged": 0,  # rows to judge it on
}


def gpt_job(**sizes: Any) -> Job:
    """A run of one of our models; what is not said is as in `SIZES`."""
    assert sizes.keys() <= SIZES.keys()
    this = SimpleNamespace(**(SIZES | sizes))
    heads = max(2, this.width // 64)
    groups, hidden = heads, 4 * this.width
    if this.style == "llama":
        groups, hidden = heads // 2, 8 * this.width // 3
    size = this.width // heads
    config = Config(this.vocab, this.context, this.width, this.depth, heads, groups, size, hidden)
    model = STYLES[this.style](config)
    movers: dict[str, Callable[[], Any]] = {
        "sgd": lambda: SGD(dict(model.named_parameters()), 0.0),
        "adamw": lambda: with_adamw(model, 0.1, BETAS, 1e-8),
        "muon": lambda: with_muon(model, 0.1, 0.95, BETAS, 1e-8, 0.3),
    }
    moving = movers[this.optimizer]()
    text = torch.arange(4 * max(this.batch, this.judged) * this.context + 1) % this.vocab
    recipe = Recipe(
        lambda step: parts(
            windows(text, 0, step, this.batch, this.context), this.part or this.batch
        ),
        asked,
        mixed(surprise, "cpu") if this.half else surprise,
        lambda step: 1e-3,
        1.0,
    )
    run = train(model, moving, recipe, 0)

    def step() -> None:
        next(run)
        if this.judged:
            nats(model, parts(windows(text, 0, 0, this.judged, this.context), this.judged))

    return Job(model, moving.state.values, step)


def descent(model: nn.Module, *inputs: Tensor, times: int = 1) -> Job:
    """A job of plain descent, without an optimizer that remembers, on the same inputs each time."""

    def step() -> None:
        model.zero_grad()
        for _ in range(times):
            model(*inputs).sum().backward()
        with torch.no_grad():
            for weight in model.parameters():
                if weight.grad is not None:
                    weight.sub_(0.1 * weight.grad)

    return Job(model, list, step)


# By hand


@pytest.mark.oracle
def test_of_one_layer_the_plan_is_what_one_counts_by_hand() -> None:
    """At the worst moment: the weight, its slope, and a tenth of it before that is taken off."""
    planned = plan(lambda: descent(nn.Linear(700, 300, bias=False), torch.ones(1, 700)))
    weight = 700 * 300 * FLOAT
    loss = FLOAT  # the sum has been dropped, and what it was backed by
    assert planned.weights == planned.gradients == weight
    assert weight <= planned.activations <= weight + 2 * 700 * FLOAT + loss


@pytest.mark.oracle
@pytest.mark.parametrize("depth", [1, 2, 5])
def test_of_a_stack_the_plan_has_every_layers_output_once(depth: int) -> None:
    """Each tanh keeps its output for the way back, the first layer the input; and one slope."""
    rows, width = 5000, 16

    def make() -> Job:
        layers = [layer for _ in range(depth) for layer in (nn.Linear(width, width), nn.Tanh())]
        return descent(nn.Sequential(*layers), torch.ones(rows, width))

    planned = plan(make, steps=1)
    outputs = planned.activations / (rows * width * FLOAT)
    assert outputs == pytest.approx(depth + 2, abs=0.1)


@pytest.mark.parametrize(("optimizer", "times"), [("sgd", 0), ("adamw", 2)])
@pytest.mark.parametrize("style", STYLES)
def test_weights_and_what_is_remembered_are_counted_to_the_byte(
    style: str, optimizer: str, times: int
) -> None:
    make = partial(gpt_job, style=style, optimizer=optimizer, depth=1)
    job = make()
    weights = sum(one.numel() * FLOAT for one in [*job.model.parameters(), *job.model.buffers()])
    numbers = sum(one.numel() for one in job.model.parameters())
    counters = sum(one.nbytes for one in job.remembered() if one.dim() == 0)
    planned = plan(make, 1)
    assert planned.weights == weights
    assert planned.optimizer == times * numbers * FLOAT + counters


def test_the_batch_in_parts_needs_the_activations_of_one_and_every_gradient() -> None:
    sizes: dict[str, Any] = {"vocab": 256, "context": 128, "width": 128, "depth": 1, "batch": 4}
    whole, split = (plan(partial(gpt_job, **sizes, part=part), 1) for part in (4, 1))
    assert whole.activations / split.activations == pytest.approx(4, rel=0.1)
    assert whole.gradients < 0.5 * whole.weights
    assert split.gradients == split.weights


def test_products_in_half_precision_keep_less() -> None:
    sizes: dict[str, Any] = {"vocab": 1024, "context": 128, "width": 128, "depth": 1}
    single, half = (plan(partial(gpt_job, **sizes, half=half), 1) for half in (False, True))
    assert 0.5 * single.activations < half.activations < 0.9 * single.activations
    assert half.weights == single.weights and half.optimizer == single.optimizer


def test_rounded_copies_of_weights_are_counted() -> None:
    def make() -> Job:
        job = descent(nn.Linear(1000, 1000, bias=False), torch.ones(1, 1000))

        def step() -> None:
            with torch.autocast("cpu", torch.bfloat16):
                job.model(torch.ones(1, 1000)).sum().item()

        return Job(job.model, list, step)

    assert plan(make).activations == pytest.approx(1000 * 1000 * 2, rel=0.01)


def test_judging_on_more_rows_than_are_learnt_from_is_part_of_the_plan() -> None:
    sizes: dict[str, Any] = {"vocab": 1024, "batch": 2, "depth": 1}
    small, judged = (plan(partial(gpt_job, **sizes, judged=rows), 1) for rows in (0, 256))
    scores = 256 * 64 * 1024 * FLOAT
    assert small.total < scores < judged.activations < 4 * scores


def test_what_an_optimizer_makes_at_its_first_step_is_there_in_the_second() -> None:
    def make() -> Job:
        model = nn.Linear(500, 500, bias=False)
        adam = torch.optim.AdamW(model.parameters(), foreach=False)
        inputs = torch.ones(4000, 500)

        def step() -> None:
            adam.zero_grad()
            model(inputs).sum().backward()
            adam.step()

        def remembered() -> Iterable[Tensor]:
            return [one for state in adam.state.values() for one in state.values()]

        return Job(model, remembered, step)

    assert plan(make, steps=1).optimizer in (0, plan(make).optimizer)
    assert plan(make).optimizer == pytest.approx(2 * 500 * 500 * FLOAT, abs=8)


def test_what_two_names_share_counts_once() -> None:
    class Tied(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.one = nn.Linear(300, 300, bias=False)
            self.other = nn.Linear(300, 300, bias=False)
            self.other.weight = self.one.weight
            self.register_buffer("view", self.one.weight.detach()[0])
            self.register_buffer("own", torch.zeros(70))

        def forward(self, x: Tensor) -> Tensor:
            return self.other(self.one(x))  # type: ignore[no-any-return]

    assert plan(lambda: descent(Tied(), torch.ones(2, 300))).weights == (300 * 300 + 70) * FLOAT


# Nothing is made


def test_a_model_far_larger_than_any_machine_is_planned() -> None:
    make = partial(gpt_job, vocab=10**6, width=2**16, context=128, depth=1)
    planned = plan(make, 1)
    assert planned.weights > 400e9


def test_chance_and_the_text_stay_as_they_are() -> None:
    text = torch.arange(100.0)
    before = torch.get_rng_state(), np.random.get_state()[1].copy(), random.getstate()  # type: ignore[index]

    def make() -> Job:
        torch.manual_seed(3)
        np.random.seed(3)
        random.seed(3)
        return descent(nn.Sequential(nn.Linear(100, 5), nn.Dropout(0.5)), text)

    plan(make)
    after = torch.get_rng_state(), np.random.get_state()[1], random.getstate()  # type: ignore[index]
    assert torch.equal(before[0], after[0])
    assert (before[1] == after[1]).all() and before[2] == after[2]
    assert torch.equal(text, torch.arange(100.0))


def test_a_plan_is_the_same_each_time() -> None:
    make = partial(gpt_job, half=True, optimizer="muon", style="llama", depth=1)
    assert len({plan(make) for _ in range(2)}) == 1


def test_planning_takes_less_than_two_seconds() -> None:
    """Of the processor's time; what it loads the first time is not of the plan."""
    plan(partial(gpt_job, depth=1))
    start = time.process_time()
    plan(partial(gpt_job, vocab=8192, context=256, width=512, depth=8))
    assert time.process_time() - start < 2


# Hostile jobs


def test_a_model_that_is_there_already_is_refused_and_left_alone() -> None:
    model = nn.Linear(3, 3)
    with pytest.raises(UsageError, match="there before its plan"):
        plan(lambda: descent(model, torch.ones(3)))
    model(torch.ones(3)).sum().backward()
    assert model.weight.grad is not None and model.weight.grad.tolist() == [[1.0] * 3] * 3


class Odd(nn.Module):
    """A model that does something else with its input first."""

    def __init__(self, act: Callable[[Tensor], Any]) -> None:
        super().__init__()
        self.layer, self.act = nn.Linear(50, 7), act

    def forward(self, x: Tensor) -> Tensor:
        x = self.layer(x)
        self.act(x)
        return x


@pytest.mark.parametrize(
    "act", [torch.nonzero, lambda x: x[x > 0], lambda x: x.detach().numpy(), lambda x: x @ x]
)
def test_what_cannot_be_worked_out_says_so_and_why(act: Callable[[Tensor], Any]) -> None:
    with pytest.raises(Unavailable, match=r"cannot be worked out without running it \(\w+: "):
        plan(lambda: descent(Odd(act), torch.ones(3, 50)))
    assert torch.ones(2).sum().item() == 2


def test_the_reason_is_one_line() -> None:
    def make() -> Job:
        raise ValueError("one\ntwo")

    with pytest.raises(Unavailable, match=r"\(ValueError: one\)\.$"):
        plan(make)


def test_an_error_of_ours_stays_what_it_is() -> None:
    def make() -> Job:
        raise Refused("no")

    with pytest.raises(Refused, match="no"):
        plan(make)


def test_a_number_without_contents_is_one_and_one_that_is_known_is_itself() -> None:
    seen: list[Any] = []
    real = torch.tensor(31)

    def act(x: Tensor) -> None:
        numbers = x.sum(), x.sum().double(), x.sum().long(), x.sum() > 0, torch.tensor(23), real
        seen.extend(one.item() for one in numbers)

    plan(lambda: descent(Odd(act), torch.ones(3, 50)), steps=1)
    kinds = [(type(one), one) for one in seen]
    assert kinds == [(float, 1), (float, 1), (int, 1), (bool, True), (int, 23), (int, 31)]


def test_a_weight_that_is_not_learnt_has_no_gradient() -> None:
    def make() -> Job:
        job = descent(nn.Sequential(*(nn.Linear(200, 200, bias=False) for _ in range(2))))
        next(iter(job.model.parameters())).requires_grad_(False)
        return descent(job.model, torch.ones(1, 200))

    planned = plan(make)
    assert planned.gradients == 200 * 200 * FLOAT and planned.weights == 2 * planned.gradients


@pytest.mark.parametrize("read", [lambda text: text[9:19], lambda text: text.view(-1, 10)[3]])
def test_a_text_that_is_there_already_is_not_counted(read: Callable[[Tensor], Tensor]) -> None:
    text, numbers = torch.ones(10**6), [1.0] * 10**6

    def needed(text: Callable[[], Tensor]) -> int:
        return plan(lambda: descent(nn.Linear(10, 10), read(text()))).total

    assert needed(lambda: text) < 10**4
    for made in (lambda: torch.ones(10**6), lambda: torch.tensor(numbers), lambda: 2 * text):
        assert needed(made) > 10**6 * FLOAT
