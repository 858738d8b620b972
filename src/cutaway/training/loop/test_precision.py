"""What runs in which precision, one property a test. It also runs on broken copies."""

from contextlib import nullcontext

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from .optimizers import AdamW
from .precision import mixed

SINGLE, HALF = torch.float32, torch.bfloat16
X, W, IDS = torch.ones(4, 6, 8), torch.eye(8), torch.zeros(24, dtype=torch.long)

# Everything that a GPT is made of, and what it gives on a CPU for numbers in either precision.
OPERATIONS = {
    "linear": (lambda x: F.linear(x, W.to(x)), HALF, HALF),
    "matrix product": (lambda x: x @ x.mT, HALF, HALF),
    "matrix times vector": (lambda x: x[0] @ x[0, 0], HALF, HALF),
    "attention": (lambda x: F.scaled_dot_product_attention(x, x, x), HALF, HALF),
    "row of a table": (lambda x: F.embedding(IDS, x[0]), SINGLE, HALF),
    "softmax": (lambda x: x.softmax(-1), SINGLE, HALF),
    "log softmax": (lambda x: x.log_softmax(-1), SINGLE, HALF),
    "logsumexp": (lambda x: x.logsumexp(-1), SINGLE, HALF),
    "layer norm": (lambda x: F.layer_norm(x, (8,)), SINGLE, HALF),
    "root mean square norm": (lambda x: F.rms_norm(x, (8,)), SINGLE, HALF),
    "sum": (lambda x: x.sum(), SINGLE, HALF),
    "mean": (lambda x: x.mean(), SINGLE, HALF),
    "exponential": (lambda x: x.exp(), SINGLE, HALF),
    "gelu": (lambda x: F.gelu(x), SINGLE, HALF),
    "silu": (lambda x: F.silu(x), SINGLE, HALF),
    "residual sum": (lambda x: x + X, SINGLE, SINGLE),
    "cross entropy": (lambda x: F.cross_entropy(x.flatten(0, 1), IDS), SINGLE, SINGLE),
    "mean square": (lambda x: F.mse_loss(x, x), SINGLE, SINGLE),
}


@pytest.mark.golden
@pytest.mark.parametrize("name", OPERATIONS)
def test_torch_computes_in_the_precision_that_the_list_says(name):
    """Of torch 2.13: on a CPU a softmax, a norm or a sum of halves is one in halves."""
    compute, of_single, of_half = OPERATIONS[name]
    with torch.autocast("cpu", HALF):
        assert (compute(X).dtype, compute(X.to(HALF)).dtype) == (of_single, of_half)


class Spy(nn.Module):
    """Two layers that write down what they were given and what they gave."""

    def __init__(self):
        super().__init__()
        self.first, self.second, self.seen = nn.Linear(8, 8), nn.Linear(8, 8), []

    def forward(self, x):
        for layer in (self.first, self.second):
            x = layer(x)
            self.seen.append(x.dtype)
        return x


def square(model, x):
    return F.mse_loss(model(x), torch.zeros_like(x), reduction="sum")


def learned(loss):
    torch.manual_seed(0)
    model = Spy()
    value = loss(model, torch.randn(5, 8))
    value.backward()
    return model, value


def test_a_slope_of_a_billionth_is_not_lost():
    """bfloat16 has the range of single precision; float16 ends at a sixteen millionth."""
    model, _ = learned(mixed(lambda model, x: 1e-9 * model(x).sum(), "cpu"))
    assert all((one.grad != 0).all() for one in model.parameters())


def test_products_are_in_half_precision():
    model, _ = learned(mixed(square, "cpu"))
    assert model.seen == [HALF, HALF]


def test_weights_and_their_gradients_stay_single():
    model, _ = learned(mixed(square, "cpu"))
    assert {one.dtype for one in model.parameters()} == {SINGLE}
    assert {one.grad.dtype for one in model.parameters()} == {SINGLE}


def test_the_loss_is_single():
    assert learned(mixed(square, "cpu"))[1].dtype == SINGLE


def test_nothing_outside_the_loss_is_rounded():
    learned(mixed(square, "cpu"))
    assert not torch.is_autocast_enabled("cpu") and (X @ W).dtype == SINGLE


def test_products_are_rounded_on_the_device_that_was_named(monkeypatch):
    named = []
    monkeypatch.setattr(torch, "autocast", lambda *given: named.append(given) or nullcontext())
    for device in ("cpu", "cuda"):
        mixed(square, device)(Spy(), torch.ones(5, 8))
    assert named == [("cpu", HALF), ("cuda", HALF)]


def test_the_loss_is_nearly_that_of_single_precision():
    """Three digits: within one percent."""
    (one, rounded), (other, exact) = learned(mixed(square, "cpu")), learned(square)
    assert rounded.item() == pytest.approx(exact.item(), rel=1e-2)
    assert rounded.item() != exact.item()
    for mine, true in zip(one.parameters(), other.parameters(), strict=True):
        assert (mine.grad - true.grad).norm() < 1e-2 * true.grad.norm()


def test_the_weights_are_what_they_were_to_the_last_bit():
    torch.manual_seed(0)
    before = Spy().state_dict()
    model, _ = learned(mixed(square, "cpu"))
    assert all(torch.equal(one, before[name]) for name, one in model.state_dict().items())


def walked(dtype, rate=0.001):
    """Where a weight of one is after a hundred steps down, and after a hundred up."""
    found = []
    for slope in (1.0, -1.0):
        weight = nn.Parameter(torch.ones(1, dtype=dtype))
        optimizer = AdamW({"w": weight}, 0.0, (0.0, 0.0), 1e-8)  # each step as long as the rate
        for _ in range(100):
            weight.grad = torch.full_like(weight, slope)
            optimizer.rate = rate
            optimizer.step()
        found.append(weight.item())
    return found


def test_a_weight_of_single_precision_moves_by_a_thousandth_at_a_time():
    assert walked(SINGLE) == pytest.approx([0.9, 1.1], abs=1e-3)


def test_a_weight_of_half_precision_does_not_move_by_a_thousandth_of_it():
    """Rounding brings it back to one, a hundred times."""
    assert walked(HALF) == [1, 1]


def test_a_weight_of_half_precision_moves_down_where_it_does_not_move_up():
    """Below one the numbers stand twice as near to each other."""
    down, up = walked(HALF, rate=0.003)
    assert down < 0.9 and up == 1
