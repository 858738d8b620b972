"""Every page of the book: it loads, keeps to itself, and can be read by all."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from cutaway.site.book.pages import pages
from cutaway.site.book.shelf import shelf
from web import links
from web.visits import Visit

MOST = 600_000  # bytes of a page with all that it loads

Visits = dict[str, Visit]


def none(said: Mapping[str, Iterable[str]]) -> None:
    """Fail if something is said of a page, and say all of it."""
    lines = [f"{page}: {one}" for page, every in said.items() for one in every]
    assert not lines, "\n".join(["", *lines])


def test_every_page_that_is_written_is_built(visits: Visits) -> None:
    written = {path.removesuffix(".md") + ".html" for path in pages(shelf(stale=True))}
    assert written <= visits.keys()


def test_no_page_reports_an_error(visits: Visits) -> None:
    none({one.page: one.errors for one in visits.values()})


def test_no_page_asks_for_anything_outside(visits: Visits) -> None:
    none({one.page: one.outside for one in visits.values()})
    assert all(one.page in one.loaded for one in visits.values())


def test_no_page_weighs_too_much(visits: Visits) -> None:
    weights = {one.page: sum(one.loaded.values()) for one in visits.values()}
    print(*(f"{weight:8,d} {page}" for page, weight in weights.items()), sep="\n")
    heavy = {page: visits[page].loaded for page, weight in weights.items() if weight > MOST}
    none({page: [f"{size:8,d} {file}" for file, size in heavy[page].items()] for page in heavy})


def test_no_page_scrolls_sideways(visits: Visits) -> None:
    none({one.page: one.wide for one in visits.values()})


def test_no_page_shuts_anyone_out(visits: Visits) -> None:
    none({one.page: one.findings for one in visits.values()})


def test_every_text_and_figure_can_be_seen_without_scripts(visits: Visits) -> None:
    none({one.page: one.unread for one in visits.values()})


def test_every_link_leads_somewhere_and_nothing_is_loaded_from_elsewhere(book: Path) -> None:
    found = links.read(book)
    none({name: links.wrong(book, found, page) for name, page in found.items()})


def test_no_page_has_two_places_of_one_name(book: Path) -> None:
    found = links.read(book).values()
    none({page.name: [one for one, n in page.ids.items() if n > 1] for page in found})
