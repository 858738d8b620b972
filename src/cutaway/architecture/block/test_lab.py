"""The shapes that stand in the lesson's margins are true."""

import torch
from torch import nn

from cutaway.kit.shapes import true_shapes

from . import block, mlp


class Part(nn.Module):
    """A part that leaves the shape as it is."""

    def forward(self, x, *how):
        return 2 * x


def test_the_shape_comments_are_true():
    B, T, C, F = 2, 5, 7, 11
    x = torch.randn(B, T, C)
    with true_shapes(block, B=B, T=T, C=C):
        for kind in (block.Block, block.PostBlock):
            kind(*(Part() for _ in range(4)))(x)
    with true_shapes(mlp, B=B, T=T, C=C, F=F):
        for kind in (mlp.MLP, mlp.Gated):
            kind(C, F, True, torch.relu)(x)
