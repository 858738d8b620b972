"""The shapes that stand in the lesson's margins are true."""

import torch

from cutaway.kit.shapes import true_shapes

from . import attention, tiling


def test_the_shape_comments_are_true(monkeypatch):
    B, T, S, H, D = 2, 5, 7, 3, 11
    monkeypatch.setattr(tiling, "TILE", S)
    q, k, v = (torch.randn(B, H, length, D, requires_grad=True) for length in (T, S, S))
    with true_shapes(attention, B=B, T=T, S=S, H=H, D=D, C="H*D"):
        attention.attend(q, k, v, attention.causal)
        layer = attention.SelfAttention(H * D, H, attend=lambda q, k, v, mask: v)
        layer(torch.randn(B, T, H * D))
    two = [torch.cat([one, one], -2) for one in (k, v)]
    with true_shapes(tiling, B=B, T=T, S=S, H=H, D=D):
        tiling.tiled(q, *two, attention.causal).sum().backward()
