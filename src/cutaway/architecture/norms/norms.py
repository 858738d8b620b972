"""Norms: each token's numbers are brought to one size, and then given back a size of their own.

What passes through many layers grows or fades, layer by layer. A norm undoes that for each token on
its own: the mean is taken away, or it is not, and the rest is divided by its size. The gain, which
is learned, lets each channel matter as much as it should.

A size is a mean of squares, and squares leave the range of half precision at 256: so a norm works
in single precision at least, and gives back the precision that it got.

    B batch   T tokens   C stream width

What they lack: a place. Before a layer or after it is another matter (block).
"""

import torch
from torch import Tensor, nn


def single(x: Tensor) -> Tensor:
    """The same numbers in single precision at least: halves become singles, doubles stay."""
    return x.to(torch.promote_types(x.dtype, torch.float32))


class LayerNorm(nn.Module):
    """Numbers of mean zero and size one, times a gain, plus a bias (Ba et al., 2016)."""

    def __init__(self, width: int, epsilon: float) -> None:
        super().__init__()
        self.epsilon = epsilon
        self.weight = nn.Parameter(torch.empty(width))
        self.bias = nn.Parameter(torch.empty(width))
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Begin with a gain of one and no bias."""
        nn.init.ones_(self.weight)
        nn.init.zeros_(self.bias)

    def forward(self, x: Tensor) -> Tensor:
        given = x.dtype
        x = single(x)                               # (B, T, C)
        mean = x.mean(-1, keepdim=True)             # (B, T, 1)
        x = x - mean                                # (B, T, C)
        power = x.square().mean(-1, keepdim=True)   # (B, T, 1)
        power = power + self.epsilon                # (B, T, 1)
        x = x / power.sqrt()                        # (B, T, C)
        x = x * self.weight                         # (B, T, C)
        x = x + self.bias                           # (B, T, C)
        return x.to(given)                          # (B, T, C)


class RMSNorm(nn.Module):
    """Numbers of size one, their mean left alone, times a gain (Zhang and Sennrich, 2019)."""

    def __init__(self, width: int, epsilon: float) -> None:
        super().__init__()
        self.epsilon = epsilon
        self.weight = nn.Parameter(torch.empty(width))
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Begin with a gain of one."""
        nn.init.ones_(self.weight)

    def forward(self, x: Tensor) -> Tensor:
        given = x.dtype
        x = single(x)                               # (B, T, C)
        power = x.square().mean(-1, keepdim=True)   # (B, T, 1)
        power = power + self.epsilon                # (B, T, 1)
        x = x / power.sqrt()                        # (B, T, C)
        x = x * self.weight                         # (B, T, C)
        return x.to(given)                          # (B, T, C)
