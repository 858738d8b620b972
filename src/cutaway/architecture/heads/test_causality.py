"""No head sees the future: shown in three ways, before and after training, in either mode.

A leak shows as a change of the past when the future changes, as a last answer that differs when
the text is cut off after it, and as a slope of the past towards the future. A cut can hide a leak
at lengths that the number of heads divides, so the lengths here have no factor in common with it.

Relative imports: these tests also run on broken copies.
"""

import functools

import pytest
import torch

from ...atoms.positions import Rotary, Still, alibi, halves, speeds
from .biased import Biased
from .heads import Heads, Looped

C = 12
LENGTHS = (3, 5, 13)  # coprime to the numbers of heads, two and four


def plain():
    return Heads(C, 4, 4, 3, False, Still())


KINDS = {
    "loop": lambda: Looped(C, 4, 3),
    "plain": plain,
    "groups": lambda: Heads(C, 4, 2, 6, True, Rotary(speeds(6), halves)),
    "biased": lambda: Heads(C, 4, 2, 3, False, Still(), Biased(functools.partial(alibi, heads=4))),
}
# Only the plain layer's failures name a fault: what breaks it breaks the others, too.
every = pytest.mark.parametrize(
    "kind", [pytest.param(one, marks=[pytest.mark.oracle] * (one != "plain")) for one in KINDS]
)
whenever = pytest.mark.parametrize("steps", [0, 5], ids=["untrained", "trained"])


def normal(*shape, seed=0, dtype=torch.float64):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=dtype)


@functools.cache
def models(kind, steps):
    """A layer after some steps of learning to name the next token, and before.

    It could only learn that by looking ahead.
    """
    model = KINDS[kind]()
    for seed, weight in enumerate(model.parameters()):
        weight.data = normal(*weight.shape, seed=seed, dtype=torch.float32) / 3
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.03)
    x = normal(4, 13, C, seed=7, dtype=torch.float32)
    for _ in range(steps):
        optimizer.zero_grad()
        (model(x)[:, :-1] - x[:, 1:]).square().mean().backward()
        optimizer.step()
    return model


def texts(model, dtype):
    """Streams of every length, with the model in either mode and of a type."""
    for training in (True, False):
        for length in LENGTHS:
            yield model.train(training).to(dtype), normal(2, length, C, dtype=dtype)


@every
@whenever
def test_the_past_does_not_see_the_future(kind, steps):
    """Bit for bit: what is hidden has a weight of exactly 0."""
    for model, x in texts(models(kind, steps), torch.float32):
        for cut in range(1, x.shape[1]):
            changed = x.clone()
            changed[:, cut:] = 3 * normal(2, x.shape[1] - cut, C, seed=9)
            assert torch.equal(model(x)[:, :cut], model(changed)[:, :cut])


@every
@whenever
def test_a_text_cut_short_has_the_same_last_answer(kind, steps):
    for model, x in texts(models(kind, steps), torch.float64):
        whole = model(x)
        for cut in range(1, x.shape[1]):
            last = model(x[:, :cut])[:, -1]
            torch.testing.assert_close(last, whole[:, cut - 1], rtol=0, atol=1e-12)


@every
@whenever
def test_no_slope_leads_from_the_past_to_the_future(kind, steps):
    for model, x in texts(models(kind, steps), torch.float64):
        for cut in range(1, x.shape[1]):
            leaf = x.clone().requires_grad_()
            (slope,) = torch.autograd.grad(model(leaf)[:, :cut], leaf, normal(2, cut, C, seed=9))
            assert (slope[:, cut:] == 0).all()


@every
def test_the_present_sees_the_past(kind):
    """Without this the tests above would pass for a layer that sees nothing."""
    x = normal(2, 5, C)
    changed = x.clone()
    changed[:, 0] += 1
    model = models(kind, 0).to(x.dtype)
    assert ((model(x) - model(changed)).abs().amax(-1) > 0).all()
