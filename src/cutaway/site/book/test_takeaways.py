"""What is taken away of a lab: every table as CSV that a spreadsheet can be trusted with."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from xml.etree import ElementTree as Xml

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cutaway.errors import Refused
from cutaway.kit.tables import Table

from .shelf import Volume
from .takeaways import FORMULA, as_csv, takeaways

CELLS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=9)


def read(text: str) -> list[list[str]]:
    """The rows of a CSV."""
    return list(csv.reader(io.StringIO(text, newline="")))


@settings(deadline=None)
@given(st.lists(TEXT, min_size=1, max_size=3))
def test_whatever_a_cell_says_comes_back_and_runs_nothing(cells: list[str]) -> None:
    table = Table(("a",), tuple((cell,) for cell in cells))
    found = [row[0] for row in read(as_csv(table))[1:]]
    assert len(found) == len(cells)
    for cell, shown in zip(cells, found, strict=True):
        assert shown == (f"'{cell}" if cell.startswith(FORMULA) else cell)
        assert not shown.startswith(("=", "+", "-", "@", "\t", "\r", "\n"))


HOSTILE = ["=HYPERLINK(1)", "+1+1", "-1", "@SUM(1)", "\t=1", "\r=1", "\n=1", "'=1", "'"]


@pytest.mark.parametrize("cell", HOSTILE)
def test_text_that_a_spreadsheet_would_run_is_text(cell: str) -> None:
    assert read(as_csv(Table((cell,), ((cell,),)))) == [[f"'{cell}"]] * 2


def test_a_number_below_zero_stays_a_number_and_what_is_missing_is_empty() -> None:
    table = Table(("a", "b", "c", "d"), ((-1, -0.5, None, True), (None, 1e-9, "", False)))
    assert as_csv(table) == "a,b,c,d\r\n-1,-0.5,,True\r\n,1e-09,,False\r\n"
    assert read(as_csv(Table(("a",), ((None,), (1,))))) == [["a"], [""], ["1"]]


@pytest.mark.parametrize("cell", ["a,b", 'say "so"', "two\nlines", "two\rlines", "é\u2028\x00"])
def test_text_with_commas_quotes_and_line_ends_is_one_cell(cell: str) -> None:
    table = Table(("a", "b"), ((cell, 1), (cell, 2)))
    assert read(as_csv(table))[1:] == [[cell, "1"], [cell, "2"]]


def test_every_table_and_every_figure_of_a_lab_is_there(volume: Volume) -> None:
    found = takeaways([volume])
    there = "downloads/tiny"
    assert set(found) == {
        f"{there}/value_by_fault.csv",
        f"{there}/unclaimed.csv",
        f"{there}/value_of_all.svg",
    }
    rows = read(found[f"{there}/value_by_fault.csv"].decode())
    assert rows[0] == ["fault", "width", "seed", "value"]
    assert rows[1:3] == [["", "8", "0", "8.0"], ["", "8", "1", "10.0"]]
    assert len(rows) == 1 + len(volume.results.tables["value_by_fault"])
    svg = Xml.fromstring(found[f"{there}/value_of_all.svg"])
    assert svg.tag.endswith("svg") and takeaways([volume]) == found


def test_a_lone_surrogate_does_not_stop_the_book(volume: Volume) -> None:
    volume.results.tables["odd"] = Table(("a",), (("\ud800",),))
    assert takeaways([volume])["downloads/tiny/odd.csv"] == b"a\r\n?\r\n"


def test_a_figure_of_a_stale_table_is_refused_unless_it_is_allowed(volume: Volume) -> None:
    volume.results.stale.append("value_by_fault: its sources changed")
    with pytest.raises(Refused, match="value_by_fault"):
        takeaways([volume])
    assert takeaways([replace(volume, stale=True)])
