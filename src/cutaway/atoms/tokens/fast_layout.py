"""What training begins with, all words side by side and their pairs of bytes, and what it gives.

    text    the byte at each place; before, between and after the words stands STOP
    owner   the word of each place         times    how often each word occurs
    places  where each pair stands, pair by pair (fast_pairs)
    pairs   of each two bytes: how often they are a pair, at how many places, and the next of those
"""

import numpy as np
from numba import njit, uint64

from .fast_memory import bytes_at, ids_at, numbers_at, places_at
from .fast_pairs import BITS, FILLED, LAST, add
from .fast_table import size_of
from .fast_words import SHORT
from .tokens import Vocabulary

STOP = (1 << 31) - 2
TEXT, OWNER, TIMES, PLACES, END = range(LAST, LAST + 5)


@njit("UniTuple(int64, 2)(int64, int64)", cache=True)
def measured(table, slots):
    """How many places the words of a table take, and how many words of several bytes there are."""
    table, at, words = numbers_at(table), 1, 0
    for row in range(0, 4 * slots, 4):
        size = size_of(table[row + 1])
        if size > 1:
            at, words = at + size + 1, words + 1
    return at, words


@njit("void(int64, int64, int64, int64)", cache=True)
def lay_out(book, table, slots, spelled):
    """Lay the words of a table side by side."""
    book, table, spelled, at, word = places_at(book), numbers_at(table), bytes_at(spelled), 1, 0
    text, owner, times = ids_at(book[TEXT]), ids_at(book[OWNER]), places_at(book[TIMES])
    text[0] = STOP
    for row in range(0, 4 * slots, 4):
        size = size_of(table[row + 1])
        if size < 2:
            continue
        for i in range(size):
            half = table[row] if i < 8 else table[row + 1]
            text[at + i] = half >> uint64(8 * (i & 7)) & uint64(255)
            owner[at + i] = word
        if size > SHORT:
            for i in range(size):
                text[at + i] = spelled[np.int64(table[row + 3]) + i]
        text[at + size], times[word] = STOP, table[row + 2]
        at, word = at + size + 1, word + 1


@njit("void(int64, int64)", cache=True)
def begin(book, pairs):
    """Write down the pairs of bytes, with their places."""
    book, pairs = places_at(book), places_at(pairs)
    text, owner, times = ids_at(book[TEXT]), ids_at(book[OWNER]), places_at(book[TIMES])
    places = ids_at(book[PLACES])
    for at in range(1, book[END] - 1):
        if text[at] != STOP and text[at + 1] != STOP:
            pair = 3 * (np.int64(text[at]) << 8 | np.int64(text[at + 1]))
            pairs[pair] += times[owner[at]]
            pairs[pair + 1] += 1
    for pair in range(65536):
        if pairs[3 * pair] > 1:
            pairs[3 * pair + 2] = book[FILLED]
            add(book, pair >> 8 << BITS | pair & 255, pairs[3 * pair], pairs[3 * pair + 1])
    for at in range(1, book[END] - 1):
        if text[at] != STOP and text[at + 1] != STOP:
            pair = 3 * (np.int64(text[at]) << 8 | np.int64(text[at + 1]))
            if pairs[pair] > 1:
                places[pairs[pair + 2]] = at
                pairs[pair + 2] += 1


def named(lefts: list[int], rights: list[int]) -> Vocabulary:
    """The vocabulary of joins, in their order."""
    tokens = [bytes([byte]) for byte in range(256)]
    for left, right in zip(lefts, rights):
        tokens.append(tokens[left] + tokens[right])
    joins = dict(zip(zip(lefts, rights), range(256, len(tokens))))
    return Vocabulary(tuple(tokens), joins)
