"""The front page: one break with both its numbers, and every lab with its way in."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cutaway.kit.labs import WINGS, load
from cutaway.kit.tables import Table
from cutaway.site.report import Entry
from cutaway.site.test_report import HOSTILE, Page, entry, table

from . import live as lively
from .front import front
from .gallery import page as gallery_page
from .live import excerpt, live
from .minutes import to_measure, to_read
from .test_gallery import RAW, html


def attention() -> Entry:
    """The attention lab with a planted table: a loss that falls, and one that rises."""
    arms = {None: (2.0, 2.0), "no_mask": (0.5, 8.0)}
    rows = [
        {"fault": fault, "steps": 500, "seed": s, "validation": a + s / 100, "deployed": b}
        for fault, (a, b) in arms.items()
        for s in range(8)
    ]
    return Entry(load("attention"), {"loss_by_fault": Table.of(rows)})


def test_the_break_shows_both_arms_of_both_numbers_and_needs_no_script() -> None:
    page = html(front([attention()]))
    ((_, clean),) = page.all("p", class_="when-clean")[:1]
    assert clean == "2.04 (2.01 to 2.06)"
    assert [text for _, text in page.all("p", class_="when-broken")] == [
        "0.535 (0.515 to 0.555)",
        "8 (8 to 8)",
    ]
    ((_, inside),) = page.all("details")
    assert "0.535" in inside and "8 (8 to 8)" in inside and "# BROKEN: nothing is hidden" in inside
    shares = [attrs["style"] for attrs, _ in page.all("div", class_="meter")]
    assert shares == [
        "--clean-share: 0.2544; --broken-share: 0.0669",
        "--clean-share: 0.2500; --broken-share: 1.0000",
    ]


def test_the_excerpt_is_the_function_of_the_break_with_its_one_mark() -> None:
    shown = live([attention()])
    assert shown
    text, mark = excerpt(shown)
    assert text.startswith("def attend(") and text.rstrip().endswith("return out")
    assert text.split("\n")[mark.edit.start].strip().startswith("scores = scores.masked_fill")
    assert mark.anchor == "fault=attention.no_mask"


def test_a_break_that_names_its_function_is_found_in_the_excerpt() -> None:
    made = attention()
    old = "out = self.attend(q, k, v, mask)            # (B, H, T, D)"
    changes = {"old": old, "new": "out = v  # BROKEN: not asked", "where": "SelfAttention.forward"}
    faults = tuple(replace(f, **changes) for f in made.lab.faults if f.name == "no_mask")
    shown = live([replace(made, lab=replace(made.lab, faults=faults))])
    assert shown
    text, mark = excerpt(shown)
    assert text.startswith("def forward(") and "self.attend" in text.split("\n")[mark.edit.start]


def test_labs_stand_in_the_order_of_their_numbers() -> None:
    made = entry()
    later = replace(made, lab=replace(made.lab, number=9))
    page = html(front([later, made]))
    numbers = [text for attrs, text in page.all("span", class_="no") if text]
    assert numbers == ["1", "9"]


def test_a_long_function_is_cut_to_the_lines_around_the_break(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(lively, "LINES", 4)
    shown = live([attention()])
    assert shown
    text, mark = excerpt(shown)
    lines = text.rstrip("\n").split("\n")
    assert len(lines) == 4 and "masked_fill" in lines[mark.edit.start]


def test_without_the_named_break_the_first_that_was_measured_is_shown() -> None:
    page = html(front([entry()]))
    ((details, _),) = page.all("details")
    assert details["id"] == "fault=bigram.no_shift"
    assert [text for _, text in page.all("p", class_="what")] == ["excess"]
    assert live([replace(entry(), tables={})]) is None
    assert not html(front([replace(entry(), tables={})])).all("details")


def test_two_seeds_are_too_few_to_be_shown() -> None:
    rows = [row for row in table().dicts() if row["seed"] < 2]
    assert live([replace(entry(), tables={"loss_by_fault": Table.of(rows)})]) is None


def test_every_lab_stands_in_its_wing_with_its_way_in_and_what_it_holds() -> None:
    text = front([attention(), entry()])
    page = html(text)
    links = [attrs["href"] for attrs, _ in page.all("a") if "data-lab-link" in attrs]
    assert links == ["labs/attention.html", "labs/bigram.html", "labs/attention.html"]
    assert text.index("## Atoms") < text.index("## Architecture") and "## Training" not in text
    (facts, _) = page.all("ul", class_="facts")
    assert "10 breaks" in facts[1] and "min to read" in facts[1] and "? " in facts[1]
    assert WINGS["atoms"][1:] in text


def test_the_ways_to_the_rest_of_the_book_are_there() -> None:
    text = front([])
    for there in ("gallery.md", "claims.md", "glossary.md", "reference/index.md", "made.md"):
        assert f"]({there})" in text
    assert "data-calibration" in text and text.startswith("---\nhide-toc: true\n---\n")


def test_hostile_words_come_out_as_text() -> None:
    made = entry()
    lab = replace(made.lab, lesson=HOSTILE)
    faults = tuple(replace(fault, says=HOSTILE) for fault in lab.faults)
    text = front([replace(made, lab=replace(lab, faults=faults))])
    page = html(text)
    assert not page.all("script") and "<" not in RAW.sub("", text)
    assert page.all("p", class_="lesson")[0][1].startswith("</script><script>alert(1)")
    assert isinstance(page, Page) and "alert(1)" in str(page.all("summary")[0][0]["aria-label"])


def test_the_address_of_the_break_is_the_one_that_the_gallery_links_to() -> None:
    ((details, _),) = html(front([attention()])).all("details")
    links = [attrs["href"] for attrs, _ in html(gallery_page([attention()])).all("a")]
    assert f"labs/attention.html#{details['id']}" in links


def test_minutes_are_those_of_the_cells_and_of_the_words() -> None:
    made = entry()
    cells = {one.name: {"seconds_a_cell": 60.0} for one in made.lab.experiments}
    wanted = 0
    for one in made.lab.experiments:
        points = 1
        for values in one.grid.values():
            points *= len(values)
        wanted += points * one.seeds
    assert to_measure(replace(made, manifest={"experiments": cells})) == wanted
    assert to_measure(made) is None and (to_read(made) or 0) > 1
