"""Attention: the only part of a transformer that moves anything between tokens."""

from .attention import SelfAttention, allowed, attend, by_hand, causal, merge, softmax, split
from .tiling import fused, tiled

__all__ = [
    "SelfAttention",
    "allowed",
    "attend",
    "by_hand",
    "causal",
    "fused",
    "merge",
    "softmax",
    "split",
    "tiled",
]
