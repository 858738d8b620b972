"""Several seeds in one program: each ends where it would have ended alone."""

from __future__ import annotations

import copy
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from .fit import fit, generator
from .fits import fit_all
from .worlds import CLEAN

STEPS, SEEDS = 6, (0, 1, 5)


def gpt(seed: int) -> nn.Module:
    """A small GPT."""
    config = CLEAN.gpt.Config(7, 8, width=8, depth=1, heads=2, groups=1, size=4, hidden=12)
    model: nn.Module = CLEAN.gpt.llama(config, partial(generator, seed))
    return model


class Tied(nn.Module):
    """A table that is read, and that gives the scores as well; it counts in a buffer."""

    scale: Tensor

    def __init__(self, seed: int) -> None:
        super().__init__()
        self.table = nn.Embedding(7, 5)
        self.head = nn.Linear(5, 7)
        self.head.weight = self.table.weight
        self.register_buffer("scale", torch.tensor(1.0 + seed))
        nn.init.normal_(self.table.weight, generator=generator(seed, "table"))
        nn.init.zeros_(self.head.bias)

    def forward(self, ids: Tensor) -> Tensor:
        scores: Tensor = self.head(self.table(ids)) * self.scale
        return scores


def batch(seed: int, step: int) -> tuple[Tensor, Tensor]:
    """What a seed reads at a step, and what comes."""
    rows = torch.randint(7, (3, 9), generator=generator(seed, f"rows/{step}"))
    return rows[:, :-1], rows[:, 1:]


def loss(model: Any, given: tuple[Tensor, Tensor]) -> Tensor:
    """Nats a token."""
    return F.cross_entropy(model(given[0]).flatten(0, 1), given[1].flatten())


@pytest.mark.parametrize("made", [gpt, Tied])
@pytest.mark.parametrize("decay", [0.0, 0.3])
def test_each_seed_ends_where_it_would_have_ended_alone(
    made: Callable[[int], nn.Module], decay: float
) -> None:
    models = [made(seed) for seed in SEEDS]
    alone = copy.deepcopy(models)
    batches = [partial(batch, seed) for seed in SEEDS]
    losses = fit_all(models, batches, loss, steps=STEPS, rate=0.01, decay=decay)
    for model, one, its, found in zip(models, alone, batches, losses, strict=True):
        expected = fit(one, its, loss, steps=STEPS, rate=0.01, decay=decay)
        assert found == pytest.approx(expected, rel=1e-5)
        for name, weight in one.named_parameters():
            torch.testing.assert_close(model.get_parameter(name), weight, rtol=1e-3, atol=1e-5)


def test_a_seed_that_is_lost_is_left_as_it_is_then_and_disturbs_no_other() -> None:
    def spoilt(seed: int, step: int) -> tuple[Tensor, Tensor, Tensor]:
        lost = seed == 1 and step == 2
        return *batch(seed, step), torch.tensor(float("nan") if lost else 1.0)

    def weighed(model: Any, given: tuple[Tensor, Tensor, Tensor]) -> Tensor:
        return loss(model, given[:2]) * given[2]

    models = [gpt(seed) for seed in SEEDS]
    alone = copy.deepcopy(models)
    batches = [partial(spoilt, seed) for seed in SEEDS]
    losses = fit_all(models, batches, weighed, steps=STEPS, rate=0.01)
    assert [len(one) for one in losses] == [STEPS, 3, STEPS]
    for model, one, its in zip(models, alone, batches, strict=True):
        fit(one, its, weighed, steps=STEPS, rate=0.01)
        for name, weight in one.named_parameters():
            torch.testing.assert_close(model.get_parameter(name), weight, rtol=1e-3, atol=1e-5)


def test_it_ends_when_all_are_lost() -> None:
    def lost(model: Any, given: tuple[Tensor, Tensor]) -> Tensor:
        return loss(model, given) * float("nan")

    batches = [partial(batch, seed) for seed in SEEDS]
    losses = fit_all([gpt(seed) for seed in SEEDS], batches, lost, steps=STEPS, rate=0.01)
    assert [len(one) for one in losses] == [1, 1, 1]
