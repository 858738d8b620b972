"""Muon: a matrix moves as a matrix, as far in every direction that its gradient knows.

The gradient of a matrix is strong in a few directions and weak in many. Muon keeps the directions
and makes their strengths alike (Jordan et al., 2024): the nearest matrix all of whose strengths are
one. That matrix is found by products alone, in a few steps of a polynomial that lifts what is weak
fast and lets the strengths end between about 0.7 and 1.2.

    R rows, or columns where there are fewer of them   C the others

What it lacks: anything to say of what is no matrix, or of a table, whose rows have nothing to do
with each other: those are left to AdamW (groups.py).
"""

from collections.abc import Mapping

import torch
from torch import Tensor

from .optimizers import Optimizer

ONE, THREE, FIVE = 3.4445, -4.7750, 2.0315          # s becomes ONE s + THREE s^3 + FIVE s^5
STEPS = 5
TINY = 1e-7                                         # a gradient may be nothing but zeros


def orthogonal(matrix: Tensor, dtype: torch.dtype) -> Tensor:
    """Nearly the matrix with the same directions whose strengths are all one, in some precision."""
    tall = matrix.shape[0] > matrix.shape[1]
    x = matrix.to(dtype)
    x = x.mT if tall else x                         # (R, C)
    x = x / x.norm().clamp(min=TINY)                # (R, C)
    for _ in range(STEPS):
        square = x @ x.mT                           # (R, R)
        # THREE square + FIVE square square, and then ONE x + that times x
        bend = torch.addmm(square, square, square, beta=THREE, alpha=FIVE)  # (R, R)
        x = torch.addmm(x, bend, x, beta=ONE)       # (R, C)
    x = x.mT if tall else x
    return x


class Muon(Optimizer):
    """Momentum of matrices, brought to one strength in every direction before it is a step."""

    remembers = ("velocity",)

    def __init__(self, weights: Mapping[str, Tensor], decay: float, momentum: float,
                 dtype: torch.dtype = torch.bfloat16) -> None:
        super().__init__(weights, decay)
        self.momentum, self.dtype = momentum, dtype
        for name, weight in weights.items():
            if weight.dim() != 2:
                raise ValueError(f"Muon moves matrices, and {name} has {weight.dim()} dimensions.")

    def move(self, name: str, weight: Tensor, gradient: Tensor) -> None:
        [velocity] = self.memory(name)
        velocity.lerp_(gradient, 1 - self.momentum)
        ahead = gradient.lerp(velocity, self.momentum)
        step = orthogonal(ahead, self.dtype)
        rate = self.rate
        rate = rate * max(1, weight.shape[0] / weight.shape[1]) ** 0.5
        weight.mul_(1 - self.rate * self.decay)
        weight.add_(step, alpha=-rate)
