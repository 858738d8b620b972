"""A join: what it changes is changed, and nothing is counted again.

All words lie side by side, each once. When a pair becomes one id, only its neighbours lose a pair
and gain one, and where the pair stands is written down (fast_pairs).

    text    the id that begins at a place; of an id of several bytes the last place has it as well,
            marked LAST; what lies between is GONE, and after each word stands STOP
    owner   the word of each place         times    how often each word occurs
    places  where each pair stands         lengths  the bytes of each id
    gains   of each neighbour, left and right: how often, and at how many places
    events  an id, on which side it stands of the new one, and where the two begin
"""

import numpy as np
from numba import njit

from .fast_layout import END, OWNER, PLACES, STOP, TEXT, TIMES
from .fast_memory import ids_at, places_at
from .fast_pairs import BITS, FILLED, FIRST, KEY, PAIRS, SIZE, USED, add, best, lose

MARK, GONE = 1 << 31, (1 << 31) - 1
EVENTS, GAINS, FOUND, LENGTHS, JOINS, WANTED, ROOM = range(END + 1, END + 8)


@njit
def sweep(book, left, right, made, row):
    """Join a pair wherever it stands; how many events that was, each a new pair at a place."""
    text, owner, times = ids_at(book[TEXT]), ids_at(book[OWNER]), places_at(book[TIMES])
    gains, events, places = places_at(book[GAINS]), places_at(book[EVENTS]), ids_at(book[PLACES])
    pairs, lengths = places_at(book[PAIRS]), places_at(book[LENGTHS])
    one, two, heard, first = lengths[left], lengths[right], 0, pairs[row + FIRST]
    for i in range(first, first + pairs[row + SIZE]):
        at = np.int64(places[i])
        if text[at] != left or text[at + one] != right:
            continue
        weight, beyond = times[owner[at]], at + one + two
        before, after = np.int64(text[at - 1]) & ~MARK, np.int64(text[beyond])
        if before != STOP:
            gains[4 * before] += weight
            gains[4 * before + 2] += 1
            events[heard], events[heard + 1] = before << 1, at - lengths[before]
            heard += 2
        if after != STOP:
            gains[4 * after + 1] += weight
            gains[4 * after + 3] += 1
            events[heard], events[heard + 1] = after << 1 | 1, at
            heard += 2
        text[at + one - 1], text[at + one] = GONE, GONE
        text[at], text[beyond - 1] = made, made | MARK
    return heard


@njit
def settle(book, left, right, made, heard):
    """Take the lost pairs from their counts, write down the new ones, and their places."""
    gains, events, places = places_at(book[GAINS]), places_at(book[EVENTS]), ids_at(book[PLACES])
    chained = gains[4 * made]             # where two of the new id stand side by side
    for e in range(0, heard, 2):
        other, side = events[e] >> 1, events[e] & 1
        weight, size = gains[4 * other + side], gains[4 * other + 2 + side]
        if size > 0:                      # the first time that this pair is heard of
            if side:
                lose(book, right << BITS | other, weight)
                key, count = made << BITS | other, weight - (chained if other == left else 0)
            else:
                if other != made:
                    lose(book, other << BITS | left, weight)
                key, count = other << BITS | made, weight
            gains[4 * other + 2 + side] = -1
            if count > 1:
                gains[4 * other + 2 + side] = -2 - book[FILLED]
                add(book, key, count, size)
        if gains[4 * other + 2 + side] < -1:
            places[-2 - gains[4 * other + 2 + side]] = events[e + 1]
            gains[4 * other + 2 + side] -= 1
    for e in range(0, heard, 2):
        for i in range(4):
            gains[4 * (events[e] >> 1) + i] = 0


@njit("boolean(int64)", nogil=True, cache=True)
def learn(book):
    """Whether there are joins enough, or no pair is left; if not, there was no room for pairs."""
    book = places_at(book)
    pairs, lengths, found = places_at(book[PAIRS]), places_at(book[LENGTHS]), places_at(book[FOUND])
    while book[JOINS] < book[WANTED]:
        made = 256 + book[JOINS]
        if book[USED] + 2 * made + 2 > book[ROOM]:
            return False
        row = best(book)
        if row < 0:
            break
        left, right = pairs[row + KEY] >> BITS, pairs[row + KEY] & (1 << BITS) - 1
        found[2 * book[JOINS]], found[2 * book[JOINS] + 1] = left, right
        lengths[made] = lengths[left] + lengths[right]
        heard = sweep(book, left, right, made, row)
        settle(book, left, right, made, heard)
        book[JOINS] += 1
    return True
