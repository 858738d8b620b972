"""The glossary: every term that a lab defines, and where it is built."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from .fences import plain, prose

FENCE = re.compile(r" {0,3}(`{3,}|~{3,}|:{3,})\s*(.*?)\s*")
LITERAL = re.compile(r"(?!\{)|\{(code|code-cell|code-block|literalinclude|math|raw|eval-rst)\}")
OPTION = re.compile(r":[\w-]+:.*|\.\. .*")
ROLE = re.compile(r"\{[\w:+.-]+\}(`+)(.+?)\1")
MARKED = re.compile(r"[`*]")
LINK = re.compile(r"\[([^\]]*)\]\([^)]*\)")
OPENING = """# Glossary

The words of the labs. Each is defined where it is built, and links there.
"""


@dataclass(frozen=True)
class Term:
    """A word, what it means, and the page that builds it."""

    word: str
    says: str
    page: str


def page(pages: Mapping[str, str]) -> str:
    """The glossary of some pages by name; it repeats their definitions and defines nothing."""
    terms = [one for name, text in pages.items() for one in defined(name, text)]
    terms.sort(key=lambda one: (_letter(one), one.word.casefold(), one.page))
    parts = [OPENING]
    for at, one in enumerate(terms):
        if not at or _letter(terms[at - 1]) != _letter(one):
            parts.append(f"## {plain(_letter(one))}\n")
        parts.append(_entry(one))
    return "\n".join(parts) if terms else f"{OPENING}\nNo page defines a term yet.\n"


def _letter(one: Term) -> str:
    """The letter that a term stands under."""
    first = one.word[:1].upper()
    return first if first.isalpha() else "#"


def _entry(one: Term) -> str:
    """A term that links to its definition, what that says, and the page that it stands on."""
    whole = one.says if one.says.endswith((".", "!", "?")) else f"{one.says}."
    says = prose(_unlinked(whole)).rstrip()
    there = f"[{plain(one.page)}](labs/{one.page}.md)"
    return f"**{{term}}`{one.word}`**: {says} Built in {there}.\n"


def _unlinked(text: str) -> str:
    """A definition with roles and links as what they show: a label is resolved on its own page."""
    shown = ROLE.sub(lambda hit: re.sub(r"\s*<[^<>]*>$", "", hit[2]), text)
    return LINK.sub(r"\1", shown)


def defined(name: str, text: str) -> Iterator[Term]:
    """The terms that a page defines in its glossary fences."""
    for block in _blocks(text):
        words: list[str] = []
        says: list[str] = []
        for line in [*block, "."]:
            if line[:1].isspace() and line.strip():
                says.append(line.strip())
            elif line.strip() and not OPTION.fullmatch(line):
                if says:
                    yield from (Term(word, " ".join(says), name) for word in words)
                    words, says = [], []
                words.append(MARKED.sub("", line.split(" : ")[0]).strip())


def _blocks(text: str) -> Iterator[list[str]]:
    """The lines inside each glossary fence, wherever it stands but in a block of code."""
    around: list[tuple[str, str]] = []
    lines: list[str] = []
    for line in text.split("\n"):
        hit = FENCE.fullmatch(line)
        inner = around[-1] if around else ("", "{}")
        if hit and around and not hit[2] and hit[1].startswith(inner[0]):
            around.pop()
            if inner[1].startswith("{glossary}"):
                yield lines
                lines = []
        elif hit and not LITERAL.match(inner[1]):
            around.append((hit[1], hit[2]))
        elif inner[1].startswith("{glossary}"):
            lines.append(line)
