"""The measuring instrument's own training loop: plain, seeded by name, never a lesson."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

from cutaway.errors import UsageError

if TYPE_CHECKING:
    import torch
    from torch import Tensor, nn

M = TypeVar("M", bound="nn.Module")


def generator(seed: int, name: str) -> torch.Generator:
    """A stream of random numbers of its own for each seed and name."""
    import torch

    return torch.Generator().manual_seed(_number(seed, name))


def _number(seed: int, name: str) -> int:
    """The number that a seed and a name stand for."""
    return int.from_bytes(hashlib.sha256(f"{seed}/{name}".encode()).digest()[:8], "big") >> 1


def seeded(model: M, seed: int) -> M:
    """The model, each parameter redrawn from its own stream, so that arms share all they can share.

    A module that owns parameters redraws them in `reset_parameters`, as torch's own modules do. A
    parameter that several modules share is drawn by the alphabetically first of its names.
    """
    import torch

    drawn: dict[str, Tensor] = {}
    with torch.random.fork_rng(devices=[]):
        for path, module in model.named_modules():
            for name, _ in module.named_parameters(path, recurse=False):
                if not hasattr(module, "reset_parameters"):
                    raise UsageError(
                        f"{type(module).__name__} owns {name!r} but has no reset_parameters.",
                        "Draw its parameters there, or the arms of one seed are not paired.",
                    )
                torch.manual_seed(_number(seed, name))
                module.reset_parameters()
                drawn[name] = model.get_parameter(name).detach().clone()
    with torch.no_grad():
        for name in sorted(drawn, reverse=True):
            model.get_parameter(name).copy_(drawn[name])
    return model


def fit(
    model: nn.Module,
    batches: Callable[[int], Any],
    loss: Callable[[nn.Module, Any], Tensor],
    *,
    steps: int,
    rate: float,
    decay: float = 0.0,
) -> list[float]:
    """The losses of training with AdamW, step by step, up to the first that is not finite."""
    import torch

    optimizer = torch.optim.AdamW(model.parameters(), lr=rate, weight_decay=decay)
    losses: list[float] = []
    for step in range(steps):
        value = loss(model, batches(step))
        losses.append(value.item())
        if not math.isfinite(losses[-1]):
            break
        optimizer.zero_grad()
        value.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
    return losses
