"""A corpus looked at: lengths, bytes, scripts, frequent n-grams, near-duplicates, the ladder."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from .corpora import Document
from .counts import Grams, grams, row_of
from .ladder import Rung
from .overlap.duplicates import Pair, near_duplicates
from .prepared import Prepared

MOST_WORDS = 2**21  # that frequent words are counted in; of a longer text, its beginning


@dataclass(frozen=True)
class Bar:
    """A name and how many of it there are."""

    name: str
    count: int


@dataclass(frozen=True)
class Portrait:
    """What one can see of a corpus."""

    lengths: list[Bar]
    bytes: list[Bar]
    scripts: list[Bar]
    ngrams: dict[str, list[Bar]]
    duplicates: list[Pair]
    ladder: list[Rung]
    bytes_a_token: float


def portrait(prepared: Prepared) -> Portrait:
    """What one can see of a corpus that was prepared."""
    documents = prepared.corpus.documents
    return Portrait(
        lengths(documents),
        byte_kinds(documents),
        scripts(documents),
        {
            **token_ngrams(prepared),
            **word_ngrams(documents),
        },
        near_duplicates(documents),
        prepared.ladder,
        prepared.bytes_a_token,
    )


def lengths(documents: Sequence[Document]) -> list[Bar]:
    """How many documents have a length between two powers of two, in bytes."""
    powers = [max(len(one.text.encode()), 1).bit_length() - 1 for one in documents]
    count = Counter(powers)
    return [
        Bar(f"{2**power:,} to {2 ** (power + 1):,}", count[power])
        for power in range(min(powers), max(powers) + 1)
    ]


BYTE_KINDS = {
    "letters a-z": range(0x61, 0x7B),
    "letters A-Z": range(0x41, 0x5B),
    "digits": range(0x30, 0x3A),
    "blanks": [0x20, 0x09],
    "line ends": [0x0A, 0x0D],
    "punctuation": [*range(0x21, 0x30), *range(0x3A, 0x41), *range(0x5B, 0x61), *range(0x7B, 0x7F)],
    "control": [*range(0x09), 0x0B, 0x0C, *range(0x0E, 0x20), 0x7F],
    "beyond ASCII": range(0x80, 0x100),
}


def byte_kinds(documents: Sequence[Document]) -> list[Bar]:
    """How many bytes there are of each kind."""
    count = np.zeros(256, int)
    for one in documents:
        count += np.bincount(np.frombuffer(one.text.encode(), np.uint8), minlength=256)
    return [Bar(kind, int(count[list(inside)].sum())) for kind, inside in BYTE_KINDS.items()]


def scripts(documents: Sequence[Document]) -> list[Bar]:
    """How many letters there are of each script, by the first word of their Unicode names."""
    letters = Counter[str]()
    for one in documents:
        letters.update(one.text)
    found = Counter[str]()
    for letter, count in letters.items():
        if letter.isalpha():
            found[unicodedata.name(letter, "UNNAMED").split()[0].split("-")[0].lower()] += count
    return _most(found, len(found))


def token_ngrams(prepared: Prepared, most: int = 8) -> dict[str, list[Bar]]:
    """The most frequent runs of one to five tokens of the training text, as text."""
    how = prepared.tokenization
    row = row_of([how.encode(one.text) for one in prepared.split.train], how.vocab, "training")
    known: Grams | None = None
    found = {}
    for order in range(1, 6):
        known = grams(row, how.vocab, known)
        times = np.where(known.whole, known.times, 0)
        best = [int(one) for one in np.argsort(-times, kind="stable")[:most] if times[one]]
        last = np.zeros(len(times), np.int64)
        last[known.ends] = np.arange(len(row.tokens))
        texts = [how.decode(row.tokens[last[one] - order + 1 : last[one] + 1]) for one in best]
        bars = [Bar(text, int(times[one])) for text, one in zip(texts, best, strict=True)]
        found[f"{order} {how.name}"] = bars
    return found


def word_ngrams(documents: Sequence[Document], most: int = 8) -> dict[str, list[Bar]]:
    """The most frequent words and pairs of words."""
    words: list[str] = []
    for one in documents:
        words += one.text.split()[: MOST_WORDS - len(words)]
    pairs = Counter(f"{one} {other}" for one, other in pairwise(words))
    return {"1 words": _most(Counter(words), most), "2 words": _most(pairs, most)}


def _most(count: Counter[str], most: int) -> list[Bar]:
    """The most frequent, ties in the order of their names."""
    best: Iterable[tuple[str, int]] = sorted(count.items(), key=lambda one: (-one[1], one[0]))
    return [Bar(name, number) for name, number in list(best)[:most]]
