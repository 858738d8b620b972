"""The bytes of one file: never of a pipe or a device, and never of one that changes meanwhile."""

from __future__ import annotations

import errno
import os
import stat
from io import FileIO
from pathlib import Path

from cutaway.errors import CutawayError, Refused, Unavailable

from ..corpora import Told

AT_ONCE = 2**24  # bytes
# Not to wait for a writer, and not to become the terminal of a stranger.
FLAGS = os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
ORDINARY = "Copy its text into an ordinary file and name that one."
CONVERT = "Convert it to UTF-8, for example with `iconv -f latin1 -t utf-8 OLD > NEW`."
NOT_TEXT = "Take its text out into a file of its own, in UTF-8."
_KINDS = {
    stat.S_IFIFO: "a pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
    stat.S_IFDIR: "a folder",
}
_WIDE = (b"\xff\xfe", b"\xfe\xff", b"\x00\x00\xfe\xff")
_FORMATS = {b"%PDF-": "a PDF", b"{\\rtf": "RTF", b"%!PS": "PostScript", b"PK\x03\x04": "a ZIP"}


def shown(path: str | Path) -> str:
    """A path as text that can be printed, whatever its bytes are."""
    return os.fsencode(path).decode(errors="backslashreplace")


def trouble(path: Path, error: OSError) -> CutawayError:
    """The error a user sees when a file or folder cannot be looked at."""
    name = shown(path)
    if error.errno in (errno.EACCES, errno.EPERM):
        return Unavailable(
            f"{name} cannot be read: permission denied.",
            "Give yourself the right to read it, or name other files.",
        )
    if error.errno == errno.ELOOP:
        return Refused(f"{name} is a link that leads to itself.", "Remove the link.")
    if error.errno == errno.ENAMETOOLONG:
        return Refused(f"{name[:80]}... is a longer path than the system takes.", "Move it up.")
    if error.errno in (errno.ENOENT, errno.ENOTDIR) and path.is_symlink():
        return Refused(f"{name} is a link to what is not there.", "Remove the link, or mend it.")
    reason = (error.strerror or str(error)).lower()
    return Unavailable(f"{name} cannot be read: {reason}.", "Look at the file and its disk.")


def status(path: Path) -> os.stat_result:
    """What the system says of a path, its links followed."""
    try:
        return os.stat(path)
    except OSError as error:
        raise trouble(path, error) from error


def ordinary(path: Path, found: os.stat_result) -> None:
    """Nothing, if what was found at a path is a regular file."""
    if not stat.S_ISREG(found.st_mode):
        kind = _KINDS.get(stat.S_IFMT(found.st_mode), "something else")
        raise Refused(f"{shown(path)} is {kind}, not an ordinary file.", ORDINARY)


def content(path: Path, limit: int, told: Told | None = None) -> bytearray:
    """The bytes of a regular file of at most `limit` bytes, as they were all at one time."""
    ordinary(path, status(path))  # before it is opened: opening some devices does something
    try:
        with open(os.open(path, FLAGS), "rb", buffering=0) as file:
            before = os.fstat(file.fileno())
            ordinary(path, before)
            if before.st_size > limit:
                raise too_large(path, limit)
            data = _filled(file, before.st_size, told)
            surplus = bool(file.read(1))
            made_up = surplus and os.fstat(file.fileno()).st_size == 0
    except OSError as error:
        raise trouble(path, error) from error
    if made_up:
        raise Refused(f"{shown(path)} is made by the system while one reads.", ORDINARY)
    whole = len(data) == before.st_size and not surplus
    if not (whole and _stamp(before) == _stamp_at(path)):
        raise Refused(
            f"{shown(path)} changed while it was read.",
            "Let its writer finish (or copy the file), then run the same command again.",
        )
    return data


def _filled(file: FileIO, size: int, told: Told | None) -> bytearray:
    """The first bytes of a file; fewer than `size` if there are no more."""
    data, done = bytearray(size), 0
    while done < size:
        with memoryview(data)[done : done + AT_ONCE] as part:
            got = file.readinto(part)
        if not got:
            break
        done += got
        if told:
            told(done, size)
    del data[done:]
    return data


def _stamp(found: os.stat_result) -> tuple[int, ...]:
    """What stays the same of a file that nobody writes or replaces."""
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns


def _stamp_at(path: Path) -> tuple[int, ...]:
    """The stamp of the file that a path leads to now; empty if it leads nowhere."""
    try:
        return _stamp(os.stat(path))
    except OSError:
        return ()


def too_large(path: Path, limit: int) -> Refused:
    """The error for more text than is read."""
    return Refused(
        f"{shown(path)} has more than {limit:,} bytes, the most that is read.",
        "Name fewer files with a pattern ('notes/2024*.txt'), or cut the file into smaller ones.",
    )


def beginning(path: Path, data: bytearray) -> int:
    """Where the text of a file begins: behind its byte order mark, if it has one."""
    if data.startswith(_WIDE):
        raise Refused(f"{shown(path)} is UTF-16 or UTF-32, not UTF-8.", CONVERT)
    for mark, kind in _FORMATS.items():
        if data.startswith(mark):
            raise Refused(f"{shown(path)} is {kind}, not plain text.", NOT_TEXT)
    zero = data.find(0)
    if zero >= 0:
        raise Refused(f"{shown(path)} is not text: its byte {zero:,} is zero.", NOT_TEXT)
    return 3 if data.startswith(b"\xef\xbb\xbf") else 0


def text(path: Path, data: bytearray, start: int, end: int) -> str:
    """The characters that some bytes of a file stand for."""
    try:
        return data[start:end].decode()
    except UnicodeDecodeError as error:
        at = start + error.start
        raise Refused(
            f"{shown(path)} is not UTF-8: byte {at:,} (0x{data[at]:02x}) begins no character.",
            CONVERT,
        ) from error
