"""Publishing: a folder is made to hold the book, and only what changed is written."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path

from cutaway.errors import UsageError
from cutaway.runs.disk import cannot_write

MARK = ".cutaway-book"  # in a folder that is ours to change: the files there that we wrote
LEFT_OUT = {".buildinfo", "objects.inv"}  # what only Sphinx itself reads
EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest time that a zip can hold


def synchronise(files: Mapping[str, bytes], folder: Path) -> None:
    """Make a folder hold some files and no others; what is as it should be is not touched."""
    _remove(set(_files(folder)) - set(files), folder)
    for name, content in files.items():
        _write(folder / name, content)


def publish(html: Path, more: Mapping[str, bytes], out: Path) -> None:
    """Make the folder of the user hold the book; what is not ours there is left alone.

    Wherever this is interrupted, each file is whole, and the mark lists all that are ours.
    """
    if out.exists() and (not out.is_dir() or (any(out.iterdir()) and not (out / MARK).exists())):
        raise UsageError(
            f"{out} holds something that is no book.", "Choose an empty folder with --out."
        )
    made = {name: (html / name).read_bytes() for name in _files(html) if name not in LEFT_OUT}
    book = {**made, **more}
    try:
        before = _ours(out)
        _write(out / MARK, _listed({*before, *book}))
        _remove(before - set(book), out)
        for name, content in book.items():
            _write(out / name, content)
        _write(out / MARK, _listed(book))
    except OSError as error:
        raise cannot_write(out, error) from error


def zipped(out: Path, path: Path) -> None:
    """The book as one zip, the same bytes for the same book."""
    if not (out / MARK).is_file():
        raise UsageError(f"{out} is no book.", f"`cutaway book --out {out}` makes it one.")
    half = path.with_name(f".{path.name}.half")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with zipfile.ZipFile(half, "w") as file:
            for name in sorted([MARK, *_ours(out)]):
                info = zipfile.ZipInfo(f"cutaway/{name}", EPOCH)
                info.external_attr = 0o644 << 16
                file.writestr(info, (out / name).read_bytes(), zipfile.ZIP_DEFLATED)
        half.replace(path)
    except OSError as error:
        raise cannot_write(path, error) from error
    finally:
        with suppress(OSError):
            half.unlink()


def _files(folder: Path) -> Iterator[str]:
    """The files beneath a folder, by their path in it."""
    return (path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def _ours(out: Path) -> set[str]:
    """The files of a folder that its mark lists."""
    mark = out / MARK
    listed = mark.read_text(encoding="utf-8").splitlines() if mark.is_file() else []
    return set(listed) & set(_files(out))


def _listed(names: Iterable[str]) -> bytes:
    """Names, a line each."""
    return "".join(f"{name}\n" for name in sorted(names)).encode()


def _remove(names: Iterable[str], folder: Path) -> None:
    """Remove some files of a folder, and the folders in it that are empty then."""
    for name in names:
        (folder / name).unlink()
        with suppress(OSError):
            for parent in (folder / name).relative_to(folder).parents:
                if parent.name:
                    (folder / parent).rmdir()


def _write(path: Path, content: bytes) -> None:
    """Make a file hold something, in one step and only if it does not yet."""
    if path.is_file() and path.read_bytes() == content:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    half = path.with_name(f".{path.name}.half")
    try:
        half.write_bytes(content)
        os.replace(half, path)
    finally:
        with suppress(OSError):
            half.unlink()
