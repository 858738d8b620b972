"""Training on more text than memory holds: words are counted as they come, by several processes.

What is learnt depends on how often each word occurs and on nothing else. So a text can be read a
piece at a time, if no cut goes through a word, and processes can count apart and add up.
"""

import warnings
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from functools import reduce
from multiprocessing import get_context
from operator import iadd
from pathlib import Path
from typing import Any

import numpy as np

from .characters import KINDS, LETTER
from .splitting import expression, words
from .tokenizer import Tokenizer, utf8
from .tokens import Vocabulary
from .tokens import train as train_readably

BLOCK = 2**22                # characters that are read, or sent to a process, at a time


def last_cut(text: str) -> int:
    """Where a text can be cut last, and no word changes: after a letter, before what is none."""
    points = np.frombuffer(text.encode("utf-32-le"), np.uint32)
    letters = KINDS[points] == LETTER
    cuts = np.flatnonzero(letters[:-1] & ~letters[1:]) + 1
    return int(cuts[-1]) if len(cuts) else 0


def read(path: str | Path) -> Iterator[str]:
    """The text of a file, some at a time; for a pattern that cuts, the words stay the same."""
    kept = ""
    try:
        with open(path, encoding="utf-8", newline="") as file:
            while block := file.read(BLOCK):
                kept = kept + block
                cut = last_cut(kept)
                yield kept[:cut]
                kept = kept[cut:]
    except UnicodeDecodeError as error:
        raise ValueError(f"{path} is not UTF-8: {error.reason}.") from None
    yield kept


def counted(texts: Iterable[str], pattern: str) -> Counter[bytes]:
    """How often each word occurs in some texts."""
    counts: Counter[str] = Counter()
    for text in texts:
        utf8(text)
        counts.update(words(text, pattern))
    return Counter({word.encode(): times for word, times in counts.items()})


def batches(texts: Iterable[str]) -> Iterator[list[str]]:
    """Some texts at a time, about a block of them."""
    batch, size = [], 0
    for text in texts:
        batch.append(text)
        size += len(text)
        if size >= BLOCK:
            yield batch
            batch, size = [], 0
    yield batch


def apart(count: Callable[..., Any], texts: Iterable[str], pattern: str,
          processes: int) -> Iterator[Any]:
    """What several processes counted of some texts each, with a few blocks under way at a time."""
    waiting: deque[Future] = deque()
    with ProcessPoolExecutor(processes, get_context("spawn")) as pool:
        for batch in batches(texts):
            waiting.append(pool.submit(count, batch, pattern))
            if len(waiting) > 2 * processes:
                yield waiting.popleft().result()
        for one in waiting:
            yield one.result()


def learned(texts: Iterable[str], vocab: int, pattern: str, processes: int) -> Vocabulary:
    """The vocabulary of some texts, by the compiled code where numba is installed."""
    try:
        from .fast_training import counted as count
        from .fast_training import learnt as learn
    except ModuleNotFoundError as error:
        if error.name != "numba":
            raise
        warnings.warn("Without numba this is slow: pip install 'cutaway[fast]'", stacklevel=3)
        count, learn = counted, train_readably
    parts = [count(texts, pattern)] if processes == 1 else apart(count, texts, pattern, processes)
    return learn(reduce(iadd, parts), vocab)


def train(texts: Iterable[str], vocab: int, pattern: str, specials: Sequence[str] = (),
          processes: int = 1) -> Tokenizer:
    """The tokenizer of some texts, each a text of its own; the special tokens have the last ids."""
    expression(pattern)
    room = vocab - len(specials)
    if room < 256:
        raise ValueError(f"A vocabulary has 256 bytes, here with {len(specials)} special tokens: "
                         f"{vocab} is too few.")
    vocabulary = learned(texts, room, pattern, processes)
    ids = range(len(vocabulary.tokens), len(vocabulary.tokens) + len(specials))
    return Tokenizer(vocabulary, pattern, dict(zip(specials, ids)))
