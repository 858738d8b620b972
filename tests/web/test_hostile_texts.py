"""Text is data: what a lab, a table, an address or a browser's memory holds appears as text."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from houses import House, copied
from playwright.sync_api import Browser, Page

from web import links
from web.books import build, pages, served
from web.hostile import ARM, EVIL, plant
from web.visits import Window, window

OWN = "javascript:SphinxHighlight.hideSearchWords()"  # Sphinx's own way to undo a highlight
HARM = f"""() => {{
  const all = [...document.querySelectorAll("*")];
  const say = (some) => some.map((e) => e.outerHTML.slice(0, 120));
  const leads = (a) => /^[^a-z]*javascript:/i.test(a.value) && a.value !== "{OWN}";
  return {{
    hit: window.hit ?? null,
    handlers: say(all.filter((e) => [...e.attributes].some((a) => /^on/i.test(a.name)))),
    scripts: say(all.filter((e) => [...e.attributes].some(leads))),
    planted: document.querySelectorAll("img[src=x]").length,
  }};
}}"""
NONE: dict[str, Any] = {"hit": None, "handlers": [], "scripts": [], "planted": 0}


@pytest.fixture(scope="session")
def trap(_tiny_house: House, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The book of a house whose only lab is hostile."""
    folder = tmp_path_factory.mktemp("hostile")
    house = copied(_tiny_house, folder)
    plant(house)
    ended = house("run", "tiny", "--record")
    assert ended.code == 0, ended.err
    return build(folder / "book", house.environment())


@pytest.fixture
def victim(browser: Browser, trap: Path) -> Iterator[Window]:
    """A window on the hostile book, in which nothing may happen by itself."""
    with window(browser, viewport={"width": 1280, "height": 900}) as found:
        found.page.on("dialog", lambda dialog: found.errors.append(dialog.message))
        yield found
        assert found.errors == []


@pytest.fixture(scope="session")
def lair(trap: Path) -> Iterator[str]:
    """Where the hostile book is served."""
    with served(trap) as found:
        yield found


def texts(page: Page) -> str:
    """All text of a page, shown or not, spaces made alike."""
    return " ".join(str(page.evaluate("document.body.textContent")).split())


def test_nothing_runs_on_any_page(victim: Window, trap: Path, lair: str) -> None:
    for name in pages(trap):
        victim.page.goto(lair + name)
        victim.page.wait_for_timeout(50)
        assert victim.page.evaluate(HARM) == NONE, name
    assert all(url.startswith((lair, "data:")) for url in victim.asked)


@pytest.mark.parametrize("name", ["index.html", "labs/tiny.html", "gallery.html", "claims.html"])
def test_it_appears_as_the_text_that_it_is(victim: Window, lair: str, name: str) -> None:
    victim.page.goto(lair + name)
    assert EVIL in texts(victim.page)
    assert "49" not in victim.page.title()


def test_code_that_is_hostile_is_listed_as_it_is(victim: Window, lair: str) -> None:
    victim.page.goto(lair + "labs/tiny.html")
    listing = victim.page.locator(".listing").first.text_content() or ""
    assert f"# {EVIL}" in listing and f"# BROKEN: {EVIL}" in listing


def test_what_scripts_make_of_it_is_text(victim: Window, lair: str) -> None:
    page = victim.page
    page.goto(lair + "labs/tiny.html")
    page.locator(".break-bar select").select_option("fault=tiny.negative")
    page.wait_for_function("location.hash.includes('negative')")
    assert EVIL in texts(page.locator(".break-bar").page)
    for section in page.locator("section[data-predict]").all():
        section.locator("input[value='same']").check()
        section.get_by_role("button", name="Commit").click()
    page.get_by_role("button", name="Skip by quiz").click()
    for fieldset in page.locator("dialog fieldset").all():
        fieldset.locator("input").first.check()
    page.get_by_role("button", name="Check").click()
    assert ARM in texts(page)
    assert page.evaluate(HARM) == NONE


@pytest.mark.parametrize(
    "address",
    [
        "labs/tiny.html#fault={}",
        "labs/tiny.html#fault=tiny.{}&tiny.text={}",
        "labs/tiny.html#{}",
        "gallery.html#q={}&lab={}",
        "claims.html#q={}",
        "search.html?q={}",
        "search.html?q={}&check_keywords=yes&area=default&highlight={}",
        "index.html?highlight={}#{}",
    ],
)
def test_an_address_is_data_too(victim: Window, lair: str, address: str) -> None:
    victim.page.goto(lair + address.replace("{}", quote(EVIL)))
    victim.page.wait_for_timeout(300)
    assert victim.page.evaluate(HARM) == NONE


def test_what_the_browser_remembers_is_data_too(victim: Window, lair: str) -> None:
    page = victim.page
    page.goto(lair + "index.html")
    guess = {"way": EVIL, "sure": 60, "amount": EVIL, "right": True, "factor": None}
    kept = {"version": 1, "guesses": {EVIL: guess, "tiny/0123456789ab": guess}, "done": [EVIL, 7]}
    for text in (json.dumps(kept), EVIL, "null", "[]", '{"version": 1, "guesses": 3}'):
        page.evaluate("(text) => localStorage.setItem('cutaway.book', text)", text)
        for name in ("index.html", "labs/tiny.html"):
            page.goto(lair + name)
            assert page.evaluate(HARM) == NONE
            assert victim.errors == []


def test_a_search_for_it_is_a_search(victim: Window, lair: str) -> None:
    for name in ("gallery.html", "claims.html"):
        victim.page.goto(lair + name)
        victim.page.locator("form[data-filter] input").first.fill(EVIL)
        victim.page.wait_for_timeout(300)
        assert victim.page.evaluate(HARM) == NONE


def test_a_drawing_that_is_taken_away_is_harmless(victim: Window, trap: Path) -> None:
    drawings = sorted((trap / "downloads").rglob("*.svg"))
    assert len(drawings) == 2
    for path in drawings:
        victim.page.goto(path.as_uri())
        assert victim.page.evaluate(HARM) == NONE
        assert "<script" not in path.read_text(encoding="utf-8").lower()


def test_no_page_loads_from_elsewhere(trap: Path) -> None:
    found = links.read(trap)
    wrong = [one for page in found.values() for one in links.wrong(trap, found, page)]
    assert wrong == []
