"""A memo of words and their ids: what it holds is exact, and it may forget anything at any time.

    memo    rows of four numbers: the two of a word (fast_words), and two that hold a count and up
            to three ids
    pool    the ids that do not fit there, and the bytes of a word of more than 15

A word lies in one of a few rows from its own on. If all are taken, the last is overwritten, so that
no words, however chosen, make looking slow.
"""

import numpy as np
from numba import njit, uint32, uint64

from .fast_words import SHORT, same, slot_of

TRIES = 8                                 # how many rows of the memo a word may lie in
POOLED, HALF = 1 << 31, uint64(32)


@njit(inline="always")
def row_of(memo, low, high):
    """Where the memo has the row of two numbers, or would have it."""
    slots = len(memo) >> 2
    slot = slot_of(low, high, slots)
    for _ in range(TRIES):
        row = slot << 2
        if (memo[row] == low and memo[row + 1] == high) or memo[row + 1] == 0:
            break
        slot = slot + 1 & slots - 1
    return row


@njit
def known(data, p, size, memo, row, pool):
    """Whether a row of the memo, which has the numbers of a longer word, has its bytes as well."""
    count, start = np.int64(uint32(memo[row + 2])) & ~POOLED, np.int64(memo[row + 2] >> HALF)
    return same(data, p, pool.view(np.uint8), 4 * (start + count), size)


@njit(inline="always")
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
def keep(data, p, size, memo, row, low, high, pool, used, ids, at, count):
    """How much of the pool is used when a row of the memo has the ids of a word."""
    memo[row], memo[row + 1] = low, high
    one, two, three = uint64(ids[at]), uint64(ids[at + 1]), uint64(ids[at + 2])
    memo[row + 2], memo[row + 3] = one << HALF | uint64(count), three << HALF | two
    if size <= SHORT and count <= 3:
        return used
    memo[row + 2] = uint64(used) << HALF | uint64(count | POOLED)
    for i in range(count):
        pool[used + i] = ids[at + i]
    used += count
    if size > SHORT:
        spelled = pool.view(np.uint8)
        for i in range(size):
            spelled[4 * used + i] = data[p + i]
        used += (size + 3) >> 2
    return used


@njit(cache=True)
def moved(memo, larger):
    """How many rows of a memo found a place in a larger one."""
    rows = 0
    for old in range(0, len(memo), 4):
        row = row_of(larger, memo[old], memo[old + 1])
        if memo[old + 1] and larger[row + 1] == 0:
            larger[row:row + 4] = memo[old:old + 4]
            rows += 1
    return rows
