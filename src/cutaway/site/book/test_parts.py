"""The parts of a page: each as HTML and as a notebook has it, with the same numbers."""

from __future__ import annotations

import ast
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from cutaway.errors import CutawayError, Refused, UsageError
from cutaway.kit.drawing import draw
from cutaway.kit.tables import Table
from cutaway.kit.words import Lab

from .asked import Asked
from .parts import PARTS, wrapped
from .shelf import Volume

HOSTILE = "</td><script>alert(1)</script> | **b** $x$ `c` [x](javascript:alert(1))\n# head"


def html(name: str, volume: Volume, words: str = "", body: str = "", **options: str) -> str:
    """A part as HTML."""
    return "".join(PARTS[name].html(Asked(volume, words, options, body)))


def text(name: str, volume: Volume, words: str = "", body: str = "", **options: str) -> str:
    """A part as a notebook has it."""
    return PARTS[name].notebook(Asked(volume, words, options, body))


def with_rows(volume: Volume, rows: list[dict[str, Any]]) -> Volume:
    """The planted lab with other rows in its table."""
    tables = {**volume.results.tables, "value_by_fault": Table.of(rows)}
    return replace(volume, results=replace(volume.results, tables=tables))


def changed(volume: Volume, **more: Any) -> Volume:
    """The planted lab with something else in its declaration."""
    lab: Lab = replace(volume.lab, **more)
    return replace(volume, lab=lab)


class Page(HTMLParser):
    """The elements of some HTML, and the text of its cells row by row."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.rows: list[list[str]] = []
        self.text = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, name: str, attrs: list[tuple[str, str | None]]) -> None:
        """Notes an element, and begins a row or a cell."""
        self.elements.append((name, dict(attrs)))
        if name == "tr":
            self.rows.append([])
        if name in ("td", "th"):
            self.rows[-1].append("")

    def handle_data(self, data: str) -> None:
        """Notes text."""
        self.text += data
        if self.rows and self.rows[-1]:
            self.rows[-1][-1] += data


def cells(markdown: str) -> list[list[str]]:
    """The cells of a Markdown table, but for the line below its head."""
    lines = [line.strip("| ").split(" | ") for line in markdown.splitlines()]
    return [line for line in lines if set("".join(line)) != {"-"}]


MEANS = "value_by_fault width value fault=clean"


def test_means_are_the_same_table_on_the_page_and_in_the_notebook(volume: Volume) -> None:
    expected = [["width", "value"], ["8", "10"], ["64", "66"]]
    assert Page(html("means", volume, MEANS)).rows == expected
    assert cells(text("means", volume, MEANS)) == expected
    by = [["fault", "value"], ["clean", "10"], ["once", "9"]]
    assert Page(html("means", volume, "value_by_fault fault value width=8")).rows == by


def test_a_table_of_means_says_the_break_of_each_row(volume: Volume) -> None:
    page = Page(html("means", volume, "value_by_fault fault value width=8"))
    assert [a["data-row"] for _, a in page.elements if "data-row" in a] == ["clean", "once"]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ("", "does not name an experiment and two columns"),
        ("value_by_fault", "does not name an experiment and two columns"),
        ("value_by_fault fault", "does not name an experiment and two columns"),
        ("value_by_fault nothing value", "no column 'nothing'"),
        ("value_by_fault fault nothing width=8", "no column 'nothing'"),
        ("value_by_fault fault value", "several values of width"),
        ("nothing fault value", "no experiment 'nothing'"),
        ("value_by_fault fault value 'width=8", "cannot be read"),
    ],
)
def test_a_mistake_in_a_table_of_means_is_an_error_in_both(
    volume: Volume, words: str, says: str
) -> None:
    for made in (html, text):
        with pytest.raises(UsageError, match=says):
            made("means", volume, words)


def test_a_row_that_diverged_says_so(volume: Volume) -> None:
    rows = [{"fault": f, "width": 8, "seed": 0, "value": 1.0 if f else None} for f in (None, "b")]
    one = with_rows(volume, rows)
    assert cells(text("means", one, "value_by_fault fault value"))[1] == ["clean", "not finite"]


def test_a_hostile_value_is_text_on_the_page_and_in_the_notebook(volume: Volume) -> None:
    rows = [{"fault": HOSTILE, "width": 8, "seed": 0, "value": 1.0}]
    one = with_rows(volume, rows)
    page = Page(html("means", one, "value_by_fault fault value width=8"))
    assert page.rows[1] == [HOSTILE, "1"] and "script" not in dict(page.elements)
    shown = text("means", one, "value_by_fault fault value width=8").splitlines()
    assert len(shown) == 3 and shown[2].count("|") == 3
    assert not set("<>`*[]$#") & set(re.sub("&#[0-9]+;", "", shown[2]))


def test_the_listing_is_the_component_with_its_marks(volume: Volume) -> None:
    page = Page(html("listing", volume, "tiny.py"))
    marks = [a["data-fault"] for name, a in page.elements if name == "details"]
    assert marks == ["once", "no_clip"] and "result = number + number" in page.text
    other = Page(html("listing", volume, "words.py"))
    assert not [a for name, a in other.elements if name == "details"]


def test_the_listing_is_a_cell_that_imports_by_full_names(volume: Volume) -> None:
    fence, *lines, end = text("listing", volume, "tiny.py").split("\n")
    assert (fence, end) == ("```{code-cell} ipython3", "```")
    source = "\n".join(lines)
    ast.parse(source)
    assert "\nfrom cutaway.atoms.tiny.words import nothing\n" in source
    assert "\n    from cutaway.atoms.tiny import words\n" in source
    assert not re.search(r"^\s*from \.", source, re.MULTILINE)


def test_backticks_in_a_source_do_not_end_its_cell(planted: Path, volume: Volume) -> None:
    path = planted / "words.py"
    path.write_text('"""\n```\nx = 1\n```\n"""\n', encoding="utf-8")
    shown = text("listing", volume, "words.py")
    assert shown.startswith("````{code-cell}") and shown.endswith("\n````")


def test_a_drawing_has_its_files_and_the_breaks_that_were_measured(volume: Volume) -> None:
    shown = html("drawing", volume, "value_of_all")
    named = replace(volume.lab.figures[0], name="tiny-value_of_all")
    assert draw(named, volume.table("value_by_fault"), ["once", "no_clip"]) in shown
    page = Page(shown)
    attributes = page.elements[0][1]
    assert attributes["data-measured"] == '["once"]' and attributes["data-lab"] == "tiny"
    links = [a["href"] for name, a in page.elements if name == "a"]
    assert links == ["../downloads/tiny/value_of_all.svg", "../downloads/tiny/value_by_fault.csv"]
    assert ("figure", {"id": "figure-tiny-value_of_all"}) in page.elements
    assert "svg" in dict(page.elements) and "stale" not in page.text
    assert text("drawing", volume, "value_of_all") == (
        "```{code-cell} ipython3\n"
        'draw("tiny", "value_of_all", recorded("tiny", "value_by_fault"))\n```'
    )


def test_a_drawing_of_what_is_stale_is_refused_or_marked(volume: Volume) -> None:
    volume.results.stale.append("value_by_fault: its sources changed")
    with pytest.raises(Refused, match="value_by_fault"):
        html("drawing", volume, "value_of_all")
    page = Page(html("drawing", replace(volume, stale=True), "value_of_all"))
    assert ("span", {"class": "quick"}) in page.elements and "stale" in page.text


def test_a_figure_that_cannot_be_drawn_is_an_error_and_not_a_remark(volume: Volume) -> None:
    one = changed(volume, figures=[replace(volume.lab.figures[0], y="nothing")])
    with pytest.raises(CutawayError, match="nothing"):
        html("drawing", one, "value_of_all")


@pytest.mark.parametrize(
    ("part", "words", "near"),
    [
        ("drawing", "value_of_al", "value_of_all"),
        ("listing", "tinny.py", "tiny.py"),
        ("claims", "valu_by_fault", "value_by_fault"),
    ],
)
def test_a_mistaken_name_offers_the_nearest_in_both(
    volume: Volume, part: str, words: str, near: str
) -> None:
    for made in (html, text):
        with pytest.raises(UsageError, match=re.escape(repr(words))) as error:
            made(part, volume, words)
        assert near in error.value.next_step


def test_the_claims_are_text_with_their_verdicts(volume: Volume) -> None:
    page = Page(html("claims", volume))
    assert "Doubling makes <b>every</b> number_here larger." in page.text
    assert "b" not in dict(page.elements) and "supported" in page.text
    shown = text("claims", volume, "value_by_fault")
    assert shown.startswith("- **supported**: Doubling makes &#60;b&#62;every&#60;/b&#62; number_h")
    with pytest.raises(UsageError, match="rests on a run"):
        html("claims", changed(volume, claims=()))


def test_the_claims_of_a_stale_table_are_in_no_notebook(volume: Volume) -> None:
    volume.results.stale.append("value_by_fault: its sources changed")
    for made in (html, text):
        with pytest.raises(Refused, match="value_by_fault"):
            made("claims", volume)


def test_the_breaks_are_all_there(volume: Volume) -> None:
    page = Page(html("breaks", volume))
    links = [a["href"] for name, a in page.elements if name == "a"]
    assert links == ["#fault=tiny.once", "#fault=tiny.no_clip"]
    assert text("breaks", volume).splitlines() == [
        "- `tiny.once`: 1 &#124; 2.",
        "- `tiny.no_clip`: No limit.",
    ]


ASKS = {"experiment": "value_by_fault", "column": "value", "arms": "clean, once"}


def test_a_question_stands_around_its_body_and_its_answer_is_in_no_notebook(
    volume: Volume,
) -> None:
    before, after = PARTS["predict"].html(Asked(volume, "Which?", {**ASKS, "where": "width=8"}))
    assert "Which?" in before and after
    shown = text("predict", volume, "Which?", "Because.", **ASKS, where="width=8")
    assert shown == "**Predict.** Which?\n\nBecause."
    for made in (html, text):
        with pytest.raises(UsageError, match="arms"):
            made("predict", volume, "Which?", **{**ASKS, "arms": "clean"})


def test_a_question_about_what_is_stale_is_refused(volume: Volume) -> None:
    volume.results.stale.append("value_by_fault: its sources changed")
    with pytest.raises(Refused, match="value_by_fault"):
        html("predict", volume, "Which?", **ASKS, where="width=8")


@pytest.mark.parametrize("part", sorted(set(PARTS) - {"predict"}))
def test_what_stands_inside_a_part_without_a_body_is_not_lost_but_an_error(
    volume: Volume, part: str
) -> None:
    words = {"means": MEANS, "drawing": "value_of_all", "listing": "tiny.py"}.get(part, "")
    assert html(part, volume, words) and html(part, volume, words, "\n  \n")
    with pytest.raises(UsageError, match="Nothing may stand inside of it: 'Some text'"):
        html(part, volume, words, "Some text")


def test_what_is_wrapped_is_escaped_unless_it_is_html_already() -> None:
    assert wrapped("<b>") == '<div class="cutaway">&lt;b&gt;</div>'
