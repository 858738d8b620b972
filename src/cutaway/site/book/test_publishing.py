"""Publishing writes what changed, removes only what it wrote, and leaves every file whole."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cutaway.errors import CutawayError, UsageError

from .publishing import LEFT_OUT, MARK, publish, synchronise, zipped

Made = Callable[..., Path]


@pytest.fixture
def made(tmp_path: Path) -> Made:
    """A way to make a folder of some files, by path."""

    def folder(name: str, files: dict[str, str]) -> Path:
        home = tmp_path / name
        home.mkdir(exist_ok=True)
        for path, text in files.items():
            (home / path).parent.mkdir(parents=True, exist_ok=True)
            (home / path).write_text(text, encoding="utf-8")
        return home

    return folder


def inside(folder: Path) -> dict[str, bytes]:
    """The files of a folder, by path."""
    found = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in found}


def folders(folder: Path) -> set[str]:
    """The folders beneath a folder, by path."""
    return {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_dir()}


def book(folder: Path) -> dict[str, bytes]:
    """The files of a book, without the mark."""
    return {name: content for name, content in inside(folder).items() if name != MARK}


NAMES = st.sampled_from(["a", "b", "c/a", "c/b", "c/d/e", "é"])
FOLDERS = st.dictionaries(NAMES, st.binary(max_size=3))


@settings(deadline=None)
@given(FOLDERS, FOLDERS)
def test_a_folder_is_made_to_hold_exactly_what_it_should(
    tmp_path_factory: pytest.TempPathFactory, one: dict[str, bytes], other: dict[str, bytes]
) -> None:
    folder = tmp_path_factory.mktemp("folder")
    for files in (one, other):
        synchronise(files, folder)
        assert inside(folder) == files
        parts = {parent.as_posix() for name in files for parent in Path(name).parents}
        assert folders(folder) == parts - {"."}


@pytest.mark.parametrize(("before", "after"), [("a", "a/b"), ("a/b", "a"), ("a/b/c", "a")])
def test_a_file_and_a_folder_may_change_places(made: Made, before: str, after: str) -> None:
    out, html = made("out", {}), made("html", {"index.html": "1"})
    for name in (before, after):
        publish(html, {name: b"x"}, out)
        assert book(out) == {"index.html": b"1", name: b"x"}


def test_only_what_changed_is_written(made: Made, tmp_path: Path) -> None:
    html, out = made("html", {"a.html": "1", "b.html": "1"}), tmp_path / "out"
    publish(html, {"c.csv": b"1"}, out)
    for path in out.rglob("*"):
        os.utime(path, (1, 1))
    (html / "b.html").write_text("2")
    publish(html, {"c.csv": b"1"}, out)
    changed = [path.name for path in out.iterdir() if path.stat().st_mtime != 1]
    assert changed == ["b.html"] and (out / "b.html").read_text() == "2"


def test_a_page_that_is_gone_is_removed_and_so_is_its_folder(made: Made, tmp_path: Path) -> None:
    out = tmp_path / "out"
    publish(made("one", {"index.html": "1", "gallery/atoms.html": "1"}), {}, out)
    publish(made("two", {"index.html": "1"}), {}, out)
    assert book(out) == {"index.html": b"1"} and folders(out) == set()


def test_what_only_sphinx_reads_is_not_published(made: Made, tmp_path: Path) -> None:
    names = {"index.html", *LEFT_OUT}
    publish(made("html", dict.fromkeys(names, "1")), {}, tmp_path / "out")
    assert book(tmp_path / "out") == {"index.html": b"1"}


@pytest.mark.parametrize("files", [{"thesis.tex": "1"}, {".git/HEAD": "1"}, {"index.html": "1"}])
def test_a_folder_that_holds_something_else_is_refused_and_not_touched(
    made: Made, files: dict[str, str]
) -> None:
    out = made("out", files)
    before = inside(out)
    with pytest.raises(UsageError, match=r"no book.*") as error:
        publish(made("html", {"index.html": "2"}), {}, out)
    assert "--out" in error.value.next_step and inside(out) == before


def test_a_file_is_no_folder(made: Made, tmp_path: Path) -> None:
    (tmp_path / "out").write_text("mine")
    with pytest.raises(UsageError, match="no book"):
        publish(made("html", {"index.html": "1"}), {}, tmp_path / "out")
    assert (tmp_path / "out").read_text() == "mine"


def test_what_someone_put_beside_the_book_stays(made: Made, tmp_path: Path) -> None:
    html, out = made("html", {"index.html": "1", "old.html": "1"}), tmp_path / "out"
    publish(html, {}, out)
    mine = {".git/HEAD": "ref", "CNAME": "example.org", "notes/old.html": "mine"}
    made("out", mine)
    (html / "old.html").unlink()
    publish(html, {}, out)
    mine["old.html"] = "mine now"
    made("out", mine)
    publish(html, {}, out)
    assert book(out) == {"index.html": b"1", **{name: text.encode() for name, text in mine.items()}}
    zipped(out, tmp_path / "book.zip")
    with zipfile.ZipFile(tmp_path / "book.zip") as file:
        assert set(file.namelist()) == {"cutaway/index.html", f"cutaway/{MARK}"}


def test_a_mark_that_lies_removes_nothing_outside(made: Made, tmp_path: Path) -> None:
    mine = tmp_path / "mine.txt"
    mine.write_text("mine")
    out = made("out", {MARK: f"../mine.txt\n{mine}\n.\n..\n\nno-such\n", "a.html": "1"})
    publish(made("html", {"index.html": "1"}), {}, out)
    assert mine.read_text() == "mine"
    assert book(out) == {"a.html": b"1", "index.html": b"1"}


def test_a_link_is_replaced_and_not_written_through(made: Made, tmp_path: Path) -> None:
    html, out, mine = made("html", {"index.html": "1"}), tmp_path / "out", tmp_path / "mine.txt"
    publish(html, {}, out)
    mine.write_text("mine")
    (out / "index.html").unlink()
    (out / "index.html").symlink_to(mine)
    publish(html, {}, out)
    assert mine.read_text() == "mine" and not (out / "index.html").is_symlink()


@pytest.mark.parametrize("error", [KeyboardInterrupt, OSError(28, "No space left on device")])
@pytest.mark.parametrize("after", range(7))
def test_wherever_it_is_interrupted_each_file_is_whole_and_the_next_build_completes_it(
    made: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, after: int, error: BaseException
) -> None:
    one = {"index.html": "old" * 9, "a/gone.html": "1", "b/page.html": "old"}
    two = {"index.html": "new" * 9, "b/page.html": "new", "c/more.html": "1", "d.html": "1"}
    out, old, new = tmp_path / "out", made("one", one), made("two", two)
    publish(old, {}, out)
    calls = iter(range(after))
    real = os.replace

    def breaks(half: Path, path: Path) -> None:
        if next(calls, None) is None:
            raise error
        real(half, path)

    with monkeypatch.context() as patched:
        patched.setattr("os.replace", breaks)
        try:
            publish(new, {}, out)
        except (KeyboardInterrupt, CutawayError):
            for name, content in book(out).items():
                assert content.decode() in (one.get(name), two.get(name)), name
    publish(made("three", {"index.html": "3", "e/f.html": "3"}), {}, out)
    assert book(out) == {"index.html": b"3", "e/f.html": b"3"}


def test_a_first_build_that_was_interrupted_can_be_done_again(
    made: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def breaks(half: Path, path: Path) -> None:
        real(half, path)
        if path.name == "b.html":
            raise KeyboardInterrupt

    real, out, html = os.replace, tmp_path / "out", made("html", {"a.html": "1", "b.html": "1"})
    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr("os.replace", breaks)
        publish(html, {}, out)
    (html / "b.html").unlink()
    publish(html, {}, out)
    assert book(out) == {"a.html": b"1"}


def test_a_disk_that_is_full_is_said_in_a_sentence(
    made: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    html = made("html", {"index.html": "1"})
    monkeypatch.setattr("os.replace", full)
    with pytest.raises(CutawayError, match="the disk is full"):
        publish(html, {}, tmp_path / "out")
    (tmp_path / "book").mkdir()
    (tmp_path / "book" / MARK).touch()
    (tmp_path / "file").touch()
    with pytest.raises(CutawayError, match="Cannot write"):
        zipped(tmp_path / "book", tmp_path / "file" / "book.zip")


def test_a_zip_is_the_same_bytes_for_the_same_book_and_unpacks_to_it(
    made: Made, tmp_path: Path
) -> None:
    html = made("html", {"index.html": "1", "labs/é b.html": "2" * 99, "labs.html": "3"})
    outs = [tmp_path / "one", tmp_path / "two"]
    for out in outs:
        publish(html, {"downloads/a.csv": b"a\r\n"}, out)
        zipped(out, tmp_path / f"{out.name}.zip")
        os.utime(out / "index.html", (10**9, 10**9))
        zipped(out, tmp_path / f"{out.name}.zip")
    one, two = ((tmp_path / f"{out.name}.zip").read_bytes() for out in outs)
    assert one == two
    with zipfile.ZipFile(tmp_path / "one.zip") as file:
        assert file.testzip() is None and file.namelist() == sorted(file.namelist())
        assert {info.compress_type for info in file.infolist()} == {zipfile.ZIP_DEFLATED}
        file.extractall(tmp_path / "there")
    assert inside(tmp_path / "there" / "cutaway") == inside(outs[0])
    publish(html, {}, tmp_path / "there" / "cutaway")  # an unpacked book can be made anew


def test_a_zip_may_lie_in_its_book_and_is_no_part_of_it(made: Made, tmp_path: Path) -> None:
    html, out = made("html", {"index.html": "1"}), tmp_path / "out"
    publish(html, {}, out)
    zips = []
    for _ in range(2):
        zipped(out, out / "book.zip")
        zips.append((out / "book.zip").read_bytes())
        publish(html, {}, out)
    assert zips[0] == zips[1] == (out / "book.zip").read_bytes()
    assert [path.name for path in out.glob("*.half")] == []


def test_what_is_no_book_makes_no_zip(made: Made, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no book"):
        zipped(made("out", {"thesis.tex": "1"}), tmp_path / "book.zip")
    assert not (tmp_path / "book.zip").exists()
