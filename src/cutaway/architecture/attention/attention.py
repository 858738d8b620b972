"""Attention: each token asks a question of the tokens up to it, and takes a mean of their answers.

A token's query is compared with the key of every token that it may see. The comparisons become
weights, and the weights mix the values. Nothing else in the model moves anything between tokens.

    B batch   T tokens that ask   S tokens that are asked   C stream width   H heads   D head width

What it lacks: memory that grows with the length instead of its square (tiling.py), and any idea of
where a token stands (positions).
"""

import math
from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn

Mask = Callable[[Tensor, Tensor], Tensor]  # may the token at t see the one at s?


def by_hand(query: Sequence[float], keys: Sequence[Sequence[float]],
            values: Sequence[Sequence[float]]) -> list[float]:
    """What one token takes from the tokens that it sees, in plain arithmetic."""
    scores = [sum(q * k for q, k in zip(query, key)) / math.sqrt(len(query)) for key in keys]
    odds = [math.exp(score - max(scores)) for score in scores]
    weights = [one / sum(odds) for one in odds]
    return [sum(w * v for w, v in zip(weights, column)) for column in zip(*values)]


def causal(t: Tensor, s: Tensor) -> Tensor:
    """Whether the token at t may see the token at s: itself and what came before."""
    return s <= t                                   # (T, S)


def allowed(mask: Mask, q: Tensor, k: Tensor) -> Tensor:
    """A mask, which is a rule on positions, written out: True where t may see s."""
    t = torch.arange(q.shape[-2], device=q.device)  # (T,)
    s = torch.arange(k.shape[-2], device=k.device)  # (S,)
    return mask(t[:, None], s[None, :])             # (T, S)


def softmax(scores: Tensor) -> Tensor:
    """Each row as shares of one, larger for larger scores; a row of nothing but -inf as zeros."""
    least = torch.finfo(scores.dtype).min
    largest = scores.amax(-1, keepdim=True)         # (B, H, T, 1)
    # Of a row of nothing but -inf the largest is -inf, and -inf less -inf is no number.
    largest = largest.clamp(min=least)              # (B, H, T, 1)
    scores = scores - largest                       # (B, H, T, S)
    odds = scores.exp()                             # (B, H, T, S)
    total = odds.sum(-1, keepdim=True)              # (B, H, T, 1)
    total = total.masked_fill(total == 0, 1)        # (B, H, T, 1)
    weights = odds / total                          # (B, H, T, S)
    return weights


def attend(q: Tensor, k: Tensor, v: Tensor, mask: Mask) -> Tensor:
    """For each query the mean of the values, weighted by how well their keys answer it."""
    D = q.shape[-1]
    scores = q @ k.mT                               # (B, H, T, S)
    scores = scores / math.sqrt(D)                  # (B, H, T, S)
    hidden = ~allowed(mask, q, k)                   # (T, S)
    scores = scores.masked_fill(hidden, -math.inf)  # (B, H, T, S)
    weights = softmax(scores)                       # (B, H, T, S)
    out = weights @ v                               # (B, H, T, D)
    return out


def split(x: Tensor, heads: int) -> Tensor:
    """The stream cut into heads, each with all tokens."""
    B, T, C = x.shape
    x = x.view(B, T, heads, C // heads)             # (B, T, H, D)
    x = x.transpose(1, 2)                           # (B, H, T, D)
    return x


def merge(x: Tensor) -> Tensor:
    """The heads side by side again, token by token."""
    B, H, T, D = x.shape
    x = x.transpose(1, 2)                           # (B, T, H, D)
    x = x.reshape(B, T, H * D)                      # (B, T, C)
    return x


class SelfAttention(nn.Module):
    """Each token looks back at itself and the earlier ones; `attend` may be any variant."""

    def __init__(self, width: int, heads: int, attend: Callable[..., Tensor] = attend) -> None:
        super().__init__()
        self.heads, self.attend = heads, attend
        self.query = nn.Linear(width, width, bias=False)
        self.key = nn.Linear(width, width, bias=False)
        self.value = nn.Linear(width, width, bias=False)
        self.output = nn.Linear(width, width, bias=False)

    def forward(self, x: Tensor, mask: Mask = causal) -> Tensor:
        q = self.query(x)                           # (B, T, C)
        k = self.key(x)                             # (B, T, C)
        v = self.value(x)                           # (B, T, C)
        q = split(q, self.heads)                    # (B, H, T, D)
        k = split(k, self.heads)                    # (B, H, T, D)
        v = split(v, self.heads)                    # (B, H, T, D)
        out = self.attend(q, k, v, mask)            # (B, H, T, D)
        out = merge(out)                            # (B, T, C)
        out = self.output(out)                      # (B, T, C)
        return out
