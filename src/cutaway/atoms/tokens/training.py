"""Training on more text than memory holds: words are counted as they come, by several processes.

What is learnt depends on how often each word occurs and on nothing else. So a text can be read a
piece at a time, if no cut goes through a word, and processes can count apart and add up.
"""

from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from functools import partial, reduce
from multiprocessing import get_context
from operator import iadd
from pathlib import Path
from typing import Any

import numpy as np

from .characters import KINDS, LETTER, NUMBER
from .fast_missing import without_numba
from .splitting import expression, words
from .tokenizer import Tokenizer, utf8
from .tokens import Vocabulary
from .tokens import train as train_readably

BLOCK = 2**22                # characters that are read, or sent to a process, at a time
MOST = 2**24                 # characters in which a place between words must be found


def last_cut(text: str) -> int:
    """Where a text can be cut last, and no word changes: where letters or numbers end."""
    kinds = KINDS[np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)]
    ending = np.isin(kinds[:-1], (LETTER, NUMBER))
    cuts = np.flatnonzero(ending & (kinds[:-1] != kinds[1:])) + 1
    return int(cuts[-1]) if len(cuts) else 0


def between_words(blocks: Iterable[str]) -> Iterator[str]:
    """The same text in other pieces; no word lies in two of them, for any pattern that cuts."""
    kept, size = [""], 0
    for block in blocks:
        before = kept[-1][-1:]
        if cut := last_cut(before + block):
            yield "".join([*kept, block[:cut - len(before)]])
            kept, size, block = [""], 0, block[cut - len(before):]
        kept += [block] if block else []
        size += len(block)
        if size > MOST:
            raise ValueError(f"No letters or numbers end within {MOST:,} characters, so that the "
                             "text cannot be cut there: give it in pieces, as a list of texts.")
    if size:
        yield "".join(kept)


def read(path: str | Path) -> Iterator[str]:
    """The text of a file, some at a time; for a pattern that cuts, the words stay the same."""
    with open(path, encoding="utf-8", newline="") as file:
        try:
            yield from between_words(iter(partial(file.read, BLOCK), ""))
        except UnicodeDecodeError as error:
            end = file.buffer.tell() if file.seekable() else len(error.object)
            place = f"byte {end - len(error.object) + error.start:,}"
            raise ValueError(f"{path} is not UTF-8: {error.reason} at {place}.") from None


def counted(texts: Iterable[str], pattern: str) -> Counter[bytes]:
    """How often each word occurs in some texts."""
    counts: Counter[str] = Counter()
    for text in texts:
        utf8(text)
        counts.update(words(text, pattern))
    return Counter({word.encode(): times for word, times in counts.items()})


def each(texts: Iterable[str]) -> Iterator[str]:
    """The same texts, if they are texts, and there is something to learn from in one of them."""
    if isinstance(texts, str):
        raise TypeError("Training takes several texts: put one in a list, [text].")
    empty = True
    for text in texts:
        if not isinstance(text, str):
            raise TypeError(f"A text is a str, and this is one of {type(text).__name__}.")
        empty = empty and not text
        yield text
    if empty:
        raise ValueError("There is nothing to learn from: no text, or only empty ones. Look at "
                         "where they come from; what is read from once gives nothing again.")


def several(specials: Sequence[str]) -> None:
    """Nothing, or an error for special tokens that are not several texts, each there once."""
    if isinstance(specials, str):
        raise TypeError("Special tokens are several texts: put one in a list, [special].")
    if not all(map(utf8, specials)):
        raise ValueError("A special token is an empty text: leave it out.")
    if twice := [special for special, times in Counter(specials).items() if times > 1]:
        raise ValueError(f"The special token {twice[0]!r:.60} is given twice: give it once.")


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
        without_numba()
        count, learn = counted, train_readably
    parts = [count(texts, pattern)] if processes == 1 else apart(count, texts, pattern, processes)
    return learn(reduce(iadd, parts), vocab)


def train(texts: Iterable[str], vocab: int, pattern: str, specials: Sequence[str] = (),
          processes: int = 1) -> Tokenizer:
    """The tokenizer of some texts, each a text of its own; the special tokens have the last ids."""
    expression(pattern)
    several(specials)
    room = vocab - len(specials)
    if room < 256:
        raise ValueError(f"A vocabulary has 256 bytes, here with {len(specials)} special tokens: "
                         f"{vocab} is too few.")
    vocabulary = learned(each(texts), room, pattern, processes)
    ids = range(len(vocabulary.tokens), len(vocabulary.tokens) + len(specials))
    return Tokenizer(vocabulary, pattern, dict(zip(specials, ids)))
