"""What a corpus is made from: a package of a registry, a public file, or what Python brings."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from .corpora import Document


@dataclass(frozen=True)
class Package:
    """The wanted members (a regular expression) of one exact archive of a package registry."""

    registry: str
    name: str
    version: str
    sha256: str
    wanted: str

    def __str__(self) -> str:
        """As one says it."""
        return f"{self.registry} {self.name} {self.version}"


@dataclass(frozen=True)
class Remote:
    """A large public file, taken in shards: byte ranges of a text, row groups of a Parquet file."""

    address: str
    kind: str
    column: str = "text"
    shard: int = 2**24


@dataclass(frozen=True)
class Listed:
    """A corpus that has a name: what it is, whose, and how its documents are made.

    `digest` and `size` are those of the documents, where one can know them beforehand.
    """

    name: str
    says: str
    licence: str
    source: Package | Remote | None
    recipe: Callable[[Mapping[str, bytes]], Iterable[Document]]
    digest: str = ""
    size: int = 0

    @property
    def origin(self) -> str:
        """Where it comes from, in words."""
        if isinstance(self.source, Remote):
            return self.source.address
        return str(self.source or "Python itself")
