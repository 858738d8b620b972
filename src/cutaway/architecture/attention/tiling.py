"""The same attention in memory that grows with the length: a tile of keys at a time.

The softmax of a row can be taken while the row is still arriving: keep the largest score so far and
the total so far, and rescale both when a larger score comes (Milakov and Gimelshein, 2018). The
backward pass keeps no tile either: it makes each again (Dao et al., 2022).

    B batch   H heads   T tokens that ask   S tokens of one tile   D head width
"""

import math
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable
from torch.nn import functional as F

from .attention import Mask, allowed, causal

TILE = 64


def tiles(k: Tensor, v: Tensor) -> zip:
    """The keys and the values, some at a time, with the place of the first."""
    return zip(range(0, k.shape[-2], TILE), k.split(TILE, -2), v.split(TILE, -2))


def compared(q: Tensor, k: Tensor, mask: Mask, first: int) -> Tensor:
    """The scores of the keys of one tile, of which the first stands at `first`."""
    D = q.shape[-1]
    seen = allowed(lambda t, s: mask(t, s + first), q, k)  # (T, S)
    scores = q @ k.mT                                    # (B, H, T, S)
    scores = scores / math.sqrt(D)                       # (B, H, T, S)
    scores = scores.masked_fill(~seen, -math.inf)        # (B, H, T, S)
    return scores


class Tiled(torch.autograd.Function):
    """Attention that never holds more weights than those of a tile."""

    @staticmethod
    def forward(ctx: Any, q: Tensor, k: Tensor, v: Tensor, mask: Mask) -> Tensor:
        out = q.new_zeros(*q.shape[:-1], v.shape[-1])    # (B, H, T, D)
        total = torch.zeros_like(q[..., :1])             # (B, H, T, 1)
        largest = torch.full_like(total, torch.finfo(q.dtype).min)
        for first, keys, values in tiles(k, v):
            scores = compared(q, keys, mask, first)      # (B, H, T, S)
            before = largest                             # (B, H, T, 1)
            largest = torch.maximum(largest, scores.amax(-1, keepdim=True))
            fade = (before - largest).exp()              # (B, H, T, 1)
            odds = (scores - largest).exp()              # (B, H, T, S)
            total = total * fade                         # (B, H, T, 1)
            total = total + odds.sum(-1, keepdim=True)   # (B, H, T, 1)
            out = out * fade                             # (B, H, T, D)
            out = out + odds @ values                    # (B, H, T, D)
        out = out / total.clamp(min=1)                   # (B, H, T, D)
        ctx.save_for_backward(q, k, v, out, largest, total.clamp(min=1))
        ctx.mask = mask
        return out

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        q, k, v, out, largest, total = ctx.saved_tensors
        D = q.shape[-1]
        dq, dk, dv = torch.zeros_like(q), [], []
        # What a row shares, the sum of its weights times their slopes, had without a single tile.
        shared = (grad * out).sum(-1, keepdim=True)      # (B, H, T, 1)
        for first, keys, values in tiles(k, v):
            scores = compared(q, keys, ctx.mask, first)  # (B, H, T, S)
            weights = (scores - largest).exp() / total   # (B, H, T, S)
            slope = grad @ values.mT                     # (B, H, T, S)
            slope = slope - shared                       # (B, H, T, S)
            slope = weights * slope                      # (B, H, T, S)
            slope = slope / math.sqrt(D)                 # (B, H, T, S)
            dq = dq + slope @ keys                       # (B, H, T, D)
            dk.append(slope.mT @ q)
            dv.append(weights.mT @ grad)
        return dq, torch.cat(dk, -2), torch.cat(dv, -2), None


def tiled(q: Tensor, k: Tensor, v: Tensor, mask: Mask) -> Tensor:
    """What `attend` returns, up to rounding, without ever holding all weights at once."""
    return Tiled.apply(q, k, v, mask)


def fused(q: Tensor, k: Tensor, v: Tensor, mask: Mask) -> Tensor:
    """What `attend` returns, by torch's own kernel, which knows the causal rule by name."""
    seen = None if mask is causal else allowed(mask, q, k)
    return F.scaled_dot_product_attention(q, k, v, attn_mask=seen, is_causal=seen is None)
