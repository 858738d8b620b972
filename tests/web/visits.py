"""Visits: each page of the book is opened in several ways, and what happens is written down."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from playwright.sync_api import Browser, BrowserContext, Page, Request

READING = Path(__file__).with_name("reading.js").read_text(encoding="utf-8")
AXE = files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8")
OPEN = """() => {
  document.querySelectorAll(".predict-bar button").forEach((one) => one.click());
  document.querySelectorAll("details").forEach((one) => (one.open = true));
}"""
DRAWN = "new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
# What is of use with scripts alone, and what is left out for everyone or stands for something else.
FOR_SCRIPTS = ".unmeasured, .beside, form[data-filter], .none, script, style"
LEFT_OUT = ".headerlink, title, desc, annotation, .live-break c-"


@dataclass
class Visit:
    """What was seen of a page; every list but `loaded` should be empty."""

    page: str
    full: bool
    loaded: dict[str, int] = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)
    outside: list[str] = field(default_factory=list)
    wide: list[str] = field(default_factory=list)
    findings: list[str] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)


def ask(page: Page, call: str) -> Any:
    """What a function of `reading.js` answers on a page."""
    return page.evaluate(f"({READING}).{call}")


@contextmanager
def window(browser: Browser, **options: Any) -> Iterator[Window]:
    """A window of its own kind on the book, in which everything that goes wrong is noted."""
    context = browser.new_context(reduced_motion="reduce", **options)
    context.set_default_timeout(20_000)
    try:
        yield Window(context, options.get("java_script_enabled", True))
    finally:
        context.close()


class Window:
    """One page after another in one browser context; what happens is kept until it is taken."""

    def __init__(self, context: BrowserContext, scripts: bool) -> None:
        self.context = context
        self.scripts = scripts
        self.errors: list[str] = []
        self.asked: list[str] = []
        context.on("console", lambda m: self.errors.append(m.text) if m.type == "error" else None)
        context.on("weberror", lambda e: self.errors.append(str(e.error)))
        context.on("request", lambda request: self.asked.append(request.url))
        context.on("requestfailed", self._failed)
        self.page = context.new_page()
        self.page.on("websocket", lambda socket: self.asked.append(socket.url))

    def _failed(self, request: Request) -> None:
        """Note a request that failed, unless the page was left before its answer."""
        if request.failure != "net::ERR_ABORTED":
            self.errors.append(f"failed: {request.url}")

    def open(self, url: str, visit: Visit, home: str) -> Page:
        """The page at an address; what it said and asked for stands in the visit."""
        self.errors.clear()
        self.asked.clear()
        self.page.goto(url)
        self.page.evaluate(DRAWN if self.scripts else "0")
        visit.errors += self.errors
        local = (home, "data:", "blob:", "about:")
        visit.outside += [one for one in self.asked if not one.startswith(local)]
        return self.page


@dataclass
class Tour:
    """The windows in which all pages are looked at."""

    book: Path
    address: str
    day: Window
    night: Window
    bare: Window

    def visit(self, name: str, full: bool) -> Visit:
        """A page as it is seen by day on a desk; in full, also by night on a phone, and bare."""
        visit = Visit(name, full)
        page = self.day.open(self.address + name, visit, self.address)
        paths = {unquote(urlsplit(url).path).lstrip("/") for url in self.day.asked}
        sizes = {path: self.book / path for path in paths}
        visit.loaded = {path: file.stat().st_size for path, file in sizes.items() if file.is_file()}
        if full:
            self._look(page, visit)
            there, home = (self.book / name).as_uri(), self.book.as_uri() + "/"
            page = self.night.open(there, visit, home)
            visit.wide += ask(page, "wide()")
            page.evaluate(OPEN)
            page.evaluate(DRAWN)
            self._look(page, visit)
            may = json.dumps(f"{FOR_SCRIPTS}, {LEFT_OUT}")
            visit.unread = ask(self.bare.open(there, visit, home), f"unread({may})")
        return visit

    def _look(self, page: Page, visit: Visit) -> None:
        """Note how wide a page is, and what axe finds in it."""
        visit.wide += ask(page, "wide()")
        page.evaluate(AXE)
        visit.findings += ask(page, "findings()")


@contextmanager
def touring(browser: Browser, book: Path, address: str) -> Iterator[Tour]:
    """A tour of a book."""
    desk: Any = {"color_scheme": "light", "viewport": {"width": 1280, "height": 900}}
    phone: Any = {"color_scheme": "dark", "viewport": {"width": 390, "height": 844}}
    with (
        window(browser, **desk) as day,
        window(browser, **phone, offline=True, has_touch=True) as night,
        window(browser, **desk, offline=True, java_script_enabled=False) as bare,
    ):
        yield Tour(book, address, day, night, bare)
