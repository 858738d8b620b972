"""How often each word occurs: the count that training needs, at the speed at which text is read.

Documents are laid side by side, so that a million short ones cost no more than a long one. What
was counted apart, by several processes, can be put together.
"""

from collections.abc import Iterable, Iterator

import numpy as np
from numba import njit, uint64

from .fast_reading import PADDING, TABLE
from .fast_splitting import PATTERNS, plain_end, word_end
from .fast_table import add, merge, move
from .fast_words import SHORT, numbers, packed, slot_of

BLOCK = 1 << 22                           # bytes that are counted at a time
GAP = PADDING[:8]                         # between documents


@njit(nogil=True, cache=True)
def count(data, ends, pattern, kinds, table, spelled, state):
    """The document up to which words were counted, and the place, before the table was full."""
    p, at = state[3], state[0]
    slots = len(table) >> 2
    while at < len(ends):
        n = ends[at]
        while p < n and 2 * state[1] < slots:
            end = plain_end(data, p, pattern)
            if end < 0:
                end = word_end(data, p, n, kinds, pattern)
            size = end - p
            if size > SHORT:
                if state[2] + size > len(spelled):
                    break
                low, high = numbers(data, p, size)
                add(data, p, size, low, high, 1, table, spelled, state)
                p = end
                continue
            low, high = packed(data, p, size)
            row = 4 * slot_of(low, high, slots)
            if table[row] == low and table[row + 1] == high:
                table[row + 2] += uint64(1)
                p = end
                continue
            add(data, p, size, low, high, 1, table, spelled, state)
            p = end
        if p < n:
            break
        at += 1
        p = n + len(GAP)
    state[0], state[3] = at, p
    return at == len(ends)


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
        self.pattern = PATTERNS.index(pattern)
        self.table, self.spelled = np.zeros(1 << 16, np.uint64), np.zeros(1 << 16, np.uint8)
        self.state = np.zeros(4, np.int64)       # the document, rows, bytes spelled, the place

    def read(self, data: Iterable[bytes]) -> "Counts":
        """These counts, with the words of some documents added."""
        for joined, ends in blocks(data):
            self.state[0] = self.state[3] = 0
            while not count(joined, ends, self.pattern, TABLE, self.table, self.spelled,
                            self.state):
                self.grow(len(joined))
        return self

    def grow(self, most: int) -> None:
        """Make room for more words, of which one has at most so many bytes."""
        if 8 * self.state[1] >= len(self.table):
            larger = np.zeros(2 * len(self.table), np.uint64)
            move(self.table, larger)
            self.table = larger
        else:
            self.spelled = np.resize(self.spelled, 2 * len(self.spelled) + most)

    def __iadd__(self, other: "Counts") -> "Counts":
        """These counts, with those made elsewhere of the same pattern added."""
        self.spelled = np.resize(self.spelled, len(self.spelled) + len(other.spelled))
        self.state[0] = 0
        while not merge(other.table, other.spelled, self.table, self.spelled, self.state):
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
