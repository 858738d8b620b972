"""Token shards: arrays on disk that say which vocabulary they are of, and refuse any other.

A shard is 8 bytes of magic, 8 of the header's length, a JSON header filled up with spaces so that
the tokens begin at a multiple of 64 bytes, and the tokens, little-endian. Nothing follows them.
"""

from __future__ import annotations

import hashlib
import json
import os
import stat
import uuid
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from cutaway.errors import Refused, Unavailable, UsageError
from cutaway.runs.disk import cannot_write, sweep

from .corpora import Document, Told
from .tokenization import Ids, Tokenization, narrow, narrowed

MAGIC = b"cutaway\0"
FORMAT = 1
MOST_HEADER = 2**16
PIECE = 2**22  # tokens that are read at once
FIELDS = [
    ("format", int),
    ("tokenization", str),
    ("vocabulary", str),
    ("vocab", int),
    ("dtype", str),
    ("count", int),
    ("sha256", str),
]
AGAIN = "Delete the file and write it anew from its text, with this tokenization."


def tokens_of(documents: Sequence[Document], tokenization: Tokenization) -> Iterator[Ids]:
    """The tokens of each document, and the separator between two."""
    for number, document in enumerate(documents):
        if number:
            yield tokenization.separator
        yield tokenization.encode(document.text)


def write_tokens(path: Path, tokens: Iterable[Ids], tokenization: Tokenization) -> None:
    """Write tokens, piece by piece, into a shard that is there whole or not at all."""
    head, digest, count = _head(tokenization, 10**18, "0" * 64), hashlib.sha256(), 0
    half = path.with_name(f".{path.name}.{uuid.uuid4().hex}")
    with _writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        sweep(path.parent)
        file = open(half, "wb")  # noqa: SIM115 - its close may fail as well
    try:
        with _writing(path):
            file.write(head)
        for piece in tokens:
            raw = narrowed(piece, tokenization.vocab).tobytes()
            digest.update(raw)
            count += len(piece)
            with _writing(path):
                file.write(raw)
        if not count:
            raise UsageError(f"There are no tokens to write to {path}.", "Give a text with some.")
        with _writing(path):
            file.seek(0)
            file.write(_head(tokenization, count, digest.hexdigest(), len(head)))
            file.flush()
            os.fsync(file.fileno())
            os.replace(half, path)
    finally:
        with suppress(OSError):
            file.close()
        with suppress(OSError):
            half.unlink(missing_ok=True)


def read_tokens(path: Path, tokenization: Tokenization, told: Told | None = None) -> np.ndarray:
    """The tokens of a shard, mapped from the file and not to be written to, all of them checked.

    A file that is not there is a FileNotFoundError: there is nothing to refuse.
    """
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise Refused(f"{path} is no file of tokens: it is no regular file.", AGAIN)
        with open(path, "rb") as file:
            header = _header(path, file)
            _same_vocabulary(path, header, tokenization)
            start = _whole(path, file, header)
            _same_tokens(path, file, header, told)
            return np.memmap(file, header["dtype"], "r", start, (header["count"],))
    except FileNotFoundError:
        raise
    except OSError as error:
        raise Unavailable(
            f"Cannot read {path}: {error.strerror or error}.", "Check the file and the disk."
        ) from error
    except ValueError as error:  # of np.memmap: there is less to map than there was to read
        raise Refused(f"{path} changed while it was read.", AGAIN) from error


def _about(tokenization: Tokenization) -> dict[str, Any]:
    """What a header says whatever the tokens are."""
    return {
        "format": FORMAT,
        "tokenization": tokenization.name,
        "vocabulary": tokenization.digest,
        "vocab": tokenization.vocab,
        "dtype": narrow(tokenization.vocab).str,
    }


def _head(tokenization: Tokenization, count: int, digest: str, size: int = 0) -> bytes:
    """All that stands before the tokens; as long as `size` where that is given."""
    text = json.dumps({**_about(tokenization), "count": count, "sha256": digest}).encode()
    length = (size or -(-(16 + len(text)) // 64) * 64) - 16
    if length > MOST_HEADER:
        raise UsageError("This tokenization's name is too long.", "Give it a short name.")
    return MAGIC + length.to_bytes(8, "little") + text.ljust(length)


def _header(path: Path, file: BinaryIO) -> dict[str, Any]:
    """The header of a shard, if it is written as one is, with its fields and no others."""
    front = file.read(16)
    if len(front) < 16 or front[:8] != MAGIC:
        raise Refused(f"{path} is no file of tokens: it does not begin like one.", AGAIN)
    length = int.from_bytes(front[8:], "little")
    if length > MOST_HEADER or (16 + length) % 64:
        raise Refused(f"{path} is damaged: its header cannot be {length:,} bytes long.", AGAIN)
    text = file.read(length)
    try:
        header = json.loads(text)
        kinds = [(name, type(value)) for name, value in header.items()]
    except (ValueError, AttributeError, RecursionError):
        header, kinds = {}, []
    if header.get("format", FORMAT) != FORMAT:
        raise Refused(f"{path} is of format {header['format']!r:.20}, not {FORMAT}.", AGAIN)
    if kinds != FIELDS or json.dumps(header).encode().ljust(length) != text:
        raise Refused(f"{path} is damaged: its header cannot be read.", AGAIN)
    return dict(header)


def _same_vocabulary(path: Path, header: dict[str, Any], tokenization: Tokenization) -> None:
    """Refuse the tokens of any other vocabulary."""
    ours = _about(tokenization)
    if header["vocabulary"] != ours["vocabulary"]:
        theirs, wanted = (
            f"{one['tokenization'][:60]!r} ({one['vocabulary'][:12]})" for one in (header, ours)
        )
        raise Refused(f"{path} holds tokens of {theirs}, not of {wanted}.", AGAIN)
    for name in ("vocab", "dtype"):
        if header[name] != ours[name]:
            found = str(header[name])[:20]
            raise Refused(f"{path} says that its {name} is {found}, not {ours[name]}.", AGAIN)


def _whole(path: Path, file: BinaryIO, header: dict[str, Any]) -> int:
    """Where the tokens begin, if the file ends where they end."""
    count, there = header["count"], os.fstat(file.fileno()).st_size - file.tell()
    if count < 1 or there != count * np.dtype(header["dtype"]).itemsize:
        promised = f"{str(count)[:20]} tokens as {header['dtype']}"
        raise Refused(f"{path} is cut or overlong: {there:,} bytes, not {promised}.", AGAIN)
    return file.tell()


def _same_tokens(path: Path, file: BinaryIO, header: dict[str, Any], told: Told | None) -> None:
    """Refuse tokens that are not those that were written, or not in the vocabulary."""
    found, largest, count = hashlib.sha256(), 0, header["count"]
    for done in range(0, count, PIECE):
        piece = np.fromfile(file, header["dtype"], min(PIECE, count - done))
        found.update(piece.tobytes())
        largest = max(largest, int(piece.max(initial=0)))
        if told:
            told(min(done + PIECE, count), count)
    if found.hexdigest() != header["sha256"]:
        raise Refused(f"{path} is damaged: its tokens are not those that were written.", AGAIN)
    if largest >= header["vocab"]:
        raise Refused(f"{path} holds token {largest:,} of {header['vocab']:,}.", AGAIN)


@contextmanager
def _writing(path: Path) -> Iterator[None]:
    """The error a user sees, where the disk fails to take what is written."""
    try:
        yield
    except OSError as error:
        raise cannot_write(path, error) from error
