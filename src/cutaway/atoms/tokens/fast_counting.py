"""How often each word occurs: the count that training needs, at the speed at which text is read.

Documents are laid side by side, so that a million short ones cost no more than a long one, and a
long one is read a block at a time, so that no copy of it is made. What was counted apart, by
several processes, can be put together.
"""

from collections.abc import Iterable, Iterator

import numpy as np
from numba import njit, uint64

from .fast_memory import address, bytes_at, numbers_at, places_at
from .fast_reading import GAP, beside
from .fast_reading import TABLE as KNOWN
from .fast_splitting import PATTERNS
from .fast_starts import ONE, next_end
from .fast_table import (
    FILLED,
    MANY,
    PLACE,
    ROWS,
    SLOTS,
    SPACE,
    SPELLED,
    TABLE,
    WAITING,
    count_long,
    merge,
    move,
    tally,
    wait,
)
from .fast_words import SHORT, packed
from .tokenizer import utf8

DATA, ENDS, KINDS, PATTERN, DOCUMENT, DOCUMENTS, LIMIT = range(PLACE + 1, PLACE + 8)
BLOCK = 1 << 18                           # characters that are counted at a time, or more
LOOK = 8                                  # how far the end of a word may depend on what follows


@njit("boolean(int64)", nogil=True, cache=True)
def count(book):
    """Whether the words of all documents were counted, or the table is full."""
    book = places_at(book)
    data, ends, kinds = bytes_at(book[DATA]), places_at(book[ENDS]), bytes_at(book[KINDS])
    slots, waiting, pattern = book[SLOTS], numbers_at(book[WAITING]), book[PATTERN]
    p, limit, block, starts, at = book[PLACE], book[LIMIT], 0, uint64(0), 0
    while book[DOCUMENT] < book[DOCUMENTS]:
        n = ends[book[DOCUMENT]]
        while p < n and 2 * book[ROWS] < slots:
            end, block, starts = next_end(data, p, n, kinds, pattern, block, starts)
            size = end - p
            if end > limit:               # it is counted with what follows
                n = end = p
            elif size <= SHORT:
                low, high = packed(data, p, size)
                at = wait(book, waiting, at, low, high)
            elif book[FILLED] + size > book[SPACE]:
                break
            else:
                count_long(book, data, p, size, ONE)
            p = end
        book[PLACE] = p
        if p < n:
            break
        book[DOCUMENT] += 1
        p = n + len(GAP)
    tally(book, waiting, at)
    return book[DOCUMENT] == book[DOCUMENTS]


class Counts:
    """How often each word occurred in what was read so far."""

    def __init__(self, pattern: str) -> None:
        self.table, self.spelled = np.zeros(1 << 16, np.uint64), np.zeros(1 << 16, np.uint8)
        self.book, self.waiting = np.zeros(LIMIT + 1, np.int64), np.zeros(3 * MANY, np.uint64)
        self.book[PATTERN] = PATTERNS.index(pattern)

    def place(self) -> int:
        """Where the book lies, which says where the tables are now."""
        self.book[[TABLE, SLOTS]] = address(self.table), len(self.table) >> 2
        self.book[[SPELLED, SPACE]] = address(self.spelled), len(self.spelled)
        self.book[[KINDS, WAITING]] = address(KNOWN), address(self.waiting)
        return address(self.book)

    def read(self, data: Iterable[str | bytes]) -> "Counts":
        """These counts, with the words of some documents added."""
        some: list[bytes] = []
        size = 0
        for document in data:
            if isinstance(document, str) and len(document) > BLOCK:
                self.read_long(document)
                continue
            some.append(document if isinstance(document, bytes) else utf8(document))
            size += len(document)
            if size >= BLOCK:
                self.rest(some, False)
                some, size = [], 0
        if some:
            self.rest(some, False)
        return self

    def read_long(self, text: str) -> None:
        """Add the words of a text, a block at a time."""
        at, rest = 0, b""
        try:
            while at < len(text):
                piece = text[at:at + max(BLOCK, len(rest))]  # no word is read over and over
                at += len(piece)
                rest = self.rest([rest + piece.encode()], at < len(text))
        except UnicodeEncodeError:
            utf8(text)                    # which says where in the whole text

    def rest(self, documents: list[bytes], more: bool) -> bytes:
        """What cannot be counted yet of some documents, if there is more of the last."""
        joined, ends = beside(documents)
        self.book[[PLACE, DOCUMENT, DOCUMENTS]] = 0, 0, len(ends)
        self.book[[DATA, ENDS, LIMIT]] = address(joined), address(ends), ends[-1] - LOOK * more
        while not count(self.place()):
            self.grow(len(joined))
        return joined[self.book[PLACE]:ends[-1]].tobytes()

    def grow(self, most: int) -> None:
        """Make room for more words, of which one has at most so many bytes."""
        if 8 * self.book[ROWS] >= len(self.table):
            table, self.table = self.table, np.zeros(2 * len(self.table), np.uint64)
            move(address(table), len(table) >> 2, address(self.table), len(table) >> 1)
        else:
            self.spelled = np.resize(self.spelled, 2 * len(self.spelled) + most)

    def __iadd__(self, other: "Counts") -> "Counts":
        """These counts, with those made elsewhere of the same pattern added."""
        self.spelled = np.resize(self.spelled, len(self.spelled) + len(other.spelled))
        self.book[PLACE] = 0
        slots = len(other.table) >> 2
        while not merge(self.place(), address(other.table), slots, address(other.spelled)):
            self.grow(0)
        return self

    def items(self) -> Iterator[tuple[bytes, int]]:
        """Each word and how often it occurred."""
        for low, high, times, start in self.table.reshape(-1, 4)[self.table[1::4] > 0].tolist():
            if high >> 56 == 255:
                size = high & (1 << 56) - 1
                yield self.spelled[start:start + size].tobytes(), times
            elif high:
                both = low | (high & (1 << 56) - 1) << 64
                yield both.to_bytes(16, "little")[:high >> 56], times
