"""Documents that are nearly the same: pairs that have many 50-byte windows in common."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from cutaway.errors import UsageError

from ..corpora import Document, Told
from .shingles import Hashes, windows

SKETCH = 2**21  # windows at most, about, by which pairs are looked for
NEIGHBOURS = 8  # of those that share a window, how many others each is compared with
HELD = 2**25  # windows at a time

Places = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Pair:
    """Two documents, and which share of the smaller one's distinct windows is in the other too."""

    one: str
    other: str
    share: float


def near_duplicates(
    documents: Sequence[Document], least: float = 0.5, told: Told | None = None
) -> list[Pair]:
    """The pairs of documents that share at least so much, those that share most first.

    Of documents with the same text each is paired with the first alone. Of a window that occurs
    in many others, each document is compared with the next eight; all other pairs are exact in a
    corpus of up to 2 MB, and are looked for by every m-th window in one of m times that size.
    """
    if not 0 < least <= 1:
        raise UsageError(f"{least} is no share of a document.", "Take one above 0, at most 1.")
    texts = [document.text.encode() for document in documents]
    firsts: dict[bytes, int] = {}
    found = []
    for number, text in enumerate(texts):
        if text and firsts.setdefault(text, number) != number:
            found.append((1.0, firsts[text], number))
    unlike = sorted(firsts.values())
    chosen = [texts[number] for number in unlike]
    for share, one, other in _compared(chosen, least, told):
        found.append((share, unlike[one], unlike[other]))
    found.sort(key=lambda pair: (-pair[0], pair[1:]))
    return [Pair(documents[one].name, documents[other].name, share) for share, one, other in found]


def _compared(
    texts: Sequence[bytes], least: float, told: Told | None
) -> Iterator[tuple[float, int, int]]:
    """The share and the numbers of the texts of each pair that shares at least so much."""
    longest = max(map(len, texts), default=0)

    @lru_cache(max(2, HELD // (1 + longest)))
    def hashes_of(number: int) -> Hashes:
        """The distinct windows of a text."""
        return np.unique(windows(texts[number]))

    pairs = _candidates(*_sketches(texts), len(texts), least)
    for done, (one, other) in enumerate(pairs.tolist(), 1):
        share = _containment(hashes_of(one), hashes_of(other))
        if share >= least:
            yield share, one, other
        if told:
            told(done, len(pairs))


def _containment(one: Hashes, other: Hashes) -> float:
    """Which share of the smaller of two sorted sets is in the larger one."""
    small, large = sorted((one, other), key=len)
    places = np.minimum(np.searchsorted(large, small), len(large) - 1)
    return float(np.mean(large[places] == small))


def _sketches(texts: Sequence[bytes]) -> tuple[Hashes, Places, Places]:
    """Every m-th distinct window of the texts, whose it is (sorted by both), how many each has."""
    every = np.uint64(-(-sum(map(len, texts)) // SKETCH) or 1)
    kept = []
    for text in texts:
        hashes = windows(text)
        kept.append(np.unique(hashes[hashes % every == 0]))
    sizes = np.array([len(one) for one in kept], np.int64)
    values = np.concatenate([np.empty(0, np.uint64), *kept])
    owners = np.repeat(np.arange(len(texts)), sizes)
    order = np.argsort(values, kind="stable")
    return values[order], owners[order], sizes


def _candidates(
    values: Hashes, owners: Places, sizes: Places, count: int, least: float
) -> npt.NDArray[np.int64]:
    """The pairs, a row each, that may share enough: half of that share of what was compared."""
    pairs, times = np.empty(0, np.int64), np.empty(0, np.int64)
    for lag in range(1, min(NEIGHBOURS, len(values)) + 1):
        same = values[lag:] == values[:-lag]
        keys, more = np.unique(owners[:-lag][same] * count + owners[lag:][same], return_counts=True)
        pairs, where = np.unique(np.concatenate([pairs, keys]), return_inverse=True)
        times = np.bincount(where, np.concatenate([times, more])).astype(np.int64)
    rows = np.stack([pairs // max(1, count), pairs % max(1, count)], axis=1)
    enough: npt.NDArray[np.bool_] = times >= least / 2 * sizes[rows].min(axis=1)
    return np.compress(enough, rows, axis=0)
