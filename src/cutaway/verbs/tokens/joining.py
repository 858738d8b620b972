"""`tokens merges`: a vocabulary being learnt from a text, one join after the other."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from heapq import nsmallest
from itertools import islice
from typing import Annotated, Any

from cyclopts import Parameter

from cutaway.errors import UsageError
from cutaway.verbs.show import Json
from cutaway.verbs.talk import out, say, show, show_json

from .showing import File, Text, given
from .tiles import Token, label, line_of, many, tolerate
from .vocabularies import Pattern, tokens

NEXT = 4  # pairs that came close
HELP = "space: the next join, r: all the rest, q: leave"
WARNING = (
    "Training stops here: no pair occurs twice. To join one that was seen once saves a token in "
    "this text, and nothing says that any other text has it."
)

Pair = tuple[int, int]


@dataclass(frozen=True)
class Join:
    """A step of training: the pair that is joined, those that came close, and what is left."""

    id: int
    pair: Pair
    count: int
    tied: int
    others: tuple[tuple[Pair, int], ...]
    left: int


class Bench:
    """A text under the microscope: its words in ids, joined further at each step."""

    def __init__(self, text: str, pattern: str) -> None:
        self.steps = tokens("tokens")
        self.order = [word.encode() for word in tokens().words(text, pattern)]
        self.words = Counter(self.order)
        self.split = {word: list(word) for word in self.words}
        self.known = [bytes([byte]) for byte in range(256)]

    @property
    def left(self) -> int:
        """How many tokens the text has now."""
        return sum(times * len(self.split[word]) for word, times in self.words.items())

    def joins(self) -> Iterator[Join]:
        """Each step, as long as there are two tokens side by side."""
        while counts := self.steps.count(self.words, self.split):
            best = nsmallest(NEXT + 1, counts, key=lambda pair: (-counts[pair], pair))
            pair, id = best[0], len(self.known)
            tied = sum(count == counts[pair] for count in counts.values()) - 1
            for word, ids in self.split.items():
                self.split[word] = self.steps.join(ids, pair, id)
            self.known.append(self.known[pair[0]] + self.known[pair[1]])
            others = tuple((other, counts[other]) for other in best[1:])
            yield Join(id, pair, counts[pair], tied, others, self.left)

    def tokens(self) -> Iterator[Token]:
        """The tokens of the text as they are now."""
        for number, word in enumerate(self.order):
            yield from (Token(id, self.known[id], number) for id in self.split[word])

    def named(self, pair: Pair) -> str:
        """A pair in words."""
        return " + ".join(label(self.known[id]) for id in pair)

    def plain(self, join: Join) -> dict[str, Any]:
        """A step as plain data."""
        left, right = join.pair
        others = [{"left": a, "right": b, "count": count} for (a, b), count in join.others]
        told = {"id": join.id, "left": left, "right": right, "bytes": self.known[join.id].hex()}
        return {**told, "count": join.count, "tied": join.tied, "next": others, "tokens": join.left}


def merges(
    text: Text = None,
    *,
    file: File = None,
    steps: Annotated[int, Parameter(help="How many joins at most.")] = 12,
    pattern: Annotated[Pattern, Parameter(help="How the text is cut into words.")] = "gpt2",
    keys: Annotated[bool, Parameter(help="A join a key, in a terminal.", negative="")] = False,
    beyond: Annotated[
        bool, Parameter(help="Go on where training stops: join pairs seen once.", negative="")
    ] = False,
    json: Json = False,
) -> int:
    """Learn from a text under the microscope: each join, what came close, what is left.

    Each step joins the most frequent pair; of several as frequent, the one with the lowest ids.
    Training stops where no pair occurs twice, and it is said where that is.

    ```
    cutaway tokens merges 'the cat sat on the mat, the rat sat on the cat'
    cutaway tokens merges --file notes.txt --steps 50
    cutaway tokens merges --keys 'she sells sea shells by the sea shore'
    ```
    """
    if keys and (json or not _at_terminal()):
        raise UsageError("Keys come from a terminal.", "Leave out --keys.")
    if keys and text is None and file is None:
        raise UsageError("Keys come from standard input.", "Give TEXT, or --file NAME.")
    if steps < 0:
        raise UsageError(f"{many(steps, 'step')} cannot be made.", "Give --steps 0 or more.")
    bench = Bench(given(text, file)[0], pattern)
    begun, stops = bench.left, None
    done: list[Join] = []
    for join in _steps(bench, steps, keys):
        if join.count == 1 and stops is None:
            stops = len(done)
            if not json:
                show(WARNING, "yellow")
            if not beyond:
                break
        done.append(join)
        if not json:
            _show(len(done), join, bench)
    left = done[-1].left if done else begun
    if json:
        told = {"before": begun, "after": left, "training_stops_after": stops}
        show_json({**told, "joins": [bench.plain(join) for join in done]})
    else:
        joins, after = many(len(done), "join"), many(left, "token")
        show(f"{joins} made {after} of {many(begun, 'byte')}")
    return 0


def _at_terminal() -> bool:
    """Whether someone can press keys and see what they do."""
    return bool(sys.stdin and sys.stdin.isatty() and sys.stdout.isatty())


def _steps(bench: Bench, most: int, keys: bool) -> Iterator[Join]:
    """The joins, a key before each but the first if they are asked for."""
    if keys:
        say(HELP, "dim")
    for number, join in enumerate(islice(bench.joins(), most)):
        yield join
        if keys and number + 1 < most:
            key = _pressed()
            keys = key != "r"
            if key in ("q", ""):
                return


def _pressed() -> str:
    """The key that is pressed next; nothing at the end of the input."""
    with _unbuffered():
        key = sys.stdin.read(1)
    return "" if key == "\x04" else key


@contextmanager
def _unbuffered() -> Iterator[None]:
    """Keys come one by one and are not shown, where the system can do that."""
    try:
        import termios
        import tty
    except ImportError:
        yield
        return
    handle = sys.stdin.fileno()
    before = termios.tcgetattr(handle)
    tty.setcbreak(handle)
    try:
        yield
    finally:
        termios.tcsetattr(handle, termios.TCSADRAIN, before)


def _show(number: int, join: Join, bench: Bench) -> None:
    """Print a step."""
    tolerate()
    token = label(bench.known[join.id])
    times = "once" if join.count == 1 else f"{join.count:,} times"
    show(f"{number:>3}  {bench.named(join.pair)} -> {token}  id {join.id}, {times}", "bold")
    if join.tied:
        pairs = "another pair is" if join.tied == 1 else f"{join.tied:,} other pairs are"
        low = f"the ids {join.pair[0]} and {join.pair[1]} are the lowest"
        show(f"     {pairs} as frequent: {low}")
    if join.others:
        close = (f"{bench.named(pair)} {count:,}" for pair, count in join.others)
        show(f"     next: {',  '.join(close)}", "dim")
    show(f"     {line_of(bench.tokens(), out().width - 20)}  {many(join.left, 'token')}")
