"""One writer a folder: a second one is told who the first is, and a dead one is in nobody's way."""

from __future__ import annotations

import os
import platform
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from cutaway.errors import Unavailable

from .disk import cannot_write

LOCK = ".lock"  # held by the system for as long as its owner lives, however that ends
WRITER = ".writer"  # who holds it, for people to read


@contextmanager
def only_writer(folder: Path) -> Iterator[None]:
    """Be the one who writes in a folder, or fail at once with an error that names who does."""
    from filelock import FileLock, Timeout

    lock = FileLock(folder / LOCK)
    try:
        lock.acquire(blocking=False)
    except Timeout:
        raise Unavailable(
            f"{folder} is being written by {_writer(folder)}.",
            "Wait until that ends, stop it, or choose another folder.",
        ) from None
    except OSError as error:
        raise cannot_write(folder / LOCK, error) from error
    try:
        with suppress(OSError):
            name = f"process {os.getpid()} on {platform.node() or 'this machine'}"
            (folder / WRITER).write_text(name, encoding="utf-8")
        yield
    finally:
        lock.release()


def _writer(folder: Path) -> str:
    """Who said last that they write here."""
    with suppress(OSError, ValueError):
        with open(folder / WRITER, encoding="utf-8") as file:
            said = file.read(200)
        if re.fullmatch(r"process [0-9]{1,10} on [\w. \-]{1,100}", said):
            return said
    return "another process"
