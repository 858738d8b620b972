"""The rules of a grammar, read from text into arrays."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from cutaway.errors import UsageError

from .examples import Numbers, Tokens

Sides = dict[str, list[tuple[float, list[str]]]]  # a symbol's right sides, each with its chance


@dataclass(frozen=True)
class Rules:
    """Symbols, the sentence first and the words last; a word is a symbol that writes itself."""

    words: tuple[str, ...]
    chances: Numbers  # (S, R): of a symbol's rules; 0 where it has fewer
    heads: Tokens  # (S, R): the word that a rule writes
    tails: Tokens  # (S, R, W): the symbols that wait behind it, the last one first
    sizes: Tokens  # (S, R): how many they are

    @property
    def each(self) -> Iterator[tuple[int, float, list[int]]]:
        """Every rule: its symbol, its chance, and its tail from left to right."""
        for symbol, rule in np.argwhere(self.chances > 0):
            tail = self.tails[symbol, rule, : self.sizes[symbol, rule]]
            yield int(symbol), float(self.chances[symbol, rule]), tail[::-1].tolist()

    @property
    def children(self) -> Numbers:
        """How many of each symbol a symbol leaves waiting, on average. (S, S)"""
        found = np.zeros((len(self.chances), len(self.chances)))
        for symbol, chance, tail in self.each:
            for part in tail:
                found[symbol, part] += chance
        return found


def parsed(text: str) -> Rules:
    """The rules that a text writes down."""
    sides: Sides = {}
    for line in filter(str.strip, text.splitlines()):
        left, _, right = line.partition("=")
        if len(left.split()) != 1 or left.strip() in sides:
            raise UsageError(
                f"{line.strip()!r} is no rule of a grammar.",
                "Write `symbol = chance word symbol ... | chance word ...`, a symbol once.",
            )
        sides[left.strip()] = [_side(part) for part in right.split("|")]
    if not sides:
        raise UsageError("This grammar has no rules.", "Write `sentence = 1 word`, for a start.")
    for left in sides:
        _checked(left, sides)
    return _arrays(sides)


def _side(text: str) -> tuple[float, list[str]]:
    """A right side: its chance, and its symbols."""
    chance, *symbols = text.split() or [""]
    try:
        found = float(chance)
    except ValueError:
        found = 0.0
    if not 0 < found <= 1 or not symbols:
        raise UsageError(
            f"{text.strip()!r} is no right side of a rule.",
            "Write a chance above 0 and up to 1, a word, and what may follow.",
        )
    return found, symbols


def _checked(left: str, sides: Sides) -> None:
    """Nothing, if a symbol's chances add up to 1 and its right sides begin with different words."""
    if abs(sum(chance for chance, _ in sides[left]) - 1) > 1e-9:
        raise UsageError(f"The chances of {left!r} do not add up to 1.", "Correct its line.")
    heads = Counter(symbols[0] for _, symbols in sides[left])
    bad = [head for head, times in heads.items() if times > 1 or head in sides]
    if bad:
        raise UsageError(
            f"A right side of {left!r} cannot begin with {bad[0]!r}.",
            "Let each begin with a word of its own, so that the words tell the rule.",
        )


def _arrays(sides: Sides) -> Rules:
    """Right sides as arrays."""
    named = dict.fromkeys(part for rules in sides.values() for _, side in rules for part in side)
    words = tuple(part for part in named if part not in sides)
    rules = [*sides.values(), *([(1.0, [word])] for word in words)]
    place = {symbol: at for at, symbol in enumerate([*sides, *words])}
    most = max(len(one) for one in rules)
    width = max(len(side) for one in rules for _, side in one) - 1
    chances, heads, sizes = (np.zeros((len(rules), most), kind) for kind in (float, int, int))
    tails = np.zeros((len(rules), most, width), np.int64)
    for symbol, one in enumerate(rules):
        for rule, (chance, side) in enumerate(one):
            chances[symbol, rule] = chance / sum(chance for chance, _ in one)
            sizes[symbol, rule] = len(side) - 1
            heads[symbol, rule] = place[side[0]] - len(sides)
            tails[symbol, rule, : len(side) - 1] = [place[part] for part in side[:0:-1]]
    return Rules(words, chances, heads, tails, sizes)
