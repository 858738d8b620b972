"""A corpus: named documents of text, with the digest by which results remember it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

Told = Callable[[int, int | None], None]  # how much is done, and of how much if that is known


@dataclass(frozen=True)
class Document:
    """A text that a split never parts: a scene, a speech, a file, a piece of a long file."""

    name: str
    text: str


@dataclass(frozen=True)
class Corpus:
    """Documents in a fixed order, where they come from and what one may do with them."""

    name: str
    documents: tuple[Document, ...]
    source: str = "a path of yours"
    licence: str = "yours to know"

    @cached_property
    def size(self) -> int:
        """The bytes of all documents in UTF-8."""
        return sum(len(document.text.encode()) for document in self.documents)

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the documents' names and texts, each with its length before it."""
        found = hashlib.sha256()
        for document in self.documents:
            for part in (document.name.encode(), document.text.encode()):
                found.update(len(part).to_bytes(8, "big") + part)
        return found.hexdigest()
