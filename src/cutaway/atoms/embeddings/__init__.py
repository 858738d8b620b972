"""Embeddings: rows of a table for the ids of tokens."""

from .embeddings import Embedding, gradient, lookup, multiplied, one_hot

__all__ = ["Embedding", "gradient", "lookup", "multiplied", "one_hot"]
