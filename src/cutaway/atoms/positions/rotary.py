"""Rotary positions: queries and keys are turned by an angle that grows with their place.

Two numbers of a vector are a point, and a point can be turned. Turn a query by its place and a key
by its own, and what their product sees is the difference of the two: only distance is left, and no
vector is longer or shorter than before (Su et al., 2021). Each pair turns at a speed of its own.

Which two numbers are a pair is a convention, and files of weights follow one or the other: the
first half with the second (Llama, GPT-NeoX), or each with its neighbour (the paper, GPT-J).

    B batch   H heads   T tokens   D head width

What it lacks: reach. Angles that were not met in training mean nothing, unless they are brought
back among those that were: closer (interpolated), or slower (stretched).
"""

from collections.abc import Callable

import torch
from torch import Tensor, nn

BASE = 10_000.0
Pairing = Callable[[Tensor, Tensor, Tensor], Tensor]


def speeds(width: int, base: float = BASE) -> Tensor:
    """The angle by which each pair turns from place to place: the first by a whole radian."""
    if width % 2:
        raise ValueError(f"Of {width} numbers in a head, one has none to be turned with.")
    even = torch.arange(0, width, 2, dtype=torch.float64)
    return base ** (-even / width)                  # (D//2,)


def halves(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """A number of the first half turned with the one at its place in the second."""
    a, b = x.chunk(2, -1)                           # (B, H, T, D//2), twice
    left = a * cos - b * sin                        # (B, H, T, D//2)
    right = a * sin + b * cos                       # (B, H, T, D//2)
    return torch.cat((left, right), -1)             # (B, H, T, D)


def neighbours(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """A number turned with the one beside it."""
    a, b = x[..., 0::2], x[..., 1::2]               # (B, H, T, D//2), twice
    left = a * cos - b * sin                        # (B, H, T, D//2)
    right = a * sin + b * cos                       # (B, H, T, D//2)
    return torch.stack((left, right), -1).flatten(-2)  # (B, H, T, D)


def rotated(x: Tensor, positions: Tensor, turns: Tensor, pairing: Pairing) -> Tensor:
    """Queries or keys, each turned by its place; angles are exact before they are rounded."""
    if x.shape[-1] != 2 * len(turns):
        raise ValueError(f"{len(turns)} speeds cannot turn the {x.shape[-1]} numbers of a head.")
    angles = positions[..., None].double()          # (T, 1)
    angles = angles * turns.to(positions.device)    # (T, D//2)
    cos, sin = angles.cos(), angles.sin()           # (T, D//2), twice
    return pairing(x, cos.to(x.dtype), sin.to(x.dtype))  # (B, H, T, D)


def interpolated(turns: Tensor, factor: float) -> Tensor:
    """Speeds at which a context `factor` times as long has the angles of the old one, closer."""
    return turns / factor                           # (D//2,)


def stretched(width: int, factor: float, base: float = BASE) -> Tensor:
    """Speeds of which the slowest is `factor` times as slow and the fastest as it was (NTK)."""
    base = base * factor ** (width / (width - 2))
    return speeds(width, base)                      # (D//2,)


class Still(nn.Module):
    """Queries and keys as they are: attention is not told where their tokens stand."""

    def forward(self, q: Tensor, k: Tensor, first: int = 0) -> tuple[Tensor, Tensor]:
        return q, k                                 # (B, H, T, D), twice


class Rotary(nn.Module):
    """Queries and keys turned by their places, of which the first is given.

    The speeds are no buffer: a model that is made bfloat16 would round them with its weights.
    """

    def __init__(self, turns: Tensor, pairing: Pairing) -> None:
        super().__init__()
        self.turns, self.pairing = turns, pairing

    def forward(self, q: Tensor, k: Tensor, first: int = 0) -> tuple[Tensor, Tensor]:
        places = torch.arange(first, first + q.shape[-2], device=q.device)  # (T,)
        q = rotated(q, places, self.turns, self.pairing)  # (B, H, T, D)
        k = rotated(k, places, self.turns, self.pairing)  # (B, H, T, D)
        return q, k
