"""Brackets that close in the right order: nesting, and nothing else to go by."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from .examples import Exact, Examples, Numbers, Tokens, generator, of_two, whole


@dataclass(frozen=True)
class Dyck:
    """Well-nested words of several kinds of brackets, all words of one length equally likely.

    The language is the one that memory is tested with (Suzgun et al. 2019, Hewitt et al. 2020);
    the next bracket of a uniform word has a chance in closed form (Arnold and Sleep 1980), so a
    row has log(Catalan(pairs) * kinds ** pairs) nats. With one kind it is only counting.
    """

    kinds: int = 2
    pairs: int = 16

    def __post_init__(self) -> None:
        """Refuses words without brackets."""
        whole("The number of kinds", self.kinds, 1)
        whole("The number of pairs", self.pairs, 1)

    @property
    def vocab(self) -> int:
        """Opening brackets, then closing ones in the same order."""
        return 2 * self.kinds

    @property
    def length(self) -> int:
        """Two brackets a pair."""
        return 2 * self.pairs

    @cached_property
    def _opens(self) -> Numbers:
        """The chance that a bracket opens, by position and by how many are open. (T, pairs + 1)"""
        left = np.arange(self.length, 0, -1)[:, None]
        depth = np.arange(self.pairs + 1)
        chance = (depth + 2) * (left - depth) / (2 * left * (depth + 1))
        return np.asarray(np.clip(chance, 0, 1), np.float64)

    @cached_property
    def _keys(self) -> tuple[Numbers, Numbers]:
        """Entropy and best guess, by position and by how many brackets are open."""
        return of_two(self._opens, self.kinds, 1)

    @cached_property
    def exact(self) -> Exact:
        """By a chain over how many brackets are open."""
        depths = np.zeros((self.length, self.pairs + 1))
        depths[0, 0] = 1
        for t in range(1, self.length):
            opening = depths[t - 1] * self._opens[t - 1]
            closing = depths[t - 1] - opening
            depths[t, 1:] += opening[:-1]
            depths[t, :-1] += closing[1:]
        opens = (depths * self._opens).sum(1)
        nats, best = ((depths * key).sum(1) for key in self._keys)
        blind = np.maximum(opens, 1 - opens) / self.kinds
        return Exact(np.arange(self.length) > 0, nats, best, blind)

    def draw(self, seed: int, step: int, count: int) -> Examples:
        """Words, written from left to right with the kinds of the open brackets on a stack."""
        whole("The count", count, 1)
        rng, rows = generator(self, seed, step), np.arange(count)
        points = rng.random((self.length, count))
        kinds = rng.integers(self.kinds, size=(self.length, count))
        stack = np.zeros((count, self.pairs), np.int64)
        depth = np.zeros((self.length + 1, count), np.int64)
        tokens = np.empty((self.length, count), np.int64)
        for t in range(self.length):
            opens = points[t] < self._opens[t, depth[t]]
            level = np.where(opens, depth[t], depth[t] - 1)
            stack[rows, level] = kind = np.where(opens, kinds[t], stack[rows, level])
            tokens[t] = np.where(opens, kind, kind + self.kinds)
            depth[t + 1] = np.where(opens, depth[t] + 1, level)
        nats, best = (key[np.arange(self.length), depth[:-1].T] for key in self._keys)
        return self.exact.examples(tokens.T, nats, best)

    def show(self, row: Tokens) -> str:
        """A word: ([]()); more than three kinds are numbered."""
        if self.kinds <= 3:
            return "".join("([{)]}"[int(t) + (3 - self.kinds) * (t >= self.kinds)] for t in row)
        return " ".join(f"({t}" if t < self.kinds else f"{t - self.kinds})" for t in row.tolist())
