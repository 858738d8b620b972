"""Sources of text without end: what comes next depends on the token before, or on what it did."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from cutaway.errors import UsageError

from .examples import (
    Exact,
    Examples,
    Numbers,
    Tokens,
    entropy,
    generator,
    ladder,
    letter,
    of_two,
    pick,
    whole,
)


@dataclass(frozen=True)
class MarkovSource:
    """Each token depends on the one before it: a chain of order 1 (Shannon 1948).

    The first token is drawn from the stationary distribution, so every later position has the
    same expected entropy, which is the entropy rate of the source.
    """

    matrix: Sequence[Sequence[float]]  # row: the token before, column: the token
    length: int = 64

    def __post_init__(self) -> None:
        """Refuses what is not a transition matrix with one stationary distribution."""
        whole("The length", self.length, 2)
        rows = tuple(tuple(float(chance) for chance in row) for row in self.matrix)
        object.__setattr__(self, "matrix", rows)
        if len(rows) < 2 or any(len(row) != len(rows) for row in rows):
            raise UsageError("A transition matrix is square.", "Give 2 rows or more, all as long.")
        if any(not all(0 <= p <= 1 for p in row) or abs(sum(row) - 1) > 1e-9 for row in rows):
            raise UsageError("Each row of a chain is a distribution.", "Let it add up to 1.")
        if not _settles(self._chances):
            raise UsageError(
                "This chain has more than one stationary distribution.",
                "Let at least one token be reachable from all the others.",
            )

    @classmethod
    def random(
        cls, vocab: int, length: int = 64, *, spread: float = 0.3, seed: int = 0
    ) -> MarkovSource:
        """A source whose rows are drawn from a Dirichlet distribution; small spread, sharp rows."""
        whole("The vocabulary", vocab, 2)
        whole("The seed", seed, 0)
        if not 0.01 <= spread < math.inf:
            raise UsageError(f"The spread is {spread!r}.", "Give 0.01 or more; 1 is uniform.")
        drawn = np.random.default_rng(seed).dirichlet([spread] * vocab, vocab)
        return cls(drawn.tolist(), length)

    @property
    def vocab(self) -> int:
        """The states of the chain."""
        return len(self.matrix)

    @cached_property
    def _chances(self) -> Numbers:
        """The matrix as an array, each row adding up to 1 exactly."""
        rows = np.array(self.matrix)
        return np.asarray(rows / rows.sum(1, keepdims=True), np.float64)

    @cached_property
    def stationary(self) -> Numbers:
        """The distribution that one step of the chain leaves as it is."""
        equations = np.vstack([self._chances.T - np.eye(self.vocab), np.ones(self.vocab)])
        found = np.linalg.lstsq(equations, np.eye(self.vocab + 1)[-1], rcond=None)[0]
        return np.asarray(np.maximum(found, 0) / np.maximum(found, 0).sum(), np.float64)

    @cached_property
    def exact(self) -> Exact:
        """Stationary: all positions but the first are alike."""
        after = np.arange(self.length) > 0
        start, rows = self.stationary, self._chances
        nats = np.where(after, start @ entropy(rows), entropy(start))
        best = np.where(after, start @ rows.max(1), start.max())
        return Exact(after, nats, best, np.full(self.length, start.max()))

    def draw(self, seed: int, step: int, count: int) -> Examples:
        """Walks of the chain."""
        whole("The count", count, 1)
        points = generator(self, seed, step).random((self.length, count))
        tokens, rungs = np.empty((self.length, count), np.int64), ladder(self._chances)
        tokens[0] = pick(ladder(self.stationary), points[0])
        for t in range(1, self.length):
            tokens[t] = pick(rungs[tokens[t - 1]], points[t])
        nats, best = entropy(self._chances)[tokens], self._chances.max(1)[tokens]
        nats[1:], best[1:] = nats[:-1].copy(), best[:-1].copy()
        nats[0], best[0] = self.exact.nats[0], self.exact.best[0]
        return self.exact.examples(tokens.T, nats.T, best.T)

    def show(self, row: Tokens) -> str:
        """A walk: a b b d."""
        return " ".join(letter(int(token)) for token in row)


def _settles(chances: Numbers) -> bool:
    """Whether some state is reachable from all: then there is one stationary distribution."""
    reached = (chances > 0) | np.eye(len(chances), dtype=bool)
    for _ in range(len(chances).bit_length()):
        reached = reached @ reached
    return bool(reached.all(0).any())


@dataclass(frozen=True)
class Induction:
    """... A B ... A -> B: what followed the token last time follows it again (Olsson et al. 2022).

    Where the latest token occurred before, the token after its latest earlier occurrence comes
    again with probability `repeat`; in all other cases the token is uniform. No token prefers any
    other, so only looking back in the row helps. A high `repeat` ends in short loops, which copying
    from a fixed distance predicts too.
    """

    symbols: int = 16
    length: int = 32
    repeat: float = 0.75

    def __post_init__(self) -> None:
        """Refuses fewer than two symbols and what is not a probability."""
        whole("The number of symbols", self.symbols, 2)
        whole("The length", self.length, 2)
        if not 0 <= self.repeat <= 1:
            raise UsageError(f"repeat is {self.repeat!r}.", "Give a probability, from 0 to 1.")
        object.__setattr__(self, "repeat", float(self.repeat))

    @property
    def vocab(self) -> int:
        """Symbols only."""
        return self.symbols

    @cached_property
    def _keys(self) -> tuple[Numbers, Numbers]:
        """Entropy and best guess after a token that is new (0), and after one seen before (1)."""
        again = self.repeat + (1 - self.repeat) / self.symbols
        return of_two(np.array([1 / self.symbols, again]), 1, self.symbols - 1)

    @cached_property
    def exact(self) -> Exact:
        """By a chain over how many symbols the row has shown, and whether its latest was new."""
        shown = np.arange(self.symbols + 1) / self.symbols
        new, old = np.eye(self.symbols + 1)[1], np.zeros(self.symbols + 1)
        before = [0.0]
        for _ in range(1, self.length):
            before.append(float(old.sum()))
            uniform = new + (1 - self.repeat) * old
            old = self.repeat * old + uniform * shown
            new = np.roll(uniform * (1 - shown), 1)
        share = np.stack([1 - np.array(before), np.array(before)], 1)
        nats, best = (share @ key for key in self._keys)
        after = np.arange(self.length) > 0
        return Exact(after, nats, best, np.full(self.length, 1 / self.symbols))

    def draw(self, seed: int, step: int, count: int) -> Examples:
        """Rows that repeat themselves."""
        whole("The count", count, 1)
        rng, rows = generator(self, seed, step), np.arange(count)
        tokens = rng.integers(self.symbols, size=(self.length, count))
        repeats = rng.random((self.length, count)) < self.repeat
        before = np.zeros((self.length, count), np.int64)
        followers = np.full((count, self.symbols), -1)
        for t in range(1, self.length):
            follower = followers[rows, tokens[t - 1]]
            before[t] = follower >= 0
            tokens[t] = np.where(repeats[t] & (follower >= 0), follower, tokens[t])
            followers[rows, tokens[t - 1]] = tokens[t]
        nats, best = (key[before.T] for key in self._keys)
        return self.exact.examples(tokens.T, nats, best)

    def show(self, row: Tokens) -> str:
        """A row: a c b a c."""
        return " ".join(letter(int(token)) for token in row)
