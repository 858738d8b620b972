"""Which files a path means: itself, all below a folder, or those that a pattern matches."""

from __future__ import annotations

import difflib
import os
import re
import stat
from itertools import islice
from pathlib import Path

from cutaway.errors import Refused, UsageError

from .filing import ordinary, shown, status, too_large, trouble
from .walking import BELOW, PATTERN, Found, Walk, printable

_MAGIC = re.compile(r"[*?[]")


def find(path: str | Path, limit: int) -> tuple[bool, tuple[Found, ...]]:
    """Whether a path is that of one file, and the files that it means, at most `limit` bytes.

    Of a folder these are all files below it, of a pattern (`*`, `?`, `[a-z]`, and `**` for any
    folders) those that match; in the order of their names, which are relative to the folder.
    Names that begin with a dot are left out unless the pattern says the dot. Links are followed;
    a file or folder met twice counts once, by its first name; one that contains itself is refused.
    """
    place = _expanded(path)
    try:
        os.lstat(place)
    except (FileNotFoundError, NotADirectoryError) as error:
        if not _MAGIC.search(str(place)):
            raise UsageError(f"{shown(place)} does not exist.", _nearest(place)) from error
        magic = next(n for n, part in enumerate(place.parts) if _MAGIC.search(part))
        folder, parts = Path(*place.parts[:magic]), place.parts[magic:]
        if not folder.is_dir():
            raise UsageError(f"{shown(folder)} is no folder.", _nearest(folder)) from error
    except OSError as error:
        raise trouble(place, error) from error
    else:
        here = status(place)
        if not stat.S_ISDIR(here.st_mode):
            ordinary(place, here)
            if here.st_size > limit:
                raise too_large(place, limit)
            return True, (Found(place, printable(place, place.name), here.st_size),)
        folder, parts = place, (BELOW,)
    files = tuple(Walk(folder, parts, limit).files())
    if not files:
        what = "matches no file" if len(parts) > 1 or parts[0] != BELOW else "holds no file"
        raise Refused(f"{shown(place)} {what} (hidden ones do not count).", PATTERN)
    return False, files


def _expanded(path: str | Path) -> Path:
    """The path that is meant, `~` replaced by the home folder."""
    if not str(path) or "\0" in str(path):
        raise UsageError("A path is empty or holds a zero byte.", "Name a file or a folder.")
    try:
        return Path(path).expanduser()
    except RuntimeError as error:
        raise UsageError(f"{shown(path)}: nobody here has this name.", "Write it out.") from error


def _nearest(place: Path) -> str:
    """What to try instead of a path that does not exist."""
    first = next(one for one in (*reversed(place.parents), place) if not os.path.lexists(one))
    try:
        with os.scandir(first.parent) as entries:
            names = [entry.name for entry in islice(entries, 5000)]
    except OSError:
        names = []
    close = difflib.get_close_matches(first.name, names, n=1, cutoff=0.5)
    meant = [f"Did you mean {shown(first.parent / name)}?" for name in close]
    return meant[0] if meant else f"Look at what is in {shown(first.parent)}."
