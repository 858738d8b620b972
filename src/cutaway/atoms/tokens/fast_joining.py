"""One word into ids: of the pairs that join, the one that makes the lowest id, leftmost first.

A short word is looked through for each join, which is quicker than anything cleverer. In a long one
that would take n^2 steps: there the pairs wait in a heap, the lowest id on top, and each id knows
its neighbours, which takes n log n.

    ids    the ids of a word, from `at` on, where they are replaced; n how many they are
    made   what each id makes with the one after it, or NONE
    joins  a table of so many numbers, each of which is a pair and the id that it makes
    links  room for the neighbours of each id, and then for a heap
"""

import numpy as np
from numba import njit, uint64

from .fast_heap import pop, push
from .fast_memory import address, numbers_at, places_at
from .tokens import Pair

ROOM = 21                                 # bits of an id
NONE = (1 << ROOM) - 1
FREE = uint64(2**64 - 1)
ODD = uint64(0x9E3779B97F4A7C15)
FEW = 48


@njit
def slot_of(pair, slots):
    """Where in a table of so many slots to begin to look for a pair."""
    return np.int64((pair * ODD) >> uint64(24)) & (slots - 1)


@njit("void(int64, int64, int64, int64)", cache=True)
def fill(triples, count, table, slots):
    """Make the table of joins, which are two ids and what they make."""
    triples, joins = places_at(triples), numbers_at(table)
    for row in range(0, 3 * count, 3):
        pair = uint64(triples[row] << ROOM | triples[row + 1])
        slot = slot_of(pair, slots)
        while joins[slot] != FREE:
            slot = slot + 1 & slots - 1
        joins[slot] = pair << uint64(ROOM) | uint64(triples[row + 2])


def join_table(joins: dict[Pair, int]) -> np.ndarray:
    """The table of joins of a vocabulary."""
    triples = np.array([(*pair, id) for pair, id in joins.items()], np.int64)
    table = np.full(1 << max(2 * len(joins), 4).bit_length(), FREE)
    fill(address(triples), len(joins), address(table), len(table))
    return table


@njit
def joined(left, right, joins, slots):
    """The id that two ids make, or NONE."""
    pair = uint64(left) << uint64(ROOM) | uint64(right)
    slot = slot_of(pair, slots)
    while joins[slot] != FREE:
        if joins[slot] >> uint64(ROOM) == pair:
            return np.int64(joins[slot]) & NONE
        slot = slot + 1 & slots - 1
    return NONE


@njit
def join_few(ids, at, n, joins, slots, made):
    """How many ids are left of a short word when nothing joins any more."""
    for i in range(n - 1):
        made[i] = joined(ids[at + i], ids[at + i + 1], joins, slots)
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
            made[best - 1] = joined(ids[at + best - 1], ids[at + best], joins, slots)
        if best < n - 1:
            made[best] = joined(ids[at + best], ids[at + best + 1], joins, slots)
    return n


@njit
def join_many(ids, at, n, joins, slots, links):
    """How many ids are left of a long word when nothing joins any more."""
    heap, size = places_at(links), 0
    before, after = places_at(links + 32 * n), places_at(links + 40 * n)
    for i in range(n):
        before[i], after[i] = i - 1, i + 1
        made = joined(ids[at + i], ids[at + i + 1], joins, slots) if i < n - 1 else NONE
        size = push(heap, size, made, i) if made != NONE else size
    while size:
        made, left = heap[0], heap[1]
        size, right = pop(heap, size), after[left]
        if right >= n or joined(ids[at + left], ids[at + right], joins, slots) != made:
            continue                      # one of the two has joined with another since
        ids[at + left], after[left], after[right] = made, after[right], n + 1  # found no more
        if after[left] < n:
            before[after[left]] = left
        for one in (before[left], left):
            if one >= 0 and after[one] < n:
                made = joined(ids[at + one], ids[at + after[one]], joins, slots)
                size = push(heap, size, made, one) if made != NONE else size
    count, i = 0, 0
    while i < n:
        ids[at + count] = ids[at + i]
        count, i = count + 1, after[i]
    return count
