"""Digests of inputs: the syntax, without comments and docstrings, of what a result rests on."""

from __future__ import annotations

import ast
import hashlib
import os
import textwrap
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

from cutaway.data.catalogue import CATALOGUE
from cutaway.errors import UsageError
from cutaway.runs.keeping import kept
from cutaway.runs.sealing import digest

from .closures import closure, imports, imports_of, opening, package_of, stamp, tree
from .labs import PACKAGE, place, places
from .reaching import defines, is_docstring, reached
from .words import Experiment, Fault, Lab


def syntax(node: Any) -> Any:
    """A syntax tree as plain data: no positions, comments or docstrings, alike in every Python."""
    if isinstance(node, ast.AST):
        fields = [(name, syntax(value)) for name, value in ast.iter_fields(node)]
        return [
            type(node).__name__,
            *([name, value] for name, value in fields if value not in ([], None)),
        ]
    if isinstance(node, list):
        return [syntax(item) for item in node if not is_docstring(item)]
    return repr(node) if node is not None else None


@cache
def _syntax_of(path: Path, _stamp: tuple[int, int]) -> Any:
    """The syntax of a file, made once for each state of it."""
    return syntax(tree(path))


def _labs_used(nodes: Iterable[ast.AST]) -> set[str]:
    """The labs that code names as `world.NAME`; any other NAME may be what it likes."""
    inner = (node for outer in nodes for node in ast.walk(outer))
    named = (node for node in inner if isinstance(node, ast.Attribute))
    used = {n.attr for n in named if isinstance(n.value, ast.Name) and n.value.id == "world"}
    return used & set(places())


def _rests_on(lab: str, function: str) -> tuple[dict[Path, list[ast.stmt]], list[Path]]:
    """What a function of a lab rests on: statements of its declaring files, and other files."""
    here = place(lab)
    homes = [path for path in here.declaring if defines(path, function)]
    if not homes:
        what = (
            f"{lab}/lab.py defines no {function!r} at its top level, so its digest would be blind."
        )
        raise UsageError(what, "Write it there with `def`; a lambda has no name.")
    if len(homes) > 1:
        names = " and ".join(path.name for path in homes)
        raise UsageError(f"{lab} defines {function!r} in {names}.", "Give one another name.")
    own = reached(here.declaring, homes[0], function)
    nodes = [node for found in own.values() for node in found]
    used = [place(name) for name in {lab} | _labs_used(nodes)]
    roots = {place.folder / "__init__.py" for place in used}
    roots |= {component for place in used for component in place.components}
    roots |= imports(nodes, package_of(here.folder / "lab.py")) - set(here.declaring)
    words = PACKAGE / "kit" / "words.py"  # without behaviour: no result rests on their fields
    return own, [file for file in closure(roots) if file != words]


def function_inputs(lab: str, function: str) -> dict[str, Any]:
    """The syntax that a function of a lab rests on: its own, the kit's, the components'."""
    nodes, files = _rests_on(lab, function)
    own = {path.name: [syntax(node) for node in found] for path, found in nodes.items()}
    found = {file.relative_to(PACKAGE).as_posix(): _syntax_of(file, stamp(file)) for file in files}
    return {**own, **found}


def opens_corpora(lab: str, function: str) -> bool:
    """Whether a function of a lab can open a corpus."""
    own, files = _rests_on(lab, function)
    nodes = [node for found in own.values() for node in found]
    found = imports(nodes, package_of(place(lab).folder / "lab.py"))
    return opening() in found.union(*map(imports_of, files))


def fault_inputs(faults: Iterable[Fault]) -> list[list[str | None]]:
    """What of some faults a result rests on."""
    return [
        [f.name, f.file, f.where, textwrap.dedent(f.old), textwrap.dedent(f.new)] for f in faults
    ]


def experiment_inputs(lab: Lab, experiment: Experiment) -> str:
    """The digest that tells whether an experiment's results are stale."""
    named = {
        name
        for value in experiment.grid.get("fault", ())
        if value
        for name in str(value).split("+")
    }
    corpora = {name: CATALOGUE[name.partition(":")[0]].digest for name in experiment.data}
    return digest(
        {
            **({"data": corpora} if corpora else {}),
            "sources": function_inputs(
                lab.name, getattr(experiment.measure, "__name__", "measure")
            ),
            "grid": {key: list(values) for key, values in experiment.grid.items()},
            "seeds": experiment.seeds,
            **({"keeps": list(experiment.keeps)} if experiment.keeps else {}),
            **({"more": [experiment.more, *map(dict, experiment.at)]} if experiment.at else {}),
            "faults": fault_inputs(fault for fault in lab.faults if fault.name in named),
        }
    )


def receipt_inputs(lab: Lab) -> str:
    """The digest that tells whether a lab's receipts are stale."""
    folder = place(lab.name).folder
    inside = {*folder.glob("test_*.py"), *folder.glob("conftest.py")}
    tests = sorted(inside - set(folder.glob("test_lab*.py")))
    return digest(
        {
            "sources": function_inputs(lab.name, getattr(lab.observe, "__name__", "observe")),
            "tests": [syntax(tree(path)) for path in tests],
            "faults": fault_inputs(lab.faults),
        }
    )


def inputs(lab: Lab, names: Iterable[str]) -> dict[str, str]:
    """The digests of some experiments, and of "receipts", by name: found once for all code."""
    wanted = set(names)
    chosen = [one for one in lab.experiments if one.name in wanted]
    grids = [
        [one.name, one.seeds, one.more, *map(dict, one.at), *one.data, *one.keeps, {**one.grid}]
        for one in chosen
    ]

    def found() -> dict[str, str]:
        receipts = {"receipts": receipt_inputs(lab)} if "receipts" in wanted else {}
        return {**receipts, **{one.name: experiment_inputs(lab, one) for one in chosen}}

    rests_on = [code(), fault_inputs(lab.faults), grids, sorted(wanted)]
    return kept(f"inputs of {lab.name}", rests_on, found)


def code(lab: str | None = None) -> str:
    """The digest of all Python of the package, or of all but that of other labs."""
    others = {str(place(name).folder) for name in places() if lab not in (None, name)}
    return _code(str(PACKAGE), tuple(sorted(_files(str(PACKAGE), others))))


def _files(folder: str, others: set[str]) -> Iterator[tuple[str, int, int]]:
    """The Python files in a folder, other folders left out, each with what changes when it does."""
    for entry in os.scandir(folder):
        if entry.is_dir():
            if entry.name != "__pycache__" and entry.path not in others:
                yield from _files(entry.path, others)
        elif entry.name.endswith(".py"):
            stat = entry.stat()
            yield entry.path, stat.st_mtime_ns, stat.st_size


@cache
def _code(package: str, files: tuple[tuple[str, int, int], ...]) -> str:
    found = {os.path.relpath(path, package): Path(path).read_bytes() for path, *_ in files}
    return digest({name: hashlib.sha256(text).hexdigest() for name, text in found.items()})
