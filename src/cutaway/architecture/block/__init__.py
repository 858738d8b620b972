"""Blocks: a stream that everything adds to and nothing replaces."""

from .block import Block, PostBlock
from .mlp import MLP, Gated

__all__ = ["MLP", "Block", "Gated", "PostBlock"]
