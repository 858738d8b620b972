"""Worlds: the package, clean or broken, as an importable sibling of itself."""

from __future__ import annotations

import hashlib
import importlib
import re
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

from cutaway.errors import UsageError
from cutaway.runs.folders import cache_folder

from .copies import put
from .faults import edited
from .labs import PACKAGE, find_fault, nearest, place, places, wings
from .words import Fault

# What declares and judges a lab stays out of the copies that it judges.
AT_HOME = re.compile(r"lab(_.*)?\.py|test_lab.*\.py")


class World:
    """The package, clean or broken: `world.bigram` is that lab's components."""

    def __init__(self, package: str, faults: Sequence[Fault] = ()) -> None:
        self.package = package
        self.faults = tuple(faults)

    def __getattr__(self, lab: str) -> Any:
        """The components of a lab in this world."""
        known = places()
        if lab.startswith("_") or lab not in known:
            raise AttributeError(f"no lab {lab!r}. {nearest(lab, known, 'cutaway list')}")
        return self.module(known[lab].module)

    def __repr__(self) -> str:
        return f"<world {self.package}: {', '.join(f.name for f in self.faults) or 'clean'}>"

    def module(self, name: str) -> ModuleType:
        """A module of this world by its name inside the package."""
        try:
            return importlib.import_module(f"{self.package}.{name}")
        except (Exception, SystemExit) as error:
            if not self.faults:
                raise
            raise _not_importable(self.faults, error) from error

    def forget(self) -> None:
        """Take the copy's modules out of this interpreter."""
        inside = [n for n in sys.modules if n == self.package or n.startswith(f"{self.package}.")]
        for name in inside:
            del sys.modules[name]


CLEAN = World("cutaway")
_open: Counter[str] = Counter()  # the blocks that are in each copy: the last to end unloads it


@contextmanager
def broken(*faults: Fault | str) -> Iterator[World]:
    """A world with some faults in it: `with broken("bigram.no_shift") as world: ...`."""
    world = build([find_fault(fault) if isinstance(fault, str) else fault for fault in faults])
    _open[world.package] += 1
    try:
        yield world
    finally:
        _open[world.package] -= 1
        if not _open[world.package]:
            world.forget()


def sources() -> dict[str, str]:
    """The component files of the package, with the tests that judge them, by path inside it."""
    found = _texts(PACKAGE / wing / "__init__.py" for wing in wings())
    for here in places().values():
        every = sorted(here.folder.glob("*.py"))
        files = (path for path in every if not AT_HOME.fullmatch(path.name))
        with suppress(UnicodeDecodeError):  # such a lab stays out; `load` says what is wrong
            found |= _texts(files)
    return found


def _texts(files: Iterable[Path]) -> dict[str, str]:
    """The texts of some files by their paths inside the package."""
    return {path.relative_to(PACKAGE).as_posix(): path.read_text("utf-8") for path in files}


def component(lab: str, file: str | None = None) -> str:
    """The path inside the package of a lab's component; its only one, unless a file is named."""
    names = {path.name: path for path in place(lab).components}
    if file is None and len(names) > 1:
        raise UsageError(f"The lab {lab!r} has several files.", f"Say which: {', '.join(names)}")
    chosen = file or next(iter(names))
    if chosen not in names:
        raise UsageError(f"The lab {lab!r} has no file {chosen!r}.", nearest(chosen, names, "ls"))
    return names[chosen].relative_to(PACKAGE).as_posix()


def resolved(fault: Fault) -> Fault:
    """The fault with its component named from the package's folder; a unique ending is enough."""
    parts = {path for here in places().values() for path in here.components}
    known = [name for name in sources() if PACKAGE / name in parts]
    hits = [name for name in known if name == fault.file or name.endswith(f"/{fault.file}")]
    if len(hits) != 1:
        several = (
            f"Say which: {', '.join(hits)}" if hits else nearest(fault.file, known, "cutaway list")
        )
        raise UsageError(
            f"The fault {fault.name!r} names {fault.file!r}, which is no one component.", several
        )
    return replace(fault, file=hits[0])


def build(faults: Sequence[Fault]) -> World:
    """A copy of the package with some faults in it; with none, the control."""
    faults = [resolved(fault) for fault in faults]
    texts = edited(sources(), faults)
    _check_syntax(texts, faults)
    name = "cutaway_" + hashlib.sha256(repr(sorted(texts.items())).encode()).hexdigest()[:16]
    home = worlds_folder()
    folder = home / name
    texts["__init__.py"] = '"""A copy of cutaway."""\n'
    put(folder, texts)
    if str(home) not in sys.path:
        sys.path.append(str(home))
    importlib.invalidate_caches()
    return World(name, faults)


def _check_syntax(texts: Mapping[str, str], faults: Sequence[Fault]) -> None:
    """An error that names the fault, unless every edited file is Python."""
    for fault in faults:
        try:
            compile(texts[fault.file], fault.file, "exec", dont_inherit=True)
        except (SyntaxError, ValueError) as error:
            raise _not_importable(faults, error) from error


def _not_importable(faults: Sequence[Fault], error: BaseException) -> UsageError:
    """The error for a broken copy that Python does not take."""
    names = ", ".join(fault.name for fault in faults)
    what = f"The broken copy ({names}) cannot be imported: {type(error).__name__}: {error}."
    return UsageError(what, "A fault must leave a file that Python can import.")


def worlds_folder() -> Path:
    """The folder of the broken copies."""
    return cache_folder() / "worlds"


def source_of(world: World, file: str) -> str:
    """The text of a file that really ran."""
    return (worlds_folder() / world.package / file).read_text(encoding="utf-8")
