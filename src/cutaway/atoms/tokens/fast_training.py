"""Training at full speed: what a join changes is changed, and nothing is counted again.

All words lie side by side, each once. When a pair becomes one id, only its neighbours lose a pair
and gain one, and where the pair stands is written down (fast_pairs).

    text    the id that begins at a place; of an id of several bytes the last place has it as well,
            marked END; what lies between is GONE, and after each word stands STOP
    owner   the word of each place         times    how often each word occurs
    places  where each pair stands         lengths  the bytes of each id
    gains   of each neighbour, left and right: how often, and at how many places
    events  an id, on which side it stands of the new one, and where the two begin
"""

from collections.abc import Iterable

import numpy as np
from numba import njit

from .fast_counting import Counts
from .fast_layout import STOP, begin, lay_out, named
from .fast_pairs import (
    BITS,
    FIRST,
    JOINS,
    KEY,
    PAIRS,
    PLACES,
    POWER,
    SIZE,
    add,
    best,
    indexed,
    larger,
    lose,
)
from .tokenizer import utf8
from .tokens import Vocabulary

END, GONE = 1 << 31, (1 << 31) - 1
LEVELS = 63


@njit
def sweep(left, right, made, lengths, row, text, owner, times, pairs, places, gains, events):
    """Join a pair wherever it stands; how many events that was, each a new pair at a place."""
    one, two, heard = lengths[left], lengths[right], 0
    for i in range(pairs[row, FIRST], pairs[row, FIRST] + pairs[row, SIZE]):
        at = np.int64(places[i])
        if text[at] != left or text[at + one] != right:
            continue
        weight, beyond = times[owner[at]], at + one + two
        before, after = np.int64(text[at - 1]) & ~END, np.int64(text[beyond])
        if before != STOP:
            gains[before, 0] += weight
            gains[before, 2] += 1
            events[heard, 0], events[heard, 1] = before << 1, at - lengths[before]
            heard += 1
        if after != STOP:
            gains[after, 1] += weight
            gains[after, 3] += 1
            events[heard, 0], events[heard, 1] = after << 1 | 1, at
            heard += 1
        text[at + one - 1], text[at + one] = GONE, GONE
        text[at], text[beyond - 1] = made, made | END
    return heard


@njit
def settle(left, right, made, heard, gains, events, pairs, places, index, levels, state):
    """Take the lost pairs from their counts, write down the new ones, and their places."""
    chained = gains[made, 0]              # where two of the new id stand side by side
    for e in range(heard):
        other, side = events[e, 0] >> 1, events[e, 0] & 1
        weight, size = gains[other, side], gains[other, 2 + side]
        if size > 0:                      # the first time that this pair is heard of
            if side:
                lose(right << BITS | other, weight, pairs, index)
                key, count = made << BITS | other, weight - (chained if other == left else 0)
            else:
                if other != made:
                    lose(other << BITS | left, weight, pairs, index)
                key, count = other << BITS | made, weight
            gains[other, 2 + side] = -1
            if count > 1:
                add(key, count, state[PLACES], size, pairs, index, levels, state)
                gains[other, 2 + side] = -2 - state[PLACES]
                state[PLACES] += size
        if gains[other, 2 + side] < -1:
            places[-2 - gains[other, 2 + side]] = events[e, 1]
            gains[other, 2 + side] -= 1
    for e in range(heard):
        for i in range(4):
            gains[events[e, 0] >> 1, i] = 0


@njit(nogil=True, cache=True)
def learn(text, owner, times, places, pairs, index, levels, heap, events, gains, found, state):
    """How many joins are known when there are enough, no pair is left, or the room ends."""
    lengths = np.ones(len(gains), np.int64)
    for join in range(state[JOINS]):
        lengths[256 + join] = lengths[found[join, 0]] + lengths[found[join, 1]]
    while state[JOINS] < len(found):
        made = 256 + state[JOINS]
        if state[PAIRS] + 2 * made + 2 > len(pairs):
            break
        row = best(heap, pairs, index, levels, state)
        if row < 0:
            break
        left, right = pairs[row, KEY] >> BITS, pairs[row, KEY] & (1 << BITS) - 1
        found[state[JOINS], 0], found[state[JOINS], 1] = left, right
        lengths[made] = lengths[left] + lengths[right]
        heard = sweep(left, right, made, lengths, row, text, owner, times, pairs, places, gains,
                      events)
        settle(left, right, made, heard, gains, events, pairs, places, index, levels, state)
        state[JOINS] += 1
    return state[POWER] == 0 or state[JOINS] == len(found)


def counted(texts: Iterable[str], pattern: str) -> Counts:
    """How often each word occurs in some texts."""
    return Counts(pattern).read(map(utf8, texts))


def learnt(counts: Counts, vocab: int) -> Vocabulary:
    """The vocabulary of words that occur so many times."""
    empty = np.zeros(0, np.uint32)
    size, words = lay_out(counts.table, counts.spelled, empty, empty, np.zeros(0, np.int64))
    text, owner = np.zeros(size, np.uint32), np.zeros(size, np.uint32)
    times = np.zeros(words, np.int64)
    text[0] = STOP
    lay_out(counts.table, counts.spelled, text, owner, times)
    places = np.empty(3 * size, np.uint32)
    pairs = np.empty((max(1 << 17, 4 * vocab), 5), np.int64)
    heap = np.empty((len(pairs), 2), np.int64)
    index = indexed(pairs, 0, 1 << (2 * len(pairs)).bit_length())
    levels, state = np.zeros(LEVELS + 1, np.int64), np.array([0, 0, 0, LEVELS, 0])
    found = np.zeros((max(vocab - 256, 0), 2), np.int64)
    gains = np.zeros((max(vocab, 256), 4), np.int64)
    begin(text, owner, times, places, pairs, index, levels, state)
    events = np.empty((2 * pairs[:state[PAIRS], SIZE].max(initial=0), 2), np.int64)
    while not learn(text, owner, times, places, pairs, index, levels, heap, events, gains, found,
                    state):
        pairs, heap = larger(pairs), larger(heap)
        index = indexed(pairs, state[PAIRS], 2 * len(index))
    return named(found[:state[JOINS]].tolist())
