"""A user's own text is read as it is, or refused by name: nothing is dropped or half read."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cutaway.errors import CutawayError, Refused, Unavailable

from ..corpora import Document
from . import filing
from .reading import read


def refused(path: Path | str, words: str, kind: type[CutawayError] = Refused) -> CutawayError:
    """The error with which a path is refused."""
    with pytest.raises(kind, match=words) as caught:
        read(path)
    assert caught.value.next_step
    return caught.value


def test_each_file_of_a_folder_is_a_document(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "one.txt").write_bytes(b"\xef\xbb\xbfa \xc3\xa9\r\nb\n\n" * 2)
    (tmp_path / "a.py").write_text("print('<|endoftext|>')\n\n" * 100)
    (tmp_path / "empty").touch()
    (tmp_path / "c.jsonl").write_text('{"text": "one"}\n{"text": "two"}\n')
    assert read(tmp_path) == (
        Document("a.py", "print('<|endoftext|>')\n\n" * 100),
        Document("b/one.txt", "a é\r\nb\n\n\ufeffa é\r\nb\n\n"),
        Document("c.jsonl#001", "one"),
        Document("c.jsonl#002", "two"),
    )
    assert read(str(tmp_path / "**" / "*.py")) == read(tmp_path)[:1]


def test_a_file_is_cut_into_documents(tmp_path: Path) -> None:
    path = tmp_path / "book"
    path.write_text("A line of it.\n" * 1000)
    found = read(path)
    assert 50 < len(found) <= 100
    assert "".join(one.text for one in found) == path.read_text()
    path.write_text("one<|endoftext|>two")
    assert read(path) == (Document("book#001", "one"), Document("book#002", "two"))


BAD = {
    "zero": (b"text\0", "is not text: its byte 4 is zero"),
    "latin": ("für".encode("latin-1"), r"is not UTF-8: byte 1 \(0xfc\)"),
    "cut": ("für 東".encode()[:-1], "is not UTF-8: byte 5 "),
    "utf-16": ("text".encode("utf-16"), "is UTF-16 or UTF-32"),
    "utf-32-be": (b"\x00\x00\xfe\xff" + "text".encode("utf-32-be"), "is UTF-16 or UTF-32"),
    "pdf": (b"%PDF-1.7 text", "is a PDF, not plain text"),
    "zip": (b"PK\x03\x04\0", "is a ZIP, not plain text"),
    "surrogate": (b"a\xed\xa0\xbdb", "is not UTF-8: byte 1 "),
}


@pytest.mark.parametrize("kind", BAD)
def test_what_is_not_text_is_refused_alone_and_among_others(tmp_path: Path, kind: str) -> None:
    data, words = BAD[kind]
    (tmp_path / "bad").write_bytes(data)
    refused(tmp_path / "bad", f"bad {words}")
    (tmp_path / "a good one").write_text("good")
    error = refused(tmp_path, f"bad {words}")
    assert "the same problem" not in str(error)
    assert "pattern" in error.next_step
    (tmp_path / "too").write_bytes(data)
    (tmp_path / "other").write_bytes(b"\xff" if kind in ("zero", "pdf", "zip") else b"\0")
    assert "1 other file has the same problem" in str(refused(tmp_path, f"bad {words}"))
    (tmp_path / "three").write_bytes(data)
    assert "2 other files have the same problem" in str(refused(tmp_path, f"bad {words}"))


@pytest.mark.parametrize("text", ["", " \n\t\r\n", "\ufeff", "<|endoftext|>\n"])
def test_what_holds_no_text_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "a").write_text(text)
    refused(tmp_path / "a", "holds no text")
    if "<" not in text:
        refused(tmp_path, "holds no text")


def append(path: Path) -> None:
    """A little more."""
    with open(path, "a") as file:
        file.write("more")


def cut_off(path: Path) -> None:
    """A little less."""
    os.truncate(path, 10)


def overwrite(path: Path) -> None:
    """The same size, another time."""
    path.write_bytes(b"b" * path.stat().st_size)
    os.utime(path, ns=(1, 1))


def replace(path: Path) -> None:
    """Another file in its place, of the same size and time."""
    here = path.stat()
    other = path.with_name("other")
    other.write_bytes(b"b" * here.st_size)
    os.utime(other, ns=(here.st_atime_ns, here.st_mtime_ns))
    os.replace(other, path)


def remove(path: Path) -> None:
    """No file any more."""
    path.unlink()


@pytest.mark.parametrize("change", [append, cut_off, overwrite, replace, remove])
def test_a_file_that_changes_while_it_is_read_is_refused(
    tmp_path: Path, change: Callable[[Path], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(filing, "AT_ONCE", 1000)
    path = tmp_path / "log.txt"
    path.write_bytes(b"a" * 5000)
    assert len("".join(one.text for one in read(path))) == 5000

    def told(done: int, _: int | None) -> None:
        if done == 2000:
            change(path)

    with pytest.raises(Refused, match=r"log\.txt changed while it was read") as caught:
        read(path, told=told)
    assert "run the same command again" in caught.value.next_step


def test_a_file_that_somebody_writes_is_never_half_read(tmp_path: Path) -> None:
    path = tmp_path / "log.txt"
    path.write_bytes(b"a" * 2**20)
    stop = threading.Event()

    def write() -> None:
        with open(path, "ab", buffering=0) as file:
            while not stop.is_set():
                file.write(b"b" * 2**12)
                time.sleep(0)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for _ in range(100):
            with pytest.raises(Refused, match="changed while it was read"):
                while True:
                    read(path)
            if path.stat().st_size > 2**23:
                break
    finally:
        stop.set()
        writer.join()
    assert read(path)


def test_a_file_that_grew_beyond_the_limit_is_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a"
    path.write_text("text")
    with pytest.raises(Refused, match="more than 3 bytes"):
        read(path, 3)
    real = os.open

    def growing(where: Any, *more: Any) -> int:
        os.truncate(where, 2**40)
        return real(where, *more)

    monkeypatch.setattr(os, "open", growing)
    with pytest.raises(Refused, match="more than 1,000 bytes"):
        read(tmp_path, 1000)


def test_a_pipe_that_takes_the_place_of_a_file_is_not_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a"
    path.write_text("text")
    real = os.open

    def swapped(where: Any, *more: Any) -> int:
        path.unlink()
        os.mkfifo(path)
        return real(where, *more)

    monkeypatch.setattr(os, "open", swapped)
    refused(path, "is a pipe, not an ordinary file")


@pytest.mark.parametrize(("code", "words"), [(13, "permission denied"), (5, "input/output error")])
def test_a_file_that_cannot_be_read_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int, words: str
) -> None:
    (tmp_path / "a").write_text("text")

    def failing(*_: Any) -> int:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(os, "open", failing)
    for path in (tmp_path, tmp_path / "a"):
        refused(path, f"a cannot be read: {words}", Unavailable)


def test_files_that_the_system_makes_up_are_refused() -> None:
    refused("/proc/self/status", "is made by the system")
    refused("/proc/self", ".", CutawayError)


def test_progress_is_told_in_bytes(tmp_path: Path) -> None:
    for name in "abc":
        (tmp_path / name).write_text(name * 100)
    told: list[tuple[int, int | None]] = []
    read(tmp_path, told=lambda *one: told.append(one))
    assert told == [(100, 300), (200, 300), (300, 300)]
    told.clear()
    read(tmp_path / "a", told=lambda *one: told.append(one))
    assert told == [(100, 100)]
