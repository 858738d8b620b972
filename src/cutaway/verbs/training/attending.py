"""Attention in few and large operations, for a model that learns with every token in sight.

It finds what the readable one finds, and rounds elsewhere. The tokens are cut into tiles, and what
comes after a tile is not even compared with it; the mask is what a product is added to; the heads
of a group are laid end to end, so that no key is copied for each. What this is not made for goes to
the readable one: other masks, and queries that are fewer than the keys.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from cutaway.kit.worlds import CLEAN, World

if TYPE_CHECKING:
    from torch import Tensor

Attend = Callable[["Tensor", "Tensor", "Tensor", Any], "Tensor"]
TILE, MOST = 128, 8  # tokens in a tile at least; tiles at most, for each is compiled on its own


def fused(world: World = CLEAN) -> Attend:
    """A way to attend that stands for the readable one of a world."""
    import torch

    readable, causal = world.heads.grouped, world.attention.causal

    def attend(q: Tensor, k: Tensor, v: Tensor, mask: Any) -> Tensor:
        """Attention of heads that share keys and values in groups."""
        tokens = q.shape[2]
        if mask is not causal or k.shape[2] != tokens:
            plain: Tensor = readable(q, k, v, mask)
            return plain
        high = max(TILE, -(-tokens // MOST))
        starts = range(0, tokens, high)
        cuts = [(slice(start, start + high), slice(start + high)) for start in starts]
        found = [_tile(q[:, :, own], k[:, :, seen], v[:, :, seen]) for own, seen in cuts]
        return torch.cat(found, 2)

    return attend


def _tile(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    """What some tokens find among those up to the last of them."""
    import torch

    rows, heads, asking, size = q.shape
    groups, asked = k.shape[1:3]
    several = heads // groups
    q = q.reshape(rows * groups, several * asking, size)
    k, v = k.reshape(rows * groups, asked, size), v.reshape(rows * groups, asked, -1)
    hidden = torch.full((asking, asked), -math.inf, dtype=q.dtype, device=q.device)
    hidden = hidden.triu(1 + asked - asking).repeat(several, 1)
    scores = torch.baddbmm(hidden, q, k.mT, alpha=1 / math.sqrt(size))
    found = scores.softmax(-1) @ v
    return found.view(rows, heads, asking, -1)
