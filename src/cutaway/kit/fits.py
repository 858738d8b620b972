"""Several seeds of one small model, trained as one program: their weights are stacked.

A small model spends its time between operations, not in them, and k seeds of it ask for the same
ones. What comes out is what `fit` gives for each, but for rounding: a comparison of arms is either
all of one kind or all of the other.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import Tensor, nn

Model = Callable[..., Any]


def fit_all(
    models: Sequence[nn.Module],
    batches: Sequence[Callable[[int], Any]],
    loss: Callable[[Model, Any], Tensor],
    *,
    steps: int,
    rate: float,
    decay: float = 0.0,
) -> list[list[float]]:
    """The losses of each model, trained with AdamW on its own batches as `fit` trains one.

    A model is left as it is at its first loss that is not finite. A loss may call a model, and may
    draw nothing.
    """
    import torch
    from torch.func import functional_call, stack_module_state, vmap
    from torch.utils._pytree import tree_map

    weights, buffers = stack_module_state(list(models))
    optimizer = torch.optim.AdamW(weights.values(), lr=rate, weight_decay=decay, fused=True)

    def one(weights: Any, buffers: Any, batch: Any) -> Tensor:
        return loss(lambda *given: functional_call(models[0], (weights, buffers), given), batch)

    losses: list[list[float]] = [[] for _ in models]
    learning = set(range(len(models)))
    for step in range(steps):
        batch = tree_map(lambda *several: torch.stack(several), *(made(step) for made in batches))
        values = vmap(one)(weights, buffers, batch)
        for at in sorted(learning):
            losses[at].append(values[at].item())
            if not math.isfinite(losses[at][-1]):
                learning.remove(at)
                give(models[at], weights, at)
        if not learning:
            break
        optimizer.zero_grad()
        values.sum().backward()  # type: ignore[no-untyped-call]
        optimizer.step()
    for at in learning:
        give(models[at], weights, at)
    return losses


def give(model: nn.Module, weights: dict[str, Any], at: int) -> None:
    """Give a model what has become of its weights."""
    for name, one in model.named_parameters():
        one.data.copy_(weights[name].data[at])
