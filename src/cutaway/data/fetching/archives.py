"""Reading archives that strangers made: in memory, in pieces, and only what is wanted."""

from __future__ import annotations

import copy
import posixpath
import re
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from lzma import LZMAError
from pathlib import Path
from typing import BinaryIO, NoReturn, Protocol

from cutaway.errors import Refused, Unavailable

from .streams import PIECE, Cautious, TooMuch, unpacked

AGAIN = "Get the archive anew, or from another source."
MOST_LISTING = 2**24  # bytes of a zip's list of members, which is read at once
ROOM = 8  # times the limit: what a tar may unpack to with all that is passed over
KINDS = {0, stat.S_IFREG, stat.S_IFDIR}  # of a zip's members, where it says a kind
BROKEN = (
    zipfile.BadZipFile,
    tarfile.TarError,
    zlib.error,
    LZMAError,
    EOFError,
    ValueError,
    NotImplementedError,
    OverflowError,
    RuntimeError,
)


class Readable(Protocol):
    """What bytes can be read from."""

    def read(self, size: int, /) -> bytes:
        """Some of the bytes that come next; none at the end."""


def members(archive: Path, wanted: re.Pattern[str] | str, limit: int = 2**28) -> dict[str, bytes]:
    """The members of a zip (so of a wheel) or a tar whose whole names match, sorted by name.

    Nothing is written anywhere. An archive with any member that would leave the folder it is
    unpacked in is refused whole, and so is one that unpacks to more than `limit` bytes.
    """
    pattern = re.compile(wanted)
    try:
        if not archive.is_file():
            raise Refused(f"{archive} is not an archive: it is no file.", "Name a .whl or a .tgz.")
        with archive.open("rb") as file:
            is_zip = file.read(2) == b"PK"
            file.seek(0)
            pairs = (_from_zip if is_zip else _from_tar)(archive, file, pattern, limit)
            found = _once(archive, pairs)
    except TooMuch as error:
        refuse(archive, f"unpacks to {error}")
    except BROKEN as error:
        said = str(error) or type(error).__name__
        refuse(archive, f"is cut short, damaged or no archive ({said})")
    except OSError as error:
        if error.errno is None:
            refuse(archive, f"is cut short, damaged or no archive ({error})")
        raise Unavailable(f"Cannot read {archive}: {error.strerror}.", "Check the file.") from error
    return dict(sorted(found.items()))


def refuse(archive: Path, why: str) -> NoReturn:
    """Refuse an archive as a whole."""
    raise Refused(f"{archive} {why}; nothing of it is used.", AGAIN)


def _once(archive: Path, pairs: Iterator[tuple[str, bytes]]) -> dict[str, bytes]:
    """Members by name, no name of which means a place twice."""
    found: dict[str, bytes] = {}
    places: set[str] = set()
    for name, data in pairs:
        place = posixpath.normpath(name)
        if place in places:
            refuse(archive, f"has the member {name!r} twice")
        places.add(place)
        found[name] = data
    return found


def _check_name(archive: Path, name: str) -> None:
    """Refuse an archive with a member whose name leads anywhere but below the folder."""
    if not name or _leaves(name):
        refuse(archive, f"has a member that would escape its folder ({name!r})")


def _leaves(place: str) -> bool:
    """Whether a path leads out of its folder, on this system or on another."""
    odd = "\0" in place or "\\" in place or re.match("[A-Za-z]:", place)
    return bool(odd) or place.startswith("/") or ".." in place.split("/")


def _from_zip(
    archive: Path, file: BinaryIO, pattern: re.Pattern[str], limit: int
) -> Iterator[tuple[str, bytes]]:
    """The wanted members of a zip."""
    with Cautious(file, MOST_LISTING) as careful, zipfile.ZipFile(careful) as opened:
        for info in opened.infolist():
            _check_zip_member(archive, info)
        for info in opened.infolist():
            if info.is_dir() or not pattern.fullmatch(info.filename):
                continue
            whole = copy.copy(info)
            whole.file_size = limit + 2 * PIECE  # to where the data end, whatever is claimed
            with opened.open(whole) as member:
                data = _all(archive, info.filename, member, info.file_size, limit)
            limit -= len(data)
            yield info.filename, data


def _check_zip_member(archive: Path, info: zipfile.ZipInfo) -> None:
    """Refuse a zip with a member that is not a plain, readable file or folder."""
    name = info.orig_filename
    _check_name(archive, name)
    if stat.S_IFMT(info.external_attr >> 16) not in KINDS:
        refuse(archive, f"has a member that is a link or a device ({name!r})")
    if info.flag_bits & 0x2041:
        refuse(archive, f"has a member that is encrypted ({name!r})")
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        refuse(archive, f"has a member packed in a way that wheels do not use ({name!r})")
    if info.compress_type == zipfile.ZIP_STORED and info.compress_size != info.file_size:
        refuse(archive, f"lies about the size of the member {name!r}")


def _from_tar(
    archive: Path, file: BinaryIO, pattern: re.Pattern[str], limit: int
) -> Iterator[tuple[str, bytes]]:
    """The wanted members of a tar, packed or not."""
    stream = unpacked(file, ROOM * limit + 2**20)
    is_empty = True
    with tarfile.TarFile(fileobj=stream) as opened:
        while info := opened.next():
            is_empty = False
            # Or a tar of a million empty files fills the memory.
            opened.members = []  # type: ignore[attr-defined]
            is_wanted = pattern.fullmatch(info.name) is not None and not info.isdir()
            _check_tar_member(archive, info, is_wanted)
            if is_wanted and (member := opened.extractfile(info)):
                with member:
                    data = _all(archive, info.name, member, info.size, limit)
                limit -= len(data)
                yield info.name, data
    if is_empty or stream.last != bytes(tarfile.BLOCKSIZE):
        refuse(archive, "is cut short, or no archive: the end of one is missing")
    while stream.read(PIECE):
        pass  # to the end, where a packed stream keeps its checksum


def _check_tar_member(archive: Path, info: tarfile.TarInfo, is_wanted: bool) -> None:
    """Refuse a tar with a member that is neither a file nor a folder nor a link within it."""
    _check_name(archive, info.name)
    if info.issym() or info.islnk():
        start = posixpath.dirname(info.name) if info.issym() else ""
        target = posixpath.normpath(posixpath.join(start, info.linkname))
        if is_wanted or not info.linkname or _leaves(target):
            refuse(archive, f"has a member that is a link ({info.name!r} to {info.linkname!r})")
    elif not (info.isreg() or info.isdir()) or info.issparse():
        refuse(archive, f"has a member that is a device or has holes ({info.name!r})")


def _all(archive: Path, name: str, member: Readable, claimed: int, limit: int) -> bytes:
    """The bytes of a member, as many as it claims and at most as many as are left."""
    if claimed > limit:
        raise TooMuch("more than it may")
    data = bytearray()
    while piece := member.read(PIECE):
        data += piece
        if len(data) > limit:
            raise TooMuch("more than it may")
    if len(data) != claimed:
        refuse(archive, f"lies about the size of the member {name!r}, or is cut short")
    return bytes(data)
