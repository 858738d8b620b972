"""The pairs of a training, the most frequent first.

A pair is born with all the places where it stands, for it needs both its ids, and the younger of
them is made in one sweep; from then on its count only falls. So the pairs wait by the power of two
of their counts, and only those of the highest power are kept in order, in a heap.

    key     both ids of a pair in one number
    pairs   rows: key, count, first place in `places`, how many, the next pair of the same power
    index   where the row of a key is      levels   the first pair of each power, and 1; 0 if none
    book    where all of it lies, how many pairs, places and rows of the heap are used, and the
            highest power
"""

import numpy as np
from numba import njit, uint64

from .fast_heap import pop, push
from .fast_memory import places_at

BITS = 31                                 # of an id
COLUMNS = 5
KEY, COUNT, FIRST, SIZE, BELOW = range(COLUMNS)
(PAIRS, INDEX, SLOTS, LEVELS, HEAP, USED, FILLED, WAITING, POWER, LAST) = range(10)
ODD = uint64(0x9E3779B97F4A7C15)


@njit
def level_of(count):
    """The power of two of a count."""
    level = 0
    while count >> level + 1:
        level += 1
    return level


@njit
def find(book, key):
    """Where the index has a pair, or would have it."""
    index, slots = places_at(book[INDEX]), book[SLOTS]
    slot = np.int64((uint64(key) * ODD) >> uint64(20)) & slots - 1
    while index[2 * slot + 1] and index[2 * slot] != key:
        slot = slot + 1 & slots - 1
    return 2 * slot


@njit
def wait(book, row):
    """Put a pair to those of its power of two."""
    pairs, levels = places_at(book[PAIRS]), places_at(book[LEVELS])
    level = level_of(pairs[row + COUNT])
    pairs[row + BELOW] = levels[level]
    levels[level] = row + 1


@njit
def add(book, key, count, size):
    """Write down a new pair, and leave room for its places."""
    pairs, index, row = places_at(book[PAIRS]), places_at(book[INDEX]), COLUMNS * book[USED]
    pairs[row + KEY], pairs[row + COUNT] = key, count
    pairs[row + FIRST], pairs[row + SIZE] = book[FILLED], size
    slot = find(book, key)
    index[slot], index[slot + 1] = key, row + 1
    wait(book, row)
    book[USED] += 1
    book[FILLED] += size


@njit
def lose(book, key, weight):
    """Take from the count of a pair, if it is one that counts."""
    pairs, row = places_at(book[PAIRS]), places_at(book[INDEX])[find(book, key) + 1]
    if row:
        pairs[row - 1 + COUNT] -= weight


@njit
def gather(book):
    """Put those pairs into the heap that are still of the highest power of two."""
    pairs, levels, power = places_at(book[PAIRS]), places_at(book[LEVELS]), book[POWER]
    heap, row, levels[power] = places_at(book[HEAP]), levels[power] - 1, 0
    while row >= 0:
        below, count = pairs[row + BELOW] - 1, pairs[row + COUNT]
        if count >> power:
            book[WAITING] = push(heap, book[WAITING], -count, pairs[row + KEY])
        elif count > 1:
            wait(book, row)
        row = below


@njit
def best(book):
    """The row of the most frequent pair, of equals the lowest, or -1 if none occurs twice."""
    pairs, index, heap = places_at(book[PAIRS]), places_at(book[INDEX]), places_at(book[HEAP])
    while book[POWER] > 0:
        gather(book)
        if book[WAITING] == 0:
            book[POWER] -= 1
            continue
        count, key = -heap[0], heap[1]
        book[WAITING] = pop(heap, book[WAITING])
        row = index[find(book, key) + 1] - 1
        if pairs[row + COUNT] == count:
            return row
        if pairs[row + COUNT] > 1:        # it has lost some since it was put there
            wait(book, row)
    return -1


@njit("void(int64)", cache=True)
def indexed(book):
    """Write an index of the pairs."""
    book = places_at(book)
    pairs, index = places_at(book[PAIRS]), places_at(book[INDEX])
    for row in range(0, COLUMNS * book[USED], COLUMNS):
        slot = find(book, pairs[row + KEY])
        index[slot], index[slot + 1] = pairs[row + KEY], row + 1
