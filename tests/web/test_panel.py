"""The listing is the control panel: by mouse, keyboard and address, for figures and numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from cutaway.kit.faults import Edit
from cutaway.kit.results import read
from cutaway.kit.words import Figure, Lab
from cutaway.site.listing import marks, sources
from web.conftest import page_of
from web.visits import AXE, Window, ask, window

SILENT = "Not measured for this break."
COPIED = """(all) => {
  const texts = {}, counts = new Set();
  for (const one of all) {
    const range = document.createRange();
    range.selectNodeContents(one.querySelector(".code"));
    getSelection().removeAllRanges();
    getSelection().addRange(range);
    texts[one.getAttribute("aria-label")] = getSelection().toString().replace(/\\n+$/, "");
    for (const line of one.querySelectorAll(":is(.code, .spot) > code"))
      counts.add(getComputedStyle(line).counterIncrement);
  }
  return [texts, [...counts]];
}"""
ABSENT = "(not measured for this break)"


@dataclass(frozen=True)
class Expected:
    """What a page must show while one break is open."""

    anchor: str
    edit: Edit
    measured: set[str]

    @property
    def struck(self) -> list[str]:
        """The lines that must be struck, by file and number."""
        lines = range(self.edit.start + 1, self.edit.end + 1)
        return [f"{self.edit.fault.file}:{line}" for line in lines]


def expected(lab: Lab) -> list[Expected]:
    """What each mark of a lab's page must do."""
    tables = read(lab).tables
    known = {
        one.name: tables[one.experiment].values("fault")
        for one in lab.figures
        if "fault" in tables[one.experiment].columns
    }
    return [
        Expected(mark.anchor, mark.edit, {name for name in known if mark.fault.name in known[name]})
        for mark in marks(lab, sources(lab))[0]
    ]


def test_a_mark_strikes_its_lines_and_everything_follows(
    lab: Lab, desk: Window, address: str
) -> None:
    desk.page.goto(address + page_of(lab))
    reveal(desk.page)
    clean, wrong = ask(desk.page, "panel()"), []
    assert not clean["open"] and not clean["struck"] and not clean["live"]
    for one in expected(lab):
        mark = desk.page.locator(f'[id="{one.anchor}"] > summary')
        mark.click()
        wait(desk.page, one.anchor)
        shown = ask(desk.page, "panel()")
        wrong += [f"{one.anchor}: {said}" for said in differences(lab, one, shown, clean)]
        mark.press("Enter")
        wait(desk.page, None)
        assert ask(desk.page, "panel()") == clean, f"{one.anchor} leaves something behind"
        mark.press("Enter")
        wait(desk.page, one.anchor)
        assert ask(desk.page, "panel()") == shown, f"{one.anchor} by keyboard is another"
    assert wrong == []


def differences(lab: Lab, one: Expected, shown: dict[str, Any], clean: dict[str, Any]) -> list[str]:
    """What a page shows of a break that it should not, and what it does not show."""
    said = []
    if shown["open"] != [one.anchor] or f"fault={shown['fault']}" != one.anchor:
        said.append(f"open are {shown['open']}, the address says {shown['fault']}")
    if shown["struck"] != one.struck:
        said.append(f"struck are {shown['struck']}, not {one.struck}")
    if shown["fresh"] != list(one.edit.lines):
        said.append(f"the new lines are {shown['fresh']}")
    if one.edit.fault.says not in shown["live"] or shown["choice"] != one.anchor:
        said.append(f"the bar says {shown['live']!r} and has chosen {shown['choice']!r}")
    figures = {figure.name: figure for figure in lab.figures}
    for name, now in shown["figures"].items():
        said += follows(figures[name], one, now, clean["figures"][name])
    for now, before in zip(shown["numbers"], clean["numbers"], strict=True):
        broken = before["follows"]
        wanted = before["text"] if broken is None else broken.get(one.edit.fault.name, ABSENT)
        if now["text"] != wanted:
            said.append(f"a number says {now['text']}, not {wanted}")
    return said


def follows(figure: Figure, one: Expected, now: dict[str, Any], clean: dict[str, Any]) -> list[str]:
    """Whether a figure shows the break and the clean run alone, or says that it cannot."""
    fault = one.edit.fault.name
    if figure.name not in one.measured:
        return [] if now["says"] == SILENT and now["faint"] else [f"{figure.name} says nothing"]
    if now["says"] or now["faint"]:
        return [f"{figure.name} was measured, and says {now['says']!r}"]
    if "fault" in (figure.x, figure.y):  # all breaks stand side by side
        told = figure.color == "fault" or now["beside"]
        return [] if fault in now["text"] and told else [f"{figure.name} does not name it"]
    wanted = {"lit": sorted({"clean", fault}), "dim": sorted(set(clean["lit"]) - {"clean", fault})}
    same = {part: now[part] for part in wanted} == wanted
    return [] if same else [f"{figure.name} shows {now['lit']} and dims {now['dim']}"]


def reveal(page: Page) -> None:
    """Show the results that wait for a guess."""
    page.evaluate("document.querySelectorAll('.predict-bar button').forEach((one) => one.click())")


def wait(page: Page, anchor: str | None) -> None:
    """Return when the page says that a break is open, or none."""
    page.wait_for_function(
        "(id) => document.querySelector('.break-bar select').value === (id ?? '')"
        " && document.querySelectorAll('details.fault[open]').length === (id ? 1 : 0)",
        arg=anchor,
    )


def test_the_bar_and_the_address_do_what_the_mark_does(
    lab: Lab, desk: Window, address: str
) -> None:
    page = desk.page
    page.goto(address + page_of(lab))
    reveal(page)
    for one in expected(lab):
        page.locator(".break-bar select").select_option(one.anchor)
        wait(page, one.anchor)
        chosen = ask(page, "panel()")
        assert not differences_of_state(one, chosen)
        page.locator(".break-bar select").select_option("")
        wait(page, None)
        page.evaluate("(hash) => { location.hash = hash; }", one.anchor)
        wait(page, one.anchor)
        assert ask(page, "panel()") == chosen
    sent = page.url
    page.goto("about:blank")
    page.goto(sent)
    wait(page, one.anchor)
    assert in_sight(page, one.anchor)
    reveal(page)
    assert ask(page, "panel()") == chosen


def differences_of_state(one: Expected, shown: dict[str, Any]) -> bool:
    """Whether the address, the marks and the listing disagree on what is open."""
    said = (f"fault={shown['fault']}", shown["open"], shown["struck"])
    return said != (one.anchor, [one.anchor], one.struck)


def in_sight(page: Page, anchor: str) -> bool:
    """Whether the mark stands in what is seen of the page."""
    box = page.locator(f'[id="{anchor}"] > summary').bounding_box()
    return box is not None and 0 < box["y"] < 900


def test_what_is_copied_of_a_listing_is_its_source(lab: Lab, desk: Window, address: str) -> None:
    desk.page.goto(address + page_of(lab))
    reveal(desk.page)
    copied = desk.page.locator(".listing").evaluate_all(COPIED)
    assert copied and {name: sources(lab)[name].rstrip("\n") for name in copied[0]} == copied[0]
    assert copied[1] == ["line 1"], "its numbers are counted by its style, one a line"


def test_back_and_forward_lead_from_break_to_break(lab: Lab, desk: Window, address: str) -> None:
    page, every = desk.page, [one.anchor for one in expected(lab)]
    first, last = every[0], every[-1]
    page.goto(address + page_of(lab))
    for anchor in (first, last):
        page.evaluate("(hash) => { location.hash = hash; }", anchor)
        wait(page, anchor)
    steps = [("back", first), ("back", None), ("forward", first), ("forward", last)]
    for move, there in steps:
        page.evaluate(f"history.{move}()")
        wait(page, there)
        assert ask(page, "panel()")["fault"] == (there and there.removeprefix("fault="))


def test_a_link_within_the_page_leaves_the_break_open(lab: Lab, desk: Window, address: str) -> None:
    page, one = desk.page, expected(lab)[0]
    page.goto(f"{address}{page_of(lab)}#{one.anchor}")
    wait(page, one.anchor)
    page.locator(".toc-tree a[href^='#']:not([href='#'])").last.evaluate("(link) => link.click()")
    page.wait_for_function("!location.hash.startsWith('#fault')")
    page.wait_for_timeout(100)
    assert ask(page, "panel()")["open"] == [one.anchor]


def test_a_phone_shows_and_says_the_break(lab: Lab, browser: Browser, address: str) -> None:
    options: Any = {"viewport": {"width": 390, "height": 844}, "has_touch": True}
    one = expected(lab)[0]
    with window(browser, color_scheme="dark", **options) as phone:
        page = phone.page
        page.goto(address + page_of(lab))
        page.locator(f'[id="{one.anchor}"] > summary').tap()
        wait(page, one.anchor)
        live = page.locator(".break-bar .live")
        assert live.evaluate("(e) => e.checkVisibility({ visibilityProperty: true })"), "not read"
        assert one.edit.fault.says in (live.text_content() or "")
        assert live.get_attribute("aria-live") == "polite"
        assert ask(page, "wide()") == []
        bar = page.locator(".break-bar").bounding_box()
        assert bar and bar["height"] < 844 / 4


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_colours_of_an_open_break_can_be_told_apart(
    lab: Lab, browser: Browser, address: str, scheme: Any
) -> None:
    every = expected(lab)
    shown = {one.anchor: one for one in (every[0], max(every, key=lambda one: len(one.measured)))}
    with window(browser, color_scheme=scheme, viewport={"width": 1280, "height": 900}) as desk:
        page = desk.page
        page.goto(address + page_of(lab))
        reveal(page)
        page.evaluate(AXE)
        for anchor in shown:
            page.locator(f'[id="{anchor}"] > summary').click()
            wait(page, anchor)
            assert ask(page, "findings(true)") == []
