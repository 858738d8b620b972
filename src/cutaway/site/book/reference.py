"""The reference: every public function and class with its signature, its sentence, its source."""

from __future__ import annotations

import ast
import textwrap
from collections.abc import Iterable, Sequence
from pathlib import Path

from cutaway.kit.closures import imports, package_of, tree
from cutaway.kit.labs import PACKAGE, place
from cutaway.site.report import Entry

from .defined import Defined, decorators, find, offered, public
from .fences import fenced, plain, prose

SHOWN = ("__init__", "__call__")  # methods that are public though they begin with an underscore
OPENING = """# Reference

Generated from the code: each name with its signature, its sentence and its source. What a lab
teaches stands in its own package; what every lab is written with stands in the kit.
"""


def pages(entries: Sequence[Entry]) -> dict[str, str]:
    """The pages of the reference by path."""
    written_with = _written_with(entries)
    kit = sorted(PACKAGE.joinpath("kit").glob("*.py"))
    rest = [path for path in kit if path not in written_with and _is_code(path)]
    data = PACKAGE / "data"
    found = {
        "cutaway": _page("The package", _package(PACKAGE)),
        "data": _page("Texts and tasks", _package(data), _package(data / "tasks")),
        "kit": _page("The kit", *[_module(path) for path in written_with]),
        "machinery": _page("The rest of the kit", *[_module(path, False) for path in rest]),
    }
    for entry in entries:
        here = place(entry.lab.name)
        link = (
            f"The lab [{plain(entry.lab.name)}](../../labs/{entry.lab.name}.md) takes it apart.\n"
        )
        found[f"labs/{entry.lab.name}"] = _page(entry.lab.name, link, _package(here.folder))
    menu = fenced("{toctree}", ":maxdepth: 2\n\n" + "\n".join(found))
    pages = {f"reference/{name}.md": text for name, text in found.items()}
    return {"reference/index.md": f"{OPENING}\n{menu}", **pages}


def _written_with(entries: Sequence[Entry]) -> list[Path]:
    """The modules of the kit that labs and their tests import."""
    found: set[Path] = set()
    for entry in entries:
        here = place(entry.lab.name)
        for path in (*here.declaring, *sorted(here.folder.glob("test_lab*.py"))):
            found |= imports([tree(path)], package_of(path))
    return sorted(path for path in found if path.parent == PACKAGE / "kit" and _is_code(path))


def _is_code(path: Path) -> bool:
    """Whether a file defines something, and is no test."""
    return not path.name.startswith(("test_", "conftest", "__")) and bool(public(path))


def _page(title: str, *parts: str) -> str:
    """A page."""
    return "\n".join([f"# {plain(title)}\n", *parts])


def _package(folder: Path) -> str:
    """What a package offers, under the name by which one imports it."""
    path = folder / "__init__.py"
    module = ".".join(package_of(path))
    names = offered(path)
    return _section(module, path, [find(name, path) for name in names], True)


def _module(path: Path, sources: bool = True) -> str:
    """What a module defines."""
    found = public(path)
    return _section(found[0].module, path, found, sources)


def _section(module: str, path: Path, found: Iterable[Defined], sources: bool) -> str:
    """A module: its name, what it says of itself, what it offers."""
    says = prose(ast.get_docstring(tree(path)) or "")
    head = [f"## {plain(module)}\n", fenced(f"{{py:module}} {module}", ""), says]
    return "\n".join([*head, *[_entry(module, one, sources) for one in found]])


def _entry(module: str, one: Defined, source: bool) -> str:
    """A name: its place in the index, its signature, its sentence, its source."""
    options = f":module: {module}\n:no-typesetting:"
    target = fenced(f"{{py:{one.kind}}} {one.name}{_arguments(one.node)}", options)
    parts = [f"### {plain(one.name)}\n", target, fenced("python", interface(one)), prose(one.says)]
    if source and one.kind != "data":
        opened = '<details class="source"><summary>Source</summary>'
        parts += [fenced("{raw} html", f"\n{opened}"), fenced("python", one.source)]
        parts += [fenced("{raw} html", "\n</details>")]
    return "\n".join(parts)


def _arguments(node: ast.AST) -> str:
    """The names of the arguments of a function, in brackets."""
    if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        return ""
    every = node.args
    names = [one.arg for one in (*every.posonlyargs, *every.args, *every.kwonlyargs)]
    return f"({', '.join(names)})"


def interface(one: Defined) -> str:
    """A definition without its bodies: signature, fields, public methods with their sentences."""
    lines = one.path.read_text(encoding="utf-8").split("\n")
    if isinstance(one.node, ast.Assign | ast.AnnAssign):
        return one.source
    if not isinstance(one.node, ast.ClassDef):
        return _head(one.node, lines)
    parts = [_head(one.node, lines)]
    for node in one.node.body:
        if isinstance(node, ast.AnnAssign) and not ast.unparse(node.target).startswith("_"):
            parts.append("\n".join(lines[node.lineno - 1 : node.end_lineno]))
        if isinstance(node, ast.FunctionDef) and _is_shown(node.name):
            parts.append(_head(node, lines, ast.get_docstring(node)))
    return "\n".join(parts)


def _is_shown(method: str) -> bool:
    """Whether a method is public."""
    return not method.startswith("_") or method in SHOWN


def _head(
    node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef,
    lines: Sequence[str],
    says: str | None = None,
) -> str:
    """The lines of a definition up to its body, with a sentence in place of that."""
    first = min([node.lineno, *(one.lineno for one in decorators(node))])
    head = "\n".join(lines[first - 1 : max(node.lineno, node.body[0].lineno - 1)]).rstrip()
    sentence = textwrap.indent(f'"""{says}"""', " " * (node.col_offset + 4)) if says else ""
    return f"{head}\n{sentence}" if sentence else head
