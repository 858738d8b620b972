"""Tokens as a reader sees them: in rows of cells, with their ids and bytes beneath.

A cell stands behind a `║` where a word begins and behind a `│` inside a word, so that nothing is
said by colour alone.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import zip_longest

from rich.cells import cell_len, chop_cells
from rich.text import Text

from cutaway.data.portrait import seen
from cutaway.verbs.talk import out

WORD, TOKEN, CIRCLE = "║", "│", "◌"
MARKS = {ord(mark): f"\\u{ord(mark):04x}" for mark in seen(" \n\r\t") + WORD + TOKEN + CIRCLE}
COLOURS = (  # of tokens, in turn: in every other word
    ("black on cyan", "black on bright_cyan"),
    ("black on yellow", "black on bright_yellow"),
)
SPECIAL = "bold white on magenta"
NARROWEST = 8


@dataclass(slots=True)
class Token:
    """A token of a text, and the number of the word that it is in, none for a special token."""

    id: int
    bytes: bytes
    word: int | None


@dataclass(slots=True)
class Cell:
    """What is drawn of a token, a line beneath the other, behind a bar."""

    bar: str
    lines: tuple[str, ...]
    width: int
    style: str
    ends: bool

    def line(self, number: int) -> str:
        """One of its lines, as wide as the widest."""
        text = self.lines[number]
        return text + " " * (self.width - cell_len(text))


@lru_cache(2**16)
def label(token: bytes) -> str:
    """A token as text: blanks can be seen, and what is no whole character is written as bytes."""
    text = token.decode(errors="surrogateescape").translate(MARKS)
    found = "".join(_written(letter) for letter in seen(text))
    return CIRCLE + found if found and not cell_len(found[0]) else found


def _written(letter: str) -> str:
    """A character that shows, or the way to write one that does not."""
    if "\udc80" <= letter <= "\udcff":
        return f"\\x{ord(letter) - 0xDC00:02x}"
    return letter if letter.isprintable() else repr(letter)[1:-1]


def cells(tokens: Iterable[Token], ids: bool, in_bytes: bool, room: int) -> Iterator[Cell]:
    """The cells of some tokens; one that is wider than the room is cut into several."""
    last: int | None = -1
    turn = 0
    for token in tokens:
        begins = token.word is None or token.word != last
        turn, last = (0 if begins else 1 - turn), token.word
        style = SPECIAL if token.word is None else COLOURS[token.word % 2][turn]
        lines = [label(token.bytes)]
        lines += [str(token.id)] if ids else []
        lines += [token.bytes.hex(" ")] if in_bytes else []
        parts = [tuple(lines)]
        if max(map(len, lines)) > room // 2:
            parts = [*zip_longest(*(chop_cells(line, room) for line in lines), fillvalue="")]
        for number, part in enumerate(parts, 1):
            bar = "" if number > 1 else WORD if begins else TOKEN
            ends = number == len(parts) and token.bytes.endswith(b"\n")
            yield Cell(bar, part, max(map(cell_len, part)), style, ends)


def rows(found: Iterable[Cell], width: int) -> Iterator[list[Cell]]:
    """As many cells a row as there is room for; behind the end of a line a new row begins."""
    row: list[Cell] = []
    used = 0
    for cell in found:
        if row and used + len(cell.bar) + cell.width > width:
            yield row
            row, used = [], 0
        row.append(cell)
        used += len(cell.bar) + cell.width
        if cell.ends:
            yield row
            row, used = [], 0
    if row:
        yield row


def show_tokens(tokens: Iterable[Token], *, ids: bool = True, in_bytes: bool = False) -> None:
    """Print tokens in rows that the terminal has room for."""
    tolerate()
    console = out()
    width = max(console.width, NARROWEST)
    for place, row in enumerate(rows(cells(tokens, ids, in_bytes, width - 1), width)):
        if place and len(row[0].lines) > 1:
            print()
        for number in range(len(row[0].lines)):
            if console.color_system:
                console.print(_coloured(row, number))
            else:
                print("".join(cell.bar + cell.line(number) for cell in row).rstrip())


def _coloured(row: list[Cell], number: int) -> Text:
    """One of the lines of a row; the first wears the colours."""
    line = Text()
    for cell in row:
        line.append(cell.bar, "dim")
        line.append(cell.line(number), "dim" if number else cell.style)
    return line


def line_of(tokens: Iterable[Token], width: int) -> str:
    """As much of some tokens as there is room for on one line."""
    found, width = "", max(width, NARROWEST)
    for cell in cells(tokens, False, False, width):
        part = cell.bar + cell.lines[0]
        if cell_len(found) + cell_len(part) > width - 1:
            return f"{found}…"
        found += part
    return found


def tolerate() -> None:
    """Nothing; afterwards a character that the output cannot write is written as its number."""
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(errors="backslashreplace")


def many(count: int, what: str, more: str = "s") -> str:
    """A number of things in words."""
    return f"{count:,} {what}{more if count != 1 else ''}"
