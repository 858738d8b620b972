"""The book, built once; the browser, started once; and every page, visited once."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock
from houses import ROOT
from playwright.sync_api import Browser, sync_playwright

from cutaway.kit.labs import labs
from cutaway.kit.words import Lab
from cutaway.runs.folders import cache_folder
from web.books import Seen, build, digests, pages, served
from web.visits import Visit, Window, touring, window

HERE = Path(__file__).parent
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
)
LABS = [lab for lab in labs()[0] if not lab.draft]
seen_key = pytest.StashKey[Seen]()


def page_of(lab: Lab) -> str:
    """The page of a lab by its path in the book."""
    return f"labs/{lab.name}.html"


@pytest.fixture(scope="session")
def book(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the book, built of this checkout and its results by the first worker to ask."""
    shared = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        shared = shared.parent
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    with FileLock(shared / "book.lock"):
        if not (shared / "book").exists():
            build(shared / "half", environment).rename(shared / "book")
    return shared / "book"


@pytest.fixture(scope="session")
def address(book: Path) -> Iterator[str]:
    """Where the book is served on this machine."""
    with served(book) as found:
        yield found


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium, as Debian has it."""
    program = shutil.which("chromium", path="/usr/bin") or shutil.which("chromium")
    if program is None:
        pytest.skip("chromium is not installed")
    with sync_playwright() as play:
        started = play.chromium.launch(executable_path=program, args=list(FLAGS))
        yield started
        started.close()


@pytest.fixture(scope="session")
def seen(book: Path, browser: Browser, request: pytest.FixtureRequest) -> Seen:
    """Which pages passed in full before: as they are now, by these tests, in this browser."""
    tests = [path.read_bytes() for path in sorted([*HERE.glob("*.py"), *HERE.glob("*.js")])]
    more = b"\0".join([browser.version.encode(), *tests])
    found = Seen(cache_folder() / "book" / "seen.json", digests(book, more))
    request.config.stash[seen_key] = found
    return found


@pytest.fixture(scope="session")
def visits(book: Path, address: str, browser: Browser, seen: Seen) -> dict[str, Visit]:
    """What was seen of every page: in full, or, where nothing changed, at a glance."""
    with touring(browser, book, address) as tour:
        return {page: tour.visit(page, not seen.unchanged(page)) for page in pages(book)}


@pytest.fixture(params=LABS, ids=lambda lab: lab.name)
def lab(request: pytest.FixtureRequest, seen: Seen) -> Lab:
    """Each lab of the book whose page changed since it passed."""
    found: Lab = request.param
    if seen.unchanged(page_of(found)):
        pytest.skip("its page passed in full as it is")
    return found


@pytest.fixture
def desk(browser: Browser) -> Iterator[Window]:
    """A window of this test's own, whose browser has kept nothing."""
    with window(browser, viewport={"width": 1280, "height": 900}) as found:
        yield found
        assert found.errors == []


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark every test of the book: a build and a browser take their time."""
    for item in items:
        if item.path.parent == HERE:
            item.add_marker(pytest.mark.slow)
            item.add_marker(pytest.mark.timeout(600))


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Take what a worker has seen, where several share the tests."""
    told = getattr(node, "workeroutput", {}).get("seen")
    if told:
        node.config.stash[seen_key] = Seen(Path(told["file"]), told["now"])


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Remember the pages, if all tests of the book ran and passed."""
    found, config = session.config.stash.get(seen_key, None), session.config
    ran = {item.path for item in getattr(session, "items", [])}
    if found is None or config.option.keyword:
        return
    if hasattr(config, "workeroutput"):
        whole = ran >= set(HERE.glob("test_*.py"))
        config.workeroutput["seen"] = whole and {"file": str(found.file), "now": found.now}
    elif not session.testsfailed and (not ran or ran >= set(HERE.glob("test_*.py"))):
        found.keep()
