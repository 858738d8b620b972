"""A memo of words and their ids: what it holds is exact, and it may forget anything at any time.

    memo    rows of four numbers: the two of a word (fast_words), and two that hold a count and up
            to three ids
    pool    the ids that do not fit there, and the bytes of a word of more than 15

A word lies in one of a few rows from its own on. If all are taken, the last is overwritten, so that
no words, however chosen, make looking slow.
"""

import numpy as np
from numba import njit, uint32, uint64

from .fast_memory import numbers_at
from .fast_words import SHORT, same, slot_of

TRIES = 8                                 # how many rows of the memo a word may lie in
POOLED, HALF = 1 << 31, uint64(32)


@njit
def row_of(memo, slots, low, high):
    """Where the memo has the row of two numbers, or would have it."""
    slot = slot_of(low, high, slots)
    for _ in range(TRIES):
        row = slot << 2
        if (memo[row] == low and memo[row + 1] == high) or memo[row + 1] == 0:
            break
        slot = slot + 1 & slots - 1
    return row


@njit
def known(data, p, size, held, pool, spelled):
    """Whether what a row holds, of a word with the same numbers, is held of this word."""
    count, start = np.int64(uint32(held)) & ~POOLED, np.int64(held >> HALF)
    return size <= SHORT or same(data, p, spelled, 4 * (start + count), size)


@njit
def recall(memo, row, pool, ids, at):
    """How many ids a row of the memo holds; they stand from `at` on."""
    first, second = memo[row + 2], memo[row + 3]
    count = np.int64(uint32(first))
    if count <= 3:                        # most often: three are written, whatever the count
        ids[at], ids[at + 1], ids[at + 2] = first >> HALF, uint32(second), second >> HALF
        return count
    count, start = count & ~POOLED, np.int64(first >> HALF)
    for i in range(count):
        ids[at + i] = pool[start + i]
    return count


@njit
def keep(memo, row, ids, at, count):
    """Put ids into a row of the memo, if they are three at most."""
    one, two, three = uint64(ids[at]), uint64(ids[at + 1]), uint64(ids[at + 2])
    memo[row + 2], memo[row + 3] = one << HALF | uint64(count), three << HALF | two


@njit
def keep_more(memo, row, pool, used, ids, at, count):
    """How much of the pool is used when a row of the memo has its ids there."""
    memo[row + 2] = uint64(used) << HALF | uint64(count | POOLED)
    for i in range(count):
        pool[used + i] = ids[at + i]
    return used + count


@njit
def spell(spelled, used, data, p, size):
    """How much of the pool is used when it has the bytes of a word, too."""
    for i in range(size):
        spelled[4 * used + i] = data[p + i]
    return used + (size + 3 >> 2)


@njit("int64(int64, int64, int64, int64)", cache=True)
def moved(old, slots, new, more):
    """How many rows of a memo found a place in a larger one, each at its address."""
    memo, larger, rows = numbers_at(old), numbers_at(new), 0
    for slot in range(slots):
        low, high = memo[4 * slot], memo[4 * slot + 1]
        row = row_of(larger, more, low, high)
        if high and larger[row + 1] == 0:
            for i in range(4):
                larger[row + i] = memo[4 * slot + i]
            rows += 1
    return rows
