"""What training begins with, all words side by side and their pairs of bytes, and what it gives.

    text    the byte at each place; before, between and after the words stands STOP
    owner   the word of each place         times    how often each word occurs
    places  where each pair stands, pair by pair (fast_pairs)
"""

import numpy as np
from numba import njit, uint64

from .fast_pairs import BITS, PLACES, add
from .tokens import Vocabulary

STOP = (1 << 31) - 2


@njit(cache=True)
def lay_out(table, spelled, text, owner, times):
    """How many places the words take; they are counted first, with no room to lie in."""
    at, word = 1, 0
    for row in range(0, len(table), 4):
        high = table[row + 1]
        size = np.int64(high >> uint64(56))
        if size == 255:
            size = np.int64(high & uint64((1 << 56) - 1))
        if size < 2:
            continue
        if len(text):
            for i in range(size):
                if high >> uint64(56) == 255:
                    text[at + i] = spelled[np.int64(table[row + 3]) + i]
                else:
                    half = table[row] if i < 8 else high
                    text[at + i] = (half >> uint64(8 * (i & 7))) & uint64(255)
                owner[at + i] = word
            text[at + size] = STOP
            times[word] = table[row + 2]
        at, word = at + size + 1, word + 1
    return at, word


@njit(cache=True)
def begin(text, owner, times, places, pairs, index, levels, state):
    """Write down the pairs of bytes, with their places."""
    count, size, first = np.zeros((3, 65536), np.int64)
    for at in range(1, len(text) - 1):
        if text[at] != STOP and text[at + 1] != STOP:
            key = np.int64(text[at]) << 8 | np.int64(text[at + 1])
            count[key] += times[owner[at]]
            size[key] += 1
    used = 0
    for key in range(65536):
        if count[key] > 1:
            first[key] = used
            pair = key >> 8 << BITS | key & 255
            add(pair, count[key], used, size[key], pairs, index, levels, state)
            used += size[key]
    state[PLACES] = used
    for at in range(1, len(text) - 1):
        if text[at] != STOP and text[at + 1] != STOP:
            key = np.int64(text[at]) << 8 | np.int64(text[at + 1])
            if count[key] > 1:
                places[first[key]] = at
                first[key] += 1


def named(found: list[list[int]]) -> Vocabulary:
    """The vocabulary of joins, in their order."""
    tokens = [bytes([byte]) for byte in range(256)]
    for left, right in found:
        tokens.append(tokens[left] + tokens[right])
    joins = {(left, right): 256 + at for at, (left, right) in enumerate(found)}
    return Vocabulary(tuple(tokens), joins)
