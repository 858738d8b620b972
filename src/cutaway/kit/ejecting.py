"""A component to take away: its files and whatever they import, with the licence line."""

from __future__ import annotations

from cutaway import __version__

from .digests import closure
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
    needed = closure([here.folder / "__init__.py", *files])
    names = {path.relative_to(PACKAGE).as_posix() for path in needed}
    names |= {f"{name.split('/')[0]}/__init__.py" for name in names}
    return {"__init__.py": "", **{name: _licensed(name) for name in sorted(names)}}


def _licensed(name: str) -> str:
    """The source of a file under its licence line."""
    text = (PACKAGE / name).read_text(encoding="utf-8")
    return LICENCE.format(version=__version__, path=name) + text
