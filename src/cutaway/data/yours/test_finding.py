"""Which files a folder or a pattern means: all of them, in order, each once, and no circles."""

from __future__ import annotations

import os
import random
import socket
import time
from glob import glob
from pathlib import Path

import pytest

from cutaway.errors import CutawayError, Refused, Unavailable, UsageError

from . import walking
from .finding import find


def write(folder: Path, *names: str) -> None:
    """Small files of these names."""
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)


def names(path: Path | str, limit: int = 10**6) -> list[str]:
    """The names of the files that a path means."""
    alone, files = find(path, limit)
    assert not alone
    assert [one.size for one in files] == [one.path.stat().st_size for one in files]
    return [one.name for one in files]


def refused(path: Path | str, words: str, kind: type[CutawayError] = Refused) -> CutawayError:
    """The error, which came soon, with which a path is refused."""
    start = time.perf_counter()
    with pytest.raises(kind, match=words) as caught:
        find(path, 10**6)
    assert time.perf_counter() - start < 2
    assert caught.value.next_step
    str(caught.value).encode()
    return caught.value


def test_files_come_in_the_order_of_their_names_and_hidden_ones_do_not_come(tmp_path: Path) -> None:
    write(tmp_path, "b.txt", "a/x.txt", "a-b.txt", "ab.txt", "a/.hidden", ".git/config", "Z", "é")
    write(tmp_path, "a/b/c.txt", "a b.txt")
    os.mkfifo(tmp_path / ".pipe")
    expected = ["Z", "a b.txt", "a-b.txt", "a/b/c.txt", "a/x.txt", "ab.txt", "b.txt", "é"]
    assert names(tmp_path) == expected == sorted(expected)
    assert names(tmp_path / ".git") == ["config"]


PATTERNS = ["*", "*.txt", "**/*.txt", "**", "*/b*", "a/**/b.txt", "**/a/**", "?.txt", "[ab]/*.md"]
PATTERNS += ["**/**/b*", "a/*/*", "**/.h*/*", ".*", "nothing*", "**/a/*/b.txt"]


@pytest.mark.parametrize("pattern", PATTERNS)
def test_a_pattern_means_what_it_means_to_the_shell(tmp_path: Path, pattern: str) -> None:
    drawn = random.Random(1)
    for _ in range(150):
        folder = "/".join(drawn.choices(["a", "b", "ab", ".h"], k=drawn.randint(0, 4)))
        write(tmp_path, f"{folder}/x{drawn.choice(['b.txt', '.md'])}".lstrip("/"))
        write(tmp_path, f"{folder}/{drawn.choice(['b.txt', 'c.md', '.h.txt'])}".lstrip("/"))
    known = glob(str(tmp_path / pattern), recursive=True)
    expected = sorted({os.path.relpath(one, tmp_path) for one in known if os.path.isfile(one)})
    fixed = "a/" if pattern.startswith("a/") else ""
    if expected:
        assert [fixed + name for name in names(tmp_path / pattern)] == expected
    else:
        refused(tmp_path / pattern, "matches no file")


def test_a_file_whose_name_looks_like_a_pattern_is_a_file(tmp_path: Path) -> None:
    write(tmp_path, "a[1]*.txt", "a1.txt")
    alone, files = find(tmp_path / "a[1]*.txt", 100)
    assert alone
    assert [one.name for one in files] == ["a[1]*.txt"]
    assert names(tmp_path / "a[1].*") == ["a1.txt"]


def test_the_home_folder_has_its_short_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, "notes/a.txt")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert names("~/notes") == names("~/notes/*") == ["a.txt"]
    refused("~nobody-of-this-name/x", "nobody here", UsageError)


def test_links_are_followed_and_what_is_met_twice_counts_once(tmp_path: Path) -> None:
    write(tmp_path, "in/z.txt", "in/sub/y.txt", "out/x.txt", "out/deep/w.txt")
    (tmp_path / "in" / "a.txt").symlink_to("z.txt")
    os.link(tmp_path / "in" / "z.txt", tmp_path / "in" / "b.txt")
    (tmp_path / "in" / "more").symlink_to(tmp_path / "out")
    (tmp_path / "in" / "again").symlink_to(tmp_path / "out")
    assert names(tmp_path / "in") == ["a.txt", "again/deep/w.txt", "again/x.txt", "sub/y.txt"]
    assert names(tmp_path / "in" / "*.txt") == ["a.txt"]


@pytest.mark.parametrize("target", [".", "..", "../..", "/", "../sub"])
def test_a_link_that_leads_back_is_refused_by_its_name(tmp_path: Path, target: str) -> None:
    write(tmp_path, "top/sub/a.txt", "top/other/b.txt")
    (tmp_path / "top" / "sub" / "loop").symlink_to(target)
    refused(tmp_path / "top", r"sub/loop leads back")
    refused(tmp_path / "top" / "**" / "*.txt", r"sub/loop leads back")
    assert names(tmp_path / "top" / "*" / "*.txt") == ["other/b.txt", "sub/a.txt"]


def test_folders_that_are_linked_in_many_ways_take_no_longer(tmp_path: Path) -> None:
    for level in range(40):
        write(tmp_path, f"{level}/file.txt")
        for name in ("one", "two") if level < 39 else ():
            (tmp_path / str(level) / name).symlink_to(f"../{level + 1}")
    start = time.perf_counter()
    assert len(names(tmp_path / "0")) == 40
    assert time.perf_counter() - start < 2


def test_links_to_nothing_are_refused_where_they_are_meant(tmp_path: Path) -> None:
    write(tmp_path, "a.txt")
    (tmp_path / "gone.md").symlink_to("nowhere")
    (tmp_path / "itself").symlink_to("itself")
    assert names(tmp_path / "**" / "*.txt") == ["a.txt"]
    refused(tmp_path, r"gone\.md is a link to what is not there")
    refused(tmp_path / "gone.md", "is a link to what is not there")
    refused(tmp_path / "itself", "is a link that leads to itself")


def test_pipes_sockets_and_devices_are_refused_and_not_waited_for(tmp_path: Path) -> None:
    write(tmp_path, "a.txt")
    os.mkfifo(tmp_path / "pipe")
    assert names(tmp_path / "*.txt") == ["a.txt"]
    for path in (tmp_path, tmp_path / "pipe", tmp_path / "pi*"):
        refused(path, "pipe is a pipe, not an ordinary file")
    (tmp_path / "pipe").unlink()
    (tmp_path / "zero").symlink_to("/dev/zero")
    for path in (tmp_path, tmp_path / "zero", Path("/dev/zero")):
        refused(path, "zero is a device, not an ordinary file")
    here = os.getcwd()
    os.chdir(tmp_path)  # the path of a socket must be short
    try:
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind("socket")
    finally:
        os.chdir(here)
    refused(tmp_path / "socket", "is a socket")


def test_the_folders_of_the_system_are_refused_soon() -> None:
    with pytest.raises(CutawayError) as caught:
        find("/proc", 2**31)
    assert caught.value.next_step


def test_what_may_not_be_looked_at_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, "a.txt", "locked/b.txt")
    scandir = os.scandir

    def locked(path: Path) -> object:
        if Path(path).name == "locked":
            raise PermissionError(13, "Permission denied")
        return scandir(path)

    monkeypatch.setattr(os, "scandir", locked)
    refused(tmp_path, "locked cannot be read: permission denied", Unavailable)
    assert names(tmp_path / "*.txt") == ["a.txt"]


def test_names_that_are_not_text_are_refused(tmp_path: Path) -> None:
    try:
        (tmp_path / os.fsdecode(b"caf\xe9.txt")).write_text("a")
    except OSError:
        return  # this file system takes no such name
    for path in (tmp_path, tmp_path / os.fsdecode(b"caf\xe9.txt")):
        refused(path, r"caf\\xe9\.txt has a name that is not UTF-8")
    write(tmp_path, "b.md")
    assert names(tmp_path / "*.md") == ["b.md"]


def test_folders_that_are_too_deep_or_too_full_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, "/".join("d" * 100).lstrip("/") + "/a.txt")
    assert len(names(tmp_path)) == 1
    write(tmp_path, "d/" * 101 + "a.txt")
    refused(tmp_path, "more than 100 folders deep")
    monkeypatch.setattr(walking, "MOST", 5)
    write(tmp_path / "flat", *"abcde")
    assert len(names(tmp_path / "flat")) == 5
    write(tmp_path / "flat", "f")
    refused(tmp_path / "flat", "more than 5 names")


def test_more_bytes_than_the_limit_are_refused_before_any_is_read(tmp_path: Path) -> None:
    for name in "ab":
        with open(tmp_path / name, "wb") as file:
            file.truncate(2**40)
    for path in (tmp_path, tmp_path / "a", tmp_path / "*"):
        refused(path, r"more than 1,000,000 bytes")
    write(tmp_path / "c", "x", "yy")
    assert names(tmp_path / "c", 3) == ["x", "yy"]
    with pytest.raises(Refused, match="more than 2 bytes"):
        find(tmp_path / "c", 2)


def test_what_does_not_exist_is_told_with_what_is_like_it(tmp_path: Path) -> None:
    write(tmp_path, "notes/diary.txt", "notes/other.md")
    for wrong, meant in (
        ("notes/dairy.txt", "notes/diary.txt"),
        ("note/diary.txt", "notes"),
        ("note/*.txt", "notes"),
        ("notes/diary.txt/more", None),
    ):
        error = refused(tmp_path / wrong, "does not exist|is no folder", UsageError)
        step = f"Did you mean {tmp_path / meant}?" if meant else "Look at"
        assert error.next_step.startswith(step)
    for empty in ("", "a\0b"):
        refused(empty, "empty or holds a zero byte", UsageError)
    refused("x" * 5000, "longer path")


def test_an_empty_folder_is_refused(tmp_path: Path) -> None:
    write(tmp_path, ".hidden")
    refused(tmp_path, "holds no file")
