"""What a head does, read from outside: where it looks, and what the model loses without it.

Give a head the identity for values, and what it finds *is* its weights: where each token looks. Two
ways of looking have a name. A head may look at the token before; and it may look at the token that
came after the last time that this one was seen, which is what copying takes (Olsson et al., 2022).

    B batch   T tokens   S tokens that are asked   H heads   G groups that share
"""

import copy

import torch
from torch import Tensor

from ..attention import causal
from ..attention.attention import Mask
from .heads import Heads


def weights(layer: Heads, x: Tensor, mask: Mask = causal) -> Tensor:
    """Where each token looks, head by head."""
    spied, seen = copy.deepcopy(layer), []

    def looks(q: Tensor, k: Tensor, v: Tensor, mask: Mask) -> Tensor:
        one = torch.eye(v.shape[-2]).to(v)          # (S, S)
        one = one.expand(*v.shape[:2], -1, -1)      # (B, G, S, S)
        seen.append(layer.attend(q, k, one, mask))
        return layer.attend(q, k, v, mask)

    del spied.attend
    spied.attend = looks
    spied(x, mask)
    return seen[0]                                  # (B, H, T, S)


def previous(looks: Tensor) -> Tensor:
    """How much of its weight each head gives to the token before, on average."""
    before = looks.diagonal(-1, -2, -1)             # (B, H, T-1)
    return before.mean((0, 2))                      # (H,)


def induction(looks: Tensor, ids: Tensor) -> Tensor:
    """How much of its weight each head gives to what came after its token's earlier sights.

    Tokens that were not seen before do not count.
    """
    same = ids[:, :, None] == ids[:, None, :]       # (B, T, S)
    earlier = same.tril(-1)                         # (B, T, S)
    after = earlier.roll(1, -1)                     # (B, T, S)
    seen = earlier.any(-1)[:, None]                 # (B, 1, T)
    found = (looks * after[:, None]).sum(-1)        # (B, H, T)
    found = found * seen                            # (B, H, T)
    return found.sum((0, 2)) / seen.sum()           # (H,)


@torch.no_grad()
def without(layer: Heads, head: int) -> Heads:
    """The same layer, where nothing that one head finds reaches the stream."""
    other = copy.deepcopy(layer)
    D = other.output.in_features // other.heads
    other.output.weight[:, head * D:(head + 1) * D] = 0
    return other
