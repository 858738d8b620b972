"""Heads: several attentions side by side, each in a narrow space of its own.

One attention takes one mean of what a token sees. Several narrow ones take several, for the same
work: each looks for something else, and what they find is set side by side. First a head at a time,
then all heads as one product that is cut; they are the same numbers. Last, heads in groups that
share their keys and values: what has to be kept of each token is smaller by as much.

    B batch   T tokens   C stream width   H heads   G groups that share   D head width
    S tokens that are asked

What it lacks: a token that only passes on what it has, so that heads need not (block).
"""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from ..attention import attend, causal, merge, split
from ..attention.attention import Mask


class Head(nn.Module):
    """One attention in a narrow space: it reads the stream, and finds D numbers for each token."""

    def __init__(self, width: int, size: int) -> None:
        super().__init__()
        self.query = nn.Linear(width, size, bias=False)
        self.key = nn.Linear(width, size, bias=False)
        self.value = nn.Linear(width, size, bias=False)

    def forward(self, x: Tensor, mask: Mask = causal) -> Tensor:
        q = self.query(x)                           # (B, T, D)
        k = self.key(x)                             # (B, T, D)
        v = self.value(x)                           # (B, T, D)
        found = attend(q, k, v, mask)               # (B, T, D)
        return found


class Looped(nn.Module):
    """Heads one after the other; what they find side by side, and mixed."""

    def __init__(self, width: int, heads: int, size: int) -> None:
        super().__init__()
        self.heads = nn.ModuleList(Head(width, size) for _ in range(heads))
        self.output = nn.Linear(heads * size, width, bias=False)

    def forward(self, x: Tensor, mask: Mask = causal) -> Tensor:
        found = [head(x, mask) for head in self.heads]
        x = torch.cat(found, -1)                    # (B, T, H*D)
        x = self.output(x)                          # (B, T, C)
        return x


def shared(x: Tensor, heads: int) -> Tensor:
    """The keys or values of groups, once for each head: the heads of a group stand together."""
    G = x.shape[1]
    x = x.repeat_interleave(heads // G, 1)          # (B, H, T, D)
    return x


def grouped(q: Tensor, k: Tensor, v: Tensor, mask: Mask) -> Tensor:
    """Attention of heads that share keys and values in groups."""
    H = q.shape[1]
    k = shared(k, H)                                # (B, H, T, D)
    v = shared(v, H)                                # (B, H, T, D)
    return attend(q, k, v, mask)


class Heads(nn.Module):
    """All heads at once; `place` may tell queries and keys where they stand, `attend` may vary."""

    def __init__(self, width: int, heads: int, groups: int, size: int, bias: bool,
                 place: nn.Module, attend: Callable[..., Tensor] = grouped) -> None:
        super().__init__()
        self.heads, self.groups, self.place, self.attend = heads, groups, place, attend
        self.query = nn.Linear(width, heads * size, bias)
        self.key = nn.Linear(width, groups * size, bias)
        self.value = nn.Linear(width, groups * size, bias)
        self.output = nn.Linear(heads * size, width, bias)

    def forward(self, x: Tensor, mask: Mask = causal, first: int = 0) -> Tensor:
        q = self.query(x)                           # (B, T, H*D)
        k = self.key(x)                             # (B, T, G*D)
        v = self.value(x)                           # (B, T, G*D)
        q = split(q, self.heads)                    # (B, H, T, D)
        k = split(k, self.groups)                   # (B, G, T, D)
        v = split(v, self.groups)                   # (B, G, T, D)
        q, k = self.place(q, k, first)
        x = self.attend(q, k, v, mask)              # (B, H, T, D)
        x = merge(x)                                # (B, T, H*D)
        x = self.output(x)                          # (B, T, C)
        return x
