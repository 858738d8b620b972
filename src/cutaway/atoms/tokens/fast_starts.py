"""Where words start, of 64 bytes at once: a number of 64 bits says one thing about each of them.

Whether a word of GPT-2's pattern starts at an ASCII character depends on what stands before it and
after it, contractions apart. So all are asked at the same time, without a branch: shifted up by one
a number says it of the byte before, and shifted down of the byte after.

    data    bytes, after which at least 64 spaces stand      bit i    says it of the byte at p + i
"""

from numba import njit, types, uint64
from numba.core.cgutils import ir
from numba.extending import intrinsic

from .fast_reading import zeros
from .fast_splitting import BLANK, PATTERNS, QUOTE, D, E, L, M, R, S, T, V, word_end
from .splitting import GPT2

WIDE = 64
MARKED = PATTERNS.index(GPT2)
ONE, TWO, THREE, LAST = uint64(1), uint64(2), uint64(3), uint64(WIDE - 1)


@intrinsic
def among(typing, data, p, first, last):
    """Which of the 64 bytes from p on are the first of two, or the last, or between."""
    row, count = ir.VectorType(ir.IntType(8), WIDE), ir.VectorType(ir.IntType(32), WIDE)

    def each(builder, byte):
        none = ir.Constant(row, ir.Undefined)
        one = builder.insert_element(none, byte, ir.Constant(ir.IntType(32), 0))
        return builder.shuffle_vector(one, none, ir.Constant(count, None))

    def compare(context, builder, signature, arguments):
        data, p, first, last = arguments
        place = builder.bitcast(builder.gep(data, [p]), row.as_pointer())
        beyond = builder.sub(builder.load(place, align=1), each(builder, first))
        found = builder.icmp_unsigned("<=", beyond, each(builder, builder.sub(last, first)))
        return builder.bitcast(found, ir.IntType(WIDE))
    return types.uint64(data, types.intp, types.uint8, types.uint8), compare


@njit
def contracted(data, p, starts):
    """The starts, where they are other ones after 's, 'd, 'm, 't, 'll, 've and 're."""
    quotes = starts & among(data, p, QUOTE, QUOTE)
    if quotes == 0:
        return starts
    one = among(data, p, S, T) | among(data, p, D, D) | among(data, p, M, M)
    twice, second = among(data, p, L, L), among(data, p, E, E)
    first = among(data, p, V, V) | among(data, p, R, R)
    short = quotes & one >> ONE
    long = quotes & (twice >> ONE & twice >> TWO | first >> ONE & second >> TWO)
    return starts & ~((short | long) << ONE) | short << TWO | long << THREE


@njit
def starts_from(data, p, n):
    """Where words start after p, where one does, of 64 bytes and as far as they tell; n is one."""
    letters = among(data, p, 65, 90) | among(data, p, 97, 122)
    numbers, blanks = among(data, p, 48, 57), among(data, p, BLANK, BLANK)
    whites, plain = blanks | among(data, p, 9, 13), among(data, p, 0, 127)
    others = ~(letters | numbers | whites)
    alike = letters & letters << ONE | numbers & numbers << ONE | others & others << ONE
    inside = whites & whites << ONE & whites >> ONE
    starts = contracted(data, p, ~(alike | inside | blanks << ONE & ~whites))
    if n - p < WIDE:
        end = ONE << uint64(n - p)
        starts = starts & (end - ONE) | end
    odd = ~plain & (plain + ONE) | ONE << LAST  # the first that is not ASCII is the lowest bit
    return starts & ((odd & ~odd + ONE) >> ONE) - ONE & ~ONE


@njit
def next_end(data, p, n, kinds, pattern, block, starts):
    """Where the word at p ends; the block whose starts are known, and those of them after it."""
    if starts == 0 and pattern == MARKED and data[p] < 128:
        block, starts = p, starts_from(data, p, n)
    if starts == 0:
        return word_end(data, p, n, kinds, pattern), block, starts
    return block + zeros(starts), block, starts & starts - ONE
