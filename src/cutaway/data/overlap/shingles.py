"""A hash of every window of some bytes: where two texts share a passage, they share hashes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
import numpy.typing as npt

Hashes = npt.NDArray[np.uint64]
Buffer = npt.NDArray[np.uint8]

WIDTH = 50  # bytes of a shingle
BLOCK = 2**16  # windows hashed at once: they stay in the processor's cache
_ODD = np.uint64(0x9E3779B97F4A7C15)
_MIXERS = (np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB))


def windows(data: Buffer | bytes, width: int = WIDTH) -> Hashes:
    """The hash of every window of some bytes, which depends on what stands in the window alone."""
    buffer = np.frombuffer(data, np.uint8) if isinstance(data, bytes) else data
    hashes = np.empty(max(0, len(buffer) - width + 1), np.uint64)
    for start, part in blocks(buffer, width):
        hashes[start : start + len(part)] = part
    return hashes


def blocks(data: Buffer, width: int = WIDTH) -> Iterator[tuple[int, Hashes]]:
    """The hashes of all windows, some at a time, with the place of the first of them."""
    count = len(data) - width + 1
    for start in range(0, count, BLOCK):
        part = data[start : start + min(BLOCK, count - start) + width - 1]
        yield start, _mixed(_hashed(part, width))


def _hashed(data: Buffer, width: int) -> Hashes:
    """Every window of a block as one number, put together from windows of 1, 2, 4, 8 ... bytes.

    A polynomial modulo 2**64 would let long Thue-Morse words collide, whatever its odd base; the
    shift between two levels is not linear, and leaves no such words.
    """
    count = len(data) - width + 1
    level, length = _LETTERS[data], 1
    found, behind = None, width  # what stands at the windows' ends is put together first
    while True:
        if width & length:
            behind -= length
            end = level[behind : behind + count]
            found = end if found is None else _together(end, found)
        if 2 * length > width:
            break
        level, length = _together(level[:-length], level[length:]), 2 * length
    assert found is not None
    return found


def _together(left: Hashes, right: Hashes) -> Hashes:
    """The hash of a text whose two halves have these."""
    both = left * _ODD
    both += right
    both ^= both >> np.uint64(29)
    both *= _MIXERS[0]
    return both


def _mixed(values: Hashes) -> Hashes:
    """Values with every bit of them in every bit of the result (splitmix64's last step)."""
    values = (values ^ (values >> np.uint64(30))) * _MIXERS[0]
    values = (values ^ (values >> np.uint64(27))) * _MIXERS[1]
    return values ^ (values >> np.uint64(31))


_LETTERS = _mixed(np.arange(1, 257, dtype=np.uint64) * _ODD)  # of the 256 bytes


class Shelf:
    """Texts one behind the other, and the hashes of the windows that lie within one of them."""

    def __init__(self, texts: Iterable[bytes], width: int = WIDTH) -> None:
        held = list(texts)
        self.width = width
        self.data: Buffer = np.frombuffer(b"".join(held), np.uint8)
        self.ends = np.cumsum([len(text) for text in held], dtype=np.int64)

    def __iter__(self) -> Iterator[tuple[npt.NDArray[np.int64], Hashes]]:
        """Places and hashes of windows, some at a time; none reaches from one text into another."""
        before = np.arange(1, self.width)
        for start, hashes in blocks(self.data, self.width):
            within = np.ones(len(hashes), bool)
            first, last = np.searchsorted(
                self.ends, [start + 1, start + len(hashes) + self.width - 1]
            )
            cut = (self.ends[first:last, None] - start - before).ravel()
            within[cut[(cut >= 0) & (cut < len(hashes))]] = False
            places = np.flatnonzero(within)
            yield places + start, hashes[places]
