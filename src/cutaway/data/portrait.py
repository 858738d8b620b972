"""A corpus looked at: lengths, bytes, scripts, frequent runs, near-duplicates, the ladder."""

from __future__ import annotations

import math
import unicodedata
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np

from cutaway.errors import Refused, Unavailable
from cutaway.runs.disk import write_file
from cutaway.runs.folders import data_folder
from cutaway.runs.sealing import sealed, unsealed

from .corpora import Document
from .counts import Grams, grams, row_of
from .ladder import Rung
from .overlap.duplicates import Pair, near_duplicates
from .prepared import Prepared

VERSION = 1  # of what follows: a portrait of another is made anew
MOST_TOKENS = 2**22  # in which runs of tokens are counted; of a longer text, its beginning
MOST_WORDS = 2**20
LONGEST = 40  # letters of a run that are kept to be shown
FEW = 8  # runs of a kind


@dataclass(frozen=True)
class Bar:
    """A name and how many of it there are."""

    name: str
    count: int


@dataclass(frozen=True)
class Portrait:
    """What one can see of a corpus. Runs are counted in the training text, or its beginning."""

    lengths: list[Bar]
    bytes: list[Bar]
    scripts: list[Bar]
    runs: dict[str, list[Bar]]
    duplicates: list[Pair]
    ladder: list[Rung]
    bytes_a_token: float

    def bits(self, nats: float) -> float:
        """A loss a token, in bits a byte."""
        return nats / math.log(2) / self.bytes_a_token


def portrait(prepared: Prepared) -> Portrait:
    """What one can see of a corpus that was prepared; made once, then read from the cache."""
    path = data_folder("portraits") / f"{prepared.key}-{VERSION}.json"
    with suppress(OSError, Refused, KeyError, TypeError):
        return _read(unsealed(path))
    said = prepared.said or (lambda *_: None)
    ladder, documents = prepared.ladder, prepared.corpus.documents
    said("counting", 0, None)
    found = Portrait(
        lengths(documents),
        byte_kinds(documents),
        scripts(documents),
        {**token_runs(prepared), **word_runs(prepared.split.train)},
        near_duplicates(documents, told=partial(said, "near-duplicates")),
        ladder,
        prepared.bytes_a_token,
    )
    with suppress(Unavailable):
        write_file(path, sealed(asdict(found)))
    return found


def _read(data: dict[str, Any]) -> Portrait:
    """The portrait that a file remembers."""
    bars = {name: [Bar(**one) for one in data[name]] for name in ("lengths", "bytes", "scripts")}
    return Portrait(
        **bars,
        runs={name: [Bar(**one) for one in found] for name, found in data["runs"].items()},
        duplicates=[Pair(**one) for one in data["duplicates"]],
        ladder=[Rung(**one) for one in data["ladder"]],
        bytes_a_token=float(data["bytes_a_token"]),
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
    """How many letters there are of each script: the first word of a letter's Unicode name.

    A letter in another form (µ, º, ｆ) is the letter that it stands for.
    """
    letters, found = Counter[str](), Counter[str]()
    for one in documents:
        letters.update(one.text)
    for letter, count in letters.items():
        if letter.isalpha():
            plain = unicodedata.normalize("NFKC", letter)[0]
            found[unicodedata.name(plain, "other").split()[0].split("-")[0].lower()] += count
    return _most(found, len(found))


def token_runs(prepared: Prepared) -> dict[str, list[Bar]]:
    """The most frequent runs of one to five tokens, as text."""
    how, known = prepared.tokenization, None
    row = row_of([np.asarray(prepared.train[:MOST_TOKENS])], how.vocab, "training")
    found = {}
    for order in range(1, 6):
        before: Grams | None = known
        known = grams(row, how.vocab, before)
        times = np.where(known.whole, known.times, 0)
        best = [int(one) for one in np.argsort(-times, kind="stable")[:FEW] if times[one]]
        last = np.zeros(len(times), np.int64)
        last[known.ends] = np.arange(len(row.tokens))
        texts = [how.decode(row.tokens[last[one] - order + 1 : last[one] + 1]) for one in best]
        bars = [Bar(text, int(times[one])) for text, one in zip(texts, best, strict=True)]
        found[how.name if order == 1 else f"{order} {how.name}"] = bars
    return found


def word_runs(documents: Sequence[Document]) -> dict[str, list[Bar]]:
    """The most frequent words and pairs of words; no pair joins two documents."""
    words, pairs, left = Counter[str](), Counter[str](), MOST_WORDS
    for one in documents:
        found = [_short(word) for word in one.text[: LONGEST * left].split()[:left]]
        left -= len(found)
        words.update(found)
        pairs.update(f"{first} {second}" for first, second in pairwise(found))
        if not left:
            break
    return {"words": _most(words, FEW), "pairs of words": _most(pairs, FEW)}


def _short(text: str) -> str:
    """A text of bounded length."""
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"


def _most(count: Counter[str], most: int) -> list[Bar]:
    """The most frequent, ties in the order of their names."""
    best = sorted(count.items(), key=lambda one: (-one[1], one[0]))
    return [Bar(name, number) for name, number in best[:most]]


def seen(text: str) -> str:
    """A text whose blanks can be seen."""
    return text.translate({0x20: "␣", 0x0A: "⏎", 0x0D: "↵", 0x09: "⇥"})
