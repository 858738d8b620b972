"""The import closure: the files of the package that some code rests on when it runs."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

from cutaway.errors import UsageError

from .labs import PACKAGE


@cache
def _tree(path: Path, _stamp: tuple[int, int]) -> ast.Module:
    """The syntax tree of a file, parsed once for each state of it."""
    try:
        return ast.parse(path.read_bytes(), filename=str(path))
    except (SyntaxError, ValueError) as error:
        line = getattr(error, "lineno", None) or 1
        what = f"{path.name}, line {line}, is not Python: {error}."
        raise UsageError(what, f"Mend {path}") from error


def tree(path: Path) -> ast.Module:
    """The syntax tree of a file."""
    return _tree(path, stamp(path))


def stamp(path: Path) -> tuple[int, int]:
    """What changes when a file does."""
    stat = path.stat()
    return stat.st_mtime_ns, stat.st_size


def imports_of(path: Path) -> frozenset[Path]:
    """The files of cutaway that a file imports, looked for once in each state of it."""
    return _imports_of(path, stamp(path), PACKAGE)


@cache
def _imports_of(path: Path, _stamp: tuple[int, int], _package: Path) -> frozenset[Path]:
    return frozenset(imports([tree(path)], package_of(path)))


def imports(nodes: Iterable[ast.AST], package: tuple[str, ...]) -> set[Path]:
    """The files of cutaway that some code imports, function-level imports counted."""
    found: set[Path] = set()
    for node in (inner for outer in nodes for inner in executed(outer)):
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


def executed(node: ast.AST) -> Iterator[ast.AST]:
    """A node and all below it, but for what stands there for a type checker only."""
    yield node
    below = ast.iter_child_nodes(node)
    if isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING"):
        below = iter(node.orelse)
    for child in below:
        yield from executed(child)


def _file_of(dotted: list[str]) -> Path | None:
    """The file of a module of cutaway; a name inside a module is that module."""
    if dotted[0] != "cutaway":
        return None
    for end in (len(dotted), len(dotted) - 1):
        path = PACKAGE.joinpath(*dotted[1:end])
        for file in (path.with_suffix(".py"), path / "__init__.py"):
            if end > 1 and file.is_file():
                offers = end < len(dotted) and file == PACKAGE / "data" / "__init__.py"
                return (_offered(["cutaway", "data"], dotted[-1]) if offers else None) or file
    return _offered(["cutaway"], dotted[-1])


def _offered(package: list[str], name: str) -> Path | None:
    """The file from which the __init__ of a package that only offers names takes one."""
    for node in ast.walk(tree(PACKAGE.joinpath(*package[1:], "__init__.py"))):
        if isinstance(node, ast.ImportFrom) and name in [alias.name for alias in node.names]:
            return _file_of([*package, *(node.module or "").split("."), name])
    return None


def package_of(path: Path) -> tuple[str, ...]:
    """The dotted package that relative imports in a file start from."""
    return ("cutaway", *path.parent.relative_to(PACKAGE).parts)


def opening() -> Path:
    """The file through which corpora are opened: a corpus is named by its digest, not by code."""
    return PACKAGE / "data" / "opening.py"


def closure(files: Iterable[Path]) -> list[Path]:
    """Some files of the package with all that they import, sorted; corpora are not entered."""
    todo, seen = list(files), set[Path]()
    while todo:
        path = todo.pop()
        if path not in seen and path != opening():
            seen.add(path)
            todo += imports_of(path)
    return sorted(seen)
