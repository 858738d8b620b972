"""Training at full speed: words are counted, laid side by side, and joined (fast_learning).

Here is the room for all of it. How many pairs there will be nobody knows, so that their room grows.
"""

from collections.abc import Iterable

import numpy as np

from .fast_counting import Counts
from .fast_layout import END, OWNER, PLACES, TEXT, TIMES, begin, lay_out, measured, named
from .fast_learning import EVENTS, FOUND, GAINS, JOINS, LENGTHS, ROOM, WANTED, learn
from .fast_memory import address
from .fast_pairs import COLUMNS, HEAP, INDEX, LEVELS, PAIRS, POWER, SIZE, SLOTS, USED, indexed
from .tokens import Vocabulary

POWERS = 63


def counted(texts: Iterable[str], pattern: str) -> Counts:
    """How often each word occurs in some texts."""
    return Counts(pattern).read(texts)


class Learning:
    """A vocabulary that is being learnt of words that occur so many times."""

    def __init__(self, counts: Counts, vocab: int) -> None:
        self.book, self.held = np.zeros(ROOM + 1, np.int64), {}
        size, words = measured(address(counts.table), len(counts.table) >> 2)
        self.book[[END, WANTED, POWER]] = size, max(vocab - 256, 0), POWERS
        for name in (TEXT, OWNER):
            self.hold(name, np.zeros(size, np.uint32))
        for name, rows in ((TIMES, words), (GAINS, 4 * max(vocab, 256)), (LEVELS, POWERS + 1),
                           (FOUND, 2 * max(vocab - 256, 0))):
            self.hold(name, np.zeros(rows, np.int64))
        self.hold(LENGTHS, np.ones(max(vocab, 256), np.int64))
        self.hold(PLACES, np.empty(3 * size, np.uint32))
        self.room(max(1 << 17, 4 * vocab))
        lay_out(address(self.book), address(counts.table), len(counts.table) >> 2,
                address(counts.spelled))
        two = np.zeros(3 << 16, np.int64)
        begin(address(self.book), address(two))
        sizes = self.held[PAIRS][SIZE:COLUMNS * self.book[USED]:COLUMNS]
        self.hold(EVENTS, np.empty(4 * sizes.max(initial=0), np.int64))

    def hold(self, name: int, array: np.ndarray) -> None:
        """Keep an array, and write down where it lies."""
        self.held[name], self.book[name] = array, address(array)

    def room(self, rows: int) -> None:
        """Make room for so many pairs, and index those that there are."""
        for name, columns in ((PAIRS, COLUMNS), (HEAP, 2)):
            array = np.empty(columns * rows, np.int64)
            old = self.held.get(name, array[:0])
            array[:len(old)] = old
            self.hold(name, array)
        self.book[ROOM], self.book[SLOTS] = rows, 1 << (2 * rows).bit_length()
        self.hold(INDEX, np.zeros(2 * self.book[SLOTS], np.int64))
        indexed(address(self.book))

    def learn(self) -> Vocabulary:
        """The vocabulary."""
        while not learn(address(self.book)):
            self.room(2 * int(self.book[ROOM]))
        # two long lists: a list for each pair makes the garbage collector look at all there is
        return named(*self.held[FOUND][:2 * self.book[JOINS]].reshape(-1, 2).T.tolist())


def learnt(counts: Counts, vocab: int) -> Vocabulary:
    """The vocabulary of words that occur so many times."""
    return Learning(counts, vocab).learn()
