"""What a built page links to, loads and names, read without a browser."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

LOADING = ("href", "src", "action", "data", "poster", "xlink:href")


class Page(HTMLParser):
    """A page: its ids, and each element that has an address."""

    def __init__(self, name: str, text: str) -> None:
        super().__init__()
        self.name = name
        self.ids: Counter[str] = Counter()
        self.links: list[tuple[str, str]] = []
        self.filtered = False
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note what an element is called and where it leads."""
        given = {name: value or "" for name, value in attrs}
        if "id" in given:
            self.ids[given["id"]] += 1
        self.filtered = self.filtered or "data-filter" in given
        self.links += [(tag, given[name].strip()) for name in LOADING if name in given]


def read(book: Path) -> dict[str, Page]:
    """Every page of a book by its path."""
    found = sorted(book.rglob("*.html"))
    names = [path.relative_to(book).as_posix() for path in found]
    texts = [path.read_text(encoding="utf-8") for path in found]
    return {name: Page(name, text) for name, text in zip(names, texts, strict=True)}


def wrong(book: Path, pages: Mapping[str, Page], page: Page) -> list[str]:
    """What a page links to that is not there, and what it loads from elsewhere."""
    said = [_wrong(book, pages, page, tag, url) for tag, url in page.links]
    return sorted({one for one in said if one})


def _wrong(book: Path, pages: Mapping[str, Page], page: Page, tag: str, url: str) -> str:
    """Why one address is wrong, or nothing."""
    parts = urlsplit(url)
    if parts.scheme in ("http", "https", "mailto") and tag == "a":
        return ""
    if parts.scheme == "data":
        return "" if tag in ("img", "image", "a") else f"{tag} holds {url[:40]}"
    if parts.scheme or parts.netloc or url.startswith("//"):
        return f"{tag} leads out: {url[:80]}"
    there = (book / page.name).parent / unquote(parts.path) if parts.path else book / page.name
    if not there.is_file():
        return f"{tag} leads nowhere: {url}"
    name, mark = there.resolve().relative_to(book.resolve()).as_posix(), unquote(parts.fragment)
    if not mark or name not in pages or mark in pages[name].ids:
        return ""
    kept = "=" in mark and pages[name].filtered
    return "" if kept else f"{tag} leads to no such place: {url}"
