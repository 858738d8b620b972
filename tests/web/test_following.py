"""A served page follows the book: it loads again once that is built, and says what is wrong."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from threading import Thread

import pytest

from cutaway.site.book.serving import Server, State, opened
from web.visits import AXE, Window

PAGE = "<!doctype html><html lang=en><title>A page</title><main><h1>{}</h1></main></body></html>"
EVIL = "page.md:3: <img src=x onerror=document.title='hit'> " + "a long word " * 400


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """A book that is served, and not yet built."""
    (tmp_path / "labs").mkdir()
    with opened(tmp_path, 0, State()) as found:
        thread = Thread(target=found.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        yield found
        found.shutdown()
        thread.join()


def built(server: Server, text: str) -> None:
    """Build a book that says something."""
    for name in ("index.html", "labs/one.html"):
        (server.folder / name).write_text(PAGE.format(text))
    server.state.build, server.state.error = text, ""


def test_a_page_waits_for_the_first_book_and_loads_again_after_each(
    server: Server, desk: Window
) -> None:
    desk.page.goto(server.address)
    assert "not built yet" in desk.page.inner_text("body")
    built(server, "first")
    desk.page.get_by_role("heading", name="first").wait_for()
    desk.page.goto(f"{server.address}labs/one.html#fault=one.broken")
    built(server, "second")
    desk.page.get_by_role("heading", name="second").wait_for()
    assert desk.page.url.endswith("labs/one.html#fault=one.broken")


@pytest.mark.parametrize("width", [390, 1280])
def test_what_keeps_the_book_from_being_built_is_shown_until_it_is_mended_or_dismissed(
    server: Server, desk: Window, width: int
) -> None:
    desk.page.set_viewport_size({"width": width, "height": 700})
    built(server, "good")
    desk.page.goto(server.address)
    server.state.error = EVIL
    bar = desk.page.get_by_role("alert")
    bar.wait_for()
    assert EVIL.strip() in (bar.text_content() or "") and desk.page.title() == "A page"
    box = bar.bounding_box()
    assert box and box["height"] < 350 and box["width"] <= width
    desk.page.evaluate(AXE)
    found = desk.page.evaluate("axe.run()")["violations"]
    assert [one["id"] for one in found if one["impact"] in ("serious", "critical")] == []
    desk.page.keyboard.press("Tab")
    desk.page.keyboard.press("Tab")
    desk.page.keyboard.press("Enter")
    bar.wait_for(state="detached")
    desk.page.wait_for_timeout(1500)
    assert bar.count() == 0, "it was dismissed"
    server.state.error = "another"
    bar.get_by_text("another").wait_for()
    server.state.error = EVIL
    bar.get_by_text("page.md:3").wait_for()
    built(server, "mended")
    desk.page.get_by_role("heading", name="mended").wait_for()
    assert bar.count() == 0
