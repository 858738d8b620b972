"""Counts of n-grams of any vocabulary, order by order: a k-gram is known by the token it ends at.

The number of a k-gram comes from the number of the (k-1)-gram before its last token, so that a key
is never larger than (distinct contexts) x (vocabulary), whatever the order.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from cutaway.errors import UsageError

from .tokenization import Ids, narrowed

MOST_TOKENS = 2**31 - 2  # with the largest vocabulary a key still fits into 63 bits


@dataclass(frozen=True)
class Row:
    """Documents one after the other: their tokens, and whether a document begins at each."""

    tokens: Ids
    first: np.ndarray


def row_of(documents: Sequence[Ids], vocab: int, what: str) -> Row:
    """Documents in one row. An empty document is nothing; no document at all is an error."""
    count = sum(map(len, documents))
    if not 1 <= count <= MOST_TOKENS:
        raise UsageError(
            f"The {what} text has {count:,} tokens; n-grams are counted of 1 to {MOST_TOKENS:,}.",
            "Give at least one document that is not empty." if not count else "Give a part of it.",
        )
    pieces = [narrowed(one, vocab) for one in documents if len(one)]
    first = np.zeros(count, bool)
    first[np.cumsum([0] + [len(one) for one in pieces[:-1]])] = True
    return Row(np.concatenate(pieces), first)


@dataclass(frozen=True)
class Grams:
    """The distinct k-grams of a row. Where a document is too young, borders stand in for tokens."""

    keys: Ids  # of each, rising: its context's number * vocabulary + its last token
    context: Ids  # of each: the number of what stands before its last token, a border's last
    times: Ids  # of each: how often it occurs
    whole: np.ndarray  # of each: whether it lies inside its document, with no border in it
    ends: Ids  # of each token of the row: the k-gram that ends there


def grams(row: Row, vocab: int, below: Grams | None) -> Grams:
    """The distinct k-grams of a row, given its (k-1)-grams; its single tokens, given none."""
    context = np.zeros(len(row.tokens), np.int64)
    if below:
        context[1:] = below.ends[:-1]
        context[row.first] = len(below.keys)
    keys = context * vocab + row.tokens
    ranked = np.sort(keys)
    distinct = ranked[np.concatenate(([True], ranked[1:] != ranked[:-1]))]
    del ranked, context
    ends = np.searchsorted(distinct, keys).astype(np.int32)
    of = distinct // vocab
    whole = np.append(below.whole, False)[of] if below else np.ones(len(of), bool)
    return Grams(distinct, of, np.bincount(ends), whole, ends)


def left_neighbours(of: Grams, longer: Grams) -> Ids:
    """Of each k-gram: how many different tokens stand before it, a document's border being one."""
    suffix = np.empty(len(longer.keys), np.int32)
    suffix[longer.ends] = of.ends
    return np.bincount(suffix, minlength=len(of.keys))


@dataclass(frozen=True)
class Places:
    """Of each token of another row: the k-gram that ends there and its context, or -1 if new."""

    context: Ids
    gram: Ids


def places(row: Row, vocab: int, known: Grams, below: Places | None) -> Places:
    """Where the k-grams of a row stand among known ones, given where its (k-1)-grams stand."""
    context = np.zeros(len(row.tokens), np.int64)
    if below:
        context[1:] = below.gram[:-1]
        context[row.first] = -1
    keys = context * vocab + row.tokens  # below zero, and so not found, where the context is new
    at = np.minimum(np.searchsorted(known.keys, keys), len(known.keys) - 1)
    return Places(context, np.where(known.keys[at] == keys, at, -1))
