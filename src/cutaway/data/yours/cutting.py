"""The documents of one file: where its own marks part them, else about a hundred pieces."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from cutaway.errors import Refused

from ..corpora import Document
from .filing import beginning, shown, text

MARK = b"<|endoftext|>"
PIECES = 100
SMALLEST = 200  # bytes of a piece
MOST = 5_000_000  # documents
# Behind these a text may be cut; an earlier one is preferred wherever it occurs.
_SEAMS = ((b"\n\n", b"\n\r\n"), (b"\n",), (b" ",))


def documents(path: Path, name: str, data: bytearray) -> list[Document]:
    """The documents of a file that is read alone.

    A `.jsonl` file has one a line. Any other is parted at `<|endoftext|>` if that occurs in it,
    else behind blank lines, lines or words into at most a hundred pieces, which joined are the
    file. Documents of white space alone are left out where a file has marks of its own.
    """
    if path.suffix.lower() == ".jsonl":
        return lines(path, name, data)
    start = beginning(path, data)
    if MARK in data:
        spans = _counted(path, _between_marks(data, start))
        texts = (text(path, data, first, end) for first, end in spans)
        return _named(name, [one for one in texts if one and not one.isspace()])
    places = [start, *_cuts(data, start)]
    ends = [*places[1:], len(data)]
    pieces = [text(path, data, first, end) for first, end in zip(places, ends, strict=True)]
    return _named(name, [one for one in pieces if one])


def whole(path: Path, name: str, data: bytearray) -> list[Document]:
    """The documents of a file among others: one, or one a line of a `.jsonl` file."""
    if path.suffix.lower() == ".jsonl":
        return lines(path, name, data)
    found = text(path, data, beginning(path, data), len(data))
    return [Document(name, found)] if found else []


def lines(path: Path, name: str, data: bytearray) -> list[Document]:
    """The texts of a file of JSON lines, each named by its line."""
    found = []
    width = max(3, len(str(data.count(b"\n") + 1)))
    ends = _counted(path, _lines(data, beginning(path, data)))
    for number, (start, end) in enumerate(ends, 1):
        line = text(path, data, start, end)
        if line.strip():
            found.append(Document(f"{name}#{number:0{width}}", _text_of(path, number, line)))
    return [one for one in found if one.text and not one.text.isspace()]


def _text_of(path: Path, number: int, line: str) -> str:
    """The "text" of a JSON object."""
    try:
        found = json.loads(line)["text"]
        if not isinstance(found, str):
            raise TypeError("no string")
        found.encode()  # half a character can be written in JSON, but is no text
    except (ValueError, RecursionError, KeyError, TypeError) as error:
        raise Refused(
            f'{shown(path)}: line {number:,} is no JSON object with a whole "text" string.',
            'Each line of a .jsonl file must look like {"text": "..."}.',
        ) from error
    return found


def _lines(data: bytearray, start: int) -> Iterator[tuple[int, int]]:
    """Where each line begins and ends."""
    while start < len(data):
        end = data.find(b"\n", start)
        end = len(data) if end < 0 else end
        yield start, end
        start = end + 1


def _between_marks(data: bytearray, start: int) -> Iterator[tuple[int, int]]:
    """Where each document begins and ends in a file that has marks between them."""
    while (end := data.find(MARK, start)) >= 0:
        yield start, end
        start = end + len(MARK)
    yield start, len(data)


def _counted(path: Path, spans: Iterator[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """The spans, as long as they are not too many."""
    for number, span in enumerate(spans):
        if number == MOST:
            raise Refused(
                f"{shown(path)} holds more than {MOST:,} documents.",
                "Cut it into smaller files and use fewer of them.",
            )
        yield span


def _cuts(data: bytearray, start: int) -> Iterator[int]:
    """Where to cut a text without marks: pieces of one step or more, seldom four."""
    step = max(SMALLEST, (len(data) - start) // PIECES)
    while len(data) - start >= 2 * step:
        start = _seam(data, start + step, min(start + 4 * step, len(data) - step))
        yield start


def _seam(data: bytearray, first: int, last: int) -> int:
    """The best place between two to cut at; the first that parts no character, if none is good."""
    for kinds in _SEAMS:
        ends = [data.find(kind, first - len(kind), last) + len(kind) for kind in kinds]
        good = [end for end in ends if end >= first]
        if good:
            return min(good)
    while first < last and data[first] & 0xC0 == 0x80:
        first += 1
    return first


def _named(name: str, texts: list[str]) -> list[Document]:
    """Texts as documents, numbered if there are several."""
    if len(texts) == 1:
        return [Document(name, texts[0])]
    width = max(3, len(str(len(texts))))
    return [Document(f"{name}#{number:0{width}}", one) for number, one in enumerate(texts, 1)]
