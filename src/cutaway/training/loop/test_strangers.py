"""What the loop makes of slopes that are not its own. It also runs on broken copies."""

from dataclasses import replace

import pytest
import torch
from torch import nn

from .loop import train
from .optimizers import SGD
from .test_loop import Slope, plain, states


def test_slopes_from_before_the_run_are_forgotten():
    model = Slope()
    model.weight.grad = torch.tensor(5.0, dtype=torch.float64)
    assert states(plain([[1.0]]), model)[1] == -1


class Steep(Slope):
    """Beside the weight another one, which no optimizer holds."""

    def __init__(self):
        super().__init__()
        self.other = nn.Parameter(torch.zeros((), dtype=torch.float64))


def lost(model, part):
    return sum(part) * (model.weight + 100 * model.other)


def test_only_what_the_optimizer_moves_counts_toward_the_length():
    model, recipe = Steep(), replace(plain([[3.0]], limit=1.5), loss=lost)
    state = next(train(model, SGD({"weight": model.weight}, 0.0), recipe, 0))
    assert state.norm == pytest.approx(3.0) and model.weight.item() == pytest.approx(-1.5)
