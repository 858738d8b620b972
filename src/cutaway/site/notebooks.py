"""A lab's page as a notebook: its parts become cells that run, or text with the same numbers."""

from __future__ import annotations

import re

from cutaway.errors import Unavailable, UsageError
from cutaway.kit.labs import place
from cutaway.kit.results import read
from cutaway.kit.words import Lab

from .book import numbers
from .book.asked import Asked
from .book.glossary import LITERAL, defined
from .book.parts import PARTS
from .book.shelf import Volume

FENCE = re.compile(
    r"^(?P<ticks>`{3,}|~{3,})(?P<kind>[^`\n]*)\n(?P<inside>(?:.*\n)*?)(?P=ticks)[`~]*[ \t]*$",
    re.MULTILINE,
)
PART = re.compile(rf"\{{(?P<name>{'|'.join(PARTS)})\}}(?P<words>.*)")
OPTIONS = re.compile(r"(?::[\w-]+:.*\n)*")
OPTION = re.compile(r"^:([\w-]+):(.*)$", re.MULTILINE)
# A role, or a run of code, in which nothing is a role.
ROLE = re.compile(
    r"\{(?P<role>number|term)\}(?P<marks>`+)(?P<words>[^`]+)(?P=marks)"
    r"|(?<!`)(?P<code>`+)(?!`)(?:(?!\n[ \t]*\n).)+?(?<!`)(?P=code)(?!`)",
    re.DOTALL,
)


def notebook_of(lab: Lab) -> str:
    """The notebook as JSON text."""
    try:
        import jupytext
    except ImportError as error:
        what = "Notebooks are made with jupytext, which is not installed."
        raise Unavailable(what, "pip install 'cutaway[book]'") from error
    page = place(lab.name).folder / "page.md"
    if not page.is_file():
        raise UsageError(f"The lab {lab.name!r} has no page.", "Write its page.md first.")
    text = plain(Volume(lab, read(lab)), page.read_text(encoding="utf-8"))
    notebook = jupytext.reads(text, fmt="md:myst")
    for at, cell in enumerate(notebook.cells, 1):
        cell["id"] = f"cell-{at}"  # or it would be drawn at random
    return str(jupytext.writes(notebook, fmt="ipynb"))


def plain(volume: Volume, page: str) -> str:
    """A page without what only the book understands; code is left as it is."""
    pieces, at = [], 0
    for hit in FENCE.finditer(page):
        pieces += [_roles(volume, page[at : hit.start()]), _fence(volume, hit)]
        at = hit.end()
    return "".join([*pieces, _roles(volume, page[at:])])


def _fence(volume: Volume, hit: re.Match[str]) -> str:
    """What stands in a fence, as a notebook has it."""
    kind, inside = hit["kind"].strip(), hit["inside"]
    if part := PART.fullmatch(kind):
        options = OPTIONS.match(inside)
        assert options
        body = plain(volume, inside[options.end() :].strip("\n"))
        given = {name: _unquoted(value.strip(" \t")) for name, value in OPTION.findall(options[0])}
        return PARTS[part["name"]].notebook(Asked(volume, part["words"].strip(), given, body))
    if kind == "{glossary}":
        terms = defined(volume.lab.name, hit[0])
        return _roles(volume, "\n".join(f"- **{one.word}**: {one.says}" for one in terms))
    if LITERAL.match(kind):
        return hit[0]
    return f"{hit['ticks']}{hit['kind']}\n{plain(volume, inside)}{hit['ticks']}"


def _unquoted(value: str) -> str:
    """The value of an option, which MyST reads as YAML."""
    if len(value) > 1 and value[0] == value[-1] == "'":
        return value[1:-1].replace("''", "'")
    if len(value) > 1 and value[0] == value[-1] == '"':
        return re.sub(r"\\(.)", r"\1", value[1:-1])
    return re.sub(r"(^|[ \t]+)#.*", "", value)


def _roles(volume: Volume, text: str) -> str:
    """Text whose numbers are looked up, and whose terms are words."""

    def role(hit: re.Match[str]) -> str:
        """A role as text, and code as it is."""
        if hit["role"] == "number":
            experiment, column, fixed = numbers.asked(hit["words"])
            table = volume.table(experiment)
            return numbers.looked_up(volume.lab, table, experiment, column, fixed).shown
        return re.sub(r"\s*<.*>$", "", hit["words"]) if hit["role"] else hit[0]

    return ROLE.sub(role, text)
