"""A page as a notebook: nothing of the book's own language is left, and the numbers are its own."""

from __future__ import annotations

import json
import re
import sys
from contextlib import suppress
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from cutaway.errors import CutawayError, Refused, Unavailable, UsageError
from cutaway.kit.labs import labs, load, place
from cutaway.kit.results import read

from .book import numbers
from .book.asked import Asked
from .book.conftest import HEADER, bare, checkout, house, planted, volume
from .book.parts import PARTS
from .book.shelf import Volume
from .notebooks import _unquoted, notebook_of, plain

__all__ = ["bare", "checkout", "house", "planted", "volume"]  # fixtures of the book's tests

REAL = [lab.name for lab in labs()[0] if not lab.draft]
DIRECTIVE = re.compile(r"^ *(?:`{3,}|~{3,}|:{3,})\{(?!code-cell\})", re.MULTILINE)
NUMBER = re.compile(r"\{number\}`([^`]+)`")
MEANS = re.compile(r"^```\{means\} (.*)\n```$", re.MULTILINE)


def real(name: str) -> tuple[Volume, str, str]:
    """A real lab, its page, and that as text for a notebook; measured or about to be."""
    lab = load(name)
    one = Volume(lab, read(lab), stale=True)
    page = (place(name).folder / "page.md").read_text(encoding="utf-8")
    return one, page, plain(one, page)


class Cells(HTMLParser):
    """The text of the cells of a table."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, name: str, attrs: list[tuple[str, str | None]]) -> None:
        """Begins a cell."""
        if name in ("td", "th"):
            self.found.append("")

    def handle_data(self, data: str) -> None:
        """Notes text."""
        self.found[-1] += data


@pytest.mark.parametrize("name", REAL)
def test_every_part_of_every_real_page_is_converted(name: str) -> None:
    jupytext = pytest.importorskip("jupytext")
    _, page, text = real(name)
    assert not DIRECTIVE.search(text)
    notebook = jupytext.reads(text, fmt="md:myst")
    prose = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    assert not re.search(r"\{[\w:-]+\}`", prose) and "```{" not in prose
    code = [cell.source for cell in notebook.cells if cell.cell_type == "code"]
    for source in code:
        compile(source, "cell", "exec")
    written = page.count("```{code-cell}")
    cells = page.count("```{drawing}") + page.count("```{listing}")
    assert len(code) == written + cells and cells > 0
    assert notebook.metadata["kernelspec"]["name"] == "python3"


@pytest.mark.parametrize("name", REAL)
def test_the_numbers_of_a_real_notebook_are_those_of_the_book(name: str) -> None:
    one, page, text = real(name)
    at = 0
    for hit in sorted([*NUMBER.finditer(page), *MEANS.finditer(page)], key=re.Match.start):
        for shown in looked_up(one, name, hit):
            at = text.index(shown, at)


def looked_up(one: Volume, name: str, hit: re.Match[str]) -> list[str]:
    """What the book shows for a number or for a table of means."""
    if hit.re is MEANS:
        cells = Cells("".join(PARTS["means"].html(Asked(one, hit[1])))).found
        assert len(cells) > 3
        return [" ".join(cell.split()) for cell in cells]  # a notebook has no thin space
    experiment, column, fixed = numbers.asked(hit[1])
    shown = numbers.looked_up(one.lab, one.table(experiment), experiment, column, fixed)
    assert f">{shown.shown}</span>" in numbers.html(name, shown)
    return [shown.shown]


def body(volume: Volume, text: str) -> str:
    """Some text of a page as a notebook has it."""
    return plain(volume, text)


def test_a_number_and_a_term_in_prose_are_text(volume: Volume) -> None:
    page = "It was {number}`value_by_fault value\nwidth=8`, {term}`twice <double>`, {term}`once`."
    assert body(volume, page) == "It was 10, twice, once."


LITERAL = [
    "```python\n{number}`value_by_fault value`\n```",
    "```\n```{drawing} x\n{term}`x`\n```",
    "~~~\n```{drawing} x\n```\n{number}`x`\n~~~",
    "````text\n```{drawing} value_of_all\n```\n````",
    "```{code-cell} ipython3\nx = '{number}`x`'\n```",
    "```{code-cell} ipython3\n'''\n~~~\n```",
    "`` {number}`x` `` and ` {term} ` and ``a`b``",
    "Write `` {number}`value_by_fault value` `` for a number.",
    "$$\n\\frac{number}{term}\n$$",
    "Braces {number} and `{number}` and {unknown}`x`.",
]


@pytest.mark.parametrize("text", LITERAL)
def test_what_looks_like_a_role_in_code_stays_as_it_is(volume: Volume, text: str) -> None:
    assert body(volume, text) == text
    assert body(volume, f"A ` b.\n\n{text}\n\nC.\n") == f"A ` b.\n\n{text}\n\nC.\n"


def test_a_lone_backtick_hides_no_role_of_another_paragraph(volume: Volume) -> None:
    page = "A ` b.\n\nIt is {number}`value_by_fault value width=8`, ` c.\n"
    assert body(volume, page) == "A ` b.\n\nIt is 10, ` c.\n"


def test_a_part_inside_of_a_part_is_converted_too(volume: Volume) -> None:
    page = (
        "````{predict} Which?\n:experiment: value_by_fault\n:column: value\n:arms: clean, once\n"
        ":where: width=8\n\nIt was {number}`value_by_fault value width=8`.\n\n"
        "```{means} value_by_fault fault value width=8\n```\n````\n\nAnd on.\n"
    )
    assert body(volume, page) == (
        "**Predict.** Which?\n\nIt was 10.\n\n| fault | value |\n| --- | --- |\n"
        "| clean | 10 |\n| once | 9 |\n\nAnd on.\n"
    )


def test_a_box_keeps_its_fence_and_its_numbers(volume: Volume) -> None:
    page = "```{note}\nIt is {number}`value_by_fault value width=8`.\n```\n"
    assert body(volume, page) == "```{note}\nIt is 10.\n```\n"


GLOSSARY = """```{glossary}
double
twice
  Two times; see {term}`once`.

  It was {number}`value_by_fault value width=8`.

once : noun
  `One` time.
```"""


def test_every_term_of_a_glossary_is_there_with_all_that_it_says(volume: Volume) -> None:
    assert body(volume, GLOSSARY) == (
        "- **double**: Two times; see once. It was 10.\n"
        "- **twice**: Two times; see once. It was 10.\n"
        "- **once**: `One` time."
    )


@pytest.mark.parametrize(
    "text",
    [
        "{number}`value_by_fault valu width=8`",
        "{number}`nothing value`",
        "```{drawing} nothing\n```",
        "```{listing} ../lab.py\n```",
        "```{means} value_by_fault\n```",
        "```{predict} Which?\n:nothing: 1\n```",
    ],
)
def test_what_the_book_would_not_build_is_no_notebook(volume: Volume, text: str) -> None:
    with pytest.raises(UsageError):
        body(volume, f"# Page\n\n{text}\n")


def test_a_number_that_is_stale_is_in_no_notebook(volume: Volume) -> None:
    volume.results.stale.append("value_by_fault: its sources changed")
    text = "{number}`value_by_fault value width=8`"
    with pytest.raises(Refused, match="value_by_fault"):
        body(volume, text)
    assert body(replace(volume, stale=True), text) == "10"


VALUES = st.text(st.characters(categories=["L", "N", "P", "S", "Zs"], exclude_characters="\\"))


@settings(deadline=None)
@given(st.sampled_from(["{}", "'{}'", '"{}"', "  {}  "]), VALUES)
def test_an_option_says_in_the_notebook_what_it_says_in_the_book(form: str, value: str) -> None:
    options = pytest.importorskip("myst_parser.parsers.options")
    written = form.format(value).replace("\u2028", "").replace("\u2029", "").replace("\x85", "")
    assume(not written.strip().startswith(("|", ">")))  # what goes on in the next lines
    try:
        ((_, expected),), _ = options.options_to_items(f"name: {written}\n")
    except options.TokenizeError:
        return
    assert " ".join(_unquoted(written.strip(" \t")).split()) == " ".join(expected.split())


def notebook(planted: Path) -> dict[str, Any]:
    """The planted lab's notebook."""
    pytest.importorskip("jupytext")
    found: dict[str, Any] = json.loads(notebook_of(load("tiny")))
    return found


def test_a_quoted_option_may_hold_quotes() -> None:
    assert [_unquoted(text) for text in ("'it''s'", r'"a \"b\" \\"', "'", '"', "a # b", "# b")] == [
        "it's",
        'a "b" \\',
        "'",
        '"',
        "a",
        "",
    ]


def test_the_notebook_of_a_lab_is_valid_and_the_same_each_time(planted: Path) -> None:
    nbformat = pytest.importorskip("nbformat")
    found = notebook(planted)
    nbformat.validate(found)
    assert notebook(planted) == found
    ids = [cell["id"] for cell in found["cells"]]
    assert len(set(ids)) == len(ids) > 4
    shown = "".join("".join(cell["source"]) for cell in found["cells"])
    assert "doubled: 10, and never $x^2$" in shown and "{number}" not in shown
    assert 'draw("tiny", "value_of_all", recorded("tiny", "value_by_fault"))' in shown


def test_a_lab_without_a_page_or_a_package_says_so(
    planted: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("jupytext")
    (planted / "page.md").unlink()
    with pytest.raises(UsageError, match="'tiny' has no page"):
        notebook_of(load("tiny"))
    monkeypatch.setitem(sys.modules, "jupytext", None)
    with pytest.raises(Unavailable, match="jupytext, which is not installed") as error:
        notebook_of(load("tiny"))
    assert "pip install" in error.value.next_step


def test_a_page_that_ends_inside_of_a_fence_is_left_alone(volume: Volume) -> None:
    text = f"{HEADER}Text.\n\n```{{drawing}} value_of_all\n"
    assert body(volume, text) == text


RECORDED = real(REAL[0])[0]


@settings(deadline=None)
@given(st.text("`~{}:\n a", max_size=40))
def test_whatever_a_page_holds_it_is_read_or_refused(text: str) -> None:
    with suppress(CutawayError):
        plain(RECORDED, text)
