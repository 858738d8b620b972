"""Faults as text edits: whole lines that occur exactly once, replaced by others."""

from __future__ import annotations

import ast
import difflib
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from cutaway.errors import UsageError

from .words import Fault

Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


@dataclass(frozen=True)
class Edit:
    """Lines `start` to `end` (counted from 0, `end` not included) become `lines`."""

    fault: Fault
    start: int
    end: int
    lines: tuple[str, ...]


def located(fault: Fault, text: str) -> Edit:
    """Where a fault applies; an error names fault and file when that is not exactly one place."""
    lines = lines_of(text)
    old = lines_of(textwrap.dedent(fault.old).strip("\n"))
    if not any(old):
        raise UsageError(
            f"The fault {fault.name!r} names no line of {fault.file}.", "Give it `old`."
        )
    first, last = _scope(fault, text) if fault.where else (0, len(lines))
    hits = [at for at in range(first, last - len(old) + 1) if _same(lines[at : at + len(old)], old)]
    if len(hits) != 1:
        count = "not at all" if not hits else f"{len(hits)} times"
        inside = f" in {fault.where}" if fault.where else ""
        raise UsageError(
            f"The text of fault {fault.name!r} occurs {count}{inside} in {fault.file}; "
            "it must occur once.",
            f"Look for: {old[0].strip()}" + (" (`where` can name the function)" if hits else ""),
        )
    start = hits[0]
    margin = _margin(lines[start : start + len(old)])
    new = textwrap.indent(textwrap.dedent(fault.new).strip("\n"), margin)
    return Edit(fault, start, start + len(old), tuple(lines_of(new)) if new else ())


def lines_of(text: str) -> list[str]:
    """The lines of a source as Python counts them: a form feed or U+2028 ends none."""
    return text.removesuffix("\n").split("\n")


def _margin(lines: Sequence[str]) -> str:
    """The indentation that some lines share."""
    indents = [line[: len(line) - len(line.lstrip())] for line in lines if line.strip()]
    return min(indents, key=len, default="")


def _same(lines: Sequence[str], old: Sequence[str]) -> bool:
    """Whether some lines of a file are the old ones, at whatever depth they are indented."""
    dedented = lines_of(textwrap.dedent("\n".join(lines)))
    return [line.rstrip() for line in dedented] == [line.rstrip() for line in old]


def _scope(fault: Fault, text: str) -> tuple[int, int]:
    """The lines of what `where` names: a function or class with its decorators, `Class.method`."""
    nodes: list[ast.AST] = [ast.parse(text)]
    for part in (fault.where or "").split("."):
        inside = [child for node in nodes for child in ast.iter_child_nodes(node)]
        nodes = [node for node in inside if isinstance(node, Definition) and node.name == part]
    if len(nodes) != 1:
        raise UsageError(
            f"The fault {fault.name!r} looks in {fault.where!r}, which {fault.file} does not hold.",
            "Correct `where`.",
        )
    node = nodes[0]
    assert isinstance(node, Definition)
    return _first(node) - 1, node.end_lineno or node.lineno


def _first(node: ast.stmt) -> int:
    """The first line of a statement, counted from 1: that of its first decorator if it has any."""
    decorators = node.decorator_list if isinstance(node, Definition) else []
    return min([node.lineno, *(one.lineno for one in decorators)])


def edited(texts: Mapping[str, str], faults: Sequence[Fault]) -> dict[str, str]:
    """The files with all the faults in them; faults that touch the same lines are refused."""
    result = dict(texts)
    for file in dict.fromkeys(fault.file for fault in faults):
        if file not in texts:
            names = ", ".join(fault.name for fault in faults if fault.file == file)
            raise UsageError(
                f"The fault {names!r} names {file}, which is not here.", "Correct `file`."
            )
        edits = [located(fault, texts[file]) for fault in faults if fault.file == file]
        edits.sort(key=lambda edit: edit.start)
        for one, other in pairwise(edits):
            if other.start < one.end:
                pair = f"{one.fault.name!r} and {other.fault.name!r}"
                raise UsageError(f"The faults {pair} touch the same line.", "Apply one at a time.")
        lines = lines_of(texts[file])
        for edit in reversed(edits):
            lines[edit.start : edit.end] = edit.lines
        result[file] = "\n".join(lines) + "\n"
    return result


def difference(before: Mapping[str, str], after: Mapping[str, str]) -> str:
    """The unified difference of two sets of files."""
    parts: list[str] = []
    for file in sorted(before):
        old, new = lines_of(before[file]), lines_of(after.get(file, ""))
        parts += difflib.unified_diff(old, new, file, f"{file} (broken)", n=2, lineterm="")
    return "\n".join(parts)


def rewriting(name: str, file: str, before: str, after: str, says: str) -> Fault:
    """The fault that puts one whole text of a file in the place of another."""
    return Fault(name=name, file=file, old=before, new=after, says=says)


def deletion(file: str, text: str, line: int) -> Fault:
    """The fault that deletes what stands at a line, counted from 1: a statement or a decorator."""
    lines = lines_of(text)
    for first, end, filler in _candidates(text, line):
        mark = f"{_margin(lines[first - 1 : first])}{filler}# BROKEN: line {line} deleted"
        after = [*lines[: first - 1], mark, *lines[end:]]
        if _is_python(after):
            gone = " ".join(part.strip() for part in lines[first - 1 : end])
            says = f"Line {line} is gone: {gone}"
            return rewriting(f"line_{line}", file, text, "\n".join(after), says)
    raise UsageError(f"Line {line} of {file} holds no statement.", "Choose a line of code.")


def _candidates(text: str, line: int) -> list[tuple[int, int, str]]:
    """What could go with a line, the smallest first: first and last line, and what must stay there.

    Nothing, where the line is blank, a comment or part of a docstring.
    """
    found: list[tuple[int, int, str]] = []
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.stmt):
            decorators = node.decorator_list if isinstance(node, Definition) else []
            found += [(one.lineno, one.end_lineno or one.lineno, "") for one in decorators]
            is_constant = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
            filler = "docstring" if is_constant else "pass  "
            found.append((_first(node), node.end_lineno or node.lineno, filler))
    around = [one for one in found if one[0] <= line <= one[1]]
    around.sort(key=lambda one: one[1] - one[0])
    if not around or around[0][2] == "docstring":
        return []
    return around if lines_of(text)[line - 1].partition("#")[0].strip() else []


def _is_python(lines: Sequence[str]) -> bool:
    """Whether some lines can be parsed."""
    try:
        ast.parse("\n".join(lines) + "\n")
    except SyntaxError:
        return False
    return True
