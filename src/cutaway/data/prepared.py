"""A corpus made ready for a model: split, tokenized, on disk, with the ladder beside it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path

import numpy as np

from cutaway.errors import Refused, Unavailable, UsageError
from cutaway.runs.folders import data_folder

from .catalogue import DEFAULT
from .corpora import Corpus, Document
from .ladder import Rung, cached_ladder
from .opening import corpus
from .overlap.splitting import Split, cached_split
from .shards import read_tokens, tokens_of, write_tokens
from .tokenization import Bytes, Characters, Ids, Tokenization

Said = Callable[[str, int, int | None], None]  # what is being done, how much of it, of how much
MOST_COUNTED = 2**24  # tokens of the training text that the ladder's models are counted on
MOST_ASKED = 2**22  # tokens of the held-out text that they are asked for


@dataclass(frozen=True, eq=False)
class Prepared:
    """The two sides of a corpus as one row of tokens each, a separator between two documents."""

    corpus: Corpus
    split: Split
    tokenization: Tokenization
    train: Ids
    held_out: Ids
    said: Said | None = None

    @property
    def key(self) -> str:
        """What tells this from everything else that was prepared."""
        return f"{self.split.key}-{self.tokenization.digest[:16]}"

    @cached_property
    def ladder(self) -> list[Rung]:
        """The n-gram models' cross-entropy of the held-out row, to read a loss on it against.

        They see what a model sees: separators are tokens, and what stands before them is context.
        Of a very long text the beginning is counted.
        """
        train, held_out = self.train[:MOST_COUNTED], self.held_out[:MOST_ASKED]
        told = partial(self.said, "the ladder") if self.said else None
        return cached_ladder([train], [held_out], self.tokenization.vocab, self.key, told=told)

    @cached_property
    def bytes_a_token(self) -> float:
        """The bytes of held-out text that a token stands for, separators included."""
        pieces = self.split.held_out
        between = len(self.tokenization.decode(self.tokenization.separator).encode())
        size = sum(len(one.text.encode()) for one in pieces) + between * (len(pieces) - 1)
        return size / len(self.held_out)


def prepare(
    name: str | Path = DEFAULT,
    tokenization: Tokenization | str = "characters",
    said: Said | None = None,
) -> Prepared:
    """A corpus, split and tokenized; what was computed once is read from the cache."""
    found = corpus(name)
    how = tokenized(found, tokenization) if isinstance(tokenization, str) else tokenization
    split = cached_split(found, told=partial(said, "the split") if said else None)
    train, held_out = (
        _tokens(side, how, f"{split.key}-{word}", said)
        for side, word in ((split.train, "train"), (split.held_out, "held-out"))
    )
    return Prepared(found, split, how, train, held_out, said)


def tokenized(corpus: Corpus, name: str) -> Tokenization:
    """The tokenization of a name."""
    if name not in ("characters", "bytes"):
        step = "Say characters or bytes, or give a tokenization."
        raise UsageError(f"There is no tokenization {name!r}.", step)
    return Bytes() if name == "bytes" else Characters.of(corpus)


def _tokens(
    documents: Sequence[Document], how: Tokenization, key: str, said: Said | None
) -> np.ndarray:
    """The tokens of some documents, mapped from a file that is written if it is not there.

    Where nothing can be written they are held in memory.
    """
    path = data_folder("tokens") / f"{key}-{how.digest[:16]}.tokens"
    told = partial(said, "the tokens") if said else None
    with suppress(FileNotFoundError, Refused, Unavailable):
        return read_tokens(path, how, told)
    try:
        write_tokens(path, tokens_of(documents, how), how)
        return read_tokens(path, how, told)
    except Unavailable:
        return np.concatenate([*tokens_of(documents, how)])
