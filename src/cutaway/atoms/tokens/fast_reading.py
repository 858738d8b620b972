"""Reading UTF-8 where it lies: eight bytes at a time while they are ASCII, else by character.

Words are mostly ASCII letters, so eight bytes are loaded as one number of 64 bits and compared with
the letters all at once, by additions that carry into the highest bit of each byte. No byte is
decoded unless it is one of several that make a character.

    data    bytes, after which at least 64 spaces stand: nothing may look beyond them
    p       a place in the data           kinds   the kind of each code point
"""

import numpy as np
from numba import njit, types, uint64
from numba.extending import intrinsic

from .characters import KINDS, LETTER

TABLE = np.zeros(0x200000, np.uint8)     # the kinds, with room for all that four bytes can say
TABLE[:len(KINDS)] = KINDS
PADDING = b" " * 64
GAP = b" " * 8                           # between documents
ONES = uint64(0x0101010101010101)


@intrinsic
def eight(typing, data, p):
    """The eight bytes from p on as one number, of which the first byte is the lowest."""
    def load(context, builder, signature, arguments):
        place = builder.gep(arguments[0], [arguments[1]])
        place = builder.bitcast(place, context.get_value_type(types.uint64).as_pointer())
        return builder.load(place, align=1)
    return types.uint64(data, types.intp), load


@intrinsic
def zeros(typing, number):
    """How many zeros stand below the lowest one of a number; 64 if it has none."""
    def count(context, builder, signature, arguments):
        return builder.cttz(arguments[0], context.get_constant(types.boolean, False))
    return types.int64(types.uint64), count


@njit
def leading_letters(eight_bytes):
    """How many of eight bytes are ASCII letters before the first that is none."""
    low = (eight_bytes | ONES * uint64(0x20)) & ONES * uint64(0x7F)
    from_a = low + ONES * uint64(0x80 - 97)
    beyond_z = low + ONES * uint64(0x80 - 123)
    others = ~(from_a & ~beyond_z & ~eight_bytes) & ONES * uint64(0x80)
    return zeros(others) >> 3


@njit
def character(data, p):
    """The code point at p, which is not ASCII, and where the next one is."""
    first = np.int64(data[p])
    if first < 0xE0:
        return (first & 31) << 6 | data[p + 1] & 63, p + 2
    if first < 0xF0:
        return (first & 15) << 12 | (data[p + 1] & 63) << 6 | data[p + 2] & 63, p + 3
    high = (first & 7) << 18 | (data[p + 1] & 63) << 12
    return high | (data[p + 2] & 63) << 6 | data[p + 3] & 63, p + 4


@njit
def kind_at(data, p, kinds):
    """The kind of the character at p, and where the next one is."""
    if data[p] < 0x80:
        return kinds[data[p]], p + 1
    point, after = character(data, p)
    return kinds[point], after


@njit
def letters(data, p, kinds):
    """Where the letters from p on end."""
    while True:
        count = leading_letters(eight(data, p))
        p += count
        if count == 8:
            continue
        if data[p] < 0x80:
            return p
        kind, after = kind_at(data, p, kinds)
        if kind != LETTER:
            return p
        p = after


@njit
def run(data, p, kinds, wanted, most):
    """Where the characters of a kind end, from p on, or the most that may be taken of them."""
    for _ in range(most):
        kind, after = kind_at(data, p, kinds)
        if kind != wanted:
            break
        p = after
    return p


def beside(documents: list[bytes]) -> tuple[np.ndarray, np.ndarray]:
    """Some documents side by side, with a gap after each, and where each ends."""
    sizes = np.array([len(document) for document in documents], np.int64)
    ends = np.cumsum(sizes + len(GAP)) - len(GAP)
    return np.frombuffer(GAP.join([*documents, PADDING]), np.uint8), ends
