"""Which parts of some texts occur nowhere in others: those that share no window with them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from ..corpora import Told
from .shingles import WIDTH, Hashes, Shelf

AT_ONCE = 2**25  # hashes that are held, sorted

Mask = npt.NDArray[np.bool_]


def kept_spans(
    texts: Sequence[bytes], others: Sequence[bytes], told: Told | None = None
) -> list[tuple[int, int, int]]:
    """The pieces of texts (number, start, end) that share no 50 bytes with any of the others.

    Each ends at whole characters. A text that shares nothing is one piece, however short; of any
    other text pieces of less than 50 bytes are left out.
    """
    mine = Shelf(texts)
    shared = _shared(mine, Shelf(others), told)
    found = []
    for number, end in enumerate(mine.ends.tolist()):
        start = end - len(texts[number])
        places = np.flatnonzero(shared[start : max(start, end - WIDTH + 1)])
        found += [(number, first, last) for first, last in _gaps(texts[number], places)]
    return found


def _gaps(text: bytes, places: npt.NDArray[np.intp]) -> Iterator[tuple[int, int]]:
    """What of a text no shared window covers, when such windows begin at these places."""
    if not len(places):
        yield 0, len(text)
        return
    far = np.flatnonzero(np.diff(places) > WIDTH)
    firsts = [int(places[0]), *places[far + 1].tolist()]
    lasts = [*(places[far] + WIDTH).tolist(), int(places[-1]) + WIDTH]
    for start, end in zip([0, *lasts], [*firsts, len(text)], strict=True):
        while start < len(text) and text[start] & 0xC0 == 0x80:
            start += 1
        while 0 < end < len(text) and text[end] & 0xC0 == 0x80:
            end -= 1
        if end - start >= WIDTH:
            yield start, end


def _shared(mine: Shelf, other: Shelf, told: Told | None) -> Mask:
    """At which places of a shelf a window begins that occurs in the other one as well.

    Where there are too many windows to hold, those of one remainder after another are looked at.
    """
    shared = np.zeros(len(mine.data), bool)
    parts = -(-max(1, len(mine.data)) // AT_ONCE)
    for part in range(parts):
        known = _Known([hashes[hashes % np.uint64(parts) == part] for _, hashes in mine])
        met = np.zeros(len(known.hashes), bool)
        for places, hashes in other:
            met[known.find(hashes)[1]] = True
            if told and len(places):
                told(part * len(other.data) + int(places[-1]), parts * len(other.data))
        common = _Known([known.hashes[met]])
        for places, hashes in mine:
            shared[places[common.find(hashes)[0]]] = True
    return shared


class _Known:
    """Hashes to find others among; a table of their first bits spares most of the look-ups."""

    def __init__(self, hashes: Sequence[Hashes]) -> None:
        self.hashes = np.unique(np.concatenate([np.empty(0, np.uint64), *hashes]))
        bits = min(28, max(16, len(self.hashes).bit_length() + 5))
        self.shift = np.uint64(64 - bits)
        self.table = np.zeros(2**bits, bool)
        self.table[self.hashes >> self.shift] = True

    def find(self, hashes: Hashes) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
        """Which of some hashes are known, and the places of those among the known ones."""
        near = np.flatnonzero(self.table[hashes >> self.shift])
        places = np.searchsorted(self.hashes, hashes[near])
        places = np.minimum(places, max(0, len(self.hashes) - 1))
        same = self.hashes[places] == hashes[near]
        return near[same], places[same]
