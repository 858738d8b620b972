"""Muon's matrices of one shape, brought to one strength all at once.

It finds what the readable one finds, and rounds elsewhere if the library does. Matrices of a small
model are too small for a product to be worth its beginning; a stack of them is not.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from cutaway.kit.worlds import CLEAN, World

if TYPE_CHECKING:
    import torch
    from torch import Tensor


def stacked(optimizer: Any, world: World = CLEAN) -> None:
    """Have those members of an optimizer that are Muon move what has one shape together."""
    for one, _ in getattr(optimizer, "members", ()):
        if isinstance(one, world.loop.Muon):
            one.step = partial(_step, one, world.loop.muon)


def _step(optimizer: Any, muon: Any) -> None:
    """Move every matrix that has a gradient."""
    import torch

    shapes: dict[torch.Size, list[str]] = {}
    for name, weight in optimizer.weights.items():
        if weight.grad is not None:
            shapes.setdefault(weight.shape, []).append(name)
    with torch.no_grad():
        for names in shapes.values():
            _move(optimizer, muon, names)


def _move(optimizer: Any, muon: Any, names: list[str]) -> None:
    """Move matrices of one shape."""
    import torch

    weights = [optimizer.weights[name] for name in names]
    gradients = [weight.grad for weight in weights]
    velocities = [optimizer.memory(name)[0] for name in names]
    torch._foreach_lerp_(velocities, gradients, 1 - optimizer.momentum)
    ahead = torch._foreach_lerp(gradients, velocities, optimizer.momentum)
    steps = orthogonal(torch.stack(ahead), optimizer.dtype, muon)
    rows, columns = weights[0].shape
    rate = optimizer.rate * max(1, rows / columns) ** 0.5
    torch._foreach_mul_(weights, 1 - optimizer.rate * optimizer.decay)
    for weight, step in zip(weights, steps, strict=True):
        weight.add_(step, alpha=-rate)


def orthogonal(stack: Tensor, dtype: torch.dtype, muon: Any) -> Tensor:
    """What `muon.orthogonal` makes of each matrix."""
    import torch

    tall = stack.shape[1] > stack.shape[2]
    x = stack.to(dtype)
    x = x.mT if tall else x
    x = x / x.norm(dim=(1, 2), keepdim=True).clamp(min=muon.TINY)
    for _ in range(muon.STEPS):
        square = x @ x.mT
        bend = torch.baddbmm(square, square, square, beta=muon.THREE, alpha=muon.FIVE)
        x = torch.baddbmm(x, bend, x, beta=muon.ONE)
    return x.mT if tall else x
