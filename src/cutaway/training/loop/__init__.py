"""The training loop: a generator of states, and what it is given.

    >>> import torch
    >>> from itertools import islice
    >>> text = torch.arange(60) % 7
    >>> model = torch.nn.Embedding(7, 7)
    >>> optimizer = AdamW({"table": model.weight}, 0.0, (0.9, 0.99), 1e-8)
    >>> def batches(step):
    ...     return parts(windows(text, 0, step, size=4, context=5), 2)
    >>> def rate(step):
    ...     return 0.1 * cosine(step, warm=3, steps=80, least=0.1)
    >>> recipe = Recipe(batches, asked, surprise, rate, limit=1.0)
    >>> states = list(islice(train(model, optimizer, recipe, first=0), 80))
    >>> states[-1].step, states[-1].tokens, states[-1].loss < 0.5
    (79, 20, True)
"""

from .batches import apart, parts, windows
from .clipping import clip, length
from .groups import decayed, split, with_adamw, with_muon
from .loop import Recipe, State, train
from .losses import UNASKED, asked, nats, surprise
from .muon import Muon, orthogonal
from .optimizers import SGD, AdamW, Momentum, Optimizer, Together
from .precision import mixed
from .schedules import constant, cosine, stable

__all__ = [
    "SGD",
    "UNASKED",
    "AdamW",
    "Momentum",
    "Muon",
    "Optimizer",
    "Recipe",
    "State",
    "Together",
    "apart",
    "asked",
    "clip",
    "constant",
    "cosine",
    "decayed",
    "length",
    "mixed",
    "nats",
    "orthogonal",
    "parts",
    "split",
    "stable",
    "surprise",
    "train",
    "windows",
    "with_adamw",
    "with_muon",
]
