"""The public names of a package as its sources define them, read without importing anything."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from cutaway.errors import UsageError
from cutaway.kit.closures import package_of, tree
from cutaway.kit.labs import PACKAGE

Node = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Assign | ast.AnnAssign


@dataclass(frozen=True)
class Defined:
    """A name and the statement that defines it, in a file."""

    name: str
    node: Node
    path: Path

    @property
    def module(self) -> str:
        """The module that defines it."""
        parts = self.path.relative_to(PACKAGE).with_suffix("").parts
        return ".".join(["cutaway", *(part for part in parts if part != "__init__")])

    @property
    def kind(self) -> str:
        """What it is."""
        if isinstance(self.node, ast.ClassDef):
            return "class"
        return "data" if isinstance(self.node, ast.Assign | ast.AnnAssign) else "function"

    @property
    def says(self) -> str:
        """Its docstring."""
        if isinstance(self.node, ast.Assign | ast.AnnAssign):
            return ""
        return ast.get_docstring(self.node) or ""

    @property
    def source(self) -> str:
        """Its source, with its decorators."""
        first = min([self.node.lineno, *(one.lineno for one in decorators(self.node))])
        lines = self.path.read_text(encoding="utf-8").split("\n")
        return "\n".join(lines[first - 1 : self.node.end_lineno])


def decorators(node: Node) -> list[ast.expr]:
    """The decorators of a definition."""
    return [] if isinstance(node, ast.Assign | ast.AnnAssign) else node.decorator_list


def offered(path: Path) -> list[str]:
    """The names in `__all__` of a file."""
    for node in tree(path).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__":
            return [str(name) for name in ast.literal_eval(node.value)]
    return []


def public(path: Path) -> list[Defined]:
    """What a file itself defines, without what begins with an underscore."""
    return [
        Defined(name, node, path)
        for node in tree(path).body
        if isinstance(node, Node)
        for name in _names(node)
        if not name.startswith("_")
    ]


def find(name: str, path: Path) -> Defined:
    """Where a name of a file is defined: there, or in a file that it is imported from."""
    for node in ast.walk(tree(path)):
        if isinstance(node, Node) and name in _names(node) and node in tree(path).body:
            return Defined(name, node, path)
        if isinstance(node, ast.ImportFrom) and _is_ours(node):
            for alias in node.names:
                if (alias.asname or alias.name) == name:
                    return find(alias.name, _file(node, path))
    where = path.relative_to(PACKAGE).as_posix()
    raise UsageError(f"{where} offers {name!r} and defines it nowhere.", "Correct its __all__.")


def _names(node: Node) -> Iterator[str]:
    """The names that a statement defines."""
    if isinstance(node, ast.Assign):
        targets = (t.elts if isinstance(t, ast.Tuple) else [t] for t in node.targets)
        yield from (one.id for some in targets for one in some if isinstance(one, ast.Name))
    elif isinstance(node, ast.AnnAssign):
        yield from [node.target.id] if isinstance(node.target, ast.Name) else []
    else:
        yield node.name


def _is_ours(node: ast.ImportFrom) -> bool:
    """Whether an import takes names from a file of cutaway."""
    return bool(node.module) and (node.level > 0 or str(node.module).startswith("cutaway."))


def _file(node: ast.ImportFrom, path: Path) -> Path:
    """The file that an import takes names from."""
    package = package_of(path)
    parts = package[: len(package) - node.level + 1] if node.level else ()
    home = PACKAGE.joinpath(*[*parts, *str(node.module).split(".")][1:])
    return home / "__init__.py" if home.is_dir() else home.with_suffix(".py")
