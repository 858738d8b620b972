"""What Muon must do, one property a test. It also runs on broken copies."""

import pytest
import torch
from torch import nn

from .muon import FIVE, ONE, STEPS, THREE, Muon, orthogonal

RATE, DECAY, MOMENTUM = 0.02, 0.1, 0.95
shapes = pytest.mark.parametrize("shape", [(5, 5), (3, 7), (11, 4), (1, 6), (6, 1)])


def normal(*shape, seed=0, dtype=torch.float64):
    stream = torch.Generator().manual_seed(seed)
    return torch.randn(shape, generator=stream, dtype=torch.float64).to(dtype)


def bent(strengths):
    """What five steps make of the strengths of a matrix of length one, number by number."""
    for _ in range(STEPS):
        strengths = ONE * strengths + THREE * strengths**3 + FIVE * strengths**5
    return strengths


def after(weight, *gradients, decay=0.0, momentum=MOMENTUM, rate=RATE, dtype=torch.float64):
    """A weight after some gradients."""
    weight = nn.Parameter(weight.clone())
    optimizer = Muon({"w": weight}, decay, momentum, dtype)
    optimizer.rate = rate
    for gradient in gradients:
        weight.grad = gradient.clone()
        optimizer.step()
    return weight.detach()


# Against torch and a decomposition


@pytest.mark.oracle
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.bfloat16])
@pytest.mark.parametrize("decay", [0.0, DECAY])
@shapes
def test_thirty_steps_are_those_of_torch_to_the_last_bit(shape, decay, dtype):
    """Of weights in any precision; both iterate in bfloat16."""
    own, other = (nn.Parameter(normal(*shape, dtype=dtype)) for _ in range(2))
    mine = Muon({"w": own}, decay, MOMENTUM)
    theirs = torch.optim.Muon([other], RATE, weight_decay=decay, momentum=MOMENTUM)
    for step in range(30):
        own.grad = normal(*shape, seed=step + 1, dtype=dtype)
        other.grad = own.grad.clone()
        mine.rate = RATE
        mine.step()
        theirs.step()
    assert torch.equal(own, other)


@pytest.mark.oracle
@shapes
def test_strengths_are_bent_as_numbers_are_and_directions_stay(shape):
    """Against an SVD in float64."""
    matrix = normal(*shape)
    left, strengths, right = torch.linalg.svd(matrix, full_matrices=False)
    expected = left @ torch.diag(bent(strengths / matrix.norm())) @ right
    found = orthogonal(matrix, torch.float64)
    torch.testing.assert_close(found, expected, rtol=1e-12, atol=1e-12)


def test_the_size_of_a_gradient_does_not_matter():
    matrix = normal(4, 6)
    small, large = (orthogonal(scale * matrix, torch.float64) for scale in (1e-6, 1e6))
    torch.testing.assert_close(small, large, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("scale", [1e-5, 1.0, 1e8])
def test_all_strengths_that_are_not_tiny_become_nearly_one(scale):
    """From a 500th of the length on: between 0.68 and 1.21, in three digits of bfloat16 too."""
    left, _, right = torch.linalg.svd(normal(20, 30), full_matrices=False)
    strengths = torch.logspace(0, -2.3, 20, dtype=torch.float64)
    matrix = scale * left @ torch.diag(strengths / strengths.norm()) @ right
    for dtype, slack in ((torch.float64, 0.0), (torch.bfloat16, 0.05)):
        found = torch.linalg.svdvals(orthogonal(matrix, dtype).double())
        assert 0.68 - slack < found.min() and found.max() < 1.21 + slack


@shapes
def test_a_matrix_and_its_transpose_are_treated_alike(shape):
    matrix = normal(*shape)
    found, other = orthogonal(matrix, torch.float64), orthogonal(matrix.mT, torch.float64)
    assert found.shape == shape
    torch.testing.assert_close(found, other.mT, rtol=1e-12, atol=1e-12)


def test_products_are_taken_on_the_shorter_side(monkeypatch):
    seen, addmm = [], torch.addmm
    monkeypatch.setattr(
        torch, "addmm", lambda *given, **how: (seen.append(given), addmm(*given, **how))[1]
    )
    orthogonal(normal(50, 3), torch.float64)
    assert max(one.shape[0] for given in seen for one in given) == 3


def test_a_matrix_of_zeros_stays_one():
    assert (orthogonal(torch.zeros(3, 4), torch.bfloat16) == 0).all()


def test_it_is_done_in_the_precision_that_is_asked_for():
    for dtype in (torch.bfloat16, torch.float32, torch.float64):
        assert orthogonal(normal(3, 4), dtype).dtype == dtype


def test_the_gradient_itself_is_not_touched():
    matrix = normal(3, 4)
    orthogonal(matrix, torch.float64)
    assert torch.equal(matrix, normal(3, 4))


# The rule


def test_a_step_of_muon_goes_down_the_slope_in_every_direction():
    gradient = normal(4, 6)
    step = after(torch.zeros(4, 6).double(), gradient)
    left, _, right = torch.linalg.svd(gradient, full_matrices=False)
    assert ((left.mT @ step @ right.mT).diagonal() < -0.6 * RATE).all()


def test_a_step_of_muon_at_twice_the_rate_is_twice_as_long():
    nothing, gradient = torch.zeros(4, 6).double(), normal(4, 6)
    once, twice = (after(nothing, gradient, rate=rate) for rate in (RATE, 2 * RATE))
    torch.testing.assert_close(twice, 2 * once)


def test_tall_matrices_take_longer_steps():
    """By the root of how many rows there are to a column; wide ones do not take shorter ones."""
    for shape, times in (((5, 5), 1), ((20, 5), 2), ((45, 5), 3), ((5, 20), 1)):
        gradient = normal(*shape)
        step = after(torch.zeros(shape).double(), gradient)
        torch.testing.assert_close(step, -RATE * times * orthogonal(gradient, torch.float64))


def test_decay_of_muon_is_a_share_of_the_weight():
    weight = normal(4, 6)
    found = after(weight, torch.zeros(4, 6).double(), decay=DECAY)
    torch.testing.assert_close(found, weight * (1 - RATE * DECAY))


def test_decay_of_muon_is_no_stronger_in_a_tall_matrix():
    weight = normal(36, 4)
    found = after(weight, torch.zeros(36, 4).double(), decay=DECAY)
    torch.testing.assert_close(found, weight * (1 - RATE * DECAY))


def test_muon_remembers_earlier_gradients():
    nothing, one, other = torch.zeros(4, 6).double(), normal(4, 6), normal(4, 6, seed=1)
    mean = MOMENTUM * (1 - MOMENTUM) * one + (1 - MOMENTUM) * other
    ahead = MOMENTUM * mean + (1 - MOMENTUM) * other
    step = after(nothing, one, other) - after(nothing, one)
    torch.testing.assert_close(step, -RATE * orthogonal(ahead, torch.float64))


def test_muon_looks_ahead_of_its_momentum():
    """The newest gradient counts once more than it does in the mean: Nesterov's way."""
    nothing, one, other = torch.zeros(4, 6).double(), normal(4, 6), normal(4, 6, seed=1)
    mean = MOMENTUM * (1 - MOMENTUM) * one + (1 - MOMENTUM) * other
    step = after(nothing, one, other) - after(nothing, one)
    behind = -RATE * orthogonal(mean, torch.float64)
    assert (step - behind).norm() > 0.1 * step.norm()


def test_without_momentum_only_the_newest_gradient_counts():
    nothing, one, other = torch.zeros(4, 6).double(), normal(4, 6), normal(4, 6, seed=1)
    step = after(nothing, one, other, momentum=0.0) - after(nothing, one, momentum=0.0)
    torch.testing.assert_close(step, after(nothing, other, momentum=0.0))


@pytest.mark.parametrize("shape", [(), (5,), (2, 3, 4)])
def test_muon_moves_nothing_but_matrices(shape):
    with pytest.raises(ValueError, match="matrices"):
        Muon({"w": nn.Parameter(torch.zeros(shape))}, 0.0, MOMENTUM)


def test_what_muon_remembers_can_be_kept():
    weight = nn.Parameter(normal(3, 4))
    optimizer = Muon({"w": weight}, 0.0, MOMENTUM)
    assert {key: one.shape for key, one in optimizer.state.items()} == {"velocity/w": (3, 4)}


def test_a_matrix_is_learned_back_by_muon():
    """Its steps do not get shorter by themselves: the rate falls to nothing."""
    goal, weight = normal(6, 4, dtype=torch.float32), nn.Parameter(torch.zeros(6, 4))
    optimizer = Muon({"w": weight}, 0.0, 0.9)
    for step in range(200):
        optimizer.clear()
        loss = (weight - goal).square().mean()
        loss.backward()
        optimizer.rate = 0.1 * (1 - step / 200)
        optimizer.step()
    assert loss < 1e-3
