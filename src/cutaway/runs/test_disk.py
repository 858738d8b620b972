"""Durable writes: whole or not at all, and a clear error."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cutaway.errors import Unavailable
from cutaway.runs import disk
from cutaway.runs.disk import write_file, write_files

from .conftest import Mounts


class Failing:
    """A function that fails at its n-th call, counted from 1, and works at all others."""

    def __init__(self, real: Callable[..., Any], n: int, code: int) -> None:
        self.real, self.n, self.code, self.calls = real, n, code, 0

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        self.calls += 1
        if self.calls == self.n:
            raise OSError(self.code, os.strerror(self.code))
        return self.real(*args, **kwargs)


def content(folder: Path) -> dict[str, str]:
    """Every file under a folder."""
    return {
        p.relative_to(folder).as_posix(): p.read_text() for p in folder.rglob("*") if p.is_file()
    }


def test_what_is_written_is_there_and_nothing_else(tmp_path: Path) -> None:
    write_file(tmp_path / "deep" / "er" / "a.json", "größer")
    write_file(tmp_path / "b.bin", b"\x00\x01")
    assert (tmp_path / "deep" / "er" / "a.json").read_bytes() == "größer".encode()
    assert sorted(content(tmp_path)) == ["b.bin", "deep/er/a.json"]


def test_a_file_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "a"
    for text in ("long before", "new", ""):
        write_file(path, text)
        assert content(tmp_path) == {"a": text}


POINTS = [("open", 1), ("open", 2), ("open", 3), ("fsync", 1), ("fsync", 2), ("fsync", 3)]
CODES = {errno.ENOSPC: "disk is full", errno.EROFS: "read-only", errno.EDQUOT: "quota"}


@pytest.mark.parametrize(("where", "n"), POINTS)
@pytest.mark.parametrize("code", CODES)
def test_when_any_write_fails_no_file_has_changed_and_none_is_left_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str, n: int, code: int
) -> None:
    before = {"a": "1", "b": "2", "c": "3"}
    write_files({tmp_path / name: text for name, text in before.items()})
    owner, real = (disk, open) if where == "open" else (os, os.fsync)
    monkeypatch.setattr(owner, where, Failing(real, n, code), raising=False)
    with pytest.raises(Unavailable, match=CODES[code]) as caught:
        write_files({tmp_path / name: "new" for name in before})
    assert "Earlier results are intact" in str(caught.value)
    assert "run the same command again" in caught.value.next_step
    assert content(tmp_path) == before


@pytest.mark.parametrize("n", [1, 2])
def test_when_a_rename_fails_no_file_is_half_written_and_none_is_left_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, n: int
) -> None:
    before = {"a": "1", "b": "2"}
    write_files({tmp_path / name: text for name, text in before.items()})
    monkeypatch.setattr(os, "replace", Failing(os.replace, n, errno.EACCES))
    with pytest.raises(Unavailable, match="permission denied"):
        write_files({tmp_path / name: "new" for name in before})
    assert content(tmp_path) == {"a": "1" if n == 1 else "new", "b": "2"}


def test_a_folder_that_cannot_be_made_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("I am here")
    with pytest.raises(Unavailable, match="a file stands where a folder is needed"):
        write_file(tmp_path / "file" / "deep" / "a", "x")
    assert content(tmp_path) == {"file": "I am here"}


def test_a_folder_in_the_place_of_the_file_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    with pytest.raises(Unavailable, match="Cannot write"):
        write_file(tmp_path / "a", "x")
    assert content(tmp_path) == {}


def test_a_full_device_is_a_clear_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("there is no /dev/full")
    write_file(tmp_path / "a", "before")
    real = open
    monkeypatch.setattr(disk, "open", lambda _, mode: real("/dev/full", mode), raising=False)
    with pytest.raises(Unavailable, match="the disk is full"):
        write_file(tmp_path / "a", "x")
    assert content(tmp_path) == {"a": "before"}


def test_a_disk_that_really_fills_up_keeps_what_it_had(mounted: Mounts) -> None:
    tiny_disk = mounted("64k")
    write_files({tiny_disk / "a": "1" * 10_000, tiny_disk / "b": "2" * 10_000})
    before = content(tiny_disk)
    with pytest.raises(Unavailable, match="the disk is full"):
        write_files({tiny_disk / "a": "new", tiny_disk / "b": "3" * 60_000})
    assert content(tiny_disk) == before
    subprocess.run(["mount", "-o", "remount,ro", str(tiny_disk)], check=True)
    with pytest.raises(Unavailable, match="read-only"):
        write_file(tiny_disk / "a", "new")
    with pytest.raises(Unavailable, match="read-only"):
        write_file(tiny_disk / "deep" / "c", "new")
    assert content(tiny_disk) == before


def test_only_old_halves_are_swept(tmp_path: Path) -> None:
    names = [f".a.json.{'0' * 32}", f".b.json.{'f' * 32}", ".lock", f".{'0' * 32}", "a.json"]
    for name in names:
        (tmp_path / name).write_text("x")
    (tmp_path / f".folder.{'1' * 32}").mkdir()
    for path in tmp_path.iterdir():
        os.utime(path, (1, 1))
    os.utime(tmp_path / names[1])
    disk.sweep(tmp_path)
    disk.sweep(tmp_path / "nowhere")
    assert sorted(content(tmp_path)) == sorted(names[1:])


def test_a_folder_that_cannot_be_synced_is_no_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "fsync", Failing(os.fsync, 2, errno.EINVAL))
    write_file(tmp_path / "a", "x")
    assert content(tmp_path) == {"a": "x"}


def test_a_reader_never_sees_half_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "fsync", lambda _: None)
    path = tmp_path / "a"
    texts = {letter * 50_000 for letter in "xyz"}
    write_file(path, "x" * 50_000)
    seen: set[str] = set()
    done = threading.Event()

    def read() -> None:
        while not done.is_set():
            seen.add(path.read_text())

    reader = threading.Thread(target=read)
    reader.start()
    for _ in range(60):
        for text in sorted(texts):
            write_file(path, text)
    done.set()
    reader.join()
    assert seen <= texts
    assert len(seen) > 1


def test_many_processes_may_write_one_file(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from cutaway.runs.disk import write_file\n"
        "for _ in range(50): write_file(Path(sys.argv[1]), sys.argv[2] * 10000)"
    )
    commands = [[sys.executable, "-c", code, str(tmp_path / "a"), letter] for letter in "xyz"]
    source = str(Path(disk.__file__).parents[2])
    env = {**os.environ, "PYTHONPATH": source}
    several = [subprocess.Popen(command, env=env) for command in commands]
    assert [process.wait(60) for process in several] == [0, 0, 0]
    assert list(content(tmp_path)) == ["a"]
    assert content(tmp_path)["a"] in {letter * 10_000 for letter in "xyz"}


def test_an_error_without_a_known_reason_says_what_the_system_says(tmp_path: Path) -> None:
    error = disk.cannot_write(tmp_path / "a", OSError(errno.EIO, "Input/output error"))
    assert "Input/output error" in str(error)
    assert "None" not in str(disk.cannot_write(tmp_path / "a", OSError("odd")))
