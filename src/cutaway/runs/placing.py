"""A run's folder: what was asked, and all that came of it, in one place.

config.json         what was asked and where it began, sealed
telemetry.jsonl     what was seen, a line a step
checkpoints/        what it needs to go on
samples/            what the model wrote, by step
report.html         the whole run as a page
"""

from __future__ import annotations

import errno
import os
import uuid
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from shlex import quote
from typing import Any

from cutaway.errors import Refused, Unavailable, UsageError

from . import plain
from .disk import cannot_write
from .durable import SYSTEM, Disk, make_folders, remove_all

CONFIG = "config.json"
MOST_RUNS, MOST_NAME = 10_000, 200  # names are in bytes: room is left for the half of a folder
NO_FOLDER = {errno.ENOENT, errno.ENOTDIR, errno.EEXIST, errno.EINVAL, errno.ENOTSUP, errno.ELOOP}
NO_FOLDER |= {errno.EACCES, errno.EPERM, errno.EROFS}


@dataclass(frozen=True)
class Place:
    """The folder of one run."""

    path: Path
    disk: Disk = SYSTEM

    @property
    def telemetry(self) -> Path:
        """The file of what was seen."""
        return self.path / "telemetry.jsonl"

    @property
    def checkpoints(self) -> Path:
        """The folder of checkpoints."""
        return self.path / "checkpoints"

    @property
    def report(self) -> Path:
        """The page of the whole run."""
        return self.path / "report.html"

    def sample(self, step: int) -> Path:
        """The file of what the model wrote after some steps."""
        return self.path / "samples" / f"step-{step:08d}.txt"

    def write(self, path: Path, text: str) -> None:
        """Put a file in the run's folder, there whole or not at all, in place of an older one."""
        half = path.with_name(f".{path.name}.{uuid.uuid4().hex}")
        try:
            make_folders(self.disk, path.parent)
            with self.disk.new(half) as file:
                file.write(text.encode("utf-8", "backslashreplace"))
                file.sync()
            with suppress(FileNotFoundError):
                self.disk.remove(path)
            self.disk.rename(half, path)
            self.disk.sync_folder(path.parent)
        except OSError as error:
            raise cannot_write(path, error) from error
        finally:
            with suppress(OSError):
                remove_all(self.disk, half, "file")


def free_name(folder: Path, stem: str) -> Path:
    """The first of `stem-1`, `stem-2` ... in a folder that nobody has taken."""
    taken = set[str]()
    with suppress(OSError):  # where nothing can be listed, nothing is taken
        taken = {path.name for path in folder.glob(f"{stem}-*")}
    names = (f"{stem}-{number}" for number in range(1, MOST_RUNS))
    found = next((name for name in names if name not in taken), None)
    if found is None:
        raise UsageError(f"{folder} holds {MOST_RUNS:,} runs.", "Give this one a --name.")
    return folder / found


def called(folder: Path, name: str) -> Path:
    """The folder of a run of this name, if it is one that a folder can have."""
    plain_name = name.isprintable() and name not in (".", "..") and not {"/", "\\"} & {*name}
    if not plain_name or not 1 <= len(name.encode()) <= MOST_NAME:
        what = f"No run can be called {name[:40]!r}{'...' if len(name) > 40 else ''}."
        step = f"A --name is that of one folder: no / or \\, at most {MOST_NAME} bytes of print."
        raise UsageError(what, step)
    return folder / name


def vacant(path: Path) -> None:
    """Nothing, or an error if no run can begin in a folder, as far as that shows before it does."""
    path = path.absolute()
    try:
        path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        above = next(folder for folder in path.parents if folder.exists())
        if not above.is_dir() or not os.access(above, os.W_OK):
            why = f"{above} is no folder that you may write to"
            what = f"No run can be kept in {path.parent}: {why}."
            raise Unavailable(what, "Choose another --out.") from None
    except OSError as error:
        raise _cannot_begin(path, error) from error
    else:
        raise _taken(path)


def begin(path: Path, config: Mapping[str, Any], disk: Disk = SYSTEM) -> Place:
    """The folder of a new run, there with what was asked in it or not at all; nobody's is taken."""
    path = path.absolute()
    raw = plain.to_bytes(config)
    half = path.with_name(f".{path.name}.{uuid.uuid4().hex}")
    try:
        make_folders(disk, path.parent)
        _is_free(disk, path)
        disk.make(half)
        with disk.new(half / CONFIG) as file:
            file.write(raw)
            file.sync()
        disk.sync_folder(half)
        disk.rename(half, path)
        disk.sync_folder(path.parent)
    except OSError as error:
        with suppress(OSError):
            _is_free(disk, path)  # if not, somebody was faster
        raise _cannot_begin(path, error) from error
    finally:
        with suppress(OSError):
            remove_all(disk, half)
    return Place(path, disk)


def _is_free(disk: Disk, path: Path) -> None:
    """Nothing, or an error if something stands at a path."""
    if path.name in disk.entries(path.parent):
        raise _taken(path)


def _taken(path: Path) -> UsageError:
    """The error a user sees when something stands where a run was to begin."""
    step = "Choose another --name."
    if (path / CONFIG).is_file():
        step = f"`cutaway train --resume {quote(str(path))}` goes on with it. {step}"
    return UsageError(f"{path} is there already.", step)


def _cannot_begin(path: Path, error: OSError) -> Unavailable:
    """The error a user sees when the folder of a run cannot be made."""
    if error.errno == errno.ENAMETOOLONG:
        what = f"No run can be kept in {str(path.parent)[:80]}...: the path is too long."
    elif error.errno in NO_FOLDER:
        what = f"No run can be kept in {path.parent}: the system makes no folder there."
    else:
        return cannot_write(path, error)
    return Unavailable(what, "Choose another --out.")


def reopen(path: Path, disk: Disk = SYSTEM) -> tuple[Place, dict[str, Any]]:
    """The folder of a run that was begun, and what was asked of it."""
    path = path.absolute()
    try:
        raw = b"".join(disk.read(path / CONFIG))
    except (FileNotFoundError, NotADirectoryError) as error:
        step = "Name the folder of a run: it holds config.json. `cutaway train` begins one."
        raise UsageError(f"{path} is no run.", step) from error
    except OSError as error:
        what = f"{path / CONFIG} cannot be read: {error.strerror or error}."
        raise Unavailable(what, "Check the disk and who may read it.") from error
    try:
        return Place(path, disk), plain.from_bytes(raw)
    except ValueError as error:
        what = f"{path / CONFIG} cannot be used: {error}."
        raise Refused(what, "Begin a new run.") from error
