"""A user's own text: a file, a folder or a pattern as documents. Nothing is dropped silently."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from cutaway.errors import CutawayError, Refused

from ..corpora import Document, Told
from .cutting import documents, whole
from .filing import content, shown
from .finding import find
from .walking import PATTERN, Found


def read(path: str | Path, limit: int = 2**31, told: Told | None = None) -> tuple[Document, ...]:
    """The documents of a file (see `cutting`), or of all files of a folder or a pattern.

    Which files these are and how they are named stands in `finding`. Each is one document, a
    `.jsonl` file one a line, an empty file none. A file that is not UTF-8 text, that changes
    while it is read or that cannot be read is refused by name, and so is all above `limit` bytes.
    """
    alone, files = find(path, limit)
    if alone:
        only = files[0]
        found = documents(only.path, only.name, content(only.path, limit, told))
    else:
        found = _of_many(files, limit, told)
    if all(not one.text or one.text.isspace() for one in found):
        raise Refused(f"{shown(path)} holds no text.", "Name a file with some text in it.")
    return tuple(found)


def _of_many(files: Iterable[Found], limit: int, told: Told | None) -> list[Document]:
    """The documents of several files; the first that is bad is refused, the like of it counted."""
    files = tuple(files)
    total = sum(one.size for one in files)
    found: list[Document] = []
    wrong: list[CutawayError] = []
    done = 0
    for file in files:
        try:
            data = content(file.path, limit - done)
            found += whole(file.path, file.name, data)
            done += len(data)
        except CutawayError as error:
            wrong.append(error)
        if told:
            told(min(done, total), total)
    if wrong:
        raise _first(wrong)
    return found


def _first(wrong: list[CutawayError]) -> CutawayError:
    """The first of some errors, and how many of the others ask for the same remedy."""
    first = wrong[0]
    same = sum(one.next_step == first.next_step for one in wrong) - 1
    files = "other file has" if same == 1 else "other files have"
    what = f"{first.what} {same:,} {files} the same problem." if same else first.what
    return type(first)(what, f"{first.next_step} Or leave it out: {PATTERN}")
