"""The ids of words, most of which the memo knows where it is looked at first.

    book    where everything lies, and how much of the memo and of its pool is used
    data    bytes of UTF-8, padded (fast_reading)       ids     what is made of them
    base    the id of each byte                         joins   the pairs that join (fast_joining)
"""

from numba import njit, uint64

from .fast_joining import FEW, join_few, join_many
from .fast_memo import keep, keep_more, known, recall, row_of, spell
from .fast_memory import bytes_at, ids_at, numbers_at, places_at
from .fast_starts import next_end
from .fast_words import SHORT, numbers, packed, slot_of

LONGEST = 255                             # the bytes of the longest word that is kept
(DATA, IDS, LINKS, KINDS, BASE, JOINS, PAIRS, PATTERN, MADE,
 MEMO, SLOTS, USED, POOL, SPACE, FILLED) = range(15)


@njit
def joined(book, p, size, at):
    """How many ids a word becomes; they stand from `at` on."""
    data, ids, base = bytes_at(book[DATA]), ids_at(book[IDS]), ids_at(book[BASE])
    joins, slots = numbers_at(book[JOINS]), book[PAIRS]
    for i in range(size):
        ids[at + i] = base[data[p + i]]
    if size > FEW:
        return join_many(ids, at, size, joins, slots, book[LINKS])
    return join_few(ids, at, size, joins, slots, places_at(book[MADE]))


@njit
def slowly(book, p, size, at):
    """How many ids a word has that is long, or not where the memo is looked at first."""
    if size > LONGEST:
        return joined(book, p, size, at)
    data, ids, memo = bytes_at(book[DATA]), ids_at(book[IDS]), numbers_at(book[MEMO])
    pool, spelled = ids_at(book[POOL]), bytes_at(book[POOL])
    low, high = numbers(data, p, size)
    row = row_of(memo, book[SLOTS], low, high)
    if memo[row] == low and memo[row + 1] == high and (
            known(data, p, size, memo[row + 2], pool, spelled)):
        return recall(memo, row, pool, ids, at)
    count = joined(book, p, size, at)
    book[USED] += memo[row + 1] == 0
    memo[row], memo[row + 1] = low, high
    keep(memo, row, ids, at, count)
    if size > SHORT or count > 3:
        book[FILLED] = keep_more(memo, row, pool, book[FILLED], ids, at, count)
    if size > SHORT:
        book[FILLED] = spell(spelled, book[FILLED], data, p, size)
    return count


@njit
def full(book):
    """Whether there is no room for one more word."""
    return 2 * book[USED] >= book[SLOTS] or book[FILLED] + 2 * LONGEST >= book[SPACE]


@njit("UniTuple(int64, 2)(int64, int64, int64)", nogil=True, cache=True)
def encode(book, n, limit):
    """Where reading stopped, for the limit or a full memo, and how many ids there are."""
    book = places_at(book)
    data, kinds, pattern = bytes_at(book[DATA]), bytes_at(book[KINDS]), book[PATTERN]
    memo, slots, pool = numbers_at(book[MEMO]), book[SLOTS], ids_at(book[POOL])
    ids = ids_at(book[IDS])
    p = at = block = 0
    starts = uint64(0)
    while p < n:
        end, block, starts = next_end(data, p, n, kinds, pattern, block, starts)
        if end > limit:
            break
        if end - p <= SHORT:
            low, high = packed(data, p, end - p)
            row = slot_of(low, high, slots) << 2
            if memo[row] == low and memo[row + 1] == high:
                at += recall(memo, row, pool, ids, at)
                p = end
                continue
        if full(book):
            break
        at += slowly(book, p, end - p, at)
        p = end
    return p, at


@njit("void(int64, int64, int64)", cache=True)
def foresee(book, ends, count):
    """Let the memo see each token as a word."""
    book, ends = places_at(book), places_at(ends)
    for i in range(1, count):
        size = ends[i] - ends[i - 1]
        if 1 < size <= LONGEST:
            slowly(book, ends[i - 1], size, 0)
