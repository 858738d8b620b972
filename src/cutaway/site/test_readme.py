"""The README's figure is drawn from what is recorded now, and says no more than that."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest

from cutaway.errors import CheckFailed
from cutaway.kit.labs import PACKAGE

from . import readme
from .book.live import live
from .book.test_front import attention

FILE = PACKAGE.parents[1] / "break.svg"
SVG = "{http://www.w3.org/2000/svg}"


@pytest.mark.skipif(not FILE.is_file(), reason="the README's figure stands in a checkout only")
def test_the_committed_figure_is_what_the_tables_give_now() -> None:
    said = "break.svg is out of date: run `python -m cutaway.site.readme` and commit it"
    assert FILE.read_text(encoding="utf-8") == readme.svg(), said


def test_the_figure_shows_the_numbers_of_both_arms() -> None:
    found = live([attention()])
    assert found
    root = ElementTree.fromstring(readme.drawing(found))
    texts = [one.text for one in root.iter(f"{SVG}text")]
    assert [one for one in texts if one in ("2.04", "0.535", "2", "8")] == [
        "2.04",
        "0.535",
        "2",
        "8",
    ]
    title, description = root[0], root[1]
    assert (title.tag, title.text) == (f"{SVG}title", readme.FINDING) and readme.FINDING in texts
    assert description.tag == f"{SVG}desc" and "2.04 with the mask, 0.535 without" in str(
        description.text
    )
    widths = [
        float(one.attrib["width"])
        for one in root.iter(f"{SVG}rect")
        if one.attrib["height"] == "22"
    ]
    assert widths[1] < widths[0] and widths[2] < widths[3] == readme.LONGEST


def test_the_figure_lies_within_its_box_and_needs_nothing_from_elsewhere() -> None:
    found = live([attention()])
    assert found
    text = readme.drawing(found)
    root = ElementTree.fromstring(text)
    for one in root.iter(f"{SVG}text"):
        assert 0 < float(one.attrib["x"]) < readme.WIDTH - 40
        assert 0 < float(one.attrib["y"]) < float(root.attrib["height"])
    assert "href" not in text and "currentColor" not in text and "<script" not in text


def luminance(colour: str) -> float:
    """How bright a colour is, from 0 to 1."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [one / 12.92 if one <= 0.04045 else ((one + 0.055) / 1.055) ** 2.4 for one in parts]
    return sum(share * one for share, one in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


@pytest.mark.parametrize(
    ("colour", "least"), [("INK", 4.5), ("SOFT", 4.5), ("CLEAN", 3), ("BROKEN", 3)]
)
def test_the_colours_can_be_read_on_the_figures_own_paper(colour: str, least: float) -> None:
    dark, bright = sorted([luminance(getattr(readme, colour)), luminance(readme.PAPER)])
    assert (bright + 0.05) / (dark + 0.05) >= least


@pytest.mark.parametrize("column", ["validation", "deployed"])
def test_tables_that_show_something_else_are_not_drawn_under_this_title(column: str) -> None:
    made = attention()
    table = made.tables["loss_by_fault"]
    at = table.columns.index(column)
    rows = tuple((*row[:at], 2.0, *row[at + 1 :]) for row in table.rows)
    found = live([replace(made, tables={"loss_by_fault": replace(table, rows=rows)})])
    assert found
    with pytest.raises(CheckFailed, match="do not show"):
        readme.drawing(found)


def test_the_figure_is_written_beside_the_readme(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(readme, "PACKAGE", tmp_path / "src" / "cutaway")
    monkeypatch.setattr(readme, "svg", lambda: "<svg/>")
    with pytest.raises(Exception, match="installed package"):
        readme.main()
    for name in ("README.md", "pyproject.toml"):
        (tmp_path / name).touch()
    assert readme.main().read_text(encoding="utf-8") == "<svg/>"
