"""Batches: windows of a row of tokens, a pure function of (tokens, seed, step)."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

import numpy as np

from cutaway.errors import UsageError

from .tokenization import Ids


def batch(
    tokens: Ids, seed: int, step: int, *, size: int, context: int, part: tuple[int, int] = (0, 1)
) -> np.ndarray:
    """The windows of a step, (rows, context + 1): inputs and, one further on, what to predict.

    An epoch lays windows end to end from a random offset and visits each once, in random order; the
    next has an offset and an order of its own, and a step may reach into it. `part`, (rank, of),
    are one worker's rows: every `of`-th from `rank` on. Order and offset come from Philox's raw
    words, which no version of numpy changes; an epoch's order takes 8 bytes a window.
    """
    rank, of = part
    fits = 0 <= seed < 2**64 and 0 <= step < 2**63 // max(size, 1)
    if not fits or context < 1 or not 0 <= rank < of <= size:
        raise UsageError(
            f"There is no batch of seed {seed}, step {step}, size {size}, context {context} "
            f"and part {rank} of {of}.",
            "Count seeds, steps and ranks from 0, and give every worker at least one row.",
        )
    row = _row(tokens, context + 1)
    rows = range(step * size + rank, (step + 1) * size, of)
    found = np.empty((len(rows), context + 1), np.int64)
    each, spare = _layout(len(row), context + 1)
    done = 0
    while done < len(rows):
        epoch, first = divmod(rows[done], each)
        offset, order = _epoch(seed, epoch, each, spare)
        chosen = order[first::of][: len(rows) - done]
        laid = row[offset : offset + each * (context + 1)].reshape(each, context + 1)
        found[done : done + len(chosen)] = laid[chosen]
        done += len(chosen)
    return found


def windows(tokens: Ids, context: int, size: int = 32) -> Iterator[np.ndarray]:
    """Every token but the first, predicted once and in order: blocks of (rows, context + 1).

    A window begins with the last token of the one before it. A block has `size` rows, the last of
    them fewer; what is left at the end is a block of one shorter row. A token at the beginning of a
    window is predicted from little context, so a loss over windows is no lower than the model's.
    """
    if min(context, size) < 1:
        raise UsageError(f"There are no windows of {context}, {size} at a time.", "Give 1 or more.")
    row = _row(tokens, 2)
    return _windows(row, context, size)


def _windows(row: Ids, context: int, size: int) -> Iterator[np.ndarray]:
    """The blocks of windows of a row that is known to have some."""
    whole = (len(row) - 1) // context
    for first in range(0, whole, size):
        starts = np.arange(first, min(first + size, whole)) * context
        yield row[starts[:, None] + np.arange(context + 1)].astype(np.int64)
    if whole * context < len(row) - 1:
        yield row[None, whole * context :].astype(np.int64)


def _row(tokens: Ids, least: int) -> Ids:
    """Tokens as a plain array, if they are one row of whole numbers and long enough."""
    row = np.asarray(tokens)
    if row.ndim != 1 or row.dtype.kind not in "iu":
        raise UsageError(
            f"Tokens are one row of whole numbers, not {row.ndim} dimensions of {row.dtype}.",
            "Give what `read_tokens` or a tokenization's `encode` returns.",
        )
    if len(row) < least:
        raise UsageError(
            f"The text has {len(row):,} tokens, and one window needs {least:,}.",
            "Take a longer text or a smaller context.",
        )
    return row


def _layout(count: int, length: int) -> tuple[int, int]:
    """How many windows every epoch has, and the largest offset: less than a window's length."""
    each = max(1, (count + 1) // length - 1)
    return each, min(length - 1, count - each * length)


@lru_cache(maxsize=4)
def _epoch(seed: int, epoch: int, each: int, spare: int) -> tuple[int, Ids]:
    """The offset of an epoch's windows, and the order in which they are visited."""
    words = np.random.Philox(key=np.array([seed, epoch], np.uint64)).random_raw(each + 1)
    low = np.uint64(each.bit_length())  # bits that number the windows: no two words are equal
    drawn = words[1:] >> low << low | np.arange(each, dtype=np.uint64)
    drawn.sort()
    order = (drawn & (np.uint64(1) << low) - np.uint64(1)).astype(np.int64)
    return int(words[0]) % (spare + 1), order
