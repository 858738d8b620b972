"""Train and held-out text that share no passage: split by document, and what is shared removed."""

from __future__ import annotations

import hashlib
from contextlib import suppress
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

from cutaway.errors import Refused, Unavailable, UsageError
from cutaway.runs.disk import write_file
from cutaway.runs.folders import data_folder
from cutaway.runs.sealing import sealed, unsealed

from ..corpora import Corpus, Document, Told
from .shared import kept_spans

RECIPE = 1  # raise it when the same corpus would be split in another way
NEXT = "Name a file or folder with more text: documents are never split between the two sides."

Span = tuple[int, int, int]  # the number of a document, and where in its bytes a piece is


@dataclass(frozen=True)
class Split:
    """The two sides of a corpus, and what of the held-out one was removed because it was shared.

    `removed` is a share of the bytes that were held out at first.
    """

    corpus: str
    digest: str
    share: float
    train: tuple[Document, ...]
    held_out: tuple[Document, ...]
    removed_bytes: int
    removed: float

    @property
    def key(self) -> str:
        """What tells this split from every other."""
        return _key(self.digest, self.share)


def split(corpus: Corpus, share: float = 0.1, told: Told | None = None) -> Split:
    """A corpus in two sides, of which the held-out one has about `share` of the bytes.

    Which side a document goes to depends on the texts alone, not on their names or their order;
    equal texts go to the same side. Whatever of a held-out document lies in a 50-byte window that
    occurs in a training document is removed, out to whole characters, and so is what then remains
    in pieces of less than 50 bytes. The order of both sides is that of the texts' SHA-256.
    """
    return _built(corpus, share, *_spans(corpus, share, told))


def cached_split(corpus: Corpus, share: float = 0.1, told: Told | None = None) -> Split:
    """The split of a corpus; computed once, then read from the cache."""
    path = data_folder("splits") / f"{_key(corpus.digest, share)}.json"
    try:
        return _read(path, corpus, share)
    except (Refused, OSError, KeyError, TypeError, ValueError, IndexError):
        train, spans = _spans(corpus, share, told)
    found = _built(corpus, share, train, spans)
    data: dict[str, Any] = {"recipe": RECIPE, "corpus": corpus.digest, "share": share}
    with suppress(Unavailable):  # the split is whole without its copy
        write_file(path, sealed(data | {"train": train, "held_out": spans}))
    return found


def _key(digest: str, share: float) -> str:
    """What tells one split from every other."""
    return f"{digest}-{float(share)!r}-{RECIPE}"


def _read(path: Path, corpus: Corpus, share: float) -> Split:
    """The split that a file remembers, if that is a split of this corpus."""
    data = unsealed(path)
    if (data["recipe"], data["corpus"], data["share"]) != (RECIPE, corpus.digest, share):
        raise ValueError("the split of another corpus")
    return _built(corpus, share, data["train"], [tuple(span) for span in data["held_out"]])


def _spans(corpus: Corpus, share: float, told: Told | None) -> tuple[list[int], list[Span]]:
    """The numbers of the training documents, and the pieces that are held out."""
    if not 0 < share < 1:
        raise UsageError(f"A share of {share} cannot be held out.", "Take one between 0 and 1.")
    texts = [one.text.encode() for one in corpus.documents]
    train, held = _sides(corpus, texts, share)
    pieces = kept_spans([texts[n] for n in held], [texts[n] for n in train], told)
    spans = [(held[place], start, end) for place, start, end in pieces]
    if not spans:
        raise Refused(
            f"The held-out text of {corpus.name} is all repeated in the training text.",
            "Name text that repeats itself less, or hold out another share of it.",
        )
    return train, spans


def _sides(corpus: Corpus, texts: list[bytes], share: float) -> tuple[list[int], list[int]]:
    """The numbers of the documents of both sides; those without text are on neither.

    In the order of their digests documents are held out as long as they fit (half as much again
    as was asked for is too much), until there is enough. Where documents are so large that less
    than half is found, the smallest of the others is held out as well.
    """
    digests = {n: hashlib.sha256(text).digest() for n, text in enumerate(texts) if text}
    order = sorted(digests, key=lambda n: digests[n])
    groups = [list(same) for _, same in groupby(order, key=lambda n: digests[n])]
    if len(groups) < 2:
        what = "only one document" if len(order) < 2 else "one text, over and over"
        raise UsageError(f"{corpus.name} has {what}: there is nothing to hold out.", NEXT)
    sizes = [len(texts[group[0]]) * len(group) for group in groups]
    wanted, held, found = share * sum(sizes), set[int](), 0
    for place, size in enumerate(sizes):
        if found < wanted and found + size <= 1.5 * wanted and len(held) < len(groups) - 1:
            held.add(place)
            found += size
    others = [place for place in range(len(groups)) if place not in held]
    if found < wanted / 2 and len(others) > 1:
        held.add(min(others, key=lambda place: sizes[place]))
    train = [n for place, group in enumerate(groups) if place not in held for n in group]
    return train, [n for place in sorted(held) for n in groups[place]]


def _built(corpus: Corpus, share: float, train: list[int], spans: list[Span]) -> Split:
    """The split of which these are the training documents and the held-out pieces."""
    documents = corpus.documents
    texts = {n: documents[n].text.encode() for n, _, _ in spans}
    pieces, number = [], dict.fromkeys(texts, 0)
    for n, start, end in spans:
        whole = (start, end) == (0, len(texts[n]))
        number[n] += 1
        name = documents[n].name if whole else f"{documents[n].name}#{number[n]}"
        pieces.append(Document(name, texts[n][start:end].decode()))
    first = corpus.size - sum(len(documents[n].text.encode()) for n in train)
    removed = first - sum(end - start for _, start, end in spans)
    return Split(
        corpus=corpus.name,
        digest=corpus.digest,
        share=share,
        train=tuple(documents[n] for n in train),
        held_out=tuple(pieces),
        removed_bytes=removed,
        removed=removed / first,
    )
