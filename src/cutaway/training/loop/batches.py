"""Batches: which windows of a text a step reads, from the number of the step and nothing else.

The text is cut into windows, laid end to end. An epoch reads each once, in an order of its own.
Nothing is remembered between steps: the place in the data is a number, the step's.

    N tokens of the text   B batch   T tokens of a window
"""

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import torch
from torch import Tensor

from ...atoms.bigram.bigram import shift


@lru_cache(maxsize=2)
def order(count: int, seed: int, epoch: int) -> np.ndarray:
    """The order in which an epoch reads its windows."""
    return np.random.default_rng([seed, epoch]).permutation(count)


def chosen(count: int, seed: int, step: int, size: int) -> list[int]:
    """The windows of a step: each of them once before any comes again."""
    found = []
    for at in range(step * size, (step + 1) * size):
        epoch, place = divmod(at, count)
        found.append(int(order(count, seed, epoch)[place]))
    return found


def windows(text: Tensor, seed: int, step: int, size: int, context: int) -> Tensor:
    """What a step reads: rows of a window and the one token after it."""
    count = (len(text) - 1) // context
    starts = torch.tensor(chosen(count, seed, step, size)) * context  # (B,)
    places = starts[:, None] + torch.arange(context + 1)  # (B, T + 1)
    return text[places]                             # (B, T + 1)


def parts(rows: Tensor, most: int) -> Sequence[tuple[Tensor, Tensor]]:
    """The rows of a batch, some at a time: tokens, and what follows each."""
    return [shift(some) for some in rows.split(most)]


def apart(text: Tensor, share: float) -> tuple[Tensor, Tensor]:
    """A text to learn from, and a share of it to be judged on, which is its end."""
    cut = round(len(text) * (1 - share))
    return text[:cut], text[cut:]
