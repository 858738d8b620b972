"""The shapes in the lesson's margins are true, and what the lab observes is a function of it."""

import doctest
from itertools import islice

import torch

from cutaway.kit.labs import load
from cutaway.kit.observing import changes
from cutaway.kit.shapes import true_shapes
from cutaway.kit.worlds import CLEAN

from .. import loop as lesson
from . import batches, clipping, loop, losses, muon
from .optimizers import SGD


def test_the_shape_comments_are_true():
    B, T, V, P, R, C = 2, 5, 11, 1, 3, 7
    text = torch.arange(40) % V
    model = torch.nn.Embedding(V, V)
    recipe = loop.Recipe(
        lambda step: batches.parts(batches.windows(text, 0, step, B, T), B),
        losses.asked,
        losses.surprise,
        lambda step: 0.1,
        1.0,
    )
    sizes = {"B": B, "T": T, "V": V, "P": P, "R": R, "C": C}
    with true_shapes(batches, clipping, loop, losses, muon, **sizes):
        list(islice(loop.train(model, SGD({"table": model.weight}, 0.0), recipe, 0), 2))
        muon.orthogonal(torch.randn(R, C), torch.float32)
        muon.orthogonal(torch.randn(C, R), torch.float32)


def test_what_is_observed_is_the_same_every_time():
    observe = load("loop").observe
    assert changes(observe(CLEAN), observe(CLEAN)) == {}


def test_the_example_of_the_lesson_is_true():
    assert doctest.testmod(lesson).failed == 0
