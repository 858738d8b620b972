"""How often each word occurs: the count that training needs, at the speed at which text is read.

Documents are laid side by side, so that a million short ones cost no more than a long one. What
was counted apart, by several processes, can be put together.
"""

from collections.abc import Iterable, Iterator

import numpy as np
from numba import njit, uint64

from .fast_memory import address, bytes_at, numbers_at, places_at
from .fast_reading import PADDING
from .fast_reading import TABLE as KNOWN
from .fast_splitting import PATTERNS
from .fast_starts import ONE, next_end
from .fast_table import (
    FILLED,
    PLACE,
    ROWS,
    SLOTS,
    SPACE,
    SPELLED,
    TABLE,
    count_long,
    count_short,
    merge,
    move,
)
from .fast_words import SHORT, packed, slot_of

DATA, ENDS, KINDS, PATTERN, DOCUMENT, DOCUMENTS = range(PLACE + 1, PLACE + 7)
BLOCK = 1 << 22                           # bytes that are counted at a time
GAP = PADDING[:8]                         # between documents


@njit("boolean(int64)", nogil=True, cache=True)
def count(book):
    """Whether the words of all documents were counted, or the table is full."""
    book = places_at(book)
    data, ends, kinds = bytes_at(book[DATA]), places_at(book[ENDS]), bytes_at(book[KINDS])
    table, slots, pattern, p = numbers_at(book[TABLE]), book[SLOTS], book[PATTERN], book[PLACE]
    block, starts = 0, uint64(0)
    while book[DOCUMENT] < book[DOCUMENTS]:
        n = ends[book[DOCUMENT]]
        while p < n and 2 * book[ROWS] < slots:
            end, block, starts = next_end(data, p, n, kinds, pattern, block, starts)
            size = end - p
            if size <= SHORT:
                low, high = packed(data, p, size)
                row = slot_of(low, high, slots) << 2
                if table[row] == low and table[row + 1] == high:
                    table[row + 2] += ONE
                else:
                    count_short(book, low, high, ONE)
            elif book[FILLED] + size > book[SPACE]:
                break
            else:
                count_long(book, data, p, size, ONE)
            p = end
        book[PLACE] = p
        if p < n:
            return False
        book[DOCUMENT] += 1
        p = n + len(GAP)
    return True


def blocks(data: Iterable[bytes]) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """The documents, some at a time: the bytes of all, and where each ends."""
    some: list[bytes] = []
    size = 0
    for document in data:
        some.append(document)
        size += len(document)
        if size >= BLOCK:
            yield block(some)
            some, size = [], 0
    yield block(some)


def block(documents: list[bytes]) -> tuple[np.ndarray, np.ndarray]:
    """Some documents side by side, with a gap after each, and where each ends."""
    sizes = np.array([len(document) for document in documents], np.int64)
    ends = np.cumsum(sizes + len(GAP)) - len(GAP)
    return np.frombuffer(GAP.join([*documents, PADDING]), np.uint8), ends


class Counts:
    """How often each word occurred in what was read so far."""

    def __init__(self, pattern: str) -> None:
        self.table, self.spelled = np.zeros(1 << 16, np.uint64), np.zeros(1 << 16, np.uint8)
        self.book = np.zeros(DOCUMENTS + 1, np.int64)
        self.book[PATTERN] = PATTERNS.index(pattern)

    def place(self) -> int:
        """Where the book lies, which says where the tables are now."""
        self.book[[TABLE, SLOTS]] = address(self.table), len(self.table) >> 2
        self.book[[SPELLED, SPACE]] = address(self.spelled), len(self.spelled)
        self.book[KINDS] = address(KNOWN)
        return address(self.book)

    def read(self, data: Iterable[bytes]) -> "Counts":
        """These counts, with the words of some documents added."""
        for joined, ends in blocks(data):
            self.book[[PLACE, DOCUMENT, DOCUMENTS]] = 0, 0, len(ends)
            self.book[[DATA, ENDS]] = address(joined), address(ends)
            while not count(self.place()):
                self.grow(len(joined))
        return self

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
