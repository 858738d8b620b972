"""Folders of files that are there whole or not at all, however many processes write them."""

from __future__ import annotations

import os
import shutil
import time
import uuid
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from cutaway.runs.disk import cannot_write

KEPT_DAYS = 7
ATTEMPTS = 5


def put(folder: Path, texts: Mapping[str, str]) -> None:
    """Nothing; afterwards the folder holds these files, written anew if any was damaged."""
    if not _is_whole(folder, texts):
        _write(folder, texts)
    with suppress(OSError):
        os.utime(folder)


def _is_whole(folder: Path, texts: Mapping[str, str]) -> bool:
    """Whether a copy stands there already, every file as it should be."""
    try:
        return all(
            (folder / name).read_text(encoding="utf-8") == text for name, text in texts.items()
        )
    except (OSError, UnicodeDecodeError):
        return False


def _write(folder: Path, texts: Mapping[str, str]) -> None:
    """Write a copy beside its place and rename it there; another process may win the race."""
    half = folder.with_name(f".{folder.name}.{uuid.uuid4().hex}")
    try:
        for name, text in texts.items():
            path = half / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        prune(folder.parent, time.time() - KEPT_DAYS * 86400)
        try:
            os.rename(half, folder)
        except OSError:
            _replace(folder, half, texts)
    except OSError as error:
        raise cannot_write(folder, error) from error
    finally:
        shutil.rmtree(half, ignore_errors=True)


def _replace(folder: Path, half: Path, texts: Mapping[str, str]) -> None:
    """Put a copy in the place of a damaged one; a whole one stays, whoever made it."""
    from filelock import FileLock

    with FileLock(folder.with_name(".lock")):
        for attempt in range(ATTEMPTS):
            if _is_whole(folder, texts):
                return
            damaged = half.with_name(f"{half.name}.{attempt}.damaged")
            with suppress(FileNotFoundError):
                os.rename(folder, damaged)
            try:
                return os.rename(half, folder)
            except OSError:  # one without the lock was quicker, and its copy may be damaged again
                if attempt == ATTEMPTS - 1:
                    raise
            finally:
                shutil.rmtree(damaged, ignore_errors=True)


def prune(home: Path, before: float) -> None:
    """Remove the copies that were last used before a moment."""
    for folder in home.glob("*cutaway_*"):
        try:
            if folder.stat().st_mtime < before:
                shutil.rmtree(folder, ignore_errors=True)
        except OSError:
            continue
