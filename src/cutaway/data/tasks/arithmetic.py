"""Sums and counts: the answer follows from the whole row and is copied from nowhere."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from .examples import Exact, Examples, Tokens, generator, letter, whole


@dataclass(frozen=True)
class Addition:
    """012+345=0357, in columns of fixed width; with `reverse` the sum is written backwards, 7530.

    The two formats that Lee et al. (2023) compare, plain and reversed: backwards each digit of the
    sum depends on one column and a carry, forwards the first depends on all. The sum is scored.
    """

    digits: int = 3
    reverse: bool = False

    def __post_init__(self) -> None:
        """Refuses numbers without digits, and sums beyond 64 bits."""
        whole("The number of digits", self.digits, 1, 18)

    @property
    def vocab(self) -> int:
        """Ten digits, plus and equals."""
        return 12

    @property
    def length(self) -> int:
        """Two numbers, their sum, and two signs."""
        return 3 * self.digits + 3

    @cached_property
    def exact(self) -> Exact:
        """The sum is certain; blindly its first digit is 0 a little more often than 1."""
        part = [10.0] * self.digits
        lead, rest = [(1 + 10.0**-self.digits) / 2], [0.1] * self.digits
        total = rest + lead if self.reverse else lead + rest
        blind = [0.1] * self.digits + [1.0] + [0.1] * self.digits + [1.0, *total]
        choices = np.array([*part, 1, *part, 1, *np.ones(self.digits + 1)])
        return Exact.even(choices, np.array(blind), np.arange(self.length) > 2 * self.digits + 1)

    def draw(self, seed: int, step: int, count: int) -> Examples:
        """Sums of two numbers, all pairs equally likely."""
        whole("The count", count, 1)
        numbers = generator(self, seed, step).integers(10**self.digits, size=(2, count))
        a, b, total = (self._written(one) for one in (*numbers, numbers.sum(0)))
        total = total[:, ::-1] if self.reverse else total
        plus, equals = np.full((count, 1), 10), np.full((count, 1), 11)
        return self.exact.examples(np.hstack([a[:, 1:], plus, b[:, 1:], equals, total]))

    def _written(self, numbers: Tokens) -> Tokens:
        """The digits of some numbers, as many as the largest sum has. (N, digits + 1)"""
        return numbers[:, None] // 10 ** np.arange(self.digits, -1, -1) % 10

    def show(self, row: Tokens) -> str:
        """012+345=0357."""
        return "".join("0123456789+="[int(token)] for token in row)


@dataclass(frozen=True)
class Counting:
    """A random word, a letter, and how often the word has it: the strawberry question.

    The query count of Yehudai et al. (2024), with the letter asked for drawn on its own, so that it
    may be absent. Only the count is scored; blindly it is a guess at a binomial.
    """

    letters: int = 4
    size: int = 12

    def __post_init__(self) -> None:
        """Refuses words of nothing."""
        whole("The number of letters", self.letters, 2)
        whole("The size", self.size, 1)

    @property
    def vocab(self) -> int:
        """The letters, and the counts from 0 to the size of a word."""
        return self.letters + self.size + 1

    @property
    def length(self) -> int:
        """The word, the letter and the count."""
        return self.size + 2

    @cached_property
    def exact(self) -> Exact:
        """The count is certain; blindly it is the likeliest value of a binomial."""
        share, size = 1 / self.letters, self.size
        counts = [
            math.comb(size, k) * share**k * (1 - share) ** (size - k) for k in range(size + 1)
        ]
        uniform = np.full(size + 1, float(self.letters))
        blind = np.append(1 / uniform, max(counts))
        return Exact.even(np.append(uniform, 1), blind, np.arange(self.length) > size)

    def draw(self, seed: int, step: int, count: int) -> Examples:
        """Words, each with a letter to count."""
        whole("The count", count, 1)
        tokens = generator(self, seed, step).integers(self.letters, size=(count, self.length))
        word, asked = tokens[:, : self.size], tokens[:, self.size, None]
        tokens[:, -1] = self.letters + (word == asked).sum(1)
        return self.exact.examples(tokens)

    def show(self, row: Tokens) -> str:
        """a b b a c ? b 2."""
        *word, asked, answer = row.tolist()
        return f"{' '.join(map(letter, word))} ? {letter(asked)} {answer - self.letters}"
