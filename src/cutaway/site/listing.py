"""The listing: a component's source, in which each line that can be broken carries a mark."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import groupby

from cutaway.errors import UsageError
from cutaway.kit.faults import Edit, edited, located
from cutaway.kit.labs import PACKAGE, place
from cutaway.kit.words import Fault, Lab

from .markup import Html, joined, tag

# The elements that words stand in: comments, strings, names, keywords; and `w-` for many spaces.
KINDS = (
    ("Comment", "c-"),
    ("Literal.String", "s-"),
    ("Name.Decorator", "f-"),
    ("Name.Function", "f-"),
    ("Name.Class", "f-"),
    ("Operator.Word", "k-"),
    ("Keyword", "k-"),
)

ABREAST = 3  # marks beside a line; more of them stand below


@dataclass(frozen=True)
class Mark:
    """A fault of a lab where it stands in the source, with its number on the page."""

    lab: str
    number: int
    fault: Fault
    edit: Edit
    lines: Sequence[Html]

    @property
    def anchor(self) -> str:
        """The id of the mark, and what the page's address says when it is chosen."""
        return f"fault={self.lab}.{self.fault.name}"


def sources(lab: Lab) -> dict[str, str]:
    """The component files of a lab, by their path inside the package."""
    paths = place(lab.name).components
    return {p.relative_to(PACKAGE).as_posix(): p.read_text(encoding="utf-8") for p in paths}


def marks(lab: Lab, texts: Mapping[str, str]) -> tuple[list[Mark], dict[str, str]]:
    """The marks of a lab in the order of its source, and why some faults have none."""
    edits: list[Edit] = []
    lost: dict[str, str] = {}
    for fault in lab.faults:
        try:
            if fault.file not in texts:
                raise UsageError(f"{fault.file} is not a file of {lab.name}.")
            edits.append(located(fault, texts[fault.file]))
        except UsageError as error:
            lost[fault.name] = str(error)
    files = list(texts)
    edits.sort(key=lambda edit: (files.index(edit.fault.file), edit.start, edit.end))
    return [_mark(lab.name, at, edit, texts) for at, edit in enumerate(edits, 1)], lost


def _mark(lab: str, number: int, edit: Edit, texts: Mapping[str, str]) -> Mark:
    """A mark with its new lines, coloured in the file that they belong to."""
    whole = edited(texts, [edit.fault])[edit.fault.file]
    lines = coloured(whole)[edit.start : edit.start + len(edit.lines)]
    return Mark(lab, number, edit.fault, edit, lines)


@cache
def coloured(text: str) -> tuple[Html, ...]:
    """The lines of a Python source, its words in elements that say what they are."""
    from pygments.lexers import PythonLexer

    lines = [Html("")]
    found = PythonLexer(stripnl=False, ensurenl=False).get_tokens(text)
    for element, alike in groupby(found, key=lambda one: _element(str(one[0]))):
        for at, part in enumerate("".join(value for _, value in alike).split("\n")):
            if at:
                lines.append(Html(""))
            lines[-1] = joined(lines[-1], *_words(element, part, starts=not lines[-1]))
    return tuple(lines)


def _element(kind: str) -> str:
    """The element for a kind of word; nothing where it has no colour."""
    return next((short for long, short in KINDS if kind.startswith(f"Token.{long}")), "")


def _words(element: str, part: str, starts: bool) -> Iterator[object]:
    """A piece of a line in its element; many spaces stand apart, but for those it starts with."""
    rest = part.lstrip(" ") if starts else part
    yield part[: len(part) - len(rest)]
    if element and rest:
        yield tag(element, rest)
    else:
        for at, piece in enumerate(re.split(r"( {2,})", rest)):
            yield tag("w-", piece) if at % 2 else piece


def indented(line: Html) -> Html:
    """A line whose indentation stands apart, so that what strikes the line leaves it out."""
    rest = line.lstrip(" ")
    indent = line[: len(line) - len(rest)]
    return joined(tag("w-", indent) if indent else None, Html(rest))


def listing(file: str, text: str, here: Sequence[Mark], notes: Mapping[str, Html]) -> Html:
    """A file with its marks; opening one strikes its lines and shows what replaces them."""
    raw = text.rstrip("\n").split("\n")
    shown = coloured(text)
    pieces: list[Html] = []
    at = 0
    for spot in _spots(here):
        first, last = min(mark.edit.start for mark in spot), spot[-1].edit.end
        pieces += [_line(shown[number], raw[number]) for number in range(at, first)]
        pieces.append(_spot(spot, shown, raw, notes))
        at = last
    pieces += [_line(shown[number], raw[number]) for number in range(at, len(raw))]
    slots = min(ABREAST, max((len(spot) for spot in _spots(here)), default=1))
    inside = tag("div", *pieces, class_="code", style=f"--slots: {slots}")
    return tag("section", tag("h4", tag("code", file)), inside, class_="listing", aria_label=file)


def _spots(here: Sequence[Mark]) -> list[list[Mark]]:
    """The marks in groups that share lines, each group in the order in which its marks end."""
    spots: list[list[Mark]] = []
    for mark in here:
        if spots and mark.edit.start < max(other.edit.end for other in spots[-1]):
            spots[-1].append(mark)
        else:
            spots.append([mark])
    return [sorted(spot, key=lambda mark: mark.edit.end) for spot in spots]


def _spot(
    spot: Sequence[Mark], shown: Sequence[Html], raw: Sequence[str], notes: Mapping[str, Html]
) -> Html:
    """Lines that can be broken, and after the last line of each break its mark with its note."""
    pieces: list[Html] = []
    for at in range(min(mark.edit.start for mark in spot), spot[-1].edit.end):
        touched = [f"o{slot}" for slot, m in enumerate(spot, 1) if m.edit.start <= at < m.edit.end]
        pieces.append(_line(shown[at], raw[at], " ".join(touched)))
        for slot, mark in enumerate(spot):
            if mark.edit.end == at + 1:
                pieces.append(_opened(mark, slot, notes[mark.fault.name]))
    lines = spot[-1].edit.end - min(mark.edit.start for mark in spot)
    rows = -(-len(spot) // ABREAST) - lines + 1  # of marks, that the first line makes room for
    return tag("div", *pieces, class_="spot", style=f"--rows: {rows}" if rows > 1 else None)


def _line(shown: Html, raw: str, struck: str = "") -> Html:
    """One line; if it does not fit it goes on below its own indentation.

    An empty one holds the end of its line, or it would be lost where code is copied.
    """
    indent = len(raw) - len(raw.lstrip())
    inside = indented(shown) if struck else shown
    style = f"--i:{indent}" if indent else None
    return tag("code", inside or "\n", class_=struck or None, style=style)


def _opened(mark: Mark, slot: int, note: Html) -> Html:
    """A mark to open: the new lines, and what is known of this break."""
    lines = zip(mark.lines, mark.edit.lines, strict=True)
    new = [_line(line, raw) for line, raw in lines]
    said = f"Break {mark.number}, {mark.fault.name}: {mark.fault.says}"
    return tag(
        "details",
        tag("summary", mark.number, aria_label=said),
        *new,
        note,
        id=mark.anchor,
        name=f"{mark.lab}-break",
        class_="fault",
        style=f"--slot: {slot % ABREAST}; --row: {slot // ABREAST}" if slot else None,
        data_lab=mark.lab,
        data_fault=mark.fault.name,
    )
