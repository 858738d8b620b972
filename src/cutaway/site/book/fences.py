"""Text and HTML as a MyST page takes them: what is data is shown and never read as markup."""

from __future__ import annotations

import re
import textwrap

from cutaway.site.markup import ODD, Html

TICKS = re.compile(r"`+")
PUNCTUATION = re.compile(r"([!-/:-@\[-`{-~])")
CODE = re.compile(r"(?<!`)(`+)(?!`)([^\n]*?[^`\n])\1(?!`)")


def fence(text: str) -> str:
    """A fence that is longer than any run of backticks in a text."""
    return "`" * max(3, 1 + max(map(len, TICKS.findall(text)), default=0))


def fenced(kind: str, inside: str) -> str:
    """A fenced block of some kind; nothing inside can end it."""
    ticks = fence(inside)
    return f"{ticks}{kind}\n{inside}\n{ticks}\n"


def raw(html: Html) -> str:
    """A piece of HTML as a block of a page; the empty line keeps it from being read as options."""
    return fenced("{raw} html", f"\n{html}")


def plain(text: str) -> str:
    """A line of text as MyST that shows it, whatever it holds."""
    return _escaped(" ".join(text.split()))


def prose(text: str) -> str:
    """Paragraphs as MyST: `words` are code, indented paragraphs are literal, the rest is text."""
    parts = re.split(r"\n[ \t]*\n", textwrap.dedent(text).strip("\n"))
    return "\n".join(_paragraph(part) for part in parts if part.strip())


def _paragraph(part: str) -> str:
    """A paragraph."""
    if all(line.startswith("    ") for line in part.splitlines() if line.strip()):
        return fenced("text", ODD.sub("\ufffd", textwrap.dedent(part)))
    pieces, at = [], 0
    flat = " ".join(part.split())
    for hit in CODE.finditer(flat):
        pieces += [_escaped(flat[at : hit.start()]), ODD.sub("\ufffd", hit[0])]
        at = hit.end()
    return "".join([*pieces, _escaped(flat[at:])]) + "\n"


def _escaped(text: str) -> str:
    """Text with a backslash before all that could mean something."""
    return PUNCTUATION.sub(r"\\\1", ODD.sub("\ufffd", text))
