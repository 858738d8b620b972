"""Texts that are read some at a time: a file may be larger than memory."""

from __future__ import annotations

import codecs
import re
import sys
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from typing import BinaryIO

from cutaway.data.yours.filing import CONVERT, shown, trouble
from cutaway.errors import Refused, UsageError

from .files import there
from .vocabularies import tokens

BLOCK = 2**22  # bytes that are read at a time
WHOLE = 2**24  # bytes of a text that is not cut into words
FAR = 2**26  # characters in which the names of special tokens lie over each other

Told = Callable[[int], None]  # how many bytes were read so far


def name_of(path: Path | None) -> str:
    """What a file, or else standard input, is called in a sentence."""
    return shown(path) if path else "standard input"


@contextmanager
def opened(path: Path | None) -> Iterator[BinaryIO]:
    """An ordinary file, or standard input, to be read."""
    if path is None:
        if sys.stdin is None or sys.stdin.isatty():
            raise UsageError("There is nothing to read.", "Give a file, or a pipe.")
        yield sys.stdin.buffer
        return
    there(path)
    try:
        file = open(path, "rb")  # noqa: SIM115
    except OSError as error:
        raise trouble(path, error) from error
    with file:
        yield file


def characters(path: Path | None, told: Told | None = None) -> Iterator[str]:
    """The text of a file, a block at a time; what is not UTF-8 is refused, with its place."""
    decode = codecs.getincrementaldecoder("utf-8")()
    done = 0
    with opened(path) as file:
        while True:
            block = file.read(BLOCK)
            begun = done - len(decode.getstate()[0])
            try:
                text = decode.decode(block, final=not block)
            except UnicodeDecodeError as error:
                wrong = f"byte {begun + error.start:,} (0x{error.object[error.start]:02x})"
                what = f"{name_of(path)} is not UTF-8: {wrong} begins no character."
                raise Refused(what, CONVERT) from error
            done += len(block)
            if told:
                told(done)
            if text:
                yield text
            if not block:
                return


def read(path: Path | None, most: int = WHOLE, told: Told | None = None) -> str:
    """The text of a file that is not too large to be held in memory several times."""
    found, size = [], 0
    for text in characters(path, told):
        found.append(text)
        size += len(text.encode())
        if size > most:
            what = f"{name_of(path)} has more than {most:,} bytes, the most that is read here."
            raise Refused(what, "Give a part of it, as with `head -c 1000000`.")
    return "".join(found)


def pieces(
    path: Path | None, pattern: str, names: Collection[str], told: Told | None
) -> Iterator[str]:
    """The text of a file in pieces; no word and none of some names lies in two of them."""
    if pattern == tokens().WHOLE:
        yield read(path, told=told)
        return
    try:
        yield from unparted(tokens().between_words(characters(path, told)), names)
    except ValueError as error:
        most = tokens("training").MOST
        what = f"{name_of(path)} has {most:,} characters and no place between words in them."
        raise Refused(what, "Cut it into files that are smaller.") from error


def unparted(texts: Iterable[str], names: Collection[str]) -> Iterator[str]:
    """The same text in other pieces; one that would end inside a name ends behind it."""
    longest = sorted(names, key=len, reverse=True)
    name = re.compile("|".join(map(re.escape, longest)))
    reach = len(longest[0]) - 1 if longest else 0
    kept, end = "", 0
    for text in texts:
        kept, end = kept + text, end or len(kept)
        behind = (hit.end() for hit in name.finditer(kept) if hit.end() > end)
        for place in chain([end], behind):
            if place <= len(kept) - reach and not _parted(kept, place, reach, names):
                if place:
                    yield kept[:place]
                kept, end = kept[place:], 0
                break
        if len(kept) - end > FAR:
            raise ValueError("Names lie over each other everywhere.")
    yield kept


def _parted(text: str, place: int, reach: int, names: Collection[str]) -> bool:
    """Whether one of some names begins before a place in a text and ends after it."""
    begin = max(place - reach, 0)
    around, place = text[begin : place + reach], place - begin
    return any(
        hit.start() < place < hit.start() + len(name)
        for name in names
        for hit in re.finditer(f"(?={re.escape(name)})", around)
    )
