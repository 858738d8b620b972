"""The shapes that stand in the lesson's margins are true."""

import torch

from cutaway.kit.shapes import true_shapes

from . import absolute, biases, rotary


def test_the_shape_comments_are_true():
    B, T, C, H, S, D = 2, 5, 14, 3, 7, 22
    x = torch.randn(B, T, C)
    with true_shapes(absolute, B=B, T=T, C=C):
        for model in (absolute.Unmarked(), absolute.Sinusoidal(1.0), absolute.Learned(9, C)):
            model(x)
    t, s = torch.arange(T), torch.arange(S)
    with true_shapes(biases, H=H, T=T, S=S):
        biases.alibi(t, s, H)
        biases.Bucketed(H, 8, 20)(t, s)
    q, k = torch.randn(2, B, H, T, D)
    with true_shapes(rotary, B=B, H=H, T=T, D=D):
        rotary.Still()(q, k)
        rotary.Rotary(rotary.interpolated(rotary.speeds(D), 2), rotary.halves)(q, k)
        rotary.Rotary(rotary.stretched(D, 2), rotary.neighbours)(q, k)
