"""Telemetry read back: strict about everything but a last line that was torn."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from cutaway.errors import Refused

from . import schema
from .durable import SYSTEM
from .manifests import unreadable
from .schema import MOST_LINE, Line

MOST_BYTES = 2**32  # of a file; a line a step for ten million steps are half of that
AGAIN = "Move the file away: a run goes on without what it wrote of itself before."


def lines(path: Path) -> Iterator[Line]:
    """The lines of a file of telemetry; a torn last one is none, any other oddity is an error."""
    last = None
    for number, _, raw in pieces(path):
        try:
            last = line_of(raw, last)
        except ValueError as error:
            raise refused(path, number, error) from error
        yield last


def line_of(raw: bytes, last: Line | None) -> Line:
    """The line that some bytes are, if it can follow the last one."""
    line = schema.parsed(raw)
    in_order(last, line)
    return line


def in_order(last: Line | None, line: Line) -> None:
    """A ValueError for a line that cannot follow the last one."""
    kind, step = line["kind"], line["step"]
    if last is None:
        if kind != "run":
            raise ValueError("the first line is of kind run")
    elif last["kind"] == "ended":
        raise ValueError("nothing follows the end")
    elif step < last["step"]:
        raise ValueError(f"step {step} comes after step {last['step']}")
    elif last["kind"] == "saved" and step == last["step"] and kind not in ("run", "ended"):
        raise ValueError("all of a step comes before its checkpoint")


def pieces(path: Path) -> Iterator[tuple[int, int, bytes]]:
    """The number of each whole line, where the next one begins, and its bytes."""
    rest, number, end = b"", 0, 0
    try:
        for piece in SYSTEM.read(path):
            *whole, rest = (rest + piece).split(b"\n")
            for raw in whole if len(rest) <= MOST_LINE else [*whole, rest]:
                number, end = number + 1, end + len(raw) + 1
                yield number, end, raw
            if end > MOST_BYTES:
                raise Refused(f"{path} is larger than {MOST_BYTES:,} bytes.", AGAIN)
    except OSError as error:
        raise unreadable(path, error) from error


def refused(path: Path, number: int, why: object) -> Refused:
    """The error a user sees when a line is not one of ours."""
    return Refused(f"{path}, line {number}: {why}.", AGAIN)
