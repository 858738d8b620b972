"""`cutaway book`: what it refuses before it builds, what it says, and what it always makes."""

from __future__ import annotations

import http.client
import importlib.util
import os
import re
import signal
import socket
import subprocess
import time
import zipfile
from collections.abc import Callable, Iterator
from importlib.machinery import ModuleSpec
from pathlib import Path

import pytest
from houses import ROOT, Ended, House

Call = Callable[..., Ended]
HIDES = """\
import sys


class Hidden:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("sphinx", "furo"):
            raise ModuleNotFoundError(f"No module named {name!r}")


sys.meta_path.insert(0, Hidden())
"""


@pytest.fixture
def unbuilt(monkeypatch: pytest.MonkeyPatch) -> None:
    """A test in which no book may be built."""

    def never(*_: object) -> None:
        raise AssertionError("a book was built")

    monkeypatch.setattr("cutaway.site.book.building.build", never)
    monkeypatch.setattr("cutaway.site.book.rebuilding.rebuilt", never)


@pytest.mark.usefixtures("unbuilt")
@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--port", "8000"], "--port goes with --serve"),
        (["--serve", "--port", "65536"], "65536 is no port"),
        (["--serve", "--port=-1"], "-1 is no port"),
        (["--serve", "--port", "x"], "--port"),
        (["--serve", "--zip", "b.zip"], "--serve goes with"),
        (["--serve", "--json"], "--serve goes with"),
        (["--out", "full"], "full holds something that is no book"),
        (["--out", "full/mine.txt"], "full/mine.txt holds something that is no book"),
        (["--serve", "--out", "full"], "full holds something that is no book"),
        (["--zip", "full/mine.txt"], "full/mine.txt is there and is no zip"),
        (["--zip", "full"], "full is there and is no zip"),
    ],
)
def test_a_wrong_request_is_answered_before_anything_is_built(
    call: Call, words: list[str], said: str, tmp_path: Path
) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine.txt").write_text("mine")
    ended = call("book", *words)
    assert (ended.code, ended.out) == (2, "") and said in ended.err
    assert 1 <= ended.err.count("\n") <= 2
    assert [path.name for path in tmp_path.rglob("*")] == ["full", "mine.txt"]
    assert (tmp_path / "full" / "mine.txt").read_text() == "mine"


@pytest.mark.usefixtures("unbuilt")
def test_a_port_that_is_taken_is_named_before_anything_is_built(call: Call) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ended = call("book", "--serve", "--port", port)
    assert (ended.code, ended.out) == (3, "")
    assert f"Port {port} cannot be used: address already in use." in ended.err


@pytest.fixture
def hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine without two of the book's packages."""
    found = importlib.util.find_spec

    def find(name: str, package: str | None = None) -> ModuleSpec | None:
        return None if name in ("sphinx", "furo") else found(name, package)

    monkeypatch.setattr(importlib.util, "find_spec", find)


@pytest.mark.usefixtures("hidden")
def test_without_its_packages_the_book_says_what_is_missing_and_what_works(
    call: Call, tmp_path: Path
) -> None:
    ended = call("book", "--out", "book")
    assert (ended.code, ended.out) == (3, "") and not (tmp_path / "book").exists()
    assert "made with Sphinx, Furo, not installed here. Everything else works" in ended.err
    assert ended.err.splitlines()[-1] == "pip install 'cutaway[book]'"


@pytest.mark.usefixtures("hidden")
def test_info_says_once_what_the_missing_packages_and_programs_are_for(
    call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    err = call("info").err
    assert "sphinx, furo are missing: needed for `cutaway book`. Everything else works" in err
    assert "node is missing" in err and "chromium is missing" in err
    assert err.count("`cutaway book`") == 1
    missing = call("info", "--json").data["missing"]
    assert missing["sphinx"]["install"] == "pip install 'cutaway[book]'"
    assert all({"for", "without", "install"} == known.keys() for known in missing.values())
    assert all(known["without"].endswith(".") for known in missing.values())


def test_what_serves_without_the_packages_ends_with_the_same_sentence(
    here: House, tmp_path: Path
) -> None:
    (tmp_path / "sitecustomize.py").write_text(HIDES)
    ended = here("book", "--serve", "--port", 0, PATH_FIRST=str(tmp_path))
    assert (ended.code, ended.out) == (3, "")
    assert "Sphinx" in ended.err and "Everything else works without" in ended.err


def test_what_is_kept_for_the_next_book_is_freed_and_nothing_else(
    call: Call, tmp_path: Path
) -> None:
    kept = tmp_path / "home" / "cache" / "book"
    ours = [kept / "0123456789abcdef" / "html" / "index.html", kept / "figures" / "a.svg"]
    ours += [kept / "cells" / "fedcba9876543210" / "global.db"]
    for path in [*ours, kept / "thesis" / "mine.txt"]:
        path.parent.mkdir(parents=True)
        path.write_text("x" * 500)
    assert "1.5 kB" in (said := call("clean", "--dry-run").out) and str(kept) in said
    assert all(path.exists() for path in ours)
    assert call("clean").out == said
    assert [path.name for path in kept.rglob("*")] == ["thesis", "mine.txt"]


def children(mark: str, called: str = "") -> list[str]:
    """The processes that name something in their command or environment, as Linux tells."""
    found = []
    for path in Path("/proc").glob("[0-9]*/environ"):
        try:
            command = path.with_name("cmdline").read_bytes()
            text = command + path.read_bytes()
        except OSError:
            continue
        found += [str(command)] if mark.encode() in text and called.encode() in command else []
    return found


def served(house: House) -> tuple[subprocess.Popen[str], int]:
    """A book that is being served, and its port."""
    process = house.start("book", "--serve", "--port", 0, "--out", house.desk / "served")
    assert process.stderr
    hit = re.search(r"http://127\.0\.0\.1:(\d+)/", process.stderr.readline())
    assert hit
    return process, int(hit[1])


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_serving_stops_at_once_with_all_that_it_started(
    tmp_path: Path, number: signal.Signals
) -> None:
    process, port = served(House(ROOT, tmp_path))
    with process:
        line = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        line.request("GET", "/")
        assert b"not built yet" in line.getresponse().read()
        line.close()
        time.sleep(0.5)
        began = time.monotonic()
        process.send_signal(number)
        _, err = process.communicate(timeout=20)
        took = time.monotonic() - began
    assert process.returncode == 128 + number
    assert "Traceback" not in err and err.splitlines()[-1:] in ([], ["Stopped."])
    assert took < 5, "it is a second where the machine is not busy"
    with socket.socket() as again:
        again.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        again.bind(("127.0.0.1", port))
    assert children(str(tmp_path)) == []


def files(folder: Path) -> dict[str, bytes]:
    """Every file of a folder with what stands in it."""
    paths = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[House, Ended]]:
    """A book of this checkout, with its zip, and what was said of it."""
    house = House(ROOT, tmp_path_factory.mktemp("a"))
    words = ("book", "--out", "the book", "--zip", "new/folder/book.zip", "--json")
    yield house, house(*words, PYTHONHASHSEED="1", TZ="UTC", LC_ALL="C.UTF-8")


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_two_builds_with_nothing_in_common_are_the_same_bytes(
    built: tuple[House, Ended], tmp_path: Path
) -> None:
    one, ended = built
    assert ended.code == 0, ended.err
    other = House(ROOT, tmp_path / "a longer name, with blanks")
    other.desk.mkdir()
    zone = {"PYTHONHASHSEED": "2", "TZ": "Asia/Tokyo", "LC_ALL": "C", "COLUMNS": "40"}
    assert other("book", "--out", "another", "--zip", "book.zip", **zone).code == 0
    first, second = files(one.desk / "the book"), files(other.desk / "another")
    assert first.keys() == second.keys()
    for name in first:
        lines = [one[name].replace(b"><", b">\n<").split(b"\n") for one in (first, second)]
        apart = [pair for pair in zip(*lines, strict=False) if pair[0] != pair[1]]
        assert not apart, (name, apart[0])
        assert first[name] == second[name], name
    packed = one.desk / "new" / "folder" / "book.zip"
    assert packed.read_bytes() == (other.desk / "book.zip").read_bytes()
    with zipfile.ZipFile(packed) as book:
        assert {name: book.read(f"cutaway/{name}") for name in first} == first
    for text in first.values():
        assert str(one.desk).encode() not in text and str(ROOT).encode() not in text


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_built_book_says_where_it_is_and_is_made_again_only_where_something_changed(
    built: tuple[House, Ended],
) -> None:
    house, ended = built
    assert ended.code == 0, ended.err
    front = house.desk / "the book" / "index.html"
    said = {"out": "the book", "front": front.as_uri(), "zip": "new/folder/book.zip", "stale": {}}
    assert said.items() <= ended.data.items() and ended.data["pages"] > 10
    times = {path: path.stat().st_mtime_ns for path in front.parent.rglob("*")}
    again = house("book", "--out", "the book")
    assert again.code == 0 and again.out == ""
    assert f"Open {front.as_uri()}" in again.err and "pages in" in again.err
    assert {path: path.stat().st_mtime_ns for path in front.parent.rglob("*")} == times


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("when", ["reading", "cells"])
def test_a_build_that_is_interrupted_leaves_nothing(tmp_path: Path, when: str) -> None:
    house = House(ROOT, tmp_path)
    with house.start("book", "--stale", "--out", "book") as process:
        end = time.monotonic() + (2 if when == "reading" else 300)
        while process.poll() is None and time.monotonic() < end:
            if children(str(tmp_path), "ipykernel"):
                break
            time.sleep(0.1)
        assert bool(children(str(tmp_path), "ipykernel")) == (when == "cells")
        os.killpg(process.pid, signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (130, "")
    assert err.splitlines()[-1] == "Stopped." and "Traceback" not in err
    assert not (tmp_path / "book").exists()
    end = time.monotonic() + 5
    while children(str(tmp_path)) and time.monotonic() < end:
        time.sleep(0.1)
    assert children(str(tmp_path)) == []
