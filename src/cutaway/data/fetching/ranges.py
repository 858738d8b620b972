"""Ranges of a file that a web server has, though the connection breaks, stalls or lies."""

from __future__ import annotations

import io
import re
import time
from collections.abc import Callable
from http.client import HTTPException, HTTPResponse

from cutaway.errors import Refused, Unavailable

from .answers import (
    LATER,
    WEB_PAGE,
    Interrupted,
    Line,
    Unreachable,
    answer,
    checked,
    no_file,
    promised,
)
from .ledger import Identity

PIECE = 2**16
MUCH = 2**20  # bytes after which a server that broke off is given all its tries again
GLANCE = 512  # bytes that are asked for to see what a file is
EVERY = 0.1  # seconds between two words on the progress


class Ranges:
    """A file at an address, of which ranges can be had."""

    def __init__(
        self,
        address: str,
        line: Line,
        known: Identity | None = None,
        told: Callable[[int], None] | None = None,
    ) -> None:
        self.address = checked(address)
        self.line, self.known, self.told = line, known, told
        self.seen: Identity | None = None
        self.got = 0  # bytes received, over all ranges
        self._said = 0.0

    @property
    def identity(self) -> Identity:
        """The size and the marks of the file, asked for once."""
        if self.seen is None:
            self._persist(0, GLANCE)
        assert self.seen
        return self.seen

    def read(self, start: int, stop: int) -> bytes:
        """The bytes of a range; it ends with the file at the latest."""
        return self._persist(start, min(stop, self.identity.size))

    def _persist(self, start: int, stop: int) -> bytes:
        """The bytes of a range, going on from where a transfer broke off."""
        data = bytearray()
        tries = 0
        while start + len(data) < (min(stop, self.seen.size) if self.seen else stop):
            before = len(data)
            try:
                self._take(data, start, stop)
                error = Interrupted("the server sent too small parts")
            except Interrupted as met:
                error = met
            if self.seen and start + len(data) >= min(stop, self.seen.size):
                break
            tries = 1 if len(data) - before >= MUCH else tries + 1
            self._give_up(error, tries)
            wait = 2.0 ** (tries - 1) if error.wait is None else error.wait
            self.line.sleep(min(self.line.pause, wait))
        return bytes(data)

    def _give_up(self, error: Interrupted, tries: int) -> None:
        """Say that a file cannot be had, if it was tried often enough."""
        if isinstance(error, Unreachable) and (self.seen is None or tries >= self.line.tries):
            step = "Connect to the network, then run the same command again."
            raise Unavailable(f"{self.address} cannot be reached: {error}.", step) from error
        if tries >= self.line.tries:
            what = f"{self.address} could not be fetched in {tries} tries: {error}."
            raise Unavailable(what, LATER) from error

    def _take(self, data: bytearray, start: int, stop: int) -> None:
        """Add to `data` what one more request brings of a range."""
        before = len(data)
        begin = start + before
        with answer(self.address, begin, stop, self.line) as response:
            end, seen = promised(self.address, response, begin, stop)
            self._recognise(seen)
            try:
                self._receive(response, data, end - start)
            finally:
                if start == 0 and re.match(rb"\s*<(!doctype|html)", data[:GLANCE], re.IGNORECASE):
                    no_file(self.address, WEB_PAGE)
        if len(data) > end - start:
            del data[before:]
            raise Interrupted("the server sent more than was asked for")
        if len(data) < end - start:
            raise Interrupted("the connection broke off")

    def _receive(self, response: HTTPResponse, data: bytearray, goal: int) -> None:
        """Fill `data` to a length, and by one more if a part is longer than it should be."""
        open_end = response.status == 206 and response.length is None
        most = goal + 1 if open_end else goal
        since, mark = time.monotonic(), len(data)
        while len(data) < most:
            try:
                piece = response.read1(min(PIECE, most - len(data)))
            except (OSError, HTTPException, ValueError):
                return
            if not piece:
                return
            data += piece
            self._tell(len(piece))
            now = time.monotonic()
            if len(data) - mark >= self.line.least:
                since, mark = now, len(data)
            elif now - since > self.line.quiet:
                raise Interrupted(f"next to nothing came in {self.line.quiet:g} s")

    def _tell(self, count: int) -> None:
        """Count what came, and say so now and then."""
        self.got += count
        if self.told and time.monotonic() - self._said >= EVERY:
            self._said = time.monotonic()
            self.told(self.got)

    def _recognise(self, seen: Identity) -> None:
        """Refuse a file that is not the one of which parts are here."""
        if any(known and known.differs(seen) for known in (self.known, self.seen)):
            raise Refused(
                f"{self.address} has changed at its source since the first part was fetched.",
                "Delete the folder of its parts and run the same command to start anew.",
            )
        self.seen = self.seen or seen


class RangeFile(io.RawIOBase):
    """The same file as one that a program can seek in and read."""

    def __init__(self, ranges: Ranges) -> None:
        self.ranges = ranges
        self.place = 0

    def readable(self) -> bool:
        """That it can be read."""
        return True

    def seekable(self) -> bool:
        """That one can go anywhere in it."""
        return True

    def tell(self) -> int:
        """Where it is read next."""
        return self.place

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        """Go somewhere else in it."""
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self.place, io.SEEK_END: self.ranges.identity.size}
        self.place = max(0, start[whence] + offset)
        return self.place

    def readinto(self, buffer: memoryview, /) -> int:  # type: ignore[override]
        """Fill a buffer with what comes next; how many bytes came."""
        data = self.ranges.read(self.place, self.place + len(buffer))
        buffer[: len(data)] = data
        self.place += len(data)
        return len(data)
