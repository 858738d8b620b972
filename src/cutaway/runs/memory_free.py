"""How much memory a process may still take: what the machine has, and what it was allowed."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

# Of a control group: where it stands, its limit, what it uses, and what it could give up.
SECOND = ("sys/fs/cgroup", "memory.max", "memory.current", "inactive_file")
MIXED = ("sys/fs/cgroup/unified", *SECOND[1:])
FIRST = (
    "sys/fs/cgroup/memory",
    "memory.limit_in_bytes",
    "memory.usage_in_bytes",
    "total_inactive_file",
)


def free_memory(root: Path = Path("/")) -> int | None:
    """The bytes that this process may still take, or None where the system does not say."""
    found = [_available(root), _address_space(root), *_groups(root)]
    known = [one for one in found if one is not None]
    return max(0, min(known)) if known else None


def _available(root: Path) -> int | None:
    """What the machine could hand out without swapping."""
    kilobytes = named(root / "proc/meminfo", "MemAvailable:")
    if kilobytes is not None:
        return kilobytes * 1024
    try:
        return os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):  # macOS says how much it has, not what is free
        return None


def _address_space(root: Path) -> int | None:
    """What is left of the address space, where that is limited."""
    try:
        import resource
    except ImportError:
        return None
    limit = resource.getrlimit(resource.RLIMIT_AS)[0]
    pages = _first(root / "proc/self/statm")
    if limit == resource.RLIM_INFINITY or pages is None:
        return None
    return limit - pages * resource.getpagesize()


def _groups(root: Path) -> Iterator[int]:
    """What is left in each control group that the process is in, and in those around it."""
    for line in _lines(root / "proc/self/cgroup"):
        _, controllers, path = [*line.split(":", 2), "", ""][:3]
        kinds = [FIRST] if "memory" in controllers.split(",") else [SECOND, MIXED]
        for place, limit, used, spare in kinds:
            for folder in _upwards(root / place, path):
                most, now = _first(folder / limit), _first(folder / used)
                if most is not None and now is not None:
                    yield most - now + (named(folder / "memory.stat", spare) or 0)


def _upwards(place: Path, path: str) -> Iterator[Path]:
    """The folder of a group, those around it, and the outermost, beyond which nothing is seen."""
    inner = PurePosixPath(path.lstrip("/"))
    inner = PurePosixPath() if ".." in inner.parts else inner
    yield from (place / each for each in (inner, *inner.parents))


def _lines(path: Path) -> list[str]:
    """The lines of a file; none if it cannot be read."""
    try:
        return path.read_text(errors="replace").splitlines()
    except (OSError, ValueError):  # a name may hold a zero
        return []


def _first(path: Path) -> int | None:
    """The number that a file begins with, if it does."""
    return _whole(" ".join(_lines(path)[:1]).split()[:1])


def named(path: Path, name: str) -> int | None:
    """The number that stands behind a name in a file, if it does."""
    rows = [line.split() for line in _lines(path)]
    return next((_whole(row[1:2]) for row in rows if row[:1] == [name]), None)


def _whole(words: list[str]) -> int | None:
    """The number that a word is, if it is one; `max` is none."""
    return int(words[0]) if words and words[0].isascii() and words[0].isdigit() else None
