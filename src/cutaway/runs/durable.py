"""The few things that are asked of a disk, so that tests can put one in its place that forgets.

What was written is safe only once it was synced, and a name only once its folder was: until then a
power cut may take either, in any order. Whoever writes what must last goes through a `Disk`.
"""

from __future__ import annotations

import errno
import os
import shutil
import stat
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import Literal, NamedTuple, Protocol

PIECE = 2**22  # bytes that are read at once
NO_FOLDER_SYNC = {errno.EINVAL, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EBADF}


class Entry(NamedTuple):
    """What a name in a folder stands for; a link is never followed, and is something other."""

    kind: Literal["file", "folder", "other"]
    size: int


class NewFile(Protocol):
    """A file that is being written."""

    def write(self, piece: bytes | memoryview) -> None:
        """Append some bytes."""

    def sync(self) -> None:
        """Return once all that was written is on the disk itself."""


class Disk(Protocol):
    """All that is asked of a disk. Each operation may fail with an OSError."""

    def make(self, folder: Path) -> None:
        """Make one folder, which must not be there yet."""

    def new(self, path: Path) -> AbstractContextManager[NewFile]:
        """A new file to be written; nothing of that name may be there."""

    def sync_folder(self, folder: Path) -> None:
        """Return once the names in a folder are on the disk itself."""

    def rename(self, old: Path, new: Path) -> None:
        """Give a file or folder another name, in one step."""

    def remove(self, path: Path) -> None:
        """Remove a file, a link or an empty folder."""

    def entries(self, folder: Path) -> dict[str, Entry]:
        """The names in a folder, and what each of them stands for."""

    def read(self, path: Path) -> Iterator[bytes]:
        """A file in pieces; a link or anything else that is no file is an OSError."""

    def free(self, folder: Path) -> int:
        """The bytes that may still be written there."""

    def lock(self, folder: Path) -> AbstractContextManager[None]:
        """Be the one writer in a folder, or fail at once with a CutawayError."""


def make_folders(disk: Disk, folder: Path) -> None:
    """Make a folder and those above it that are missing, so that none of them can be lost.

    Whoever was killed between making and syncing left one folder that may yet be lost: the deepest
    that is there. So that one is made safe too, where the system lets us.
    """
    missing: list[Path] = []
    while not _is_there(disk, folder):
        missing.append(folder)
        folder = folder.parent
    with suppress(PermissionError):
        disk.sync_folder(folder.parent)
    for folder in reversed(missing):
        disk.make(folder)
        disk.sync_folder(folder.parent)


def _is_there(disk: Disk, folder: Path) -> bool:
    try:
        disk.entries(folder)
    except FileNotFoundError:
        return False
    except PermissionError:  # so it is there
        return True
    return True


def remove_all(disk: Disk, path: Path, kind: str = "folder") -> None:
    """Remove a file, a link or a folder with all that is in it; links are not followed."""
    if kind == "folder":
        for name, entry in disk.entries(path).items():
            remove_all(disk, path / name, entry.kind)
    disk.remove(path)


class System:
    """The real disk, by way of the operating system."""

    def make(self, folder: Path) -> None:
        os.mkdir(folder)

    @contextmanager
    def new(self, path: Path) -> Iterator[NewFile]:
        with open(path, "xb") as file:
            yield _Opened(file.fileno(), path)

    def sync_folder(self, folder: Path) -> None:
        if os.name == "nt":  # where no folder can be opened, nor needs to be
            return
        handle = os.open(folder, os.O_RDONLY)
        try:
            _sync(handle)
        except OSError as error:
            if error.errno not in NO_FOLDER_SYNC:
                raise
        finally:
            os.close(handle)

    def rename(self, old: Path, new: Path) -> None:
        os.rename(old, new)

    def remove(self, path: Path) -> None:
        if stat.S_ISDIR(path.lstat().st_mode):
            os.rmdir(path)
        else:
            os.unlink(path)

    def entries(self, folder: Path) -> dict[str, Entry]:
        found = {}
        with os.scandir(folder) as listing:
            for one in listing:
                with suppress(FileNotFoundError):  # removed since it was listed
                    found[one.name] = _entry(one.stat(follow_symlinks=False))
        return found

    def read(self, path: Path) -> Iterator[bytes]:
        flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
        with open(os.open(path, flags | getattr(os, "O_BINARY", 0)), "rb", buffering=0) as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise OSError(errno.EINVAL, "it is no regular file")
            while piece := file.read(PIECE):
                yield piece

    def free(self, folder: Path) -> int:
        return shutil.disk_usage(folder).free

    def lock(self, folder: Path) -> AbstractContextManager[None]:
        from .writers import only_writer

        return only_writer(folder)


class _Opened:
    """A real file: synced by the very handle that wrote, which is told of every failed write."""

    def __init__(self, handle: int, path: Path) -> None:
        self.handle, self.path = handle, path

    def write(self, piece: bytes | memoryview) -> None:
        rest = memoryview(piece)
        while rest:
            rest = rest[os.write(self.handle, rest) :]

    def sync(self) -> None:
        _sync(self.handle)


def _entry(status: os.stat_result) -> Entry:
    if stat.S_ISREG(status.st_mode):
        return Entry("file", status.st_size)
    return Entry("folder" if stat.S_ISDIR(status.st_mode) else "other", 0)


def _sync(handle: int) -> None:
    """Wait for the disk itself; on a Mac fsync waits only for what is in front of it."""
    if sys.platform == "darwin":
        import fcntl

        with suppress(OSError):
            fcntl.fcntl(handle, fcntl.F_FULLFSYNC)
            return
    os.fsync(handle)


SYSTEM = System()
