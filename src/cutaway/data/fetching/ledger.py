"""The ledger of a large public file: which shards of it were fetched, and what they were."""

from __future__ import annotations

import codecs
import hashlib
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from cutaway.errors import Refused, Unavailable
from cutaway.runs.disk import write_files
from cutaway.runs.sealing import sealed, unsealed

from ..sources import Remote

NAME = "shards.json"
ANEW = "Delete the folder {} and get the corpus again."


@dataclass(frozen=True)
class Identity:
    """By what one sees that a file at its source is still the same."""

    size: int
    etag: str
    modified: str

    def differs(self, seen: Identity) -> bool:
        """Whether a file that was seen is certainly another one."""
        if self.etag and seen.etag:
            return (self.size, self.etag) != (seen.size, seen.etag)
        redated = bool(self.modified and seen.modified) and self.modified != seen.modified
        return self.size != seen.size or redated


@dataclass(frozen=True)
class Pin:
    """What a shard was when it was first fetched."""

    sha256: str
    size: int

    @classmethod
    def of(cls, data: bytes) -> Pin:
        """The pin of a shard."""
        return cls(hashlib.sha256(data).hexdigest(), len(data))


@dataclass(frozen=True)
class Ledger:
    """Of what the shards in a folder are parts, and a pin for each that was ever fetched."""

    remote: Remote
    identity: Identity | None = None
    pins: tuple[Pin, ...] = ()

    @classmethod
    def at(cls, folder: Path, remote: Remote) -> Ledger:
        """The ledger of a folder; an empty one if nothing was fetched into it yet."""
        path = folder / NAME
        again = ANEW.format(folder)
        try:
            data = unsealed(path, again)
        except FileNotFoundError:
            return cls(remote)
        except OSError as error:
            raise _unreadable(path, error) from error
        try:
            identity = Identity(data["size"], data["etag"], data["modified"])
            found = cls(
                Remote(**data["remote"]), identity, tuple(Pin(**one) for one in data["pins"])
            )
        except (KeyError, TypeError) as error:
            raise Refused(f"{path} is not the ledger of a public file.", again) from error
        if found.remote != remote:
            what = f"{folder} holds shards of {found.remote.address}, or of another size."
            raise Refused(what, again)
        return found

    def to_json(self) -> str:
        """The ledger as it is written."""
        assert self.identity
        pins = [asdict(pin) for pin in self.pins]
        data: dict[str, Any] = {"remote": asdict(self.remote), "pins": pins}
        return sealed({**data, **asdict(self.identity)})

    def shard(self, folder: Path, number: int) -> bytes | None:
        """A shard, if it is in the folder and is what it was when it was first fetched."""
        if number >= len(self.pins):
            return None
        path = shard_file(folder, number)
        try:
            if path.stat().st_size != self.pins[number].size:
                return None
            data = path.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise _unreadable(path, error) from error
        return data if Pin.of(data) == self.pins[number] else None

    def keep(self, folder: Path, number: int, data: bytes) -> Ledger:
        """The ledger with a shard that was fetched and is written now; another one is refused."""
        pin, path = Pin.of(data), shard_file(folder, number)
        if number < len(self.pins) and pin != self.pins[number]:
            what = f"Shard {number} of {self.remote.address} is not what it was when it was first "
            raise Refused(f"{what}fetched; it is not kept.", ANEW.format(folder))
        if number > len(self.pins):
            what = f"{folder / NAME} was replaced while shard {number} was fetched."
            raise Unavailable(what, "Run the same command again, once at a time.")
        grown = replace(self, pins=(*self.pins[:number], pin, *self.pins[number + 1 :]))
        write_files({path: data, folder / NAME: grown.to_json()})
        return grown


def shard_file(folder: Path, number: int) -> Path:
    """Where a shard is kept."""
    return folder / f"{number:05}.txt"


def shards_here(folder: Path) -> list[int]:
    """The sizes of the shards in a folder, which are not read."""
    return [path.stat().st_size for path in sorted(folder.glob("[0-9]*.txt"))]


def joined(remote: Remote, folder: Path, shards: int) -> bytes | None:
    """The first shards as one text in UTF-8, or None if they are not all here.

    Each is checked against its pin. A character that the end of the last shard cuts is left out.
    """
    ledger = Ledger.at(folder, remote)
    paths = [shard_file(folder, number) for number in range(shards)]
    if len(ledger.pins) < shards or not all(path.is_file() for path in paths):
        return None
    parts = []
    for number, path in enumerate(paths):
        part = ledger.shard(folder, number)
        if part is None:
            what = f"{path} is not what was fetched: it was changed or cut short."
            raise Refused(what, "Get the corpus again: what differs is fetched anew.")
        parts.append(part)
    data = b"".join(parts)
    assert ledger.identity
    is_whole = remote.kind == "parquet" or shards * remote.shard >= ledger.identity.size
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        decoder.decode(data, final=is_whole)
    except UnicodeDecodeError as error:
        what = f"{remote.address} is not UTF-8 at byte {error.start:,} of its first shards."
        raise Refused(what, "Use another corpus: this one is not text.") from error
    return data[: len(data) - len(decoder.getstate()[0])]


def _unreadable(path: Path, error: OSError) -> Unavailable:
    """The error a user sees when a file cannot be read."""
    return Unavailable(f"Cannot read {path}: {error.strerror}.", "Check who may read it.")
