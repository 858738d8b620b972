"""Attention: the only part of a transformer that moves anything between tokens."""

from .attention import SelfAttention, attend, by_hand, causal, merge, softmax, split, table
from .tiling import fused, tiled

__all__ = [
    "SelfAttention",
    "attend",
    "by_hand",
    "causal",
    "fused",
    "merge",
    "softmax",
    "split",
    "table",
    "tiled",
]
