"""Digests of inputs: the syntax, without comments and docstrings, of what a result rests on."""

from __future__ import annotations

import ast
import textwrap
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

from cutaway.data.catalogue import CATALOGUE
from cutaway.errors import UsageError
from cutaway.runs.sealing import digest

from .closures import closure, imports, imports_of, opening, package_of, stamp, tree
from .labs import PACKAGE, place, places
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


def is_docstring(node: Any) -> bool:
    """Whether a statement is a bare text."""
    is_text = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    return is_text and isinstance(node.value.value, str)


def _reached(module: ast.Module, start: str) -> list[ast.stmt]:
    """A function of a module with the functions, values and imports of the module it rests on."""
    names = [(node, _names(node)) for node in module.body]
    todo, seen = {start}, set[str]()
    reached = [node for node, defined in names if not defined and not is_docstring(node)]
    todo |= _mentioned(reached)
    while todo - seen:
        fresh = todo - seen
        seen |= fresh
        found = [node for node, defined in names if fresh & defined]
        reached += found
        todo |= _mentioned(found)
    return [node for node, _ in names if node in reached]


def _own(path: Path) -> list[ast.stmt]:
    """The statements of a file that define something there, and do not import it."""
    return [node for node in tree(path).body if not isinstance(node, ast.Import | ast.ImportFrom)]


def _mentioned(nodes: Iterable[ast.AST]) -> set[str]:
    """The names that occur in some code."""
    return {n.id for node in nodes for n in ast.walk(node) if isinstance(n, ast.Name)}


def _names(node: ast.AST) -> set[str]:
    """The names that a statement of a module defines; one that defines none acts on others."""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return {node.name}
    if isinstance(node, ast.alias):
        return {(node.asname or node.name).split(".")[0]} - {"*"}
    if isinstance(node, ast.Name):
        return {node.id} if isinstance(node.ctx, ast.Store) else set()
    return set[str]().union(*(_names(child) for child in ast.iter_child_nodes(node)))


def _labs_used(nodes: Iterable[ast.AST]) -> set[str]:
    """The labs that code names as `world.NAME`."""
    used = (n.attr for outer in nodes for n in ast.walk(outer) if isinstance(n, ast.Attribute))
    return set(used) & set(places())


def _rests_on(lab: str, function: str) -> tuple[list[ast.stmt], list[Path]]:
    """What a function of a lab.py rests on: statements of lab.py, and files."""
    here = place(lab)
    package = package_of(here.folder / "lab.py")
    homes = [path for path in here.declaring if any(function in _names(n) for n in _own(path))]
    nodes = _reached(tree(homes[0]), function) if homes else []
    if not homes:
        what = (
            f"{lab}/lab.py defines no {function!r} at its top level, so its digest would be blind."
        )
        raise UsageError(what, "Write it there with `def`; a lambda has no name.")
    beside = [tree(path) for path in closure(imports(nodes, package)) if path in here.declaring]
    used = [place(name) for name in {lab} | _labs_used([*nodes, *beside])]
    roots = {place.folder / "__init__.py" for place in used}
    roots |= {component for place in used for component in place.components}
    return nodes, closure(roots | imports(nodes, package))


def function_inputs(lab: str, function: str) -> dict[str, Any]:
    """The syntax that a function of a lab.py rests on: its own, the kit's, the components'."""
    nodes, files = _rests_on(lab, function)
    found = {file.relative_to(PACKAGE).as_posix(): _syntax_of(file, stamp(file)) for file in files}
    return {"lab.py": [syntax(node) for node in nodes], **found}


def opens_corpora(lab: str, function: str) -> bool:
    """Whether a function of a lab.py can open a corpus."""
    nodes, files = _rests_on(lab, function)
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
