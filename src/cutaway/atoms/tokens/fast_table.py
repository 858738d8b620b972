"""A table of words and how often each occurred.

    table    rows of four numbers: the two of a word (fast_words), how often it occurred, and where
             its bytes are, if they are more than 15
    spelled  the bytes of those longer words, one after the other
    book     where both lie, and how much of them is used
"""

import numpy as np
from numba import njit, uint64

from .fast_memory import bytes_at, fetch, numbers_at, places_at
from .fast_words import SHORT, hashed, same, slot_of

TABLE, SLOTS, ROWS, SPELLED, SPACE, FILLED, WAITING, PLACE = range(8)
MANY = 128                                # short words that are looked up together


@njit
def row_of(table, slots, low, high):
    """The first row that two numbers may have, which is theirs or free, or that of another word."""
    slot = slot_of(low, high, slots)
    while table[4 * slot + 1] and (table[4 * slot] != low or table[4 * slot + 1] != high):
        slot = slot + 1 & slots - 1
    return 4 * slot


@njit
def count_short(book, low, high, times):
    """Count a word of at most 15 bytes, which its numbers are."""
    table, slots = numbers_at(book[TABLE]), book[SLOTS]
    row, first = row_of(table, slots, low, high), 4 * slot_of(low, high, slots)
    book[ROWS] += table[row + 1] == 0
    table[row], table[row + 1] = low, high
    table[row + 2] += uint64(times)
    if table[row + 2] > table[first + 2]:  # the more frequent is where it is looked for first
        for i in range(4):
            table[row + i], table[first + i] = table[first + i], table[row + i]


@njit
def tally(book, waiting, end):
    """Count the short words that wait."""
    table = numbers_at(book[TABLE])
    for at in range(0, end, 3):
        low, high, row = waiting[at], waiting[at + 1], np.int64(waiting[at + 2])
        if table[row] == low and table[row + 1] == high:
            table[row + 2] += uint64(1)
        else:
            count_short(book, low, high, 1)


@njit
def wait(book, waiting, at, low, high):
    """Where the next short word waits, after this one; when enough do, they are counted."""
    table = numbers_at(book[TABLE])
    row = slot_of(low, high, book[SLOTS]) << 2
    fetch(table, row)
    waiting[at], waiting[at + 1], waiting[at + 2] = low, high, uint64(row)
    if at + 3 < 3 * MANY:
        return at + 3
    tally(book, waiting, at + 3)
    return 0


@njit
def count_long(book, data, p, size, times):
    """Count a longer word, of which the bytes are compared, or written down if it is new."""
    table, slots, spelled = numbers_at(book[TABLE]), book[SLOTS], bytes_at(book[SPELLED])
    low, high = hashed(data, p, size)
    row = row_of(table, slots, low, high)
    while table[row + 1] and not (
            table[row] == low and table[row + 1] == high
            and same(data, p, spelled, np.int64(table[row + 3]), size)):
        row = row + 4 & 4 * slots - 1
    if table[row + 1] == 0:
        table[row], table[row + 1], table[row + 3] = low, high, book[FILLED]
        for i in range(size):
            spelled[book[FILLED] + i] = data[p + i]
        book[FILLED] += size
        book[ROWS] += 1
    table[row + 2] += uint64(times)


@njit("void(int64, int64, int64, int64)", cache=True)
def move(old, slots, new, more):
    """Put the rows of a table into a larger one, each at its address."""
    table, larger = numbers_at(old), numbers_at(new)
    for row in range(0, 4 * slots, 4):
        if table[row + 1]:
            slot = slot_of(table[row], table[row + 1], more)
            while larger[4 * slot + 1]:
                slot = slot + 1 & more - 1
            for i in range(4):
                larger[4 * slot + i] = table[row + i]


@njit
def size_of(high):
    """The bytes of a word, by the second of its numbers."""
    size = np.int64(high >> uint64(56))
    return size if size <= SHORT else np.int64(high & uint64((1 << 56) - 1))


@njit("boolean(int64, int64, int64, int64)", cache=True)
def merge(book, other, slots, letters):
    """Whether all rows of another table are in this one; the book's place is the next row."""
    book, other, letters = places_at(book), numbers_at(other), bytes_at(letters)
    while book[PLACE] < 4 * slots and 2 * book[ROWS] < book[SLOTS]:
        row = book[PLACE]
        book[PLACE] += 4
        size = size_of(other[row + 1])
        if size > SHORT:
            count_long(book, letters, np.int64(other[row + 3]), size, other[row + 2])
        elif size:
            count_short(book, other[row], other[row + 1], other[row + 2])
    return book[PLACE] == 4 * slots
