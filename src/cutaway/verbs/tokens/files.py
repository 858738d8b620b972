"""Paths that lead to a file or to none, and files that are written whole or not at all."""

from __future__ import annotations

import errno
import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from cutaway.data.yours.filing import ordinary, shown, status
from cutaway.errors import Unavailable, UsageError
from cutaway.runs.disk import cannot_write


def exists(path: Path) -> bool:
    """Whether something stands at a path, be it a link that leads nowhere."""
    try:
        os.lstat(path)
    except OSError as error:
        if error.errno == errno.ENAMETOOLONG:
            what = f"{shown(path)[:80]}... is a longer path than the system takes."
            raise UsageError(what, "Give a shorter one.") from None
        return error.errno not in (errno.ENOENT, errno.ENOTDIR)
    return True


def there(path: Path | None) -> None:
    """Nothing, or an error if a path leads to no ordinary file."""
    if path and not exists(path):
        raise UsageError(f"There is no file {shown(path)}.", "Give the name of one that is there.")
    if path:
        ordinary(path, status(path))


def free(path: Path) -> Path:
    """A path at which nothing stands yet, in a folder that can be written to."""
    if exists(path):
        raise UsageError(f"{shown(path)} exists already.", "Name another file, or move it away.")
    above = next(folder for folder in path.absolute().parents if folder.exists())
    if not above.is_dir() or not os.access(above, os.W_OK):
        what = f"Cannot write {shown(path)}: {shown(above)} is no folder that you may write to."
        raise Unavailable(what, "Choose another place.")
    return path


@contextmanager
def written(path: Path) -> Iterator[BinaryIO]:
    """A new file that is there whole when it is closed, and not at all if something goes wrong."""
    half = path.with_name(f".cutaway.{uuid.uuid4().hex}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(half, "xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(half, path)
    except OSError as error:
        raise _cannot(path, error) from error
    finally:
        with suppress(OSError):
            half.unlink(missing_ok=True)


def _cannot(path: Path, error: OSError) -> Unavailable:
    """The error for a file that could not be written: why, and what would help."""
    if error.errno in (errno.ENOENT, errno.EINVAL, errno.ENOTSUP):
        return Unavailable(
            f"Cannot write {shown(path)}: the system takes no new file there.",
            "Choose another place.",
        )
    known = cannot_write(path, error)
    step, _, _ = known.next_step.partition(", then run")
    what = known.what.removesuffix(" Earlier results are intact.")
    return Unavailable(what, f"{step}, or choose another place." if "space" in step else f"{step}.")
