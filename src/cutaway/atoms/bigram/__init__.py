"""The smallest language model."""

from .bigram import Bigram, cross_entropy, log_softmax, sample, shift

__all__ = ["Bigram", "cross_entropy", "log_softmax", "sample", "shift"]
