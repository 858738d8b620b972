"""The past does not see the future: shown in three ways, before and after training.

A leak shows as a change of the past when the future changes, as a last answer that differs when
the text is cut off after it, and as a slope of the past towards the future. Each way has its blind
spot: changing the future does not show a mistake that depends on the length alone, and cutting the
text does so only at some lengths. A slope is taken towards a
random direction: the plain sum of what a norm returns has none, whatever it sees.

Relative imports: these tests also run on broken copies.
"""

import functools

import pytest
import torch

from . import tiling
from .attention import SelfAttention, attend
from .tiling import fused, tiled

WIDTH = 15
LENGTHS = (2, 7, 13)  # coprime to the numbers of heads; of tiles of four, some are cut short
VARIANTS = {"attend": attend, "tiled": tiled, "fused": fused}
# A layer of three heads that are given `attend` fails for whatever leaks, and so names nothing.
every = pytest.mark.parametrize(
    ("variant", "heads"),
    [
        pytest.param("attend", 1, id="attend"),
        pytest.param("attend", 3, id="attend, three heads", marks=pytest.mark.oracle),
        pytest.param("tiled", 3, id="tiled"),
        pytest.param("fused", 5, id="fused"),
    ],
)
whenever = pytest.mark.parametrize("steps", [0, 5], ids=["untrained", "trained"])


@pytest.fixture(autouse=True)
def small_tiles(monkeypatch):
    monkeypatch.setattr(tiling, "TILE", 4)


def normal(*shape, seed=0, dtype=torch.float64):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=dtype)


@functools.cache
def models(variant, heads, steps):
    """A layer after some steps of learning to name the next token, and before; in either mode.

    It could only learn that by looking ahead.
    """
    model = SelfAttention(WIDTH, heads, attend=VARIANTS[variant])
    for seed, weight in enumerate(model.parameters()):
        weight.data = normal(*weight.shape, seed=seed, dtype=torch.float32) / 4
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.03)
    x = normal(4, 14, WIDTH, seed=7, dtype=torch.float32)
    for _ in range(steps):
        optimizer.zero_grad()
        (model(x)[:, :-1] - x[:, 1:]).square().mean().backward()
        optimizer.step()
    return model


def texts(model, dtype):
    """Streams of every length, with the model in either mode and of a type."""
    for training in (True, False):
        for length in LENGTHS:
            yield model.train(training).to(dtype), normal(2, length, WIDTH, dtype=dtype)


@every
@whenever
def test_the_past_does_not_see_the_future(variant, heads, steps):
    """Bit for bit: what is hidden has a weight of exactly 0."""
    for model, x in texts(models(variant, heads, steps), torch.float32):
        for cut in range(1, x.shape[1]):
            changed = x.clone()
            changed[:, cut:] = 3 * normal(2, x.shape[1] - cut, WIDTH, seed=9)
            assert torch.equal(model(x)[:, :cut], model(changed)[:, :cut])


@every
@whenever
def test_a_text_cut_short_has_the_same_last_answer(variant, heads, steps):
    for model, x in texts(models(variant, heads, steps), torch.float64):
        whole = model(x)
        for cut in range(1, x.shape[1]):
            last = model(x[:, :cut])[:, -1]
            torch.testing.assert_close(last, whole[:, cut - 1], rtol=0, atol=1e-12)


@every
@whenever
def test_no_slope_leads_from_the_past_to_the_future(variant, heads, steps):
    for model, x in texts(models(variant, heads, steps), torch.float64):
        for cut in range(1, x.shape[1]):
            toward = normal(2, cut, WIDTH, seed=9)
            leaf = x.clone().requires_grad_()
            (slope,) = torch.autograd.grad(model(leaf)[:, :cut], leaf, toward)
            assert (slope[:, cut:] == 0).all()


@every
def test_the_present_sees_the_past(variant, heads):
    """Without this the tests above would pass for a layer that sees nothing."""
    x = normal(2, 7, WIDTH)
    changed = x.clone()
    changed[:, 0] += 1
    model = models(variant, heads, 0).to(x.dtype)
    assert ((model(x) - model(changed)).abs().amax(-1) > 0).all()
