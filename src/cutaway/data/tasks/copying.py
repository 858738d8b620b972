"""The same again: a word to be repeated, forwards or backwards."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from .examples import Exact, Examples, Tokens, generator, letter, whole


@dataclass(frozen=True)
class Copy:
    """A random word, a mark, and the word again: a b c | a b c, or in `reverse` a b c | c b a.

    Forwards it is Graves et al. 2014, backwards Grefenstette et al. 2015. Only the second word is
    scored.
    """

    symbols: int = 16
    size: int = 8
    reverse: bool = False

    def __post_init__(self) -> None:
        """Refuses words of nothing."""
        whole("The number of symbols", self.symbols, 2)
        whole("The size", self.size, 1)

    @property
    def vocab(self) -> int:
        """The symbols, and the mark."""
        return self.symbols + 1

    @property
    def length(self) -> int:
        """Two words and a mark."""
        return 2 * self.size + 1

    @cached_property
    def exact(self) -> Exact:
        """The first word is uniform, the rest is certain."""
        place = np.arange(self.length)
        choices = np.where(place < self.size, self.symbols, 1.0)
        blind = np.where(place == self.size, 1, 1 / self.symbols)
        return Exact.even(choices, blind, place > self.size)

    def draw(self, seed: int, step: int, count: int) -> Examples:
        """Words said twice."""
        whole("The count", count, 1)
        word = generator(self, seed, step).integers(self.symbols, size=(count, self.size))
        again = word[:, ::-1] if self.reverse else word
        return self.exact.examples(np.hstack([word, np.full((count, 1), self.symbols), again]))

    def show(self, row: Tokens) -> str:
        """a b c | a b c."""
        return " ".join("|" if token == self.symbols else letter(int(token)) for token in row)
