"""A table of words and how often each occurred.

    table    rows of four numbers: the two of a word (fast_words), how often it occurred, and where
             its bytes are, if they are more than 15
    spelled  the bytes of those longer words, one after the other
    state    the document, how many rows and how many bytes are used, the place in the document
"""

import numpy as np
from numba import njit, uint64

from .fast_words import SHORT, same, slot_of


@njit
def find(data, p, size, low, high, table, spelled):
    """The row of a word, or the free row where it belongs."""
    slots = len(table) >> 2
    slot = slot_of(low, high, slots)
    while table[4 * slot + 1]:
        row = 4 * slot
        if table[row] == low and table[row + 1] == high and (
                size <= SHORT or same(data, p, spelled, np.int64(table[row + 3]), size)):
            break
        slot = slot + 1 & slots - 1
    return 4 * slot


@njit
def add(data, p, size, low, high, times, table, spelled, state):
    """Count a word that may be new: state's rows and bytes grow if it is."""
    row = find(data, p, size, low, high, table, spelled)
    if table[row + 1] == 0:
        table[row], table[row + 1] = low, high
        state[1] += 1
        if size > SHORT:
            table[row + 3] = state[2]
            for i in range(size):
                spelled[state[2] + i] = data[p + i]
            state[2] += size
    table[row + 2] += uint64(times)


@njit(cache=True)
def move(table, larger):
    """Put the rows of a table into a larger one."""
    slots = len(larger) >> 2
    for row in range(0, len(table), 4):
        if table[row + 1]:
            slot = slot_of(table[row], table[row + 1], slots)
            while larger[4 * slot + 1]:
                slot = slot + 1 & slots - 1
            for i in range(4):
                larger[4 * slot + i] = table[row + i]


@njit(cache=True)
def merge(other, letters, table, spelled, state):
    """Whether all rows of another table are in this one; state's document is the next row."""
    while state[0] < len(other) and 8 * state[1] < len(table):
        row = state[0]
        state[0] += 4
        if other[row + 1]:
            low, high = other[row], other[row + 1]
            size, start = np.int64(high >> uint64(56)), np.int64(other[row + 3])
            if size > SHORT:
                size = np.int64(high & uint64((1 << 56) - 1))
            add(letters, start, size, low, high, other[row + 2], table, spelled, state)
    return state[0] == len(other)
