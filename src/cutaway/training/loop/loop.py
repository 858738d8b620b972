"""The loop: surprise, slope, step, again; the rest keeps that from going wrong.

It is a generator. Each state that it yields is one step done, and the next is taken when somebody
asks: saving, printing, judging and stopping belong to whoever asks. Rate and data are functions of
the step and of nothing else: a run that begins at step 1000 with the weights and the memory of one
that ended there is the same run, if no layer draws at random; else where that stood is kept, too.

A batch comes in parts, as many as memory asks for. Each part's loss is a sum over its tokens,
divided by the tokens of the whole batch: so parts of any sizes add up to the gradient of the batch.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any

from torch import Tensor, nn

from .clipping import clip
from .optimizers import Optimizer


@dataclass(frozen=True)
class Recipe:
    """What a run follows: its data, its loss, its rate, and how long a gradient may be."""

    batches: Callable[[int], Sequence[Any]]         # the parts of a step's batch
    tokens: Callable[[Any], int]                    # how many tokens of a part are predicted
    loss: Callable[[nn.Module, Any], Tensor]        # what they cost, summed
    rate: Callable[[int], float]
    limit: float


@dataclass(frozen=True)
class State:
    """What is known after a step."""

    step: int                                       # the first is step 0
    loss: float                                     # a token's, before the step
    tokens: int                                     # those that were predicted
    norm: float                                     # of the gradient, before it was clipped
    rate: float


def train(model: nn.Module, optimizer: Optimizer, recipe: Recipe, first: int) -> Iterator[State]:
    """The states of a run from its step `first` on, for as long as one asks for another."""
    for step in count(first):
        model.train()
        optimizer.rate = recipe.rate(step)
        optimizer.clear()
        parts = recipe.batches(step)
        tokens = sum(recipe.tokens(part) for part in parts)
        total = 0.0
        for part in parts:
            loss = recipe.loss(model, part)         # ()
            loss = loss / tokens                    # ()
            loss.backward()
            total = total + loss.item()
        norm = clip(optimizer.weights.values(), recipe.limit).item()
        if not math.isfinite(total + norm):
            optimizer.clear()                       # so that this step moves nothing
        optimizer.step()
        yield State(step, total, tokens, norm, optimizer.rate)
