"""Positions: how a model is told where a token stands."""

from .absolute import Learned, Sinusoidal, Unmarked, sinusoidal
from .biases import Bucketed, alibi, bucket, slopes
from .rotary import (
    Pairing,
    Rotary,
    Still,
    halves,
    interpolated,
    neighbours,
    rotated,
    speeds,
    stretched,
)

__all__ = [
    "Bucketed",
    "Learned",
    "Pairing",
    "Rotary",
    "Sinusoidal",
    "Still",
    "Unmarked",
    "alibi",
    "bucket",
    "halves",
    "interpolated",
    "neighbours",
    "rotated",
    "sinusoidal",
    "slopes",
    "speeds",
    "stretched",
]
