"""The book while it is written: what is noticed, what is told, and how it ends."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from cutaway.errors import CutawayError, Unavailable, UsageError
from cutaway.kit.labs import PACKAGE

from . import rebuilding
from .rebuilding import rebuilt, seen, serve

Ends = list[tuple[int, str]]


def test_what_a_book_rests_on_is_noticed_and_nothing_else(tmp_path: Path) -> None:
    lab = tmp_path / "lab"
    for folder in (lab / "results", lab / "__pycache__", tmp_path / ".hidden"):
        folder.mkdir(parents=True)
    ours = [lab / name for name in ("page.md", "lab.py", "demo.js", "results/a.json", "book.css")]
    others = [lab / name for name in (".page.md", "page.md~", ".page.md.swp", "__pycache__/a.py")]
    for path in [*ours, *others, tmp_path / ".hidden" / "page.md"]:
        path.write_text("one")
    assert set(seen(tmp_path)) == set(map(str, ours))
    for path in ours:
        before = seen(tmp_path)
        path.write_text("three")
        assert seen(tmp_path) != before
    before = seen(tmp_path)
    for path in others:
        path.write_text("three")
    assert seen(tmp_path) == before
    ours[0].unlink()
    assert seen(tmp_path) != before


class Play:
    """Builds that end as they are told to; after the last of them someone presses Ctrl-C."""

    def __init__(self, ends: Ends) -> None:
        self.ends, self.built, self.now = ends, 0, 0
        self.said: list[str] = []
        self.shown: list[dict[str, str]] = []

    def rebuilt(self, out: Path) -> tuple[int, str]:
        """How the next build ends."""
        self.built += 1
        return self.ends[self.built - 1]

    def seen(self) -> dict[str, tuple[int, int]]:
        """Something else each time that all is quiet; what pages are told is noted before."""
        if self.built and len(self.shown) < self.built:
            self.shown.append(told(self.said[0].split()[3]))
            self.now += 1
        if self.built == len(self.ends):
            raise KeyboardInterrupt
        return {"page.md": (self.now, 0)}


def told(address: str) -> dict[str, str]:
    """What the pages of a served book are told."""
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with direct.open(f"{address}-/state", timeout=10) as answer:
        found: dict[str, str] = json.load(answer)
    return found


@pytest.fixture
def play(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Callable[..., Play]]:
    """A served book whose builds end as they are told to."""

    def played(*ends: tuple[int, str], raises: type[BaseException] = KeyboardInterrupt) -> Play:
        found = Play(list(ends))
        monkeypatch.setattr(rebuilding, "PAUSE", 0)
        monkeypatch.setattr(rebuilding, "rebuilt", found.rebuilt)
        monkeypatch.setattr(rebuilding, "seen", found.seen)
        with pytest.raises(raises):
            serve(tmp_path / "book", 0, found.said.append)
        return found

    yield played


def test_a_change_is_built_and_the_pages_are_told(play: Callable[..., Play]) -> None:
    found = play((0, ""), (0, ""), (0, ""))
    builds = [one["build"] for one in found.shown]
    assert len(set(builds)) == 3 and all(builds)
    assert found.said.count("Built.") == 3 and "Ctrl-C stops it" in found.said[0]


def test_a_mistake_is_told_and_the_last_good_book_stays_until_it_is_mended(
    play: Callable[..., Play],
) -> None:
    found = play((0, ""), (1, "page.md:3: a mistake"), (3, "no disk"), (0, ""))
    first, wrong, full, mended = found.shown
    assert (first["error"], wrong["error"], full["error"]) == (
        "",
        "page.md:3: a mistake",
        "no disk",
    )
    assert first["build"] == wrong["build"] == full["build"] != mended["build"]
    assert mended["error"] == ""
    assert "page.md:3: a mistake\nWhat is served is the last good book." in found.said


def test_a_first_book_with_mistakes_is_waited_for(play: Callable[..., Play]) -> None:
    wrong, mended = play((1, "a mistake"), (0, "")).shown
    assert wrong == {"build": "", "error": "a mistake"} and mended["error"] == ""


@pytest.mark.parametrize(("code", "error"), [(2, UsageError), (3, Unavailable)])
def test_a_first_book_that_can_never_be_built_is_not_waited_for(
    play: Callable[..., Play], code: int, error: type[CutawayError]
) -> None:
    play((code, "it cannot be"), raises=error)


def test_the_port_is_free_again_when_it_is_stopped(play: Callable[..., Play]) -> None:
    port = int(play((0, "")).said[0].split()[3].rstrip("/").rpartition(":")[2])
    with socket.socket() as again:
        again.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        again.bind(("127.0.0.1", port))


def test_a_build_is_a_child_that_sees_changed_python_and_says_how_it_ended(
    tmp_path: Path,
) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    code, said = rebuilt(tmp_path)
    assert code == 2 and "holds something that is no book" in said.splitlines()[0]
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


HIDES = """
import sys


class Hidden:
    def find_spec(self, name, path=None, target=None):
        if name == "furo":
            raise ModuleNotFoundError(name)


sys.meta_path.insert(0, Hidden())
"""


def test_what_a_child_says_is_what_is_wrong_and_no_bar(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "sitecustomize.py").write_text(HIDES)
    paths = [str(tmp_path), str(PACKAGE.parent)]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(paths))
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm")
    code, said = rebuilt(tmp_path / "book")
    assert code == 3 and said.startswith("The book is made with Furo")
    assert said.count("\n") == 1 and "\x1b" not in said


DEAF = "import signal, sys, time; signal.signal(signal.SIGINT, signal.SIG_IGN); "
DEAF += "print('deaf', file=sys.stderr, flush=True); time.sleep(60)"


@pytest.mark.parametrize("code", [DEAF, DEAF.partition("; ")[2].partition("; ")[2]])
def test_a_child_that_is_stopped_is_gone_within_a_second_even_if_it_is_deaf(
    code: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    start, children = subprocess.Popen, []

    def started(_: Any, **how: Any) -> subprocess.Popen[str]:
        code_too = code if code == DEAF else f"import sys, time; {code}"
        child = start([sys.executable, "-c", code_too], **how)
        assert child.stderr and child.stderr.readline() == "deaf\n"
        monkeypatch.setattr(child, "communicate", interrupted)
        children.append(child)
        return child

    def interrupted() -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(subprocess, "Popen", started)
    before = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        rebuilt(tmp_path)
    assert children[0].returncode == (-9 if code == DEAF else -2)
    assert time.monotonic() - before < 10
