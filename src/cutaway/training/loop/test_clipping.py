"""What clipping must do, one property a test. It also runs on broken copies."""

import math

import pytest
import torch
from torch import nn

from .clipping import clip, length

SHAPES = [(), (5,), (3, 4), (2, 3, 2)]


def weights(scale=1.0, seed=0, dtype=torch.float64):
    """Weights with gradients, and one that has none."""
    stream = torch.Generator().manual_seed(seed)
    found = [nn.Parameter(torch.zeros(shape, dtype=dtype)) for shape in SHAPES]
    for one in found:
        drawn = torch.randn(one.shape, generator=stream, dtype=torch.float64)
        one.grad = (scale * drawn).to(dtype)
    return [*found, nn.Parameter(torch.zeros(3))]


def gradients(some):
    return [one.grad.clone() for one in some if one.grad is not None]


@pytest.mark.oracle
@pytest.mark.parametrize("scale", [0.0, 1e-9, 0.1, 1.0, 1e9])
@pytest.mark.parametrize("limit", [0.5, 1.0, 30.0])
def test_clipping_is_that_of_torch(scale, limit):
    own, other = weights(scale), weights(scale)
    found = clip(own, limit)
    expected = nn.utils.clip_grad_norm_(other, limit)
    torch.testing.assert_close(found, expected, rtol=1e-12, atol=1e-12)
    for one, another in zip(gradients(own), gradients(other), strict=True):
        torch.testing.assert_close(one, another, rtol=1e-12, atol=1e-12)


def test_the_length_is_that_of_all_gradients_as_one_vector():
    some = [torch.tensor([[1.0, 2.0]]), torch.tensor(2.0), torch.tensor([4.0])]
    assert length(some).item() == pytest.approx(5)


@pytest.mark.parametrize("scale", [0.0, 1e-12, 0.1])
def test_gradients_within_the_limit_stay_to_the_last_bit(scale):
    some = weights(scale, dtype=torch.float32)
    before = gradients(some)
    clip(some, 10.0)
    assert all(torch.equal(one, other) for one, other in zip(gradients(some), before, strict=True))


def test_gradients_beyond_the_limit_are_as_long_as_it():
    some = weights(100.0)
    clip(some, 0.5)
    assert length(gradients(some)).item() == pytest.approx(0.5, rel=1e-5)


def test_what_is_clipped_keeps_its_direction():
    some = weights(100.0)
    before = torch.cat([one.flatten() for one in gradients(some)])
    clip(some, 0.5)
    now = torch.cat([one.flatten() for one in gradients(some)])
    assert torch.cosine_similarity(now, before, dim=0).item() == pytest.approx(1)


def test_what_is_told_is_the_length_before_clipping():
    some = weights(100.0)
    before = length(gradients(some)).item()
    assert before > 100 and clip(some, 0.5).item() == before


def test_a_gradient_of_nothing_stays_one():
    some = weights(0.0)
    assert clip(some, 1.0) == 0 and all((one == 0).all() for one in gradients(some))


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_gradient_that_is_no_number_is_seen(value):
    some = weights()
    some[2].grad[0, 1] = value
    assert not clip(some, 1.0).isfinite()


def test_weights_without_a_gradient_get_none():
    some = weights()
    clip(some, 1.0)
    assert some[-1].grad is None


def test_any_iterable_of_weights_will_do():
    some = weights(100.0)
    clip(iter(some), 0.5)
    assert length(gradients(some)) < 0.51


def test_where_nothing_has_a_gradient_it_is_an_error():
    """An optimizer of the wrong weights would otherwise train nothing, in silence."""
    with pytest.raises(RuntimeError):
        clip([nn.Parameter(torch.zeros(3))], 1.0)
