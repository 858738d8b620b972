"""Rows of numbers for a model: texts as ids, and the token that stands between two of them.

A model reads one long row. Where a text ends it has to see a token that no text contains, or it
takes the next text for what comes after. Whoever makes the row sets that token, and no one else: if
the tokenizer adds one too, each text ends twice, and who trained on one has never seen two.

What it lacks: masks. A model that reads such a row looks back across the ends of texts.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from .saving import to_json
from .tokenizer import Tokenizer


@dataclass(frozen=True)
class Rows:
    """A tokenizer that makes rows of any texts, and the special token between two of them."""

    tokenizer: Tokenizer
    end: str
    name: str = "learnt"

    def __post_init__(self) -> None:
        if self.end not in self.tokenizer.specials:
            raise ValueError(f"{self.end!r} is no special token of this tokenizer.")

    @property
    def vocab(self) -> int:
        """How many ids there are."""
        return self.tokenizer.vocab

    @cached_property
    def digest(self) -> str:
        """What tells it from every other: that of the tokenizer's file, and of the end."""
        return hashlib.sha256((to_json(self.tokenizer) + self.end).encode()).hexdigest()

    @property
    def separator(self) -> np.ndarray:
        """The ids between two texts."""
        return np.array([self.tokenizer.specials[self.end]], np.uint32)

    def encode(self, text: str) -> np.ndarray:
        """The ids of a text, in which the end's name is text like any other."""
        return self.tokenizer.encode_array(text, refused=())

    def decode(self, ids: Iterable[int]) -> str:
        """The text of some ids."""
        return self.tokenizer.decode(map(int, ids))

    def row(self, texts: Iterable[str]) -> np.ndarray:
        """The ids of some texts, one after the other, each of which ends."""
        parts = [part for text in texts for part in (self.encode(text), self.separator)]
        return np.concatenate(parts) if parts else np.zeros(0, np.uint32)
