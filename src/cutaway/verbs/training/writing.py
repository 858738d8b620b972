"""A model writes: one token after the other, each drawn from what it expects."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from cutaway.errors import CheckFailed

COLDEST = 1e-200  # at which scores of single precision that differ at all are worlds apart


def written(
    model: Any,
    prompt: Sequence[int] | np.ndarray,
    context: int,
    count: int,
    temperature: float,
    seed: int,
) -> list[int]:
    """What a model writes after a prompt; at temperature 0 always the likeliest token.

    It sees as many tokens as it was trained on. Nobody's random numbers are used up but its own.
    """
    import torch

    chance = torch.Generator().manual_seed(seed)
    ids = [int(one) for one in prompt]
    learning = model.training
    model.eval()
    try:
        with torch.no_grad():
            for _ in range(count):
                scores = model(torch.tensor([ids[-context:]]))[0, -1].double()
                if not scores.isfinite().all():
                    raise CheckFailed(
                        "The model has left the numbers: its scores are not finite.",
                        "Choose an earlier checkpoint with --step, or a lower --rate.",
                    )
                if temperature == 0:
                    ids.append(int(scores.argmax()))
                else:
                    odds = (scores / max(temperature, COLDEST)).softmax(-1)
                    ids.append(int(torch.multinomial(odds, 1, generator=chance)))
    finally:
        model.train(learning)
    return ids[len(prompt) :]
