"""What is seen of a model is what is there, and seeing it changes nothing."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from itertools import islice
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from cutaway.architecture.gpt import Config, gpt2, llama, qwen3
from cutaway.errors import UsageError
from cutaway.training.loop import (
    AdamW,
    Recipe,
    asked,
    length,
    mixed,
    parts,
    surprise,
    train,
    windows,
)

from . import schema
from .places import owned, places
from .probes import EVERY, Probes

SMALL = Config(13, 8, width=16, depth=2, heads=4, groups=2, size=4, hidden=24)
TEXT = torch.arange(400) ** 2 % 13
Style = Callable[[Config], nn.Module]


def run(style: Style, probes: int, steps: int = 6, most: int = 2, rough: bool = False) -> Any:
    """A run of some steps: model, optimizer, states, random states, and what was seen."""
    torch.manual_seed(0), np.random.seed(0), random.seed(0)
    model = style(SMALL)
    optimizer = AdamW(dict(model.named_parameters()), 0.1, (0.9, 0.95), 1e-8)
    loss = mixed(surprise, "cpu") if rough else surprise
    recipe = Recipe(
        lambda step: parts(windows(TEXT, 0, step, 5, 8), most), asked, loss, lambda _: 0.03, 1.5
    )
    states, found = train(model, optimizer, recipe, 0), []
    for step in range(steps):
        with Probes(model, probes).at(step) as seen:
            next(states)
        found.append(seen)
    state: Any = np.random.get_state()
    chance = [torch.get_rng_state().tolist(), state[1].tolist(), random.getstate()]
    return model, optimizer, chance, found


@pytest.mark.parametrize("rough", [False, True])
@pytest.mark.parametrize("style", [gpt2, llama, qwen3])
def test_a_run_that_is_watched_is_the_same_run_to_the_bit(style: Style, rough: bool) -> None:
    seen, bare = (run(style, every, rough=rough) for every in (1, 10**6))
    for one, other in zip(seen[0].parameters(), bare[0].parameters(), strict=True):
        assert torch.equal(one, other)
    for name in bare[1].state:
        assert torch.equal(seen[1].state[name], bare[1].state[name])
    assert seen[2] == bare[2]
    assert len(seen[3]) == 6 and all("left_out" not in found for found in seen[3])


def hooks(model: nn.Module) -> int:
    """How many hooks there are anywhere in a model."""
    named = ("_forward_hooks", "_forward_pre_hooks", "_forward_hooks_with_kwargs")
    found = sum(len(getattr(one, name)) for one in model.modules() for name in named)
    grads = (getattr(one, "_post_accumulate_grad_hooks", None) for one in model.parameters())
    return found + sum(len(one or {}) for one in grads)


def test_hooks_are_there_during_a_step_that_is_due_and_at_no_other_time() -> None:
    model = llama(SMALL)
    probes = Probes(model, 3)
    for step, due in enumerate([True, False, False, True, False]):
        with probes.at(step) as found:
            assert bool(hooks(model)) == due
        assert hooks(model) == 0 and bool(found) == due
    with pytest.raises(KeyboardInterrupt), probes.at(0) as found:
        raise KeyboardInterrupt
    assert hooks(model) == 0 and found == {}
    assert Probes(model).every == EVERY == 50


@pytest.mark.parametrize("given", [{"every": 0}, {"rows": 0}])
def test_nothing_can_be_seen_never(given: dict[str, int]) -> None:
    with pytest.raises(UsageError):
        Probes(nn.Linear(1, 1), **given)


# Weights


def a_step(model: nn.Module, move: float = 0.5, pieces: int = 1) -> tuple[Any, dict[str, Tensor]]:
    """What is seen of a step down the slope, and the gradient of that step."""
    with Probes(model, 1).at(0) as found:
        rows = windows(TEXT, 0, 0, 6, 8)
        for part in parts(rows, 6 // pieces):
            surprise(model, part).backward()  # type: ignore[no-untyped-call]
        gradients = {
            n: one.grad.clone() for n, one in model.named_parameters() if one.grad is not None
        }
        with torch.no_grad():
            for one in model.parameters():
                if one.grad is not None:
                    one.sub_(move * one.grad)
                    one.grad = None
    return found, gradients


@pytest.mark.parametrize("pieces", [1, 3])
def test_lengths_are_those_of_weights_gradients_and_updates_of_each_place(pieces: int) -> None:
    torch.manual_seed(0)
    model = llama(SMALL).double()
    before = {name: one.detach().clone() for name, one in model.named_parameters()}
    found, gradients = a_step(model, pieces=pieces)
    several = {"tokens": 1, "blocks.0": 9, "blocks.1.heads": 4, "blocks.1.mlp": 3, "last": 1}
    for place, count in several.items():
        names = [name for name in before if name.startswith(f"{place}.")]
        assert len(names) == count
        part = found["parts"][place]
        gradient = length([gradients[name] for name in names]).item()
        weight = length([before[name] for name in names]).item()
        assert part["gradient"] == pytest.approx(gradient, rel=1e-5)
        assert part["weight"] == pytest.approx(weight, rel=1e-5)
        assert part["update"] == pytest.approx(gradient / 2, rel=1e-5)
        assert part["ratio"] == pytest.approx(gradient / 2 / weight, rel=1e-5)


def test_layers_together_have_the_gradient_that_the_loop_speaks_of() -> None:
    model = llama(SMALL)
    optimizer = AdamW(dict(model.named_parameters()), 0.1, (0.9, 0.95), 1e-8)
    recipe = Recipe(
        lambda step: parts(windows(TEXT, 0, step, 5, 8), 2), asked, surprise, lambda _: 0.03, 0.1
    )
    with Probes(model, 1).at(0) as found:
        [state] = islice(train(model, optimizer, recipe, 0), 1)
    layers = [part for place, part in found["parts"].items() if "." not in place[7:]]
    assert len(layers) == 6
    whole = math.hypot(*(part.get("gradient", 0.0) for part in layers))
    assert whole == pytest.approx(state.norm, rel=1e-4) and state.norm > 5 * recipe.limit


def test_a_gradient_that_is_no_number_is_seen_though_the_step_was_not_done() -> None:
    model = llama(SMALL)
    optimizer = AdamW(dict(model.named_parameters()), 0.1, (0.9, 0.95), 1e-8)

    def bad(model: nn.Module, part: Any) -> Tensor:
        return surprise(model, part) * math.nan

    recipe = Recipe(lambda _: parts(windows(TEXT, 0, 0, 5, 8), 5), asked, bad, lambda _: 0.1, 1.0)
    with Probes(model, 1).at(0) as found:
        next(train(model, optimizer, recipe, 0))
    part = found["parts"]["blocks.1"]
    assert math.isnan(part["gradient"]) and part["update"] == 0
    schema.text({"kind": "layers", "step": 0, "time": 0.0, **found})


def test_what_is_frozen_or_zero_has_no_gradient_and_no_ratio() -> None:
    model = llama(SMALL)
    model.tokens.requires_grad_(False)
    nn.init.zeros_(model.get_parameter("last.weight"))
    found, _ = a_step(model)
    assert set(found["parts"]["tokens"]) == {"weight", "update", "ratio", "mean_square", "largest"}
    assert found["parts"]["tokens"]["update"] == 0
    assert "ratio" not in found["parts"]["last"] and found["parts"]["last"]["update"] > 0


# Places


class Wrapped(nn.Module):
    """A model in another: a list of layers somewhere inside, a weight of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.inside: Any = nn.Module()
        self.inside.table = nn.Embedding(13, 4)
        self.inside.layers = nn.ModuleList([nn.Linear(4, 4), nn.Sequential(nn.Linear(4, 4))])
        self.scale = nn.Parameter(torch.ones(4))
        self.top = nn.Linear(4, 13)

    def forward(self, ids: Tensor) -> Tensor:
        x = self.inside.table(ids)
        for layer in self.inside.layers:
            x = x + layer(x)
        out: Tensor = self.top(x * self.scale)
        return out


def test_places_are_the_elements_of_lists_what_those_are_made_of_and_what_stands_beside() -> None:
    model = Wrapped()
    names = ["inside.table", "inside.layers.0", "inside.layers.1", "inside.layers.1.0", "top"]
    assert list(places(model)) == names
    homes = owned(dict(model.named_parameters()), places(model))
    assert homes["scale"] == ["scale"] and homes["inside.table"] == ["inside.table.weight"]
    assert set(a_step(model)[0]["parts"]) == {*names, "scale"}
    ten = nn.ModuleList(nn.Linear(1, 1) for _ in range(11))
    homes = owned([f"ten.{n}.weight" for n in range(11)], places(nn.ModuleDict({"ten": ten})))
    assert homes["ten.1"] == ["ten.1.weight"]


# Activations


class Dying(nn.Module):
    """A part between whose matrices some units never speak, and some seldom."""

    def __init__(self) -> None:
        super().__init__()
        self.widen, self.narrow = nn.Linear(4, 8, bias=False), nn.Linear(8, 4, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        x = self.widen(x).relu() + 1
        x[..., :3] = 0
        x[..., 3] *= 0.001
        x[0, :, 4] = 0
        out: Tensor = self.narrow(x)
        return out


class Parts(nn.Module):
    """A list of one layer, called twice."""

    def __init__(self, part: nn.Module) -> None:
        super().__init__()
        self.blocks = nn.ModuleList([nn.Sequential(part)])

    def forward(self, x: Tensor) -> Tensor:
        for _ in range(2):
            out: Tensor = self.blocks[0](x)
            x = 3 * x
        return out


def test_activations_are_those_of_the_first_time_that_a_place_is_at_work() -> None:
    torch.manual_seed(1)
    model = Parts(Dying())
    x = torch.randn(2, 5, 4)
    out = model.blocks[0](x).detach()
    with Probes(model, 1).at(0) as found:
        model(x)
    for place in ("blocks.0", "blocks.0.0"):
        part = found["parts"][place]
        assert part["mean_square"] == pytest.approx(out.square().mean().item(), rel=1e-5)
        assert part["largest"] == pytest.approx(out.abs().max().item(), rel=1e-5)
    part = found["parts"]["blocks.0.0"]
    assert part["zeros"] == pytest.approx((3 * 10 + 5) / 80)
    assert part["silent"] == pytest.approx(4 / 8)
    assert "zeros" not in found["parts"]["blocks.0"]


def test_a_model_that_hides_its_work_is_said_to() -> None:
    class Hiding(Wrapped):
        def forward(self, ids: Tensor) -> Tensor:
            out: Tensor = self.top.forward(self.inside.table.forward(ids))
            return out

    found, _ = a_step(Hiding())
    assert "compiled" in found["left_out"]["activations"]
    assert "gradient" in found["parts"]["top"] and "largest" not in found["parts"]["top"]


# What is said


def test_a_model_without_heads_is_said_to_be_one() -> None:
    found, _ = a_step(Wrapped())
    assert "attention" in found["left_out"] and "activations" not in found["left_out"]


def test_all_that_is_seen_can_be_written() -> None:
    for found in run(llama, 2)[3]:
        if found:
            schema.text({"kind": "layers", "step": 0, "time": 0.0, **found})
            assert all(
                len(one["entropy"]) == 4 for at, one in found["parts"].items() if "heads" in at
            )
