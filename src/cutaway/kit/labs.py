"""Discovery: a lab is a folder with a lab.py in a wing; nothing lists them."""

from __future__ import annotations

import difflib
import importlib.util
import re
import sys
import traceback
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from types import ModuleType

from cutaway.errors import UsageError

from .words import Fault, Lab

PACKAGE = Path(__file__).resolve().parents[1]
APART = "declared_labs"  # the package that the labs' declarations are loaded into
WINGS = {
    "atoms": "the smallest parts of a language model",
    "architecture": "how the parts make a model",
    "training": "how a model learns",
    "inference": "how a model speaks",
    "efficiency": "more with less",
    "alignment": "what a model is wanted to do",
    "beyond": "further than text, and further than one model",
}


@dataclass(frozen=True)
class Place:
    """Where a lab stands."""

    name: str
    wing: str

    @property
    def folder(self) -> Path:
        """The folder of the lab."""
        return PACKAGE / self.wing / self.name

    @property
    def module(self) -> str:
        """The lab's package inside cutaway."""
        return f"{self.wing}.{self.name}"

    @property
    def results(self) -> Path:
        """The folder of its committed results."""
        return self.folder / "results"

    @property
    def components(self) -> list[Path]:
        """The files of the lesson."""
        outside = re.compile(r"(lab(_.*)?|__init__|conftest|test_.*)\.py")
        return [
            path for path in sorted(self.folder.glob("*.py")) if not outside.fullmatch(path.name)
        ]

    @property
    def declaring(self) -> list[Path]:
        """The files that say what is measured, broken and claimed: lab.py, and each lab_*.py."""
        return [self.folder / "lab.py", *sorted(self.folder.glob("lab_*.py"))]


def places() -> dict[str, Place]:
    """Every lab by name, without importing any."""
    found = (path.parent for path in sorted(PACKAGE.glob("*/*/lab.py")))
    return {folder.name: Place(folder.name, folder.parent.name) for folder in found}


def wings() -> list[str]:
    """The folders that hold labs."""
    return sorted({place.wing for place in places().values()})


def place(name: str) -> Place:
    """The place of one lab, or an error that offers the nearest names."""
    known = places()
    if name not in known:
        raise UsageError(f"There is no lab {name!r}.", nearest(name, known, "cutaway list"))
    return known[name]


class LabBroken(UsageError):
    """A lab with a file that cannot be read; the other labs are not touched by it."""


@cache
def load(name: str) -> Lab:
    """One lab, its faults named by file within the package."""
    here = place(name)
    _check_python(name, here.folder)
    try:
        lab = getattr(_declared(here), "lab", None)
        if not isinstance(lab, Lab):
            raise LabBroken("lab.py makes no `lab = Lab(...)`.")
        home = f"{here.wing}/{name}"
        return replace(lab, faults=tuple(replace(f, file=f"{home}/{f.file}") for f in lab.faults))
    except (Exception, SystemExit) as error:
        _forget(f"{APART}.{name}")
        raise _broken(here, error) from error


def _declared(here: Place) -> ModuleType:
    """What lab.py defines, and the files that it imports from beside it.

    They are a package apart: inside cutaway's own they would bring the components and torch along.
    """
    apart = ModuleType(f"{APART}.{here.name}")
    _forget(apart.__name__)
    apart.__path__ = [str(here.folder)]
    sys.modules |= {APART: ModuleType(APART), apart.__name__: apart}
    spec = importlib.util.spec_from_file_location(f"{apart.__name__}.lab", here.folder / "lab.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def _forget(package: str) -> None:
    """Unload what was read of a lab before."""
    for name in [name for name in sys.modules if f"{name}.".startswith(f"{package}.")]:
        del sys.modules[name]


def _check_python(name: str, folder: Path) -> None:
    """An error that names the file and the line, unless every file of a lab is Python."""
    for path in sorted(folder.glob("*.py")):
        try:
            text = path.read_text(encoding="utf-8")
            compile(text, str(path), "exec", dont_inherit=True)
        except (OSError, SyntaxError, ValueError, RecursionError, MemoryError) as error:
            raise _broken(place(name), error, path) from error


def _broken(here: Place, error: BaseException, path: Path | None = None) -> LabBroken:
    """The error for a lab with a file that cannot be read, with the line in that file if known."""
    what = f"The lab {here.name!r} cannot be read: "
    frames = [
        frame
        for frame in traceback.extract_tb(error.__traceback__)
        if Path(frame.filename).parent == here.folder
    ]
    path = path or (Path(frames[-1].filename) if frames else here.folder / "lab.py")
    if isinstance(error, LabBroken):
        return LabBroken(f"{what}{error.what}", f"Mend {path}")
    lines = [frame.lineno for frame in frames if frame.filename == str(path)]
    said = error.msg if isinstance(error, SyntaxError) else error
    if isinstance(error, SyntaxError) and error.filename == str(path):
        lines.append(error.lineno)
    elif isinstance(error, UnicodeDecodeError):
        lines.append(error.object.count(b"\n", 0, error.start) + 1)
    where = f"{path.name}, line {lines[-1]}" if lines else path.name
    return LabBroken(f"{what}{type(error).__name__}: {said} ({where}).", f"Mend {path}")


def labs() -> tuple[list[Lab], list[LabBroken]]:
    """The labs in the order in which one would learn them, and those that cannot be read."""
    good: list[Lab] = []
    bad: list[LabBroken] = []
    for name in places():
        try:
            good.append(load(name))
        except LabBroken as error:
            bad.append(error)
    return sorted(good, key=lambda lab: (lab.number, lab.name)), bad


def find_fault(name: str, lab: str | None = None) -> Fault:
    """A declared fault by its name, or by `lab.name`, or an error that offers the nearest."""
    home, _, short = name.rpartition(".")
    if lab and home and home != lab:
        what = f"The fault {name!r} is of the lab {place(home).name!r}, not of {lab!r}."
        raise UsageError(what, f"`cutaway break {home} {short}` breaks that one.")
    home = lab or home
    searched = [load(home)] if home else labs()[0]
    known = {f"{one.name}.{fault.name}": fault for one in searched for fault in one.faults}
    hits = [fault for full, fault in known.items() if full.rpartition(".")[2] == short]
    if len(hits) == 1:
        return hits[0]
    if hits:
        several = ", ".join(full for full in known if full.endswith(f".{short}"))
        raise UsageError(f"Several labs have a fault {short!r}.", f"Say which: {several}")
    names = [full.rpartition(".")[2] if home else full for full in known]
    where = f"The lab {home!r}" if home else "No lab"
    verb = "has no" if home else "has a"
    raise UsageError(
        f"{where} {verb} fault {short!r}.", nearest(short, names, "cutaway list --faults")
    )


def nearest(name: str, known: Iterable[str], otherwise: str) -> str:
    """A next step: the names nearest to a mistaken one, or how to see them all."""
    close = difflib.get_close_matches(name, list(known), n=3, cutoff=0.5)
    return f"Did you mean {' or '.join(close)}?" if close else f"`{otherwise}` shows what there is."
