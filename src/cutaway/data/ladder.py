"""The ladder to read a loss against: what counting n-grams would predict of the held-out text."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass

import numpy as np

from cutaway.errors import Refused, Unavailable, UsageError
from cutaway.runs.disk import write_file
from cutaway.runs.folders import data_folder
from cutaway.runs.sealing import sealed, unsealed

from .corpora import Told
from .counts import Grams, Places, Row, grams, left_neighbours, places, row_of
from .tokenization import Ids

VERSION = 2  # of the definition below: a ladder of another is computed anew
NAMES = ("uniform", "unigram", "bigram", "trigram")


@dataclass(frozen=True)
class Rung:
    """An n-gram model of the training text, and the nats a token it needs for the held-out one.

    `plug_in` is another quantity: the conditional entropy of the training text's own n-grams. It
    falls to zero as they become unique, and promises nothing about any other text.
    """

    order: int
    name: str
    nats: float
    plug_in: float


def ladder(
    train: Sequence[Ids],
    held_out: Sequence[Ids],
    vocab: int,
    orders: int = 5,
    told: Told | None = None,
) -> list[Rung]:
    """The rungs of order 0 to `orders`: interpolated Kneser-Ney, counted on `train`.

    The top order of a rung counts occurrences; each order below it counts the different left
    neighbours of a k-gram, a document's border being one of them; below the single tokens stands
    the uniform distribution. An order's discount is n1 / (n1 + 2 n2), where n1 and n2 count its
    k-grams of count one and two; where n1 is 0 it is 1/2, so that no token is ever impossible.
    A context that was never continued leaves the lower order's probability as it is. No n-gram
    crosses a border: a young document's token is predicted from the context that it has.
    """
    if orders < 1:
        raise UsageError(f"A ladder has at least one order, not {orders}.", "Ask for 1 to 5.")
    rows = row_of(train, vocab, "training"), row_of(held_out, vocab, "held-out")
    rungs = [Rung(0, NAMES[0], math.log(vocab), math.log(vocab))]
    for rung in _counted(*rows, vocab, orders):
        rungs.append(rung)
        if told:
            told(rung.order, orders)
    return rungs


def cached_ladder(
    train: Sequence[Ids],
    held_out: Sequence[Ids],
    vocab: int,
    key: str,
    orders: int = 5,
    told: Told | None = None,
) -> list[Rung]:
    """The ladder of the two texts that `key` stands for, computed once; a damaged one, again."""
    if not re.fullmatch(r"[\w\-][\w.\-]{0,150}", key):
        raise UsageError(
            f"{key[:200]!r} is no name for a ladder.",
            "Use letters, digits, `-`, `_` and `.`: a digest is best.",
        )
    path = data_folder("ladders") / f"{key}-{VERSION}.json"
    with suppress(OSError, Refused, KeyError, TypeError):
        kept = unsealed(path)
        found = [Rung(**rung) for rung in kept["rungs"]]
        if kept["vocab"] == vocab and len(found) > orders > 0:
            return found[: orders + 1]
    rungs = ladder(train, held_out, vocab, orders, told)
    with suppress(Unavailable):  # the ladder is whole without its copy
        write_file(path, sealed({"vocab": vocab, "rungs": [asdict(rung) for rung in rungs]}))
    return rungs


def _counted(train: Row, held_out: Row, vocab: int, orders: int) -> Iterator[Rung]:
    """The rungs from the unigram up; each order is counted once and serves all rungs above it."""
    lower = np.full(len(held_out.tokens), 1 / vocab)
    below: tuple[Grams, Places] | None = None
    for order in range(1, orders + 1):
        known = grams(train, vocab, below[0] if below else None)
        if below:
            lower = _smoothed(below[0], left_neighbours(below[0], known), below[1], lower)
        where = places(held_out, vocab, known, below[1] if below else None)
        likely = _smoothed(known, known.times, where, lower)
        name = NAMES[order] if order < len(NAMES) else f"{order}-gram"
        yield Rung(order, name, -float(np.log(likely).mean()), _plug_in(known))
        below = known, where


def _smoothed(known: Grams, counts: Ids, at: Places, lower: np.ndarray) -> np.ndarray:
    """The probability of each held-out token at one order, given those of the order below."""
    counts = np.where(known.whole, counts, 0)
    total = np.bincount(known.context, counts)
    kinds = np.bincount(known.context)
    discount = _discount(counts)
    usable = total[at.context] > 0  # a new context, -1, is read as the border's: it has no count
    count = np.where(at.gram >= 0, counts[at.gram], 0)
    mass = np.maximum(count - discount, 0) + discount * kinds[at.context] * lower
    return np.where(usable, mass / np.maximum(total[at.context], 1), lower)


def _discount(counts: Ids) -> float:
    """The absolute discount of an order: above 0, and at most 1."""
    once, twice = int(np.count_nonzero(counts == 1)), int(np.count_nonzero(counts == 2))
    return once / (once + 2 * twice) if once else 0.5


def _plug_in(known: Grams) -> float:
    """The entropy of a token of the training text, given the context that it has there."""
    total = np.bincount(known.context, known.times)
    share = known.times / total[known.context]
    return -float(known.times @ np.log(share)) / float(known.times.sum()) + 0.0
