"""Text into ids at full speed: each word is joined once, and looked up when it comes again.

The bytes are read once, a window at a time. Where a word ends, its two numbers (fast_words) are
looked for in a memo (fast_memo), and nearly always found there.

    data    bytes, padded (fast_reading); n how many they are; what reaches beyond limit is left
    base    the id of each byte            joins   the pairs that join (fast_joining)
    state   the number of the pattern, how many rows of the memo are used, how much of the pool
"""

from threading import Lock

import numpy as np
from numba import njit

from .fast_joining import FEW, NONE, join_few, join_many, join_table
from .fast_memo import keep, known, moved, recall, row_of
from .fast_reading import PADDING, TABLE
from .fast_splitting import PATTERNS, plain_end, word_end
from .fast_words import SHORT, numbers, packed
from .tokens import Vocabulary

LONGEST = 255                             # the bytes of the longest word that is kept
ROWS, MOST, POOL = 1 << 14, 1 << 20, 1 << 24  # rows at first, at most; ids in the pool at most
WINDOW = 1 << 16                          # bytes that are read at a time
LOOK = 8                                  # how far the end of a word may depend on what follows


@njit
def joined(data, p, size, ids, at, base, joins, made):
    """How many ids a word becomes; they stand from `at` on."""
    for i in range(size):
        ids[at + i] = base[data[p + i]]
    if size > FEW:
        return join_many(ids, at, size, joins)
    return join_few(ids, at, size, joins, made)


@njit
def slowly(data, p, size, ids, at, base, joins, memo, pool, rows, used, made):
    """How many ids a word has, of the memo's rows and of the pool, if it is long or not known."""
    low, high = numbers(data, p, min(size, LONGEST))
    row = row_of(memo, low, high)
    if size > LONGEST:
        return joined(data, p, size, ids, at, base, joins, made), rows, used
    if memo[row] == low and memo[row + 1] == high and known(data, p, size, memo, row, pool):
        return recall(memo, row, pool, ids, at), rows, used
    count = joined(data, p, size, ids, at, base, joins, made)
    rows += memo[row + 1] == 0
    return count, rows, keep(data, p, size, memo, row, low, high, pool, used, ids, at, count)


@njit(nogil=True, cache=True)
def encode(data, n, limit, at, ids, state, kinds, base, joins, memo, pool):
    """Where reading stopped, for the limit or a full memo, and how many ids there are."""
    pattern, rows, used = state
    p = 0
    made = np.empty(FEW, np.int64)
    while p < n and 8 * rows < len(memo) and used + 2 * LONGEST < len(pool):
        end = plain_end(data, p, pattern)
        if end < 0:
            end = word_end(data, p, n, kinds, pattern)
        if end > limit:
            break
        size = end - p
        if size > SHORT:
            count, rows, used = slowly(data, p, size, ids, at, base, joins, memo, pool, rows,
                                       used, made)
            at += count
            p = end
            continue
        low, high = packed(data, p, size)
        row = row_of(memo, low, high)
        if memo[row] != low or memo[row + 1] != high:
            count, rows, used = slowly(data, p, size, ids, at, base, joins, memo, pool, rows,
                                       used, made)
            at += count
            p = end
            continue
        at += recall(memo, row, pool, ids, at)
        p = end
    state[1], state[2] = rows, used
    return p, at


@njit(cache=True)
def foresee(data, ends, state, base, joins, memo, pool):
    """How many words the memo knows when it has seen each token as a word."""
    rows, used, p = state[1], state[2], 0
    ids, made = np.empty(LONGEST + 3, np.uint32), np.empty(FEW, np.int64)
    for end in ends:
        if 1 < end - p <= LONGEST:
            size = end - p
            _, rows, used = slowly(data, p, size, ids, 0, base, joins, memo, pool, rows, used, made)
        p = end
    state[1], state[2] = rows, used
    return rows


class Encoder:
    """Encodes the UTF-8 of ordinary text by a vocabulary and a pattern, and remembers words."""

    def __init__(self, vocabulary: Vocabulary, pattern: str) -> None:
        if missing := [byte for byte in range(256) if bytes([byte]) not in vocabulary.ids]:
            raise ValueError(f"The vocabulary has no token for the byte {missing[0]:#04x}.")
        if len(vocabulary.tokens) > NONE:
            raise ValueError(f"The fast encoder takes at most {NONE} tokens.")
        self.base = np.array([vocabulary.ids[bytes([byte])] for byte in range(256)], np.uint32)
        self.joins = join_table(np.array([(*pair, id) for pair, id in vocabulary.joins.items()],
                                         np.int64).reshape(-1, 3))
        self.pattern, self.lock = PATTERNS.index(pattern), Lock()
        self.forget(len(vocabulary.tokens))
        ends = np.cumsum([len(token) for token in vocabulary.tokens])
        self.pool = np.empty(max(len(self.pool), 2 * int(ends[-1])), np.uint32)
        foresee(np.frombuffer(b"".join([*vocabulary.tokens, PADDING]), np.uint8), ends, self.state,
                self.base, self.joins, self.memo, self.pool)

    def forget(self, words: int = 0) -> None:
        """Begin a new memo, with room for so many words."""
        rows = max(ROWS, min(1 << (2 * words).bit_length(), MOST))
        self.memo, self.pool = np.zeros(4 * rows, np.uint64), np.empty(4 * ROWS, np.uint32)
        self.state = np.array([self.pattern, 0, 0])

    def grow(self) -> None:
        """Make room where there is none, or forget what is there."""
        rows, used = self.state[1:]
        if 8 * rows >= len(self.memo):
            memo, self.memo = self.memo, np.zeros(2 * len(self.memo), np.uint64)
            self.state[1] = moved(memo, self.memo)
        if used + 2 * LONGEST >= len(self.pool):
            self.pool = np.resize(self.pool, 2 * len(self.pool))
        if len(self.memo) > 4 * MOST or len(self.pool) > POOL:
            self.forget()

    def encode(self, data: bytes) -> np.ndarray:
        """The ids of a text, which is read a window at a time."""
        n, start, at, wide = len(data), 0, 0, WINDOW
        ids = np.empty(n + 3, np.uint32)
        with self.lock:
            while start < n:
                window = data[start:start + wide]
                size, limit = len(window), len(window) - LOOK * (start + wide < n)
                read, at = encode(np.frombuffer(window + PADDING, np.uint8), size, limit, at, ids,
                                  self.state, TABLE, self.base, self.joins, self.memo, self.pool)
                start += read
                if start < n:
                    wide = WINDOW if read else 2 * wide
                    self.grow()
        ids.resize(at, refcheck=False)
        return ids
