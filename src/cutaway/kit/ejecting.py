"""A component to take away: its files and whatever they import, with the licence line."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from cutaway import __version__

from .closures import closure
from .labs import PACKAGE, place
from .words import Lab

LICENCE = "# From cutaway {version}, {path}. MIT licence, copyright (c) 2026 the cutaway authors.\n"


def ejected(lab: Lab) -> dict[str, str]:
    """The files to write, by name: the component alone, or a package if it imports other labs."""
    here = place(lab.name)
    inits = {here.folder / "__init__.py"}
    files = closure(here.components)
    alone = {path for path in files if path.parent == here.folder} - inits
    if len(files) == len(alone) == 1:
        return {path.name: _licensed(path.relative_to(PACKAGE).as_posix()) for path in alone}
    while (more := closure([*files, *_inits(files)])) != files:
        files = more
    names = [path.relative_to(PACKAGE).as_posix() for path in files]
    return {"__init__.py": "", **{name: _licensed(name) for name in names}}


def _inits(files: Iterable[Path]) -> set[Path]:
    """The __init__ files of the packages that some files stand in, below cutaway itself."""
    folders = {folder for path in files for folder in path.parents if PACKAGE in folder.parents}
    return {init for folder in folders if (init := folder / "__init__.py").is_file()}


def _licensed(name: str) -> str:
    """The source of a file under its licence line."""
    text = (PACKAGE / name).read_text(encoding="utf-8")
    return LICENCE.format(version=__version__, path=name) + text
