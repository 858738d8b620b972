"""A disk that fails, a process that is killed, a second writer: what was saved is still there."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import pytest
import torch

from cutaway.errors import CutawayError, Unavailable

from . import durable
from .checkpoints import Checkpoints, resume
from .conftest import Mounts
from .durable import System, make_folders
from .manifests import folder_name
from .test_simulated import groups_at, is_of_its_step
from .writers import LOCK, WRITER

SOURCE = Path(durable.__file__).parents[2]


class Failing(System):
    """The real disk, but for its n-th operation, which fails; those that only look do not count."""

    def __init__(self, n: int, code: int) -> None:
        self.n, self.code, self.calls = n, code, 0

    def count(self, *_: Any) -> None:
        self.calls += 1
        if self.calls == self.n:
            raise OSError(self.code, os.strerror(self.code))

    def make(self, folder: Path) -> None:
        self.count()
        super().make(folder)

    @contextmanager
    def new(self, path: Path) -> Iterator[durable.NewFile]:
        self.count()
        with super().new(path) as file:
            yield Counted(self, file)

    def sync_folder(self, folder: Path) -> None:
        self.count()
        super().sync_folder(folder)

    def rename(self, old: Path, new: Path) -> None:
        self.count()
        super().rename(old, new)

    def remove(self, path: Path) -> None:
        self.count()
        super().remove(path)

    def entries(self, folder: Path) -> dict[str, durable.Entry]:
        self.count()
        return super().entries(folder)

    def read(self, path: Path) -> Iterator[bytes]:
        self.count()
        return super().read(path)

    def free(self, folder: Path) -> int:
        self.count()
        return super().free(folder)


class Counted:
    """A file whose operations count; half of what should be written is, when that fails."""

    def __init__(self, disk: Failing, file: durable.NewFile) -> None:
        self.disk, self.file = disk, file

    def write(self, piece: bytes | memoryview) -> None:
        try:
            self.disk.count()
        except OSError:
            self.file.write(piece[: len(piece) // 2])
            raise
        self.file.write(piece)

    def sync(self) -> None:
        self.disk.count()
        self.file.sync()


def in_sight(folder: Path) -> list[str]:
    """The names in a folder, without those of the lock."""
    return sorted(one.name for one in folder.iterdir() if one.name not in (LOCK, WRITER))


@pytest.mark.parametrize("code", ["ENOSPC", "EIO", "EROFS", "EACCES"])
def test_whichever_operation_fails_what_was_saved_stays_and_the_error_says_so(
    code: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "fsync", lambda _: None)
    outcomes = []
    for n in range(1, 200):
        place, disk = tmp_path / str(n), Failing(0, getattr(errno, code))
        saved = []
        with Checkpoints(place, 1, disk) as several:
            several.save(0, groups_at(0), {"at": [0]})
            disk.calls, disk.n = 0, n
            try:
                several.save(1, groups_at(1), {"at": [1]})
                saved.append(1)
            except Unavailable as error:
                assert "Cannot write" in str(error) or "cannot be read" in str(error)
                assert "untouched" in str(error) and error.next_step
                outcomes.append(str(error))
            except CutawayError as error:
                assert "cannot be read" in str(error)
            done = disk.calls < n
        last, skipped = resume(place)
        assert last is not None and is_of_its_step(last) and not skipped
        assert last.step == 1 if saved else last.step in (0, 1)
        half = [name for name in in_sight(place) if name.startswith(".tmp")]
        assert not half or n > 14, "what could not be written went away at once"
        with Checkpoints(place, 1) as several:
            several.save(2, groups_at(2), {"at": [2]})
        assert in_sight(place) == [folder_name(2)]
        if done:
            break
    assert done and n > 30 and len(outcomes) > 15
    if code == "ENOSPC":
        assert all("the disk is full" in one for one in outcomes)


def test_a_disk_that_really_fills_up_keeps_what_was_saved(mounted: Mounts) -> None:
    small = mounted("2m")
    weights = {"weights": {"w": torch.ones(100_000)}}
    disk = System()
    with Checkpoints(small / "a", 9, disk) as several:
        for step in range(2):
            several.save(step, weights, {})
        with pytest.raises(Unavailable, match="MB are free"):
            several.save(2, weights, {})
        disk.free = lambda folder: 2**40  # type: ignore[method-assign]
        for step in range(2, 5):
            several.save(step, weights, {})
        for _ in range(2):
            with pytest.raises(Unavailable, match=r"the disk is full.*before is untouched"):
                several.save(5, weights, {})
        assert in_sight(small / "a") == [folder_name(step) for step in range(5)]
        last, skipped = several.resume()
    assert last is not None and last.step == 4 and not skipped


KILLS = """\
import json, os, random, select, signal, sys, time
from pathlib import Path
import torch
from cutaway.runs.checkpoints import Checkpoints, resume
from cutaway.runs.test_simulated import groups_at, is_of_its_step
torch.set_num_threads(1)
place, count, chance = Path(sys.argv[1]), int(sys.argv[2]), random.Random(int(sys.argv[2]))
parent = os.getpid()
acknowledged, told, halves, killed = -1, 0, 0, 0
while killed < count or halves <= count // 4 and killed < 10 * count:  # as fast as the disk is
    killed += 1
    ours, theirs = os.pipe()
    child = os.fork()
    if not child:
        with Checkpoints(place, keep=2) as several:
            last, _ = several.resume()
            for step in range(last.step + 1 if last else 0, 10**6):
                several.save(step, groups_at(step), {"at": [step]})
                os.write(theirs, b"%d\\n" % step)
                if os.getppid() != parent:
                    os._exit(0)
    os.close(theirs)
    select.select([ours], [], [], 60)
    time.sleep(chance.random() ** 2 * 0.05)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    with open(ours) as pipe:
        steps = [int(line) for line in pipe.read().split()]
    told += len(steps)
    acknowledged = steps[-1]
    halves += any(one.name.startswith(".tmp") for one in place.iterdir())
    last, skipped = resume(place)
    assert last.step >= acknowledged and is_of_its_step(last) and not skipped, (last, skipped)
print(json.dumps([told, halves, killed]))
"""


def ran(code: str, *words: str, limit: float = 110) -> str:
    """What some code prints in a process of its own."""
    env = {**os.environ, "PYTHONPATH": str(SOURCE), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-c", code, *words]
    ended = subprocess.run(command, env=env, capture_output=True, text=True, timeout=limit)
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


@pytest.mark.timeout(500)
@pytest.mark.parametrize("count", [20, pytest.param(200, marks=pytest.mark.slow)])
def test_no_kill_takes_what_was_acknowledged(count: int, tmp_path: Path) -> None:
    told, halves, killed = json.loads(ran(KILLS, str(tmp_path / "run"), str(count), limit=450))
    print(f"{killed} kills, {told} acknowledged, {halves} in the midst of a save")
    assert told >= killed >= count
    assert halves > count // 4, "too few kills fell into a save to show anything"


SECOND = """\
import sys
from pathlib import Path
from cutaway.runs.writers import only_writer
try:
    with only_writer(Path(sys.argv[1])):
        print("mine")
except Exception as error:
    print(type(error).__name__, error, error.next_step)
"""


def test_a_second_writer_is_told_who_the_first_is_and_a_dead_one_is_in_nobodys_way(
    tmp_path: Path,
) -> None:
    with Checkpoints(tmp_path) as several:
        several.save(0, {}, {})
        (tmp_path / ".tmp-of-mine").mkdir()
        said = ran(SECOND, str(tmp_path))
        assert said.startswith("Unavailable") and "choose another folder" in said
        assert f"is being written by process {os.getpid()} on " in said
        with pytest.raises(Unavailable, match=f"process {os.getpid()}"), Checkpoints(tmp_path):
            pass
        assert (tmp_path / ".tmp-of-mine").exists(), "only who alone writes may sweep"
        assert resume(tmp_path).last is not None
    killed = "import os, signal\nfrom pathlib import Path\n" + SECOND.replace(
        'print("mine")', "os.kill(os.getpid(), signal.SIGKILL)"
    )
    with pytest.raises(AssertionError):
        ran(killed, str(tmp_path))
    assert str(os.getpid()) not in (tmp_path / WRITER).read_text()
    assert ran(SECOND, str(tmp_path)) == "mine\n"
    with Checkpoints(tmp_path):
        assert not (tmp_path / ".tmp-of-mine").exists()


@pytest.mark.parametrize("said", [b"", b"\xff\xff", b"process 1; \x1b[2J on x", b"x" * 10**6])
def test_what_stands_in_the_writers_file_is_not_repeated_unread(
    said: bytes, tmp_path: Path
) -> None:
    with Checkpoints(tmp_path):
        (tmp_path / WRITER).write_bytes(said)
        with pytest.raises(Unavailable, match="written by another process"), Checkpoints(tmp_path):
            pass


def test_who_reads_always_finds_one_while_another_saves_and_prunes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "fsync", lambda _: None)
    found: list[int] = []
    done = threading.Event()
    wrong: list[BaseException] = []

    def read() -> None:
        try:
            while not done.is_set():
                last = resume(tmp_path).last
                assert last is not None and is_of_its_step(last)
                found.append(last.step)
        except BaseException as error:
            wrong.append(error)

    with Checkpoints(tmp_path, keep=1) as several:
        several.save(0, groups_at(0), {"at": [0]})
        reader = threading.Thread(target=read)
        reader.start()
        for step in range(1, 60):
            several.save(step, groups_at(step), {"at": [step]})
        done.set()
        reader.join()
    assert not wrong
    assert found == sorted(found) and len(set(found)) > 1


def test_leftovers_are_swept_and_links_in_them_are_not_followed(tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("precious")
    place = tmp_path / "run"
    for name in (".tmp-1", ".del-2"):
        (place / name / "deep").mkdir(parents=True)
        (place / name / "deep" / "link").symlink_to(tmp_path)
    (place / ".del-3").symlink_to(tmp_path)
    (place / ".other").write_text("x")
    with Checkpoints(place):
        assert in_sight(place) == [".other"]
    assert (tmp_path / "mine").read_text() == "precious"


def test_a_folder_that_cannot_be_synced_is_no_failure_and_a_failing_disk_is_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(code: int) -> None:
        def fsync(_: int) -> None:
            raise OSError(code, os.strerror(code))

        monkeypatch.setattr(os, "fsync", fsync)

    fails(errno.EINVAL)
    System().sync_folder(tmp_path)
    fails(errno.EIO)
    with pytest.raises(OSError, match="Input/output"):
        System().sync_folder(tmp_path)


def test_folders_above_are_made_and_a_file_in_the_way_is_a_clear_error(tmp_path: Path) -> None:
    make_folders(System(), tmp_path / "a" / "b" / "c")
    assert (tmp_path / "a" / "b" / "c").is_dir()
    (tmp_path / "file").write_text("x")
    opened: AbstractContextManager[Any] = Checkpoints(tmp_path / "file" / "run")
    with pytest.raises(Unavailable, match="a file stands where a folder is needed"), opened:
        pass
