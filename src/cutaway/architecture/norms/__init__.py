"""Norms and activations: numbers of one size, and the bend between two products."""

from .activations import gelu, gelu_tanh, relu, silu
from .norms import LayerNorm, RMSNorm

__all__ = ["LayerNorm", "RMSNorm", "gelu", "gelu_tanh", "relu", "silu"]
