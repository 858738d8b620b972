"""A word as two numbers, which are the word: nothing else has the same two.

Up to 15 bytes fit into 128 bits beside their length. Of a longer word the numbers are a hash and
the length, so that its bytes must be compared as well.

    data   bytes of UTF-8, padded (fast_reading)     p, n   where a word begins, and its bytes
    low, high   the two numbers                      slot   where to look for them in a table
"""

import numpy as np
from numba import njit, uint64

from .fast_reading import eight

SHORT = 15
LONG = uint64(255 << 56)                  # marks the second number of a longer word
ALL, ONE = uint64(2**64 - 1), uint64(1)
ODD = uint64(0x9E3779B97F4A7C15)
EVEN = uint64(0xD6E8FEB86659FD93)


@njit
def packed(data, p, n):
    """The two numbers of a word of at most 15 bytes: all of its bytes, and how many they are."""
    low = eight(data, p) & ALL >> uint64(max(64 - 8 * n, 0))
    high = eight(data, p + 8) & ALL >> ONE >> uint64(min(127 - 8 * n, 63))
    return low, high | uint64(n) << uint64(56)


@njit
def hashed(data, p, n):
    """The two numbers of a longer word: a hash of its bytes, and how many they are."""
    low = uint64(n)
    for at in range(p, p + n - 7, 8):
        low = (low ^ eight(data, at)) * ODD
        low ^= low >> uint64(32)
    low = (low ^ eight(data, p + n - 8)) * ODD
    return low ^ low >> uint64(32), LONG | uint64(n)


@njit
def numbers(data, p, n):
    """The two numbers of a word."""
    if n <= SHORT:
        return packed(data, p, n)
    return hashed(data, p, n)


@njit
def slot_of(low, high, slots):
    """Where in a table of so many slots, a power of two, to begin to look for two numbers."""
    mixed = (low ^ low >> uint64(32) ^ high * EVEN) * ODD
    return np.int64(mixed >> uint64(20)) & (slots - 1)


@njit
def same(data, p, other, q, n):
    """Whether the n bytes of a longer word from p on are those of other data from q on."""
    for at in range(0, n - 7, 8):
        if eight(data, p + at) != eight(other, q + at):
            return False
    return eight(data, p + n - 8) == eight(other, q + n - 8)
