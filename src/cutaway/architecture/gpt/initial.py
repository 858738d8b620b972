"""The first weights: so narrow that every token is as likely as another, and no two the same.

Each parameter is drawn by its name, so that two models share what has one name in both.
"""

from collections.abc import Callable

import torch
from torch import nn

Draws = Callable[[str], torch.Generator | None]
WRITING = ("output.weight", "narrow.weight")        # what a block adds to the stream with


def anyhow(name: str) -> None:
    """Draw from torch's own generator, whatever the name."""


@torch.no_grad()
def initialise(model: nn.Module, std: float, writing: float, draws: Draws = anyhow) -> None:
    """Draw every weight anew, what writes to the stream at a width of its own."""
    for name, parameter in model.named_parameters():
        spread = writing if name.endswith(WRITING) else std
        if parameter.dim() > 1:
            parameter.normal_(0, spread, generator=draws(name))
        elif name.endswith("bias"):
            parameter.zero_()
        else:
            parameter.fill_(1)
