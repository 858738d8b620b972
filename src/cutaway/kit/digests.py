"""Digests of inputs: the syntax, without comments and docstrings, of what a result rests on."""

from __future__ import annotations

import ast
import textwrap
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

from cutaway.errors import UsageError

from .labs import PACKAGE, place, places
from .tables import digest
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


def is_docstring(node: Any) -> bool:
    """Whether a statement is a bare text."""
    is_text = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    return is_text and isinstance(node.value.value, str)


@cache
def _tree(path: Path, _stamp: tuple[int, int]) -> ast.Module:
    """The syntax tree of a file, parsed once for each state of it."""
    return ast.parse(path.read_text(encoding="utf-8"))


def tree(path: Path) -> ast.Module:
    """The syntax tree of a file."""
    stat = path.stat()
    return _tree(path, (stat.st_mtime_ns, stat.st_size))


def imports(nodes: Iterable[ast.AST], package: tuple[str, ...]) -> set[Path]:
    """The files of cutaway that some code imports, function-level imports counted."""
    found: set[Path] = set()
    for node in (inner for outer in nodes for inner in ast.walk(outer)):
        if isinstance(node, ast.Import):
            names = [alias.name.split(".") for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = list(package[: len(package) - node.level + 1]) if node.level else []
            module = base + (node.module.split(".") if node.module else [])
            names = [[*module, alias.name] for alias in node.names]
        else:
            continue
        found |= {path for name in names if (path := _file_of(name))}
    return found


def _file_of(dotted: list[str]) -> Path | None:
    """The file of a module of cutaway; a name inside a module is that module."""
    if dotted[0] != "cutaway":
        return None
    for end in (len(dotted), len(dotted) - 1):
        path = PACKAGE.joinpath(*dotted[1:end])
        for file in (path.with_suffix(".py"), path / "__init__.py"):
            if end > 1 and file.is_file():
                return file
    return _reexported(dotted[-1])


def _reexported(name: str) -> Path | None:
    """The file from which cutaway's own __init__ offers a name."""
    for node in ast.walk(tree(PACKAGE / "__init__.py")):
        if isinstance(node, ast.ImportFrom) and name in [alias.name for alias in node.names]:
            return _file_of(["cutaway", *(node.module or "").split("."), name])
    return None


def package_of(path: Path) -> tuple[str, ...]:
    """The dotted package that relative imports in a file start from."""
    return ("cutaway", *path.parent.relative_to(PACKAGE).parts)


def closure(files: Iterable[Path]) -> list[Path]:
    """Some files of the package with all that they import, sorted."""
    todo, seen = list(files), set[Path]()
    while todo:
        path = todo.pop()
        if path not in seen:
            seen.add(path)
            todo += imports([tree(path)], package_of(path))
    return sorted(seen)


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


def function_inputs(lab: str, function: str) -> dict[str, Any]:
    """The syntax that a function of a lab.py rests on: its own, the kit's, the components'."""
    here = place(lab)
    path = here.folder / "lab.py"
    nodes = _reached(tree(path), function)
    if not any(function in _names(node) for node in nodes):
        what = (
            f"{lab}/lab.py defines no {function!r} at its top level, so its digest would be blind."
        )
        raise UsageError(what, "Write it there with `def`; a lambda has no name.")
    roots = {place(name).folder / "__init__.py" for name in {lab} | _labs_used(nodes)}
    files = closure(roots | imports(nodes, package_of(path)))
    found = {file.relative_to(PACKAGE).as_posix(): syntax(tree(file)) for file in files}
    return {"lab.py": [syntax(node) for node in nodes], **found}


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
    return digest(
        {
            "sources": function_inputs(lab.name, experiment.measure.__name__),
            "grid": {key: list(values) for key, values in experiment.grid.items()},
            "seeds": experiment.seeds,
            "faults": fault_inputs(fault for fault in lab.faults if fault.name in named),
        }
    )


def receipt_inputs(lab: Lab) -> str:
    """The digest that tells whether a lab's receipts are stale."""
    folder = place(lab.name).folder
    tests = sorted(set(folder.glob("test_*.py")) - {folder / "test_lab.py"})
    return digest(
        {
            "sources": function_inputs(lab.name, lab.observe.__name__),
            "tests": [syntax(tree(path)) for path in tests],
            "faults": fault_inputs(lab.faults),
        }
    )
