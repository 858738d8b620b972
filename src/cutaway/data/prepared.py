"""A corpus made ready for a model: split, tokenized, on disk, with the ladder beside it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from cutaway.errors import Refused, UsageError
from cutaway.runs.folders import data_folder

from .catalogue import DEFAULT
from .corpora import Corpus, Document
from .ladder import Rung, cached_ladder
from .opening import corpus
from .overlap.splitting import Split, cached_split
from .shards import read_tokens, tokens_of, write_tokens
from .tokenization import Bytes, Characters, Ids, Tokenization


@dataclass(frozen=True)
class Prepared:
    """The two sides of a corpus as tokens, each document's end marked by the separator."""

    corpus: Corpus
    split: Split
    tokenization: Tokenization
    train: Ids
    held_out: Ids

    @cached_property
    def ladder(self) -> list[Rung]:
        """The n-gram models' cross-entropy of the held-out text, to read a loss against."""
        sides = (self.split.train, self.split.held_out)
        train, held_out = ([self.tokenization.encode(one.text) for one in side] for side in sides)
        key = f"{self.split.key}-{self.tokenization.digest[:16]}"
        return cached_ladder(train, held_out, self.tokenization.vocab, key)

    @cached_property
    def bytes_a_token(self) -> float:
        """The bytes of held-out text that a token stands for, the separators left out."""
        texts = [one.text for one in self.split.held_out]
        tokens = sum(len(self.tokenization.encode(text)) for text in texts)
        return sum(len(text.encode()) for text in texts) / tokens


def prepare(
    name: str | Path = DEFAULT, tokenization: Tokenization | str = "characters"
) -> Prepared:
    """A corpus, split and tokenized; what was computed once is read from the cache."""
    found = corpus(name)
    how = tokenized(found, tokenization) if isinstance(tokenization, str) else tokenization
    split = cached_split(found)
    train, held_out = (
        _tokens(side, how, split.key + end)
        for side, end in ((split.train, "-train"), (split.held_out, "-held-out"))
    )
    return Prepared(found, split, how, train, held_out)


def tokenized(corpus: Corpus, name: str) -> Tokenization:
    """The tokenization of a name."""
    if name not in ("characters", "bytes"):
        step = "Say characters or bytes, or give a tokenization."
        raise UsageError(f"There is no tokenization {name!r}.", step)
    return Bytes() if name == "bytes" else Characters.of(corpus)


def _tokens(documents: Sequence[Document], how: Tokenization, key: str) -> np.ndarray:
    """The tokens of some documents, mapped from a file that is written if it is not there."""
    path = data_folder("tokens") / f"{key}-{how.digest[:16]}.tokens"
    try:
        return read_tokens(path, how)
    except (FileNotFoundError, Refused):
        write_tokens(path, tokens_of(documents, how), how)
        return read_tokens(path, how)
