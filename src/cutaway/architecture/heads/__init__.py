"""Heads: several attentions side by side, and what each of them does."""

from .biased import Biased
from .heads import Head, Heads, Looped, grouped, shared
from .reading import induction, previous, weights, without

__all__ = [
    "Biased",
    "Head",
    "Heads",
    "Looped",
    "grouped",
    "induction",
    "previous",
    "shared",
    "weights",
    "without",
]
