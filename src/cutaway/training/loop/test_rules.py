"""What each rule makes of a gradient, one property a test. It also runs on broken copies."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from .test_optimizers import (
    DECAY,
    RATE,
    SHAPES,
    adamw,
    drawn,
    each,
    momentum,
    moved,
    one_weight,
    sgd,
)

# Descent and momentum


def test_plain_descent_moves_by_rate_times_gradient():
    assert moved(sgd(one_weight()), 3.0, 3.0) == pytest.approx([0.97, 0.94])


def test_momentum_gathers_speed_on_a_constant_slope():
    found = moved(momentum(one_weight()), 1.0, 1.0, 1.0, rate=1.0)
    assert found == pytest.approx([0, -1.9, -1.9 - 2.71])


def test_momentum_goes_on_where_there_is_no_slope_and_slows_down():
    found = moved(momentum(one_weight()), 1.0, 0.0, 0.0, rate=1.0)
    assert found == pytest.approx([0, -0.9, -0.9 - 0.81])


# AdamW


def test_the_first_step_of_adamw_is_as_long_as_the_rate_whatever_the_gradient():
    for gradient in (1e-4, 1.0, 1e8):
        assert moved(adamw(one_weight()), gradient) == pytest.approx([1 - RATE], rel=1e-5)


def test_on_a_constant_slope_every_step_of_adamw_is_as_long_as_the_rate():
    """So both means are corrected, each by its own share, for as long as that matters."""
    found = moved(adamw(one_weight()), *[3.0] * 40)
    assert found == pytest.approx([1 - RATE * (step + 1) for step in range(40)])


def test_the_correction_of_the_mean_is_that_of_its_own_beta():
    """With a beta of 0 for the size only the mean lags behind: after a turn it is still the old."""
    optimizer = adamw(one_weight(), betas=(0.5, 0.0), epsilon=0.0)
    found = moved(optimizer, 1.0, -1.0, rate=1.0)
    assert found == pytest.approx([0, (0.25 / 0.75)])


def test_the_correction_of_the_size_is_that_of_its_own_beta():
    optimizer = adamw(one_weight(), betas=(0.0, 0.5), epsilon=0.0)
    one, other = moved(optimizer, 1.0, 3.0, rate=1.0)
    lengths = [abs(1 - one), abs(one - other)]
    assert lengths == pytest.approx([1, 3 / ((0.25 + 4.5) / 0.75) ** 0.5])


def test_the_size_of_a_gradient_has_no_sign():
    found = moved(adamw(one_weight(), betas=(0.0, 0.5), epsilon=0.0), -2.0, 2.0, rate=1.0)
    assert found == pytest.approx([2, 1])


def test_steps_are_the_shorter_the_more_a_gradient_changes_its_sign():
    wavering = moved(adamw(one_weight()), *[1.0, -1.0] * 20)
    assert abs(wavering[-1] - 1) < 2 * RATE


def test_epsilon_stands_beside_the_corrected_size():
    """As large as the size, it halves the step; the first as well as the tenth."""
    found = moved(adamw(one_weight(), epsilon=3.0), *[3.0] * 10, rate=1.0)
    assert found == pytest.approx([1 - 0.5 * (step + 1) for step in range(10)])


def test_decay_of_adamw_is_a_share_of_the_weight_and_not_divided_by_any_size():
    """A coupled decay of 0.1 would move a weight that has no other slope by the whole rate."""
    for value in (1.0, 100.0):
        found = moved(adamw(one_weight(value), DECAY), 0.0)
        assert found == pytest.approx([value * (1 - RATE * DECAY)], rel=1e-12)


def test_what_adamw_remembers_of_slopes_knows_nothing_of_decay():
    plain, pulled = adamw(one_weight()), adamw(one_weight(), DECAY)
    moved(plain, 1.0, 3.0)
    moved(pulled, 1.0, 3.0)
    assert all(torch.equal(one, pulled.state[key]) for key, one in plain.state.items())


def test_each_weight_counts_its_own_steps():
    weights = drawn()
    optimizer = adamw(weights)
    for _ in range(3):
        weights["row"].grad = torch.ones_like(weights["row"])
        optimizer.step()
    counts = {name: optimizer.state[f"steps/{name}"].item() for name in SHAPES}
    assert counts == {"scalar": 0, "row": 3, "matrix": 0, "cube": 0}


# Training


@each
def test_a_line_is_found_back(rule):
    """Points of a line with noise of 0.01: the mean square is below 0.001, from 4 at first."""
    stream = torch.Generator().manual_seed(0)
    x = torch.randn(64, 3, generator=stream)
    y = x @ torch.tensor([1.0, -2.0, 0.5]) + 0.01 * torch.randn(64, generator=stream)
    weight = nn.Parameter(torch.zeros(3))
    optimizer = rule({"w": weight})
    for _ in range(200):
        optimizer.clear()
        loss = F.mse_loss(x @ weight, y)
        loss.backward()
        optimizer.rate = 0.03
        optimizer.step()
    assert loss < 1e-3
