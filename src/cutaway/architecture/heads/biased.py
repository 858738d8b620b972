"""Attention whose scores are lowered by distance, before the softmax.

    B batch   H heads   T tokens that ask   S tokens that are asked   D head width
"""

import math
from collections.abc import Callable

import torch
from torch import Tensor, nn

from ..attention import allowed, softmax
from ..attention.attention import Mask
from .heads import shared


class Biased(nn.Module):
    """Grouped attention with a bias on each score; the queries are the last of the tokens asked."""

    def __init__(self, bias: Callable[[Tensor, Tensor], Tensor]) -> None:
        super().__init__()
        self.bias = bias

    def forward(self, q: Tensor, k: Tensor, v: Tensor, mask: Mask) -> Tensor:
        H, T, D = q.shape[1:]
        k = shared(k, H)                            # (B, H, S, D)
        v = shared(v, H)                            # (B, H, S, D)
        places = torch.arange(k.shape[2], device=q.device)  # (S,)
        scores = q @ k.mT                           # (B, H, T, S)
        scores = scores / math.sqrt(D)              # (B, H, T, S)
        bias = self.bias(places[-T:], places)       # (H, T, S)
        scores = scores + bias.to(scores.dtype)     # (B, H, T, S)
        hidden = ~allowed(mask, q, k)               # (T, S)
        scores = scores.masked_fill(hidden, -math.inf)  # (B, H, T, S)
        weights = softmax(scores)                   # (B, H, T, S)
        out = weights @ v                           # (B, H, T, D)
        return out
