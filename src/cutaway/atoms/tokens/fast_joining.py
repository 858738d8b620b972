"""One word into ids: of the pairs that join, the one that makes the lowest id, leftmost first.

A short word is looked through for each join, which is quicker than anything cleverer. In a long one
that would take n^2 steps: there the pairs wait in a heap, the lowest id on top, and each id knows
its neighbours, which takes n log n.

    ids    the ids of a word, from `at` on, where they are replaced; n how many they are
    made   what each id makes with the one after it, or NONE
    joins  a table of numbers, each of which is a pair and the id that it makes
"""

import numpy as np
from numba import njit, uint64

from .fast_heap import pop, push

ROOM = 21                                 # bits of an id
NONE = (1 << ROOM) - 1
FREE = uint64(2**64 - 1)
ODD = uint64(0x9E3779B97F4A7C15)
FEW = 48


@njit(inline="always")
def slot_of(pair, slots):
    """Where in a table of so many slots to begin to look for a pair."""
    return np.int64((pair * ODD) >> uint64(24)) & (slots - 1)


@njit(cache=True)
def join_table(pairs):
    """The table of joins: a row of pairs is two ids and what they make."""
    slots = 4
    while slots < 2 * len(pairs):
        slots *= 2
    joins = np.full(slots, FREE)
    for row in range(len(pairs)):
        pair = uint64(pairs[row, 0] << ROOM | pairs[row, 1])
        slot = slot_of(pair, slots)
        while joins[slot] != FREE:
            slot = slot + 1 & slots - 1
        joins[slot] = pair << uint64(ROOM) | uint64(pairs[row, 2])
    return joins


@njit(inline="always")
def joined(left, right, joins):
    """The id that two ids make, or NONE."""
    pair = uint64(left) << uint64(ROOM) | uint64(right)
    slot = slot_of(pair, len(joins))
    while joins[slot] != FREE:
        if joins[slot] >> uint64(ROOM) == pair:
            return np.int64(joins[slot]) & NONE
        slot = slot + 1 & len(joins) - 1
    return NONE


@njit
def join_few(ids, at, n, joins, made):
    """How many ids are left of a short word when nothing joins any more."""
    for i in range(n - 1):
        made[i] = joined(ids[at + i], ids[at + i + 1], joins)
    while n > 1:
        best = 0
        for i in range(1, n - 1):
            if made[i] < made[best]:
                best = i
        if made[best] == NONE:
            break
        ids[at + best] = made[best]
        n -= 1
        for i in range(best + 1, n):
            ids[at + i], made[i - 1] = ids[at + i + 1], made[i]
        if best > 0:
            made[best - 1] = joined(ids[at + best - 1], ids[at + best], joins)
        if best < n - 1:
            made[best] = joined(ids[at + best], ids[at + best + 1], joins)
    return n


@njit
def look(ids, at, left, after, joins, heap, size):
    """The size of the heap with what the id at a place makes with the one after it."""
    if left < 0 or after[left] == len(after):
        return size
    made = joined(ids[at + left], ids[at + after[left]], joins)
    return size if made == NONE else push(heap, size, made, left)


@njit
def join_many(ids, at, n, joins):
    """How many ids are left of a long word when nothing joins any more."""
    before, after = np.arange(-1, n - 1), np.arange(1, n + 1)
    heap, size = np.empty((2 * n, 2), np.int64), 0
    for i in range(n - 1):
        size = look(ids, at, i, after, joins, heap, size)
    while size:
        made, left = heap[0, 0], heap[0, 1]
        size = pop(heap, size)
        if after[left] == n or joined(ids[at + left], ids[at + after[left]], joins) != made:
            continue                      # one of the two has joined with another since
        right = after[left]
        ids[at + left] = made
        after[left] = after[right]
        if after[left] < n:
            before[after[left]] = left
        after[right] = n                  # nobody finds it again
        size = look(ids, at, before[left], after, joins, heap, size)
        size = look(ids, at, left, after, joins, heap, size)
    count, i = 0, 0
    while i < n:
        ids[at + count] = ids[at + i]
        count, i = count + 1, after[i]
    return count
