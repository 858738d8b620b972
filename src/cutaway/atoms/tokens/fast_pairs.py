"""The pairs of a training, the most frequent first.

A pair is born with all the places where it stands, for it needs both its ids, and the younger of
them is made in one sweep; from then on its count only falls. So the pairs wait by the power of two
of their counts, and only those of the highest power are kept in order, in a heap.

    key     both ids of a pair in one number
    pairs   rows: key, count, first place in `places`, how many, the next pair of the same power
    index   where the row of a key is      levels   the first pair of each power, and 1; 0 if none
    state   how many pairs, places, and rows of the heap there are, the highest power, the joins
"""

import numpy as np
from numba import njit, uint64

from .fast_heap import pop, push

BITS = 31                                 # of an id
KEY, COUNT, FIRST, SIZE, BELOW = range(5)
PAIRS, PLACES, WAITING, POWER, JOINS = range(5)
ODD = uint64(0x9E3779B97F4A7C15)


@njit
def level_of(count):
    """The power of two of a count."""
    level = 0
    while count >> level + 1:
        level += 1
    return level


@njit
def find(key, index):
    """Where the index has a pair, or would have it."""
    slots = len(index)
    slot = np.int64((uint64(key) * ODD) >> uint64(20)) & slots - 1
    while index[slot, 1] and index[slot, 0] != key:
        slot = slot + 1 & slots - 1
    return slot


@njit
def wait(row, pairs, levels):
    """Put a pair to those of its power of two."""
    level = level_of(pairs[row, COUNT])
    pairs[row, BELOW] = levels[level]
    levels[level] = row + 1


@njit
def add(key, count, first, size, pairs, index, levels, state):
    """Write down a new pair."""
    row = state[PAIRS]
    state[PAIRS] += 1
    pairs[row, KEY], pairs[row, COUNT] = key, count
    pairs[row, FIRST], pairs[row, SIZE] = first, size
    slot = find(key, index)
    index[slot, 0], index[slot, 1] = key, row + 1
    wait(row, pairs, levels)


@njit
def lose(key, weight, pairs, index):
    """Take from the count of a pair, if it is one that counts."""
    slot = find(key, index)
    if index[slot, 1]:
        pairs[index[slot, 1] - 1, COUNT] -= weight


@njit
def gather(heap, pairs, levels, state):
    """Put those pairs into the heap that are still of the highest power of two."""
    row, levels[state[POWER]] = levels[state[POWER]] - 1, 0
    while row >= 0:
        below = pairs[row, BELOW] - 1
        if pairs[row, COUNT] >> state[POWER]:
            state[WAITING] = push(heap, state[WAITING], -pairs[row, COUNT], pairs[row, KEY])
        elif pairs[row, COUNT] > 1:
            wait(row, pairs, levels)
        row = below


@njit
def best(heap, pairs, index, levels, state):
    """The row of the most frequent pair, of equals the lowest, or -1 if none occurs twice."""
    while state[POWER] > 0:
        gather(heap, pairs, levels, state)
        if state[WAITING] == 0:
            state[POWER] -= 1
            continue
        count, key = -heap[0, 0], heap[0, 1]
        state[WAITING] = pop(heap, state[WAITING])
        row = index[find(key, index), 1] - 1
        if pairs[row, COUNT] == count:
            return row
        if pairs[row, COUNT] > 1:         # it has lost some since it was put there
            wait(row, pairs, levels)
    return -1


@njit(cache=True)
def indexed(pairs, rows, slots):
    """An index of the pairs."""
    index = np.zeros((slots, 2), np.int64)
    for row in range(rows):
        slot = find(pairs[row, KEY], index)
        index[slot, 0], index[slot, 1] = pairs[row, KEY], row + 1
    return index


def larger(array: np.ndarray) -> np.ndarray:
    """An array with room for twice as many rows."""
    return np.concatenate([array, np.empty_like(array)])
