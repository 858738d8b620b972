"""What a function of a lab reaches in the files in which its lab is declared."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from .closures import executed, imports, package_of, tree


def is_docstring(node: Any) -> bool:
    """Whether a statement is a bare text."""
    is_text = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    return is_text and isinstance(node.value.value, str)


def reached(files: Sequence[Path], home: Path, function: str) -> dict[Path, list[ast.stmt]]:
    """What a function of one of some files rests on in each of them."""
    wanted: dict[Path, set[str]] = {home: {function}}
    found: dict[Path, list[ast.stmt]] = {}
    todo = [home]
    while todo:
        path = todo.pop()
        found[path] = _reached(tree(path), wanted[path])
        for other, names in _taken(found[path], files):
            if names - wanted.setdefault(other, set()):
                wanted[other] |= names
                todo.append(other)
    return {path: found[path] for path in sorted(found)}


def _reached(module: ast.Module, start: set[str]) -> list[ast.stmt]:
    """Some names of a module with the functions, values and imports of it that they rest on."""
    names = [(node, names_of(node)) for node in module.body]
    todo, seen = set(start), set[str]()
    found = [node for node in module.body if _acts(node)]
    todo |= _mentioned(found)
    while todo - seen:
        fresh = todo - seen
        seen |= fresh
        new = [node for node, defined in names if fresh & defined and node not in found]
        found += new
        todo |= _mentioned(new)
    return [node for node in module.body if node in found]


def _taken(nodes: Sequence[ast.stmt], files: Sequence[Path]) -> Iterator[tuple[Path, set[str]]]:
    """The files among some that code imports from, each with the names that it takes."""
    mentioned, beside = _mentioned(nodes), {path.stem: path for path in files}
    for node in (inner for outer in nodes for inner in executed(outer)):
        if not isinstance(node, ast.Import | ast.ImportFrom):
            continue
        taken = {one.name for one in node.names if (one.asname or one.name) in mentioned}
        names = isinstance(node, ast.ImportFrom) and node.level == 1 and node.module
        if names in beside and not any(one.name == "*" for one in node.names):
            yield beside[names], taken
        else:  # a whole file, by whatever name
            whole = imports([node], package_of(files[0])) & set(files)
            yield from ((path, _defined(path)) for path in sorted(whole))


def defines(path: Path, name: str) -> bool:
    """Whether a file defines a name at its top level, and does not import it."""
    own = [node for node in tree(path).body if not isinstance(node, ast.Import | ast.ImportFrom)]
    return any(name in names_of(node) for node in own)


def _defined(path: Path) -> set[str]:
    """All that a file defines."""
    return set[str]().union(*map(names_of, tree(path).body))


def _mentioned(nodes: Iterable[ast.AST]) -> set[str]:
    """The names that occur in some code."""
    return {n.id for node in nodes for n in ast.walk(node) if isinstance(n, ast.Name)}


def _acts(node: ast.AST) -> bool:
    """Whether a statement does more, when its file is read, than to define names."""
    if isinstance(node, ast.If | ast.Try | ast.ExceptHandler):
        return any(map(_acts, ast.iter_child_nodes(node)))
    if isinstance(node, ast.For | ast.While | ast.With):
        return True
    is_code = isinstance(node, ast.stmt) and not isinstance(node, ast.Pass)
    return is_code and not names_of(node) and not is_docstring(node)


def names_of(node: ast.AST) -> set[str]:
    """The names that a statement of a module defines."""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return {node.name}
    if isinstance(node, ast.alias):
        return {(node.asname or node.name).split(".")[0]} - {"*"}
    if isinstance(node, ast.Name):
        return {node.id} if isinstance(node.ctx, ast.Store) else set()
    if isinstance(node, ast.comprehension):  # its variables are its own
        return set[str]().union(*map(names_of, node.ifs))
    return set[str]().union(*(names_of(child) for child in ast.iter_child_nodes(node)))
