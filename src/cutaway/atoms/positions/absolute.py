"""Positions that are added to a token's row: place and meaning share one vector.

Attention compares rows and knows no order. The first remedy is to make a token's row depend on
where it stands: add a vector that is different at each place. It may be computed, from waves of
many lengths, or learned, a row for each place, and then there is none beyond the last.

    B batch   T tokens   C stream width

What it lacks: distance. A model has to learn that 7 and 9 are as far apart as 107 and 109.
"""

import torch
from torch import Tensor, nn

BASE = 10_000.0


def sinusoidal(positions: Tensor, width: int, base: float = BASE) -> Tensor:
    """A vector for each place: sines and cosines in turn, from a wave of 2 pi to one of `base`."""
    even = torch.arange(0, width, 2, dtype=torch.float64, device=positions.device)
    waves = base ** (even / width)                  # (C//2,)
    angles = positions[..., None] / waves           # (T, C//2)
    both = torch.stack((angles.sin(), angles.cos()), -1)  # (T, C//2, 2)
    rows = both.flatten(-2)                         # (T, C)
    return rows[:, :width]                          # (T, C), and for an odd width one cosine less


class Unmarked(nn.Module):
    """The stream as it is: nobody is told where a token stands, or attention is told later."""

    def forward(self, x: Tensor, first: int = 0) -> Tensor:
        return x                                    # (B, T, C)


class Sinusoidal(nn.Module):
    """The stream with waves added, wherever it begins; nothing to learn, and no last place."""

    def __init__(self, size: float) -> None:
        super().__init__()
        self.size = size

    def forward(self, x: Tensor, first: int = 0) -> Tensor:
        T, C = x.shape[-2:]
        places = torch.arange(first, first + T, device=x.device)  # (T,)
        waves = sinusoidal(places, C)               # (T, C)
        waves = self.size * waves                   # (T, C)
        x = x + waves.to(x.dtype)                   # (B, T, C)
        return x


class Learned(nn.Module):
    """The stream with a learned row added for each place, of which there are `context`."""

    def __init__(self, context: int, width: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(context, width))
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw every row anew."""
        nn.init.normal_(self.weight)

    def forward(self, x: Tensor, first: int = 0) -> Tensor:
        last = first + x.shape[-2]
        if first < 0 or last > len(self.weight):
            places = f"0 to {len(self.weight) - 1}, not {first} to {last - 1}"
            raise ValueError(f"The table has places {places}.")
        rows = self.weight[first:last]              # (T, C)
        x = x + rows                                # (B, T, C)
        return x
