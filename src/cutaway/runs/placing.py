"""A run's folder: what was asked, and all that came of it, in one place.

config.json         what was asked and where it began, sealed
telemetry.jsonl     what was seen, a line a step
checkpoints/        what it needs to go on
samples/            what the model wrote, by step
report.html         the whole run as a page
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cutaway.errors import Refused, Unavailable, UsageError

from . import plain
from .disk import cannot_write
from .durable import SYSTEM, Disk, make_folders, remove_all

CONFIG = "config.json"
MOST_RUNS = 10_000


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
    taken = {path.name for path in folder.glob(f"{stem}-*")}
    names = (f"{stem}-{number}" for number in range(1, MOST_RUNS))
    found = next((name for name in names if name not in taken), None)
    if found is None:
        raise UsageError(f"{folder} holds {MOST_RUNS:,} runs.", "Give this one a --name.")
    return folder / found


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
        _is_free(disk, path)  # if not, somebody was faster
        raise cannot_write(path, error) from error
    finally:
        with suppress(OSError):
            remove_all(disk, half)
    return Place(path, disk)


def _is_free(disk: Disk, path: Path) -> None:
    """Nothing, or an error if something stands at a path."""
    if path.name in disk.entries(path.parent):
        step = "Choose another --name."
        if (path / CONFIG).is_file():
            step = f"`cutaway train --resume {path}` goes on with it. {step}"
        raise UsageError(f"{path} is there already.", step)


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
