"""What a norm must do, one property a test. It also runs on broken copies."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from .norms import LayerNorm, RMSNorm

B, T, C = 3, 5, 7
NORMS = LayerNorm, RMSNorm
EPSILON = 1e-5
each = pytest.mark.parametrize("kind", NORMS)


def normal(*shape, seed=0, dtype=torch.float64):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=dtype)


def learned(kind, width=C, epsilon=EPSILON, dtype=torch.float64):
    """A norm whose gain (and bias) are no longer what they were at first."""
    norm = kind(width, epsilon).to(dtype)
    with torch.no_grad():
        for seed, parameter in enumerate(norm.parameters()):
            parameter.copy_(normal(width, seed=seed + 5).abs() + 0.5)
    return norm


def fresh(kind, width=C, epsilon=EPSILON, dtype=torch.float64):
    return kind(width, epsilon).to(dtype)


def theirs(norm, x):
    """The same norm as torch computes it."""
    if isinstance(norm, RMSNorm):
        return F.rms_norm(x, norm.weight.shape, norm.weight, norm.epsilon)
    return F.layer_norm(x, norm.weight.shape, norm.weight, norm.bias, norm.epsilon)


def close(one, other, within=1e-12):
    torch.testing.assert_close(one, other, rtol=0, atol=within)


def slope(norm, x, toward):
    """What comes back to the input for a gradient at the output."""
    x = x.detach().requires_grad_()
    return torch.autograd.grad(norm(x), x, toward)[0]


# Against torch


@pytest.mark.oracle
@each
@pytest.mark.parametrize("scale", [1e-6, 1e-3, 1.0, 1e6])
def test_a_norm_is_that_of_torch_in_value_and_in_every_gradient(kind, scale):
    norm, toward = learned(kind), normal(B, T, C, seed=1)
    x = ((normal(B, T, C) + 0.3) * scale).requires_grad_()
    leaves = (x, *norm.parameters())
    mine, its = (torch.autograd.grad(one, leaves, toward) for one in (norm(x), theirs(norm, x)))
    close(norm(x), theirs(norm, x))
    close(mine[0] * scale, its[0] * scale)
    for one, other in zip(mine[1:], its[1:], strict=True):
        close(one, other)


@pytest.mark.oracle
@each
@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16, torch.float32])
@pytest.mark.parametrize("scale", [1e-3, 1.0, 300.0])
def test_a_norm_errs_at_most_twice_as_much_as_that_of_torch(kind, dtype, scale):
    """In half precision it errs exactly as much: both work in single precision and round once."""
    norm, x = learned(kind, 64, dtype=dtype), ((normal(64, 64) + 1) * scale).to(dtype)
    true = theirs(norm.double(), x.double())
    norm = norm.to(dtype)
    mine, its = ((one(x).double() - true).abs().max() for one in (norm, lambda x: theirs(norm, x)))
    assert mine <= 2 * its


# What comes out


def test_the_mean_of_a_normed_token_is_zero():
    out = fresh(LayerNorm)(normal(B, T, C) + 3)
    close(out.mean(-1), torch.zeros(B, T, dtype=torch.float64))


@each
def test_the_size_of_a_normed_token_is_one(kind):
    out = fresh(kind, epsilon=1e-14)(3 * normal(B, T, C))
    close(out.square().mean(-1), torch.ones(B, T, dtype=torch.float64), 1e-9)


@each
def test_an_input_of_another_scale_gives_the_same(kind):
    norm, x = learned(kind, epsilon=1e-14), normal(B, T, C)
    close(norm(7 * x), norm(x), 1e-9)


def test_what_all_numbers_of_a_token_have_in_common_changes_nothing():
    norm, x = learned(LayerNorm), normal(B, T, C)
    close(norm(x + 11), norm(x))


def test_without_a_mean_to_take_what_all_numbers_have_in_common_stays():
    out = fresh(RMSNorm)(torch.full((1, 1, C), 3.0, dtype=torch.float64))
    close(out, torch.ones_like(out), 1e-5)


def test_two_numbers_far_from_zero_and_close_together_keep_their_sizes():
    out = fresh(RMSNorm, 2, 0)(torch.tensor([7.0, 1.0], dtype=torch.float64))
    close(out, torch.tensor([1.4, 0.2], dtype=torch.float64))


def test_two_numbers_become_one_and_minus_one():
    """The one case that can be seen: both are as far from their mean as is usual among them."""
    out = fresh(LayerNorm, 2, 0)(torch.tensor([5.0, 3.0], dtype=torch.float64))
    close(out, torch.tensor([1.0, -1.0], dtype=torch.float64))


@pytest.mark.oracle
def test_on_numbers_of_mean_zero_both_norms_are_one():
    x = normal(B, T, C)
    x = x - x.mean(-1, keepdim=True)
    close(fresh(LayerNorm)(x), fresh(RMSNorm)(x))


# The gain and the bias


@each
def test_twice_the_gain_is_twice_what_it_makes(kind):
    norm, x = learned(kind), normal(B, T, C)
    shift = getattr(norm, "bias", 0)
    once = norm(x) - shift
    with torch.no_grad():
        norm.weight *= 2
    close(norm(x) - shift, 2 * once)


@each
def test_a_channel_of_no_gain_leaves_the_others_as_they_were(kind):
    norm, x = learned(kind), normal(B, T, C)
    before = norm(x)[..., 1:]
    with torch.no_grad():
        norm.weight[0] = 0
    close(norm(x)[..., 1:], before)


def test_the_bias_is_what_is_left_where_there_is_no_gain():
    norm = learned(LayerNorm)
    nn.init.zeros_(norm.weight)
    out = norm(normal(B, T, C))
    close(out, norm.bias.expand_as(out))


@each
def test_the_gain_is_learned(kind):
    norm = fresh(kind)
    assert norm.weight.requires_grad
    norm(normal(B, T, C)).square().sum().backward()
    assert (norm.weight.grad != 0).all()


@each
def test_at_first_every_channel_counts_alike(kind):
    assert torch.equal(kind(C, EPSILON).weight, torch.ones(C))


# Token by token


@each
def test_no_token_hears_another(kind):
    """Not even an earlier one: else a model would see what it is to predict."""
    norm, x, other = learned(kind), normal(B, T, C), normal(B, T, C)
    other[:, 2:] = normal(B, T - 2, C, seed=1) * 5
    close(norm(other)[:, :2], norm(x)[:, :2])


@each
def test_no_text_of_a_batch_hears_another(kind):
    norm, x, other = learned(kind), normal(B, T, C), normal(B, T, C)
    other[1:] = normal(B - 1, T, C, seed=1) * 5
    close(norm(other)[:1], norm(x)[:1])


# Small, constant and huge numbers


@each
@pytest.mark.parametrize("value", [0.0, 1e-30, 1.0, 1e15])
def test_a_token_of_equal_numbers_is_no_division_by_zero(kind, value):
    norm = fresh(kind)
    x = torch.full((1, 1, C), value, dtype=torch.float64)
    assert norm(x).isfinite().all()


@each
def test_a_token_of_zeros_has_a_gradient_that_is_finite(kind):
    toward = normal(1, 1, C)
    back = slope(fresh(kind), torch.zeros(1, 1, C, dtype=torch.float64), toward)
    assert back.isfinite().all()


@each
def test_numbers_far_smaller_than_epsilon_are_not_blown_up(kind):
    """They are divided by the root of epsilon, and by nothing smaller."""
    x = 1e-8 * normal(B, T, C)
    centred = x - x.mean(-1, keepdim=True) if kind is LayerNorm else x
    close(fresh(kind)(x), centred / EPSILON**0.5, 1e-9)


@each
def test_epsilon_is_small_beside_numbers_of_size_one(kind):
    close(fresh(kind)(normal(B, T, C)), fresh(kind, epsilon=0)(normal(B, T, C)), 1e-4)


@each
@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_squares_that_half_precision_cannot_hold_do_no_harm(kind, dtype):
    x = (1000 * normal(B, T, C)).to(dtype)
    close(fresh(kind, dtype=dtype)(x).double(), fresh(kind)(x.double()), 1e-2)


@each
@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16, torch.float64])
def test_what_comes_out_is_as_precise_as_what_came_in(kind, dtype):
    assert fresh(kind)(normal(B, T, C).to(dtype)).dtype == dtype


# What comes back


def test_the_gradient_of_a_token_sums_to_zero():
    """LayerNorm centres gradients: whatever epsilon is, since the mean of its input is free."""
    for epsilon in (0, EPSILON, 1.0):
        back = slope(fresh(LayerNorm, epsilon=epsilon), normal(B, T, C), normal(B, T, C, seed=1))
        close(back.sum(-1), torch.zeros(B, T, dtype=torch.float64))


def test_without_a_mean_to_take_the_gradient_of_a_token_does_not_sum_to_zero():
    back = slope(fresh(RMSNorm), normal(B, T, C), normal(B, T, C, seed=1))
    assert (back.sum(-1).abs() > 1e-3).all()


@each
def test_the_gradient_of_a_token_is_at_right_angles_to_it(kind):
    """Without epsilon a longer token is the same to a norm, so nothing pulls it longer."""
    x = normal(B, T, C)
    back = slope(fresh(kind, epsilon=0), x, normal(B, T, C, seed=1))
    close((back * x).sum(-1), torch.zeros(B, T, dtype=torch.float64))


@each
def test_with_epsilon_small_tokens_are_pulled_longer_or_shorter(kind):
    """The right angle is lost by epsilon's share of power + epsilon: 2.4 % at a size of 0.02."""
    x, toward = normal(B, T, C), normal(B, T, C, seed=1)
    x = x - x.mean(-1, keepdim=True) if kind is LayerNorm else x
    x = 0.02 * x / x.square().mean(-1, keepdim=True).sqrt()
    back, power = slope(fresh(kind), x, toward), 0.02**2
    along, share = (toward * x).sum(-1) / (power + EPSILON) ** 0.5, EPSILON / (power + EPSILON)
    close((back * x).sum(-1), share * along)
    assert share == pytest.approx(0.024, abs=5e-4)


# Training


@each
def test_a_gain_is_learned_back(kind):
    """Inputs of any size, and what another norm makes of them: its gain is found."""
    stream = torch.Generator().manual_seed(0)
    norm, goal = kind(C, EPSILON), learned(kind, dtype=torch.float32)
    optimizer = torch.optim.AdamW(norm.parameters(), lr=0.05, weight_decay=0)
    for _ in range(150):
        x = torch.randn(64, C, generator=stream) * torch.rand(64, 1, generator=stream) * 9
        loss = (norm(x) - goal(x).detach()).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert loss < 1e-3
