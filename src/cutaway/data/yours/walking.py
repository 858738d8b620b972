"""A walk through a folder: the files that a pattern means, in order, each once, and no circles."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from itertools import islice
from pathlib import Path

from cutaway.errors import Refused

from .filing import ordinary, shown, status, too_large, trouble

MOST = 1_000_000  # names looked at
DEEPEST = 100  # folders within folders
BELOW = "**"
PATTERN = "Name the files you mean with a pattern, such as 'notes/**/*.txt'."

Identity = tuple[int, int]  # the device and the number of a file: the same however it is named
Places = frozenset[int]  # how many parts of the pattern may stand for the folders so far
Entry = tuple[str, os.stat_result, Places]  # the name of a folder ends with a slash


@dataclass(frozen=True)
class Found:
    """A regular file: where it is, what it is called in the corpus, its bytes."""

    path: Path
    name: str
    size: int


@dataclass
class Walk:
    """A walk through a folder and what it has met so far."""

    folder: Path
    parts: tuple[str, ...]
    limit: int
    met: set[tuple[Identity, Places]] = field(default_factory=set)
    looked: int = 0
    size: int = 0

    def files(self) -> Iterator[Found]:
        """The files that match, in the order of their names."""
        real = Path(os.path.realpath(self.folder))
        above = [_identity(status(one)) for one in (*reversed(real.parents), real)]
        yield from self._below(self.folder, "", self._closed({0}), tuple(above))

    def _below(
        self, folder: Path, prefix: str, places: Places, above: tuple[Identity, ...]
    ) -> Iterator[Found]:
        """The files that match below one folder; `above` are the folders it lies in."""
        if prefix.count("/") > DEEPEST:
            raise Refused(f"{shown(folder)} lies more than {DEEPEST} folders deep.", PATTERN)
        for name, here, after in sorted(self._entries(folder, places), key=lambda one: one[0]):
            path = folder / name
            printable(path, name)
            state = (_identity(here), after if name.endswith("/") else Places())
            if state[0] in above and name.endswith("/"):
                raise Refused(
                    f"{shown(path)} leads back to a folder that it lies in.", "Remove the link."
                )
            if state in self.met:
                continue
            self.met.add(state)
            if name.endswith("/"):
                yield from self._below(path, prefix + name, after, (*above, state[0]))
            else:
                yield self._file(path, prefix + name, here)

    def _entries(self, folder: Path, places: Places) -> Iterator[Entry]:
        """What in a folder the pattern may mean, or lead through."""
        end = len(self.parts)
        for name in self._names(folder):
            after = self._after(places, name)
            if not after:
                continue
            try:
                here = os.stat(folder / name)
            except OSError as error:
                if end not in after and error.errno in (errno.ENOENT, errno.ELOOP):
                    continue
                raise trouble(folder / name, error) from error
            if stat.S_ISDIR(here.st_mode) and after - {end}:
                yield name + "/", here, after - {end}
            elif end in after and not stat.S_ISDIR(here.st_mode):
                yield name, here, after

    def _names(self, folder: Path) -> list[str]:
        """The names in a folder, sorted: the first error is the same everywhere."""
        try:
            with os.scandir(folder) as entries:
                names = sorted(one.name for one in islice(entries, MOST - self.looked + 1))
        except OSError as error:
            raise trouble(folder, error) from error
        self.looked += len(names)
        if self.looked > MOST:
            raise Refused(f"{shown(self.folder)} holds more than {MOST:,} names.", PATTERN)
        return names

    def _file(self, path: Path, name: str, here: os.stat_result) -> Found:
        """A file that is met for the first time."""
        ordinary(path, here)
        self.size += here.st_size
        if self.size > self.limit:
            raise too_large(self.folder, self.limit)
        return Found(path, name, here.st_size)

    def _after(self, places: Places, name: str) -> Places:
        """Where in the pattern one may be behind a name."""
        found = set()
        for place in places - {len(self.parts)}:
            part = self.parts[place]
            if name.startswith(".") and not part.startswith("."):
                continue
            if part == BELOW:
                found.add(place)
            elif fnmatchcase(name, part):
                found.add(place + 1)
        return self._closed(found)

    def _closed(self, places: set[int]) -> Places:
        """Some places, and those behind a `**` that stands for no folder."""
        found = set(places)
        for place, part in enumerate(self.parts):
            if place in found and part == BELOW:
                found.add(place + 1)
        return Places(found)


def _identity(found: os.stat_result) -> Identity:
    """What two names of one file have in common."""
    return found.st_dev, found.st_ino


def printable(path: Path, name: str) -> str:
    """A name, if it is text."""
    try:
        name.encode()
    except UnicodeEncodeError as error:
        raise Refused(f"{shown(path)} has a name that is not UTF-8.", "Rename it.") from error
    return name
