"""Characters come in four kinds, and words are cut where the kind changes.

    letter   number   space   other: marks, signs, emoji, and what is no character

The kinds are those of one version of Unicode (unicode.py), whichever Python runs this: a text must
not be cut in another way because the machine is newer.
"""

import numpy as np

from . import unicode

OTHER, LETTER, NUMBER, SPACE = range(4)


def inside(counts: str) -> np.ndarray:
    """Whether each code point is in a set, of which the runs outside and inside are counted."""
    ends = np.cumsum(np.array(counts.split(), int))
    turns = np.zeros(0x110000, bool)
    turns[ends] = True
    return np.logical_xor.accumulate(turns)


def ranges(kind: int) -> str:
    """The characters of a kind as the inside of a set in a regular expression."""
    turns = np.flatnonzero(np.diff(kind == KINDS, prepend=False, append=False)).reshape(-1, 2)
    return "".join(f"\\U{first:08x}-\\U{end - 1:08x}" for first, end in turns.tolist())


KINDS = np.zeros(0x110000, np.uint8)      # the kind of each code point
KINDS[inside(unicode.LETTERS)] = LETTER
KINDS[inside(unicode.NUMBERS)] = NUMBER
KINDS[inside(unicode.SPACES)] = SPACE
KINDS.flags.writeable = False
