"""What a bend must do, one property a test. It also runs on broken copies."""

import math

import pytest
import torch
from torch.nn import functional as F

from .activations import gelu, gelu_tanh, relu, silu


def tanh_of_torch(x):
    return F.gelu(x, approximate="tanh")


PAIRS = {gelu: F.gelu, gelu_tanh: tanh_of_torch, silu: F.silu, relu: F.relu}
SMOOTH = gelu, gelu_tanh, silu
each = pytest.mark.parametrize("bend", PAIRS)
smooth = pytest.mark.parametrize("bend", SMOOTH)


def line(low, high, count=1001):
    return torch.linspace(low, high, count, dtype=torch.float64)


def slopes(bend, x):
    x = x.detach().requires_grad_()
    return torch.autograd.grad(bend(x).sum(), x)[0]


@pytest.mark.oracle
@each
def test_a_bend_is_that_of_torch_in_value_and_gradient(bend):
    x = torch.cat([line(-30, 30), torch.zeros(1, dtype=torch.float64)])
    for one, other in ((bend(x), PAIRS[bend](x)), (slopes(bend, x), slopes(PAIRS[bend], x))):
        torch.testing.assert_close(one, other, rtol=0, atol=1e-12)


@pytest.mark.oracle
@each
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16])
def test_a_bend_errs_little_more_than_that_of_torch(bend, dtype):
    """In single precision about as much; in half at most 2.5 times, since each step rounds."""
    x = (3 * torch.randn(20_000, generator=torch.Generator().manual_seed(0))).to(dtype)
    true = PAIRS[bend](x.double())
    mine, its = ((one(x).double() - true).abs().max() for one in (bend, PAIRS[bend]))
    assert mine <= (1.5 if dtype == torch.float32 else 2.5) * its


@pytest.mark.oracle
def test_the_share_is_that_of_a_normal_distribution():
    """By counting: of many draws, how many lie below."""
    draws = torch.randn(200_000, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    for x in (-1.5, -0.5, 0.3, 1.0, 2.0):
        below = (draws < x).double().mean()
        assert abs(gelu(torch.tensor(x, dtype=torch.float64)) / x - below) < 0.005


@each
def test_zero_stays_zero(bend):
    assert bend(torch.zeros(3)).tolist() == [0, 0, 0]


@each
def test_large_numbers_pass(bend):
    x = line(40, 100)
    torch.testing.assert_close(bend(x), x)


@each
def test_nothing_comes_of_very_negative_numbers(bend):
    assert bend(line(-100, -40)).abs().max() < 1e-14


@each
def test_a_bend_is_bent(bend):
    assert abs(bend(torch.tensor(1.0)) + bend(torch.tensor(-1.0))) > 0.1


def test_no_number_is_negative_that_was_rectified():
    assert (relu(line(-5, 5)) >= 0).all()


def test_a_rectified_negative_number_gets_no_gradient():
    assert slopes(relu, line(-5, -0.01)).abs().max() == 0


def test_a_rectified_positive_number_gets_all_of_the_gradient():
    assert (slopes(relu, line(0.01, 5)) == 1).all()


def test_what_was_no_number_is_not_hidden_by_rectifying():
    assert relu(torch.tensor([math.nan])).isnan().all()


@smooth
def test_slightly_negative_numbers_get_some_gradient(bend):
    assert (slopes(bend, line(-0.4, 0.4)) > 0).all()


@smooth
def test_a_number_and_its_opposite_share_the_whole(bend):
    """A share of x and a share of -x are one together, so the bends differ by x."""
    x = line(0.1, 5)
    torch.testing.assert_close(bend(x) - bend(-x), x)


def test_of_one_the_normal_share_is_84_percent():
    assert gelu(torch.tensor(1.0)).item() == pytest.approx(0.8413, abs=1e-4)


def test_of_one_the_logistic_share_is_73_percent():
    assert silu(torch.tensor(1.0)).item() == pytest.approx(0.7311, abs=1e-4)


def test_the_tanh_is_off_by_less_than_a_two_thousandth():
    """The most is 0.000473, at 2.70 on either side; measured against torch's, not against ours."""
    x = line(-12, 12, 240_001)
    gap = (gelu_tanh(x) - F.gelu(x)).abs()
    assert gap.max() == pytest.approx(4.73e-4, abs=1e-6)
    assert abs(x[gap.argmax()]) == pytest.approx(2.70, abs=0.01)


def test_a_small_share_keeps_its_digits():
    """Of -5.5 it is 2e-8: one less nearly one would have no digit of it in single precision."""
    x = torch.tensor([-4.5, -5.0, -5.5, -6.0])
    torch.testing.assert_close(gelu(x).double(), F.gelu(x.double()), rtol=1e-4, atol=0)


def test_a_small_logistic_share_keeps_its_digits():
    x = torch.tensor([-8.0, -12.0, -16.0])
    torch.testing.assert_close(silu(x).double(), F.silu(x.double()), rtol=1e-5, atol=0)


@each
def test_a_bend_between_two_products_is_what_learns_a_corner(bend):
    """The larger of two numbers: no product finds it, whose least error is 0.18 or so."""
    stream = torch.Generator().manual_seed(0)
    widen = torch.randn(2, 16, generator=stream).requires_grad_()
    narrow = (torch.randn(16, 1, generator=stream) / 4).requires_grad_()
    optimizer = torch.optim.AdamW([widen, narrow], lr=0.03, weight_decay=0)
    for _ in range(200):
        x = torch.randn(64, 2, generator=stream)
        loss = (bend(x @ widen) @ narrow - x.amax(-1, keepdim=True)).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert loss < 0.02
