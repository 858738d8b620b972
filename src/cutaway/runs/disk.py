"""Durable writes: a file is there whole or not at all, and a full or read-only disk says so."""

from __future__ import annotations

import errno
import os
import re
import time
import uuid
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from cutaway.errors import Unavailable

_REASONS = {
    errno.ENOSPC: ("the disk is full", "Free some space (`cutaway clean` says what it could free)"),
    errno.EDQUOT: ("the disk quota is used up", "Free some space (`cutaway clean` may help)"),
    errno.EROFS: ("the disk is read-only", "Choose another folder"),
    errno.EACCES: ("permission denied", "Choose another folder"),
    errno.EPERM: ("permission denied", "Choose another folder"),
    errno.EEXIST: ("a file stands where a folder is needed", "Choose another folder"),
    errno.ENOTDIR: ("a file stands where a folder is needed", "Choose another folder"),
}


def write_file(path: Path, data: str | bytes) -> None:
    """Replace `path` by `data` in one step: readers see the old file or the new one, never half."""
    write_files({path: data})


def write_files(files: Mapping[Path, str | bytes]) -> None:
    """Replace several files; none is touched before all of them are safely on the disk."""
    halves = {path: path.with_name(f".{path.name}.{uuid.uuid4().hex}") for path in files}
    path = next(iter(files), Path())
    try:
        for path, data in files.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            with open(halves[path], "wb") as file:
                file.write(data.encode() if isinstance(data, str) else data)
                file.flush()
                os.fsync(file.fileno())
        for path, half in halves.items():
            os.replace(half, path)
    except OSError as error:
        raise cannot_write(path, error) from error
    finally:
        for half in halves.values():
            with suppress(OSError):
                half.unlink(missing_ok=True)
    for folder in {path.parent for path in files}:
        _sync_folder(folder)


def sweep(folder: Path) -> None:
    """Remove the halves that killed writers left in a folder more than an hour ago."""
    for half in folder.glob(".*"):
        with suppress(OSError):
            is_half = re.fullmatch(r"\..+\.[0-9a-f]{32}", half.name)
            if is_half and half.stat().st_mtime < time.time() - 3600:
                half.unlink()


def cannot_write(path: Path, error: OSError) -> Unavailable:
    """The error a user sees when a write fails."""
    reason, step = _REASONS.get(error.errno or 0, (str(error.strerror or error), "Check the disk"))
    return Unavailable(
        f"Cannot write {path}: {reason}. Earlier results are intact.",
        f"{step}, then run the same command again: it goes on where it stopped.",
    )


def _sync_folder(folder: Path) -> None:
    """Make the rename itself survive a power cut, where the system lets a folder be synced."""
    try:
        handle = os.open(folder, os.O_RDONLY)
    except OSError:
        return
    try:
        os.fsync(handle)
    except OSError:
        pass
    finally:
        os.close(handle)
