"""Ids in files, read and written some at a time."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from cutaway.data.tokenization import narrow
from cutaway.data.yours.filing import shown
from cutaway.errors import Refused, UsageError

from .files import written
from .streams import BLOCK, name_of, opened

FEW = 2**18  # ids that are read at a time
LONGEST = 19  # digits of an id
HEAD = 10_000  # bytes of an array's head, as numpy will have it
MARK = b"cutaway vocabulary sha256:"
BEHIND = 512  # bytes in which a mark is found
STEP = "Give a file that `cutaway tokens encode` wrote, or ids with blanks between them."


def mark_of(tokenizer: Any) -> bytes:
    """What tells a vocabulary from any other: a digest of which bytes each of its ids stands for.

    The same vocabulary in another format has the same; special tokens have no part in it.
    """
    all_of = hashlib.sha256()
    for id, token in enumerate(tokenizer.vocabulary.tokens):
        if token:
            all_of.update(b"%d %d " % (id, len(token)) + token)
    return MARK + all_of.hexdigest().encode()


def write_ids(path: Path, found: Iterable[np.ndarray], tokenizer: Any) -> int:
    """Write ids as an array of numpy's or as lines of text; how many they were.

    Behind the array stands another, of one text: the mark of the vocabulary. Whoever reads an array
    from such a file reads the first.
    """
    kind, count = narrow(tokenizer.vocab), 0
    with written(path) as file:
        as_text = path.suffix == ".txt"
        if not as_text:
            _begin(file, kind, 0)
        for ids in found:
            file.write(lines(ids).encode() if as_text else ids.astype(kind).tobytes())
            count += len(ids)
        if not as_text:
            np.lib.format.write_array(file, np.array(mark_of(tokenizer)), allow_pickle=False)
            file.seek(0)
            _begin(file, kind, count)
            file.seek(0, os.SEEK_END)
    return count


def lines(ids: np.ndarray) -> str:
    """Ids as text, one a line."""
    return "".join(f"{id}\n" for id in ids.tolist())


def _begin(file: BinaryIO, kind: np.dtype[np.unsignedinteger], count: int) -> None:
    """Write the head of an array, which is as long for any count."""
    head = {"descr": kind.str, "fortran_order": False, "shape": (count,)}
    np.lib.format.write_array_header_1_0(file, head)


def ids_in(path: Path | None, tokenizer: Any = None) -> Iterator[np.ndarray]:
    """The ids in a file, some at a time; not those of an array with another vocabulary's mark."""
    with opened(path) as file:
        head: bytes = file.peek(12)[:12]  # type: ignore[attr-defined]
        if head[:6] != b"\x93NUMPY":
            yield from _ids_in_text(path, file)
            return
    if path is None:
        raise UsageError("An array cannot be read from standard input.", "Give its file.")
    if (size := int.from_bytes(head[8 : 10 if head[6:7] == b"\x01" else 12], "little")) > HEAD:
        raise Refused(f"{shown(path)} is no row of ids: its head has {size:,} bytes.", STEP)
    try:
        found = np.load(path, mmap_mode="r", allow_pickle=False)
    except (ValueError, OSError, SyntaxError) as error:
        raise Refused(
            f"{shown(path)} is a damaged array: {str(error).rstrip('.')}.", STEP
        ) from error
    if found.ndim != 1 or found.dtype.kind not in "iu":
        what = f"{shown(path)} holds {found.ndim} dimensions of {found.dtype}, not a row of ids."
        raise Refused(what, STEP)
    if tokenizer:
        _marked(path, found.nbytes, mark_of(tokenizer))
    for start in range(0, len(found), FEW):
        yield np.asarray(found[start : start + FEW])


def _marked(path: Path, size: int, mark: bytes) -> None:
    """Nothing, or an error if a file bears the mark of another vocabulary behind its array."""
    with open(path, "rb") as file:
        version = np.lib.format.read_magic(file)
        file.seek(int.from_bytes(file.read(2 if version == (1, 0) else 4), "little") + size, 1)
        other = re.search(re.escape(MARK) + rb"[0-9a-f]{64}", file.read(BEHIND))
    if other and other[0] != mark:
        what = f"{shown(path)} was encoded with another vocabulary: its ids mean nothing in this."
        raise Refused(what, "Give the vocabulary that encoded it, with -v.")


def _ids_in_text(path: Path | None, file: BinaryIO) -> Iterator[np.ndarray]:
    """The ids in a text, between blanks."""
    rest, number = b"", 0
    while block := file.read(BLOCK):
        *words, rest = re.split(rb"[ \t\r\n,]+", rest + block)
        yield _numbers(path, words, number)
        number += len(words)
        if len(rest) > LONGEST:
            break
    yield _numbers(path, [rest], number)


def _numbers(path: Path | None, words: Iterable[bytes], before: int) -> np.ndarray:
    """Some words of a text as ids."""
    words = [word for word in words if word]
    for number, word in enumerate(words, before + 1):
        if not re.fullmatch(rb"[0-9]{1,%d}" % LONGEST, word):
            shown_word = word[:40].decode(errors="replace")
            what = f"{name_of(path)} holds {shown_word!r}, which is no id (word {number:,} of it)."
            raise Refused(what, STEP)
    return np.array([int(word) for word in words], np.uint64)
