"""Clipping: one gradient that is far too long is made as long as is allowed, and keeps its way.

All weights' gradients are one long vector here. They are shortened by one factor, or not at all:
the step keeps its direction. What is no number cannot be shortened; its length says so.

    P the tensors that have a gradient
"""

from collections.abc import Iterable, Sequence

import torch
from torch import Tensor

TINY = 1e-6                                         # as torch has it; nothing hangs on it


def length(gradients: Sequence[Tensor]) -> Tensor:
    """The length of all gradients laid end to end."""
    lengths = [torch.linalg.vector_norm(one) for one in gradients]
    lengths = torch.stack(lengths)                  # (P,)
    return torch.linalg.vector_norm(lengths)        # ()


def clip(weights: Iterable[Tensor], limit: float) -> Tensor:
    """How long the gradients of some weights were; those that were longer are as the limit now."""
    gradients = [weight.grad for weight in weights if weight.grad is not None]
    norm = length(gradients)                        # ()
    share = limit / (norm + TINY)                   # ()
    share = share.clamp(max=1)                      # ()
    for gradient in gradients:
        gradient.mul_(share)
    return norm                                     # ()
