"""Activations: the bend without which two products are one.

A product of a product is a product, and layers would add nothing to each other. A bend in between
is what they need: almost any will do. The smooth ones here let large numbers through, and hold back
what is negative, but not all of it.

What they lack: care for half precision. Each step rounds, where a fused kernel rounds once.
"""

import math

import torch
from torch import Tensor


def relu(x: Tensor) -> Tensor:
    """The number if it is positive; else nothing, and then no gradient comes back either."""
    return x.masked_fill(x <= 0, 0)


def gelu(x: Tensor) -> Tensor:
    """The number times the share of a normal distribution below it (Hendrycks and Gimpel, 2016)."""
    share = torch.erfc(-x / math.sqrt(2)) / 2
    return x * share


def gelu_tanh(x: Tensor) -> Tensor:
    """The same with the share taken from a tanh, which GPT-2 uses: off by less than 0.0005."""
    bent = x + 0.044715 * x**3
    share = (1 + torch.tanh(math.sqrt(2 / math.pi) * bent)) / 2
    return x * share


def silu(x: Tensor) -> Tensor:
    """The number times its logistic share."""
    share = torch.sigmoid(x)
    return x * share
