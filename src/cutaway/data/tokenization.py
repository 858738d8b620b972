"""Tokenizations that need no training: bytes and characters. Every other has the same shape."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from cutaway.errors import UsageError

from .corpora import Corpus

Ids = np.ndarray  # one dimension, of whole numbers below the vocabulary's size
MOST_VOCAB = 2**32


def narrow(vocab: int) -> np.dtype[np.unsignedinteger]:
    """The smallest of 8, 16 and 32 bits that holds every token of a vocabulary, little-endian."""
    if not 1 <= vocab <= MOST_VOCAB:
        raise UsageError(
            f"A vocabulary has 1 to {MOST_VOCAB:,} tokens, not {vocab:,}.",
            "Give the size of the tokenization that made these tokens.",
        )
    return np.dtype("<u1" if vocab <= 2**8 else "<u2" if vocab <= 2**16 else "<u4")


def narrowed(ids: Ids, vocab: int) -> Ids:
    """The same tokens in the smallest type that holds the vocabulary, all of them below it."""
    ids = np.asarray(ids)
    if ids.ndim != 1 or (len(ids) and ids.dtype.kind not in "iu"):
        raise UsageError(
            f"Tokens are one row of whole numbers, not {ids.ndim} dimensions of {ids.dtype}.",
            "Give what a tokenization's `encode` returns.",
        )
    if len(ids) and not 0 <= int(ids.min()) <= int(ids.max()) < vocab:
        wrong = int(ids.min()) if ids.min() < 0 else int(ids.max())
        raise UsageError(
            f"Token {wrong:,} is not in a vocabulary of {vocab:,}.",
            "Give the vocabulary of the tokenization that made these tokens.",
        )
    return ids.astype(narrow(vocab), copy=False)


class Tokenization(Protocol):
    """A text as whole numbers and back. `separator` stands between two documents."""

    @property
    def name(self) -> str:
        """What it is called."""

    @property
    def vocab(self) -> int:
        """How many tokens there are."""

    @property
    def digest(self) -> str:
        """What tells it from every other."""

    @property
    def separator(self) -> Ids:
        """The tokens between two documents."""

    def encode(self, text: str) -> Ids:
        """The tokens of a text."""

    def decode(self, ids: Sequence[int] | Ids) -> str:
        """The text of some tokens."""


@dataclass(frozen=True)
class Bytes:
    """The 256 bytes of UTF-8: any text, and nothing to learn from a corpus."""

    name: str = "bytes"
    vocab: int = 256

    @property
    def digest(self) -> str:
        """What tells it from every other."""
        return hashlib.sha256(b"bytes").hexdigest()

    @property
    def separator(self) -> Ids:
        """An empty line."""
        return self.encode("\n\n")

    def encode(self, text: str) -> Ids:
        """The bytes of a text."""
        return np.frombuffer(text.encode(), np.uint8)

    def decode(self, ids: Sequence[int] | Ids) -> str:
        """The text of some bytes; what is no character is shown as one that says so."""
        return bytes(bytearray(int(one) for one in ids)).decode(errors="replace")


@dataclass(frozen=True)
class Characters:
    """The characters of one corpus, all of it, in the order of their code points."""

    alphabet: str
    name: str = "characters"

    @classmethod
    def of(cls, corpus: Corpus) -> Characters:
        """The characters that occur in a corpus, and the newline that separates its documents."""
        return cls("".join(sorted(set("\n").union(*(one.text for one in corpus.documents)))))

    @property
    def vocab(self) -> int:
        """How many characters there are."""
        return len(self.alphabet)

    @property
    def digest(self) -> str:
        """What tells it from every other."""
        return hashlib.sha256(b"characters" + self.alphabet.encode()).hexdigest()

    @property
    def separator(self) -> Ids:
        """An empty line."""
        return self.encode("\n\n")

    def encode(self, text: str) -> Ids:
        """The places of a text's characters in the alphabet."""
        points = np.frombuffer(text.encode("utf-32-le"), np.uint32)
        known = np.frombuffer(self.alphabet.encode("utf-32-le"), np.uint32)
        places = np.searchsorted(known, points)
        strange = points[known[np.minimum(places, len(known) - 1)] != points]
        if len(strange):
            raise UsageError(
                f"{chr(strange[0])!r} is not in this alphabet of {len(known)} characters.",
                "Take the characters of the corpus you encode, or bytes.",
            )
        return places.astype(narrow(len(known)))

    def decode(self, ids: Sequence[int] | Ids) -> str:
        """The text of some places in the alphabet."""
        return "".join(self.alphabet[int(one)] for one in ids)
