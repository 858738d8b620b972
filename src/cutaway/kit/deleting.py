"""Every statement of some functions, each with the fault that deletes it."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from cutaway.errors import UsageError

from .faults import deletion
from .labs import PACKAGE
from .words import Fault


@dataclass(frozen=True)
class Gone:
    """A statement that is deleted: the function it stood in, its first line, and what stood there.

    A statement that others stand in takes them with it, or leaves them, as Python allows.
    """

    function: str
    line: int
    text: str
    fault: Fault


def deletions(file: str, functions: Sequence[str]) -> Iterator[Gone]:
    """The statements of some functions of a file that are no docstrings, in the order they have."""
    source = (PACKAGE / file).read_text(encoding="utf-8")
    lines = source.split("\n")
    for function, line in sorted(_statements(source, functions), key=lambda one: one[1]):
        text = lines[line - 1].partition("  #")[0].strip()
        yield Gone(function, line, text, deletion(file, source, line))


def _statements(source: str, functions: Sequence[str]) -> Iterator[tuple[str, int]]:
    """Every statement of some functions that is no docstring: the function, and its first line."""
    for name in functions:
        nodes: list[ast.AST] = [ast.parse(source)]
        for part in name.split("."):
            inside = [child for node in nodes for child in ast.iter_child_nodes(node)]
            nodes = [node for node in inside if getattr(node, "name", None) == part]
        if not nodes:
            raise UsageError(f"There is no function {name!r} to delete lines of.", "Mend its name.")
        for node in (inner for function in nodes for inner in ast.walk(function)):
            text = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
            if isinstance(node, ast.stmt) and node not in nodes and not text:
                yield name, node.lineno
