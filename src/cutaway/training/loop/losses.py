"""Losses: how surprised a model is at the tokens that came, as a sum, and as a mean for judging.

A sum, since only who has seen the whole batch knows by how many tokens to divide (loop.py). The
scores are brought to single precision first: a loss of 1.5 has steps of 0.008 in bfloat16.

    B batch   T tokens   V vocabulary
"""

from collections.abc import Iterable

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ...architecture.norms.norms import single

UNASKED = -100                                      # a target that nobody is to predict
Part = tuple[Tensor, Tensor]                        # tokens, and what is to follow each


def asked(part: Part) -> int:
    """How many tokens of a part are to be predicted."""
    _, targets = part
    return int((targets != UNASKED).sum())


def surprise(model: nn.Module, part: Part) -> Tensor:
    """What a model loses on a part, in nats, summed over the tokens that are to be predicted."""
    inputs, targets = part
    scores = model(inputs)                          # (B, T, V)
    scores = single(scores)                         # (B, T, V)
    scores = scores.flatten(0, 1)                   # (B*T, V)
    targets = targets.flatten()                     # (B*T,)
    return F.cross_entropy(scores, targets, ignore_index=UNASKED, reduction="sum")  # ()


@torch.no_grad()
def nats(model: nn.Module, parts: Iterable[Part]) -> float:
    """A token's surprise on texts that are not learnt from, each token counting alike."""
    learning = model.training
    model.eval()
    found = [(surprise(model, part).item(), asked(part)) for part in parts]
    model.train(learning)
    return sum(loss for loss, _ in found) / sum(tokens for _, tokens in found)
