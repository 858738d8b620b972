"""What was said is asked for: the answer stands in the row, and has to be found again."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from .examples import Exact, Examples, Numbers, Tokens, generator, letter, of_two, whole


@dataclass(frozen=True)
class Recall:
    """Multi-query associative recall, MQAR (Zoology, Arora et al. 2023): k v k v ... then k v k v.

    Different keys, each with a value drawn freely; then some of the keys in random order, each with
    its value, which is what is scored. Zoology spreads its queries among noise and leaves the
    answers out of the row; here they stand close, and each answer follows its query. `joined`
    writes a key and its value as one token, so that one layer of attention can find it. Naming any
    value that the row has beats chance: to have learnt to recall is to be far above that.
    """

    keys: int = 8
    values: int = 8
    pairs: int = 4
    queries: int = 4
    joined: bool = False

    def __post_init__(self) -> None:
        """Refuses more pairs than keys, and more queries than pairs."""
        whole("The number of keys", self.keys, 1)
        whole("The number of values", self.values, 2)
        whole("The number of pairs", self.pairs, 1, self.keys)
        whole("The number of queries", self.queries, 1, self.pairs)

    @property
    def vocab(self) -> int:
        """Keys, values, and where they are joined one token for each pair."""
        return self.keys + self.values + self.joined * self.keys * self.values

    @property
    def length(self) -> int:
        """The pairs, then queries and answers."""
        return self.pairs * (1 if self.joined else 2) + 2 * self.queries

    @cached_property
    def exact(self) -> Exact:
        """The keys that are left are equally likely; a value is free at first, then certain."""
        left = range(self.keys, self.keys - self.pairs, -1)
        if self.joined:
            choices = [key * self.values for key in left]
            blind = [1 / (self.keys * self.values)] * self.pairs
        else:
            choices = [one for key in left for one in (key, self.values)]
            blind = [1 / self.keys, 1 / self.values] * self.pairs
        choices += [one for asked in range(self.queries) for one in (self.pairs - asked, 1)]
        blind += [1 / self.keys, 1 / self.values] * self.queries
        place = np.arange(self.length) - (self.length - 2 * self.queries)
        answers = (place > 0) & (place % 2 == 1)
        return Exact.even(np.array(choices, float), np.array(blind), answers)

    def draw(self, seed: int, step: int, count: int) -> Examples:
        """Pairs, and questions about them."""
        whole("The count", count, 1)
        rng = generator(self, seed, step)
        key = rng.permuted(np.tile(np.arange(self.keys), (count, 1)), axis=1)[:, : self.pairs]
        value = rng.integers(self.values, size=(count, self.pairs))
        order = rng.permuted(np.tile(np.arange(self.pairs), (count, 1)), axis=1)[:, : self.queries]
        said = np.stack([key, self.keys + value], 2)
        asked = np.take_along_axis(said, order[..., None], 1).reshape(count, -1)
        joined = self.keys + self.values + key * self.values + value
        pairs = joined if self.joined else said.reshape(count, -1)
        return self.exact.examples(np.hstack([pairs, asked]))

    def show(self, row: Tokens) -> str:
        """a1 c3 b0 ? c3 a1, whether joined or not."""
        names = [letter(key) for key in range(self.keys)]
        names += [f"{value} " for value in range(self.values)]
        names += [f"{key}{value}" for key in names[: self.keys] for value in names[self.keys :]]
        text, said = [names[int(token)] for token in row], self.length - 2 * self.queries
        return f"{''.join(text[:said])}? {''.join(text[said:])}".strip()


@dataclass(frozen=True)
class Needle:
    """A key and its value somewhere in random filler, and at the end the key again: its value?

    The passkey of Mohtashami and Jaggi (2023) and Kamradt's needle in a haystack (2023), with every
    depth equally likely. Only the answer is scored.
    """

    filler: int = 8
    keys: int = 4
    values: int = 8
    size: int = 32

    def __post_init__(self) -> None:
        """Refuses a needle that is nothing, or an answer without choice."""
        whole("The number of filler tokens", self.filler, 1)
        whole("The number of keys", self.keys, 1)
        whole("The number of values", self.values, 2)
        whole("The size of the haystack", self.size, 0)

    @property
    def vocab(self) -> int:
        """Filler, keys and values."""
        return self.filler + self.keys + self.values

    @property
    def length(self) -> int:
        """The haystack with the needle in it, and the question with its answer."""
        return self.size + 4

    @cached_property
    def _searching(self) -> tuple[Numbers, Numbers]:
        """Entropy and best guess at each position where the needle has not come yet. (size + 1,)"""
        return of_two(1 / np.arange(self.size + 1, 0, -1), self.keys, self.filler)

    def _known(self, depth: Tokens) -> tuple[Numbers, Numbers]:
        """Entropy and best guess in rows whose needle lies at these depths. (N, T)"""
        place = np.arange(self.length) - depth[:, None]
        choices = np.select(
            [place == 1, np.arange(self.length) < self.size + 2], [self.values, self.filler], 1
        )
        nats, best = np.log(choices), 1 / choices
        for key, searching in ((nats, self._searching[0]), (best, self._searching[1])):
            np.copyto(key[:, : self.size + 1], searching, where=place[:, : self.size + 1] <= 0)
        return nats, best

    @cached_property
    def exact(self) -> Exact:
        """The mean over all depths, which are equally likely."""
        nats, best = (key.mean(0) for key in self._known(np.arange(self.size + 1)))
        place, chance = np.arange(self.length), 1 / (self.size + 1)
        key, value = chance * (place <= self.size), chance * ((place > 0) & (place < self.size + 2))
        shares = np.stack([key / self.keys, value / self.values, (1 - key - value) / self.filler])
        blind = np.where(place < self.size + 2, shares.max(0), 1 / self.keys)
        blind[-1] = 1 / self.values
        return Exact(place == self.length - 1, nats, best, blind)

    def draw(self, seed: int, step: int, count: int) -> Examples:
        """Haystacks, each with one needle."""
        whole("The count", count, 1)
        rng, rows = generator(self, seed, step), np.arange(count)
        tokens = rng.integers(self.filler, size=(count, self.length))
        depth = rng.integers(self.size + 1, size=count)
        key = self.filler + rng.integers(self.keys, size=count)
        value = self.filler + self.keys + rng.integers(self.values, size=count)
        tokens[rows, depth] = tokens[:, -2] = key
        tokens[rows, depth + 1] = tokens[:, -1] = value
        return self.exact.examples(tokens, *self._known(depth))

    def show(self, row: Tokens) -> str:
        """b a A5 c b ? A5: keys are capitals, values numbers."""
        names = [f"{letter(one)} " for one in range(self.filler)]
        names += [letter(one).upper() for one in range(self.keys)]
        names += [f"{one} " for one in range(self.values)]
        text = [names[int(token)] for token in row]
        return f"{''.join(text[:-2])}? {''.join(text[-2:])}".strip()
