"""Text with a grammar: nesting, agreement at a distance, and an entropy known exactly."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from cutaway.errors import UsageError

from .examples import Exact, Examples, Numbers, Tokens, entropy, generator, ladder, pick, whole
from .rules import Rules, parsed

AGREEMENT = """
sentence  = 0.5 one one-noun one-verb . | 0.5 two two-noun two-verb .
one-noun  = 0.6 dog | 0.4 cat
two-noun  = 0.6 dogs | 0.4 cats
one-verb  = 0.4 sleeps | 0.3 sees object | 0.3 that clause one-verb
two-verb  = 0.4 sleep | 0.3 see object | 0.3 that clause two-verb
object    = 0.5 one one-noun | 0.5 two two-noun
clause    = 0.5 one one-noun one-sees | 0.5 two two-noun two-see
one-sees  = 0.4 sees | 0.3 hears | 0.3 that clause one-sees
two-see   = 0.4 see | 0.3 hear | 0.3 that clause two-see
"""


@dataclass(frozen=True)
class Grammar:
    """A stream of sentences of a probabilistic context-free grammar, cut after `length` words.

    Such grammars are what Allen-Zhu and Li (2023) take models apart with. Here the right sides of
    a symbol begin with different words (the simple grammars of Korenjak and Hopcroft 1966), so the
    words so far tell the derivation so far, and a word's entropy is that of the rule being chosen.
    In the default grammar each verb agrees with its noun across clauses within clauses.

    A line of `rules` is `symbol = chance word symbol ... | chance word ...`; what stands on no left
    side is a word, and the first line's symbol is the sentence.
    """

    rules: str = AGREEMENT
    length: int = 64

    def __post_init__(self) -> None:
        """Refuses what is not such a grammar, and one whose sentences are infinite on average."""
        whole("The length", self.length, 2)
        if np.abs(np.linalg.eigvals(self._rules.children)).max() >= 1 - 1e-9:
            raise UsageError(
                "The sentences of this grammar are infinitely long on average.",
                "Give its recursive rules a smaller chance.",
            )

    @cached_property
    def _rules(self) -> Rules:
        """The rules as arrays."""
        return parsed(self.rules)

    @property
    def vocab(self) -> int:
        """The words, in the order in which the rules first name them."""
        return len(self._rules.words)

    @cached_property
    def sentence(self) -> tuple[float, float]:
        """The expected nats and the expected words of a sentence (Soule 1974)."""
        children = self._rules.children
        uses = np.linalg.solve(np.eye(len(children)) - children.T, np.eye(len(children))[0])
        return float(uses @ entropy(self._rules.chances)), float(uses.sum())

    @cached_property
    def exact(self) -> Exact:
        """By the chance that each symbol is the one whose rule writes the word at a position."""
        writes, rules = _writes(self._rules, self.length), self._rules
        words = np.zeros((len(rules.chances), self.vocab))
        np.add.at(words, (np.arange(len(words))[:, None], rules.heads), rules.chances)
        nats, best = writes @ entropy(rules.chances), writes @ rules.chances.max(1)
        return Exact(np.arange(self.length) > 0, nats, best, (writes @ words).max(1))

    def draw(self, seed: int, step: int, count: int) -> Examples:
        """Streams, derived from the left: each word rewrites the symbol on top of a stack."""
        whole("The count", count, 1)
        points, rules = generator(self, seed, step).random((self.length, count)), self._rules
        rungs, rows = ladder(rules.chances), np.arange(count)
        width = np.arange(rules.tails.shape[2])
        stack = np.zeros((count, 2 + self.length * len(width)), np.int32)
        symbols, chosen = np.empty((2, self.length, count), np.int64)
        top = np.zeros(count, np.int64)  # the sentence lies at the bottom, and is never taken away
        for t in range(self.length):
            symbols[t] = stack[rows, top]
            chosen[t] = pick(rungs[symbols[t]], points[t])
            top = np.maximum(top, 1)
            stack[rows[:, None], top[:, None] + width] = rules.tails[symbols[t], chosen[t]]
            top += rules.sizes[symbols[t], chosen[t]] - 1
        symbols, chosen = symbols.T, chosen.T
        nats, best = entropy(rules.chances)[symbols], rules.chances.max(1)[symbols]
        return self.exact.examples(rules.heads[symbols, chosen], nats, best)

    def show(self, row: Tokens) -> str:
        """The words of a row."""
        return " ".join(self._rules.words[int(token)] for token in row)


def _lengths(rules: Rules, most: int) -> Numbers:
    """The chance that a symbol becomes so many words. (S, most + 1)"""
    lengths, every = np.zeros((len(rules.chances), most + 1)), list(rules.each)
    for _ in range(most):  # every rule writes a word, so each round makes one more length exact
        lengths, before = np.zeros_like(lengths), lengths
        for symbol, chance, tail in every:
            words = np.array([0, chance])
            for part in tail:
                words = _then(words, before[part])
            lengths[symbol, : len(words)] += words
        if (lengths == before).all():
            break
    return lengths


def _then(first: Numbers, second: Numbers) -> Numbers:
    """The chances of a length, where one part follows another."""
    short = np.trim_zeros(second, "b") if second.any() else second[:1]
    return np.convolve(first, short)[: len(second)]


def _writes(rules: Rules, length: int) -> Numbers:
    """The chance that a symbol is the one whose rule writes the word at a position. (T, S)"""
    lengths, count = _lengths(rules, length), len(rules.chances)
    after = np.zeros((length + 1, count, count))  # a part's turn comes so long after its rule's
    for symbol, chance, tail in rules.each:
        words = np.array([0, chance])
        for part in tail:
            after[: len(words), symbol, part] += words
            words = _then(words, lengths[part])
    starts, writes = np.zeros(length), np.zeros((length, count))
    for t in range(length):
        starts[t] = (t == 0) + starts[:t] @ lengths[0, t:0:-1]
        writes[t] = np.einsum("ns,nsp->p", writes[:t], after[t:0:-1])
        writes[t, 0] += starts[t]
    return writes
