"""Positions that are added to the scores: how far, not where.

A score may be lowered by the distance between the two tokens, before the softmax. Nothing is added
to the stream, so that what a token means and where it stands do not share a vector. The distance
may cost each head a slope of its own (ALiBi, Press et al., 2022), or what a table says that is
learned, in which far distances share an entry (T5, Raffel et al., 2020).

    H heads   T tokens that ask   S tokens that are asked

What it lacks: the future. Both are for tokens that look back; of later ones they say nothing true.
"""

import math

import torch
from torch import Tensor, nn

from ..embeddings import lookup


def slopes(heads: int) -> Tensor:
    """What a step costs each head: halving from head to head, for eight heads from 1/2 to 1/256.

    Between two powers of two, the heads beyond the lower one take every other slope of the higher.
    """
    power = 2 ** math.floor(math.log2(heads))
    few = [2 ** (-8 * head / power) for head in range(1, power + 1)]
    many = [2 ** (-4 * head / power) for head in range(1, 2 * power, 2)]
    return torch.tensor((few + many)[:heads])       # (H,)


def alibi(t: Tensor, s: Tensor, heads: int) -> Tensor:
    """What is added to the score of the token at s for the one at t."""
    distance = t[:, None] - s                       # (T, S)
    steps = slopes(heads).to(distance.device)       # (H,)
    cost = steps[:, None, None] * distance          # (H, T, S)
    return -cost                                    # (H, T, S)


def bucket(distance: Tensor, buckets: int, longest: int) -> Tensor:
    """The entry for a distance back: one each for near ones, then ever more share one."""
    near = buckets // 2
    distance = distance.clamp(min=0)                # (T, S)
    far = distance.clamp(min=1).float() / near      # (T, S)
    far = far.log() / math.log(longest / near)      # (T, S), 0 where far begins, 1 at the longest
    far = near + (far * (buckets - near)).long()    # (T, S)
    far = far.clamp(max=buckets - 1)                # (T, S)
    return torch.where(distance < near, distance, far)  # (T, S)


class Bucketed(nn.Module):
    """A learned number for each head and each bucket of distances."""

    def __init__(self, heads: int, buckets: int, longest: int) -> None:
        super().__init__()
        if not 0 < buckets // 2 < longest:
            raise ValueError(f"{buckets} buckets do not lead to a distance of {longest}.")
        self.longest = longest
        self.weight = nn.Parameter(torch.empty(buckets, heads))
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw every number anew."""
        nn.init.normal_(self.weight)

    def forward(self, t: Tensor, s: Tensor) -> Tensor:
        distance = t[:, None] - s                   # (T, S)
        found = bucket(distance, len(self.weight), self.longest)  # (T, S)
        biases = lookup(found, self.weight)         # (T, S, H)
        return biases.movedim(-1, 0)                # (H, T, S)
