"""The gallery shows every break once, as text, and can be searched by what one sees."""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import replace
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

from cutaway.kit.tables import Table
from cutaway.site.report import Entry
from cutaway.site.test_report import HOSTILE, RECEIPTS, Page, entry

from . import gallery
from .measured import common, frequent, outcomes, phrases

RAW = re.compile(r"^(`{3,})\{raw\} html\n(.*?)\n\1$", re.MULTILINE | re.DOTALL)
SCRIPT = Path(str(files("cutaway.site.book"))) / "static" / "gallery.js"
TESTS = Path(str(files("cutaway"))).parents[1] / "tests" / "js" / "gallery.test.mjs"


def html(text: str) -> Page:
    """The HTML of a page, parsed."""
    found = "".join(hit[2] for hit in RAW.finditer(text))
    return Page(re.sub(r"<input[^>]*>", "", found))


def named(**changes: Any) -> Entry:
    """The planted entry, with other words for its first fault."""
    made = entry()
    first, *others = made.lab.faults
    return replace(made, lab=replace(made.lab, faults=(replace(first, **changes), *others)))


def card(page: Page, fault: str) -> str:
    """The text of a break's card."""
    ((_, text),) = [one for one in page.all("article") if one[0]["id"] == f"bigram.{fault}"]
    return text


def test_every_break_stands_there_once_and_links_to_its_line() -> None:
    made = entry()
    page = html(gallery.page([made]))
    names = [fault.name for fault in made.lab.faults]
    assert [attrs["id"] for attrs, _ in page.all("article")] == [f"bigram.{name}" for name in names]
    links = [attrs["href"] for attrs, _ in page.all("a")]
    assert links == [f"labs/bigram.html#fault=bigram.{name}" for name in names]


def test_a_card_says_all_that_is_known_of_a_break() -> None:
    known = named(symptom="What is seen", resembles="Seen in 1999 (https://a.b/c?d).")
    known = replace(known, receipts={**RECEIPTS, "faults": {"no_max": {"killer": "test_a_b"}}})
    page = html(gallery.page([known]))
    text = card(page, "no_max")
    for part in (known.lab.faults[0].says, "What is seen", "Seen in 1999", "a b", "not measured"):
        assert part in text
    assert "https://a.b/c?d" in [attrs["href"] for attrs, _ in page.all("a")]
    measured = card(page, "no_shift")
    assert "excess +0.535" in measured and "8 seeds" in measured and "loss_by_fault" in measured
    assert "excess loss too high; reported loss too low" in measured


def test_the_edit_strikes_what_goes_and_shows_what_comes() -> None:
    page = html(gallery.page([entry()]))
    assert "scores = scores - largest" in page.all("del")[0][1]
    assert page.all("ins")[0][1].strip().startswith("# BROKEN:")
    assert len(page.all("del")) >= len(entry().lab.faults)


def test_a_break_without_a_place_is_shown_with_the_reason() -> None:
    text = card(html(gallery.page([named(old="nowhere = 1", new="x = 2")])), "no_max")
    assert "occurs not at all" in text and "nowhere = 1" in text and "x = 2" in text


def test_hostile_words_come_out_as_text() -> None:
    hostile = f"{HOSTILE} `````` {{raw}}`x` https://a.b/<script>"
    words = {"says": hostile, "symptom": hostile, "resembles": hostile, "inert": hostile}
    text = gallery.page([named(old=f"{hostile}\n```\n", new=hostile, **words)])
    page = html(text)
    assert card(page, "no_max").count("<script>alert(1)") == 6
    assert not page.all("script")
    assert all(
        str(attrs["href"]).startswith(("labs/", "https://a.b/")) for attrs, _ in page.all("a")
    )
    assert "<" not in RAW.sub("", text)


def test_a_lab_without_breaks_has_no_section(monkeypatch: pytest.MonkeyPatch) -> None:
    made = entry()
    bare = replace(made, lab=replace(made.lab, faults=()))
    assert "## " in gallery.page([made]) and "## " not in gallery.page([bare])
    assert gallery.page([]).startswith("# Failure gallery")
    monkeypatch.setattr(gallery, "MOST", -1)
    assert list(gallery.pages([bare])) == ["gallery.md"]


def test_what_was_measured_is_said_in_words_that_one_would_search_for() -> None:
    made = entry()
    by_name = {fault.name: fault for fault in made.lab.faults}
    found = phrases(made, by_name["no_shift"])
    assert found == ["excess loss too high", "reported loss too low"]
    assert phrases(made, by_name["stuck"]) == ["no effect on excess loss"]
    assert phrases(made, by_name["columns"]) == []


def level(shift: float, chance: float, diverged: bool = False) -> list[str]:
    """What is said of a break that shifts the loss, beside a level of chance."""
    made = entry()
    rows = [
        {"fault": fault, "seed": seed, "excess": 1 + 0.001 * seed + by, "chance": chance}
        | {"diverged": bool(fault) and diverged}
        for fault, by in ((None, 0.0), ("no_shift", shift))
        for seed in range(8)
    ]
    one = replace(made, tables={"loss_by_fault": Table.of(rows)})
    return phrases(one, next(fault for fault in made.lab.faults if fault.name == "no_shift"))


def test_a_loss_that_stays_near_a_level_says_which() -> None:
    near = "excess loss near chance level"
    assert near in level(1.0, 2.0) and near not in level(1.0, 2.1)
    assert near not in level(0.0, 1.0)
    assert "training diverges" in level(1.0, 3.0, True) and "diverges" not in str(level(1.0, 3.0))


def test_an_effect_that_was_not_seen_is_not_said() -> None:
    made = entry()
    noise = (0.4, -0.5, 0.3, -0.2, 0.5, -0.4, 0.2, -0.3)
    rows = [
        {"fault": fault, "seed": seed, "excess": 1.0 + (by if fault else 0.0)}
        for fault in (None, "no_shift")
        for seed, by in enumerate(noise)
    ]
    one = replace(made, tables={"loss_by_fault": Table.of(rows)})
    assert not [said for fault in made.lab.faults for said in phrases(one, fault)]


def test_a_failed_measurement_says_why_and_is_no_effect() -> None:
    failed = [{"params": {"fault": "no_shift"}, "seed": 0, "error": "it died"}]
    made = entry()
    table = Table.of(({"fault": None, "seed": s, "excess": 1.0} for s in range(8)), failed)
    one = replace(made, tables={"loss_by_fault": table})
    fault = next(fault for fault in made.lab.faults if fault.name == "no_shift")
    assert [found.effect.found for found in outcomes(one, fault)] == [None]
    assert "it died" in card(html(gallery.page([one])), "no_shift")


def test_chips_are_what_several_symptoms_share() -> None:
    said = ["The loss is too low.", "A loss is too low, and noise", "noise and loss", "Other"]
    assert common(said) == ["loss is too low"]
    assert frequent(["b", "a", "a", "b", "a", "c"]) == ["a", "b"]
    assert len(common([f"word{n} more{n}" for n in range(30)] * 2)) <= 6


def test_the_form_is_hidden_until_a_script_brings_it_to_life_and_nothing_else_is() -> None:
    page = html(gallery.page([entry()]))
    ((form, _),) = page.all("form")
    assert "hidden" in form and form["data-filter"] == "breaks"
    assert all("hidden" not in attrs for attrs, _ in page.all("article"))
    assert [text for _, text in page.all("option")] == ["all", "bigram"]
    assert page.all("p", role="status")


def test_many_breaks_stand_on_a_page_for_each_wing_and_the_first_page_finds_them_all(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made = named(symptom="What is seen")
    assert list(gallery.pages([made])) == ["gallery.md"]
    monkeypatch.setattr(gallery, "MOST", 100)
    found = gallery.pages([made])
    assert list(found) == ["gallery.md", "gallery/atoms.md"]
    index, wing = html(found["gallery.md"]), html(found["gallery/atoms.md"])
    assert "gallery/atoms\n```" in found["gallery.md"] and "What is seen" in card(index, "no_max")
    ids = [attrs["id"] for attrs, _ in wing.all("article")]
    there = [attrs["href"] for attrs, _ in index.all("a")]
    assert there == [f"gallery/atoms.html#{one}" for one in ids] and len(ids) == len({*ids})
    assert wing.all("a")[0][0]["href"] == "../labs/bigram.html#fault=bigram.no_max"
    assert not index.all("del") and wing.all("del")


@pytest.mark.skipif(shutil.which("node") is None, reason="Node is not installed")
@pytest.mark.skipif(not TESTS.is_file(), reason="the tests of scripts stand in a checkout only")
def test_the_search_holds_in_node() -> None:
    command = ["node", "--test", str(TESTS)]
    ended = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert not re.search(r"^# (tests|pass) 0$", ended.stdout, flags=re.MULTILINE)


def test_the_script_is_small_fetches_nothing_and_injects_nothing() -> None:
    code = SCRIPT.read_text(encoding="utf-8")
    assert len(code) < 6000
    assert not re.search(r"innerHTML|insertAdjacent|document\.write|\beval\b|fetch\(|import", code)
