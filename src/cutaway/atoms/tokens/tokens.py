"""Tokens: the two neighbours that stand together most often become one, again and again.

A text is bytes, and a vocabulary begins with the 256 of them: nothing is unknown to it. Training
looks for the most frequent pair of neighbours, makes it a token, and counts again. Encoding joins
in the order in which training did. This is byte pair encoding (Gage, 1994; Sennrich et al., 2016).

    word    what pre-tokenisation cut from the text; no token reaches from one into the next
    id      a whole number that stands for a token      pair   two ids side by side
    token   some bytes that go together                 join   a pair and the id that it becomes

What it lacks: speed. It counts everything again for each new token, and looks through the whole
word for each join (fast_training, fast_encoding).
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

Pair = tuple[int, int]


@dataclass(frozen=True)
class Vocabulary:
    """The bytes of each id, none where a special token stands, and what two ids join to."""

    tokens: tuple[bytes, ...]
    joins: dict[Pair, int]

    @cached_property
    def ids(self) -> dict[bytes, int]:
        """The id of each token."""
        return {token: id for id, token in enumerate(self.tokens) if token}


def count(words: Mapping[bytes, int], split: Mapping[bytes, list[int]]) -> Counter[Pair]:
    """How often each pair occurs in all words, each of which occurs so many times."""
    counts: Counter[Pair] = Counter()
    for word, times in words.items():
        for pair in pairwise(split[word]):
            counts[pair] += times
    return counts


def join(ids: list[int], pair: Pair, id: int) -> list[int]:
    """The ids of a word with each such pair, from the left, replaced by one id."""
    joined: list[int] = []
    for right in ids:
        if joined and (joined[-1], right) == pair:
            joined[-1] = id
        else:
            joined.append(right)
    return joined


def train(words: Mapping[bytes, int], vocab: int) -> Vocabulary:
    """The vocabulary of words that occur so many times; it ends early if no pair occurs twice."""
    tokens = [bytes([byte]) for byte in range(256)]
    joins: dict[Pair, int] = {}
    split = {word: list(word) for word in words}
    while len(tokens) < vocab:
        counts = count(words, split)
        pair = min(counts, key=lambda pair: (-counts[pair], pair), default=(0, 0))
        if counts[pair] < 2:
            break
        joins[pair] = len(tokens)
        tokens.append(tokens[pair[0]] + tokens[pair[1]])
        split = {word: join(ids, pair, joins[pair]) for word, ids in split.items()}
    return Vocabulary(tuple(tokens), joins)


def encode_word(word: bytes, vocabulary: Vocabulary) -> list[int]:
    """The ids of a word: of the pairs that join, the one that makes the lowest id comes first.

    Each join looks at all pairs again, so that a word of n bytes takes n * n steps.
    """
    ids = [vocabulary.ids[bytes([byte])] for byte in word]
    joins = vocabulary.joins
    while found := [(joins[pair], at) for at, pair in enumerate(pairwise(ids)) if pair in joins]:
        id, at = min(found)
        ids[at:at + 2] = [id]
    return ids


def decode(ids: Iterable[int], vocabulary: Vocabulary) -> bytes:
    """The bytes of some ids, one after the other."""
    ids = list(ids)
    if strange := [id for id in ids if not 0 <= id < len(vocabulary.tokens)]:
        raise ValueError(f"No token has the id {strange[0]!r:.40}.")
    return b"".join(vocabulary.tokens[id] for id in ids)
