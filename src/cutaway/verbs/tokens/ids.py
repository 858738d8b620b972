"""Ids in files, read and written some at a time."""

from __future__ import annotations

import os
import re
import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

import numpy as np

from cutaway.data.tokenization import narrow
from cutaway.data.yours.filing import shown
from cutaway.errors import Refused, Unavailable, UsageError
from cutaway.runs.disk import cannot_write

from .streams import BLOCK, name_of, opened

FEW = 2**18  # ids that are read at a time
LONGEST = 19  # digits of an id
STEP = "Give a file that `cutaway tokens encode` wrote, or ids with blanks between them."


@contextmanager
def written(path: Path) -> Iterator[BinaryIO]:
    """A new file that is there whole when it is closed, and not at all if something goes wrong."""
    half = path.with_name(f".{path.name}.{uuid.uuid4().hex}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(half, "xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(half, path)
    except OSError as error:
        what = cannot_write(path, error).what.removesuffix(" Earlier results are intact.")
        raise Unavailable(what, "Free some space, or choose another place.") from error
    finally:
        with suppress(OSError):
            half.unlink(missing_ok=True)


def write_ids(path: Path, found: Iterable[np.ndarray], vocab: int) -> int:
    """Write ids as an array of numpy's or as lines of text; how many they were."""
    kind, count = narrow(vocab), 0
    with written(path) as file:
        as_text = path.suffix == ".txt"
        if not as_text:
            _begin(file, kind, 0)
        for ids in found:
            file.write(lines(ids).encode() if as_text else ids.astype(kind).tobytes())
            count += len(ids)
        if not as_text:
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


def ids_in(path: Path | None) -> Iterator[np.ndarray]:
    """The ids in a file, some at a time."""
    with opened(path) as file:
        if file.peek(8)[:6] != b"\x93NUMPY":  # type: ignore[attr-defined]
            yield from _ids_in_text(path, file)
            return
    if path is None:
        raise UsageError("An array cannot be read from standard input.", "Give its file.")
    try:
        found = np.load(path, mmap_mode="r", allow_pickle=False)
    except (ValueError, OSError, SyntaxError) as error:
        raise Refused(
            f"{shown(path)} is a damaged array: {str(error).rstrip('.')}.", STEP
        ) from error
    if found.ndim != 1 or found.dtype.kind not in "iu":
        what = f"{shown(path)} holds {found.ndim} dimensions of {found.dtype}, not a row of ids."
        raise Refused(what, STEP)
    for start in range(0, len(found), FEW):
        yield np.asarray(found[start : start + FEW])


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
