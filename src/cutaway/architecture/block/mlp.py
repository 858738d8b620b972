"""The part of a block that thinks about each token alone: wider, bent, and back.

    B batch   T tokens   C stream width   F width in between
"""

from collections.abc import Callable

from torch import Tensor, nn

Bend = Callable[[Tensor], Tensor]


class MLP(nn.Module):
    """Into more numbers, bent, and back."""

    def __init__(self, width: int, hidden: int, bias: bool, bend: Bend) -> None:
        super().__init__()
        self.bend = bend
        self.widen = nn.Linear(width, hidden, bias)
        self.narrow = nn.Linear(hidden, width, bias)

    def forward(self, x: Tensor) -> Tensor:
        x = self.widen(x)                           # (B, T, F)
        x = self.bend(x)                            # (B, T, F)
        x = self.narrow(x)                          # (B, T, C)
        return x


class Gated(nn.Module):
    """The same, where a second product decides how much of each number passes (Shazeer, 2020)."""

    def __init__(self, width: int, hidden: int, bias: bool, bend: Bend) -> None:
        super().__init__()
        self.bend = bend
        self.gate = nn.Linear(width, hidden, bias)
        self.widen = nn.Linear(width, hidden, bias)
        self.narrow = nn.Linear(hidden, width, bias)

    def forward(self, x: Tensor) -> Tensor:
        gate = self.gate(x)                         # (B, T, F)
        gate = self.bend(gate)                      # (B, T, F)
        x = self.widen(x)                           # (B, T, F)
        x = x * gate                                # (B, T, F)
        x = self.narrow(x)                          # (B, T, C)
        return x
