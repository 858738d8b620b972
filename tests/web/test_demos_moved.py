"""Every demo: each control moves something, the address keeps it, results are told."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from playwright.sync_api import Locator, Page

from cutaway.kit.labs import place
from cutaway.kit.words import Lab
from web.conftest import page_of
from web.visits import Window, ask

HOSTILE = "<script>window.hit=1</script><img src=x onerror=window.hit=1>"


@dataclass(frozen=True)
class Demo:
    """The demo of a lab on its open page."""

    name: str
    page: Page

    @property
    def root(self) -> Locator:
        """Its place on the page."""
        return self.page.locator(f'[data-demo="{self.name}"]')

    def afresh(self) -> list[dict[str, Any]]:
        """Its controls, in its first state."""
        self.page.evaluate("() => { location.hash = ''; dispatchEvent(new Event('hashchange')); }")
        found: list[dict[str, Any]] = ask(self.page, f"controls({self.name!r})")
        return found

    def control(self, number: int) -> Locator:
        """One of its controls."""
        return self.root.locator(f'[data-control="{number}"]')

    def shows(self, number: int) -> dict[str, Any]:
        """What it shows beside one of its controls."""
        found: dict[str, Any] = ask(self.page, f"demo({self.name!r}, {number})")
        return found


@pytest.fixture
def demo(lab: Lab, desk: Window, address: str) -> Iterator[Demo]:
    """The demo of a lab, on its page."""
    desk.page.goto(address + page_of(lab))
    yield Demo(lab.name, desk.page)
    assert desk.page.evaluate("window.hit") is None


def with_demo(lab: Lab) -> bool:
    """Whether a lab has a demo."""
    return (place(lab.name).folder / "demo.js").is_file()


def move(demo: Demo, number: int, kind: dict[str, Any]) -> None:
    """Move a control to another value, as a hand would."""
    control = demo.control(number)
    if kind["tag"] == "g":
        control.press("ArrowRight")
        control.press("ArrowUp")
    elif kind["tag"] == "textarea":
        control.fill("to be or not to be, that is the question")
    elif kind["tag"] == "select":
        control.select_option(index=1)
    elif kind["type"] == "range":
        control.press("ArrowLeft" if reads(control, "e.value === e.max") else "ArrowRight")
    elif kind["type"] == "number":
        control.fill(reads(control, "String(+e.value + (e.value === e.max ? -1 : 1) * e.step)"))
    else:
        control.click()


def reads(control: Locator, expression: str) -> Any:
    """What an expression says of a control `e`."""
    return control.evaluate(f"(e) => {expression}")


def moved(before: dict[str, Any], after: dict[str, Any]) -> bool:
    """Whether something changed beside what the control itself says."""
    keys = before["state"].keys() | after["state"].keys()
    changed = [key for key in keys if before["state"].get(key) != after["state"].get(key)]
    return len(changed) > 1 or before["shown"] != after["shown"]


def settled(demo: Demo, number: int, before: dict[str, Any]) -> dict[str, Any]:
    """What a demo shows once something changed; a browser copies a link when it has time to."""
    for _ in range(30):
        if moved(before, after := demo.shows(number)):
            break
        demo.page.wait_for_timeout(100)
    return after


def test_a_demo_is_filled_and_tells_its_results(lab: Lab, demo: Demo) -> None:
    every = demo.page.locator("[data-demo]")
    places = every.evaluate_all("(all) => all.map((e) => e.dataset.demo)")
    assert places == ([lab.name] if with_demo(lab) else [])
    if places:
        assert demo.root.get_attribute("data-ready") == "true"
        assert demo.afresh()
        assert any(text.strip() for text in demo.shows(-1)["live"]), "nothing is read aloud"


def test_every_control_of_a_demo_moves_something(lab: Lab, demo: Demo) -> None:
    told, still = 0, []
    for number, kind in enumerate(demo.afresh() if with_demo(lab) else []):
        demo.afresh()
        if reads(demo.control(number), "e.disabled === true"):
            demo.root.locator(".question button").first.click()
            assert reads(demo.control(number), "!e.disabled"), "the answer frees no control"
        if kind["pressed"]:
            continue  # it is chosen already
        label = reads(demo.control(number), "(e.closest('label') ?? e).textContent")
        if label == "reset":
            demo.root.locator("input[type=checkbox]").first.check()
        before = demo.shows(number)
        move(demo, number, kind)
        after = settled(demo, number, before)
        told += before["live"] != after["live"]
        if not moved(before, after):
            still.append(f"{kind['tag']} {label.strip()}")
    assert still == []
    assert told or not with_demo(lab), "no control changes what is read aloud"


def test_a_break_and_a_demo_share_the_address(lab: Lab, demo: Demo) -> None:
    if not with_demo(lab):
        return
    page, mark = demo.page, demo.page.locator("details.fault > summary").first
    for number, kind in enumerate(demo.afresh()):
        if kind["type"] in ("range", "number") and reads(demo.control(number), "!e.disabled"):
            move(demo, number, kind)
            break
    page.wait_for_function(f"location.hash.includes('{lab.name}.')")
    (kept,) = re.findall(rf"{lab.name}\.\w+=[^&]*", page.url)
    moved_to = demo.shows(-1)["state"]
    page.locator(".toc-tree a[href^='#']:not([href='#'])").last.evaluate("(link) => link.click()")
    page.wait_for_function(f"!location.hash.includes('{lab.name}.')")
    assert demo.shows(-1)["state"] == moved_to
    page.go_back()
    page.wait_for_function(f"location.hash.includes('{lab.name}.')")
    mark.click()
    page.wait_for_function("location.hash.includes('fault=')")
    state = demo.shows(-1)["state"]
    assert kept in page.url
    sent = page.url
    page.goto("about:blank")
    page.goto(sent)
    page.wait_for_function("document.querySelector('details.fault[open]')")
    assert demo.shows(-1)["state"] == state
    mark.click()
    page.wait_for_function("!location.hash.includes('fault=')")
    assert kept in page.url


def test_what_is_typed_into_a_demo_is_text(lab: Lab, demo: Demo) -> None:
    if not with_demo(lab):
        return
    for number, kind in enumerate(demo.afresh()):
        if kind["tag"] == "textarea":
            demo.control(number).fill(HOSTILE * 3)
            assert demo.root.locator("img, script").count() == 0
            assert "<" in demo.root.inner_text()
    page = demo.page
    hostile = {f"{lab.name}.{key}": HOSTILE for key in demo.shows(-1)["state"]}
    page.evaluate("(all) => { location.hash = new URLSearchParams(all).toString(); }", hostile)
    page.reload()
    assert demo.root.get_attribute("data-ready") == "true"
    assert demo.root.locator("img, script").count() == 0
