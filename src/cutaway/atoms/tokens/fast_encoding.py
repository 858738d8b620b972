"""Text into ids at full speed: each word is joined once, and looked up when it comes again.

The bytes are read once, a window at a time. Where a word ends, its two numbers (fast_words) are
looked for in a memo (fast_memo), and nearly always found there.
"""

from threading import Lock

import numpy as np

from .fast_joining import FEW, NONE, join_table
from .fast_looking import (
    BASE,
    DATA,
    FILLED,
    IDS,
    JOINS,
    KINDS,
    LINKS,
    LONGEST,
    MADE,
    MEMO,
    PAIRS,
    PATTERN,
    POOL,
    SLOTS,
    SPACE,
    USED,
    encode,
    foresee,
)
from .fast_memo import moved
from .fast_memory import address
from .fast_reading import PADDING, TABLE
from .fast_splitting import PATTERNS
from .tokens import Vocabulary

ROWS, MOST, FULL = 1 << 14, 1 << 20, 1 << 24  # rows at first, at most; ids in the pool at most
WINDOW = 1 << 16                          # bytes that are read at a time
LOOK = 8                                  # how far the end of a word may depend on what follows


def cut(data: bytes, at: int) -> int:
    """Where a character of UTF-8 begins, there or up to three bytes before."""
    while at < len(data) and data[at] >> 6 == 2:
        at -= 1
    return at


class Encoder:
    """Encodes the UTF-8 of ordinary text by a vocabulary and a pattern, and remembers words."""

    def __init__(self, vocabulary: Vocabulary, pattern: str) -> None:
        if missing := [byte for byte in range(256) if bytes([byte]) not in vocabulary.ids]:
            raise ValueError(f"The vocabulary has no token for the byte {missing[0]:#04x}.")
        if len(vocabulary.tokens) > NONE:
            raise ValueError(f"The fast encoder takes at most {NONE} tokens.")
        self.lock, self.held, self.book = Lock(), {}, np.zeros(FILLED + 1, np.int64)
        self.place = address(self.book)
        self.book[PATTERN] = PATTERNS.index(pattern)
        base = np.array([vocabulary.ids[bytes([byte])] for byte in range(256)], np.uint32)
        joins = join_table(vocabulary.joins)
        self.hold({KINDS: TABLE, BASE: base, JOINS: joins, MADE: np.empty(FEW, np.int64)})
        self.book[PAIRS] = len(joins)
        self.widen(WINDOW)
        self.forget(vocabulary.tokens)

    def hold(self, arrays: dict[int, np.ndarray]) -> None:
        """Keep arrays, and write down where they lie."""
        self.held |= arrays
        for name, array in arrays.items():
            self.book[name] = address(array)

    def widen(self, most: int) -> None:
        """Make room for a window of so many bytes, and for the ids of a word that is foreseen."""
        self.wide, data, ids = most, np.empty(most + len(PADDING), np.uint8), most + LONGEST
        self.view, self.ids = memoryview(data), np.empty(ids, np.uint32)
        self.hold({DATA: data, IDS: self.ids, LINKS: np.empty(6 * ids, np.int64)})

    def forget(self, words: tuple[bytes, ...] = ()) -> None:
        """Begin a new memo, which has seen some words."""
        ends = np.cumsum([0, *map(len, words)])
        slots = max(ROWS, min(1 << (2 * len(words)).bit_length(), MOST))
        pool = np.empty(max(4 * ROWS, 2 * int(ends[-1])), np.uint32)
        self.book[USED:FILLED + 1] = 0, 0, len(pool), 0
        self.book[SLOTS] = slots
        self.hold({MEMO: np.zeros(4 * slots, np.uint64), POOL: pool})
        letters = np.frombuffer(b"".join([*words, PADDING]), np.uint8)
        data, self.book[DATA] = self.book[DATA], address(letters)
        foresee(self.place, address(ends), len(ends))
        self.book[DATA] = data

    def grown(self) -> bool:
        """Whether there was no room for words; there is now, or all are forgotten."""
        memo, slots, pool = self.held[MEMO], int(self.book[SLOTS]), self.held[POOL]
        if 2 * self.book[USED] >= slots:
            self.hold({MEMO: np.zeros(8 * slots, np.uint64)})
            self.book[SLOTS] = 2 * slots
            self.book[USED] = moved(address(memo), slots, self.book[MEMO], 2 * slots)
        if self.book[FILLED] + 2 * LONGEST >= len(pool):
            self.hold({POOL: np.resize(pool, 2 * len(pool))})
            self.book[SPACE] = 2 * len(pool)
        if self.book[SLOTS] > MOST or self.book[SPACE] > FULL:
            self.forget()
        return self.held[MEMO] is not memo or self.held[POOL] is not pool

    def encode(self, data: bytes) -> np.ndarray:
        """The ids of a text; what is longer than a window is read a window at a time."""
        size = len(data)
        if size <= WINDOW:
            with self.lock:
                self.view[:size + len(PADDING)] = data + PADDING
                read, count = encode(self.place, size, size)
                if read == size:
                    return self.ids[:count].copy()
        return self.in_windows(data)

    def in_windows(self, data: bytes) -> np.ndarray:
        """The ids of a text of any length, or for which the memo must grow."""
        start, parts = 0, []
        with self.lock:
            while start < len(data):
                window = data[start:cut(data, start + self.wide)]
                size = len(window)
                self.view[:size + len(PADDING)] = window + PADDING
                limit = size - LOOK * (start + size < len(data))
                read, count = encode(self.place, size, limit)
                parts.append(self.ids[:count].copy())
                start += read
                if start < len(data) and not self.grown() and not read:
                    self.widen(2 * self.wide)
            if self.wide > WINDOW:
                self.widen(WINDOW)
        return np.concatenate([self.ids[:0], *parts])
