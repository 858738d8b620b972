"""The shape comments of a source file: where they stand, what they say, and of which values.

A comment that begins with a shape belongs to the statement on its line: to each name, attribute or
item that it binds, or to the value that it returns or yields. Words may follow the shape.
"""

from __future__ import annotations

import ast
import io
import operator
import re
import tokenize
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from types import FrameType
from typing import Any

from cutaway.errors import UsageError

OPERATORS: Mapping[type[ast.AST], Callable[[int, int], int]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.FloorDiv: operator.floordiv,
}
BALANCED = re.compile(r"#\s*(\((?:[^()]|\([^()]*\))*\))")
SHAPELIKE = re.compile(r"#\s*\(\s*(?:[A-Z]|\d+)(?!\w)")
HIDDEN = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp, ast.Lambda)
LOOKED_UP = (ast.Name, ast.Attribute, ast.Subscript, ast.Slice, ast.Tuple, ast.Constant)
PARTS = (*LOOKED_UP, ast.UnaryOp, ast.USub, ast.BinOp, *OPERATORS, ast.expr_context)
REWORD = (
    "Write (B, T), (T,) or () with letters, whole numbers, +, -, * and //, or begin with a word."
)
MOVE = (
    "Put it at the end of a statement that binds, returns or yields a value, or begin with a word."
)


@dataclass(eq=False)
class Promise:
    """One shape comment, its statement, and the targets that the statement binds (or none)."""

    where: str
    says: str
    shape: tuple[int, ...]
    node: ast.stmt
    targets: tuple[ast.expr, ...]
    reached: bool = False
    wrong: dict[str, None] = field(default_factory=dict)


def promises(
    source: str, tree: ast.Module, path: str, sizes: Mapping[str, int]
) -> Iterator[Promise]:
    """The promise of each shape comment in a file's source."""
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type != tokenize.COMMENT:
            continue
        line = token.start[0]
        where = f"{path}:{line}"
        shape = _shape(token.string, where)
        if shape is not None:
            numbers = tuple(_size(part, sizes, where) for part in shape.elts)
            node, targets = _statement(tree, line, where)
            yield Promise(where, ast.unparse(shape), numbers, node, targets)


def distinct(given: Mapping[str, int | str]) -> dict[str, int]:
    """The size of each letter; equal sizes are refused unless the letters are declared related."""
    sizes: dict[str, int] = {}
    related: dict[str, set[str]] = {}
    for letter, size in given.items():
        where = f"{letter}={size!r}"
        try:
            tree = ast.parse(str(size), mode="eval").body
        except SyntaxError:
            raise UsageError(f"{where} is no size.", 'Give a number, or "H*D".') from None
        number = _size(tree, sizes, where)
        if number < 1:
            raise UsageError(f"{where}: {number} is no size.", "Sizes are at least 1.")
        names = [node.id for node in ast.walk(tree) if isinstance(node, ast.Name)]
        related[letter] = {letter}.union(*(related[name] for name in names))
        for other, same in sizes.items():
            if same == number and not related[letter] & related[other]:
                what = f"{other} and {letter} are both {number}: exchanged axes would not show."
                raise UsageError(what, f"Make them differ, or declare it: {letter}={other!r}.")
        sizes[letter] = number
    return sizes


def _shape(comment: str, where: str) -> ast.Tuple | None:
    """The tuple with which a comment begins, or None if it begins otherwise."""
    text = BALANCED.match(comment)
    try:
        tree = ast.parse(text[1], mode="eval").body if text else None
    except (SyntaxError, ValueError):
        tree = None
    if isinstance(tree, ast.Tuple):
        return tree
    if SHAPELIKE.match(comment):
        raise UsageError(f"{where}: {comment!r} cannot be read as a shape.", REWORD)
    return None


def _size(node: ast.expr, sizes: Mapping[str, int], where: str) -> int:
    """The number that one dimension of a comment stands for."""
    match node:
        case ast.Constant(value=int() as number) if not isinstance(number, bool):
            return number
        case ast.Name(id=letter):
            if letter not in sizes:
                what = f"{where}: no size was given for {letter!r}."
                raise UsageError(what, f"Give {letter}=... its size, or begin with a word.")
            return sizes[letter]
        case ast.BinOp(left=left, op=op, right=right) if type(op) in OPERATORS:
            first, second = _size(left, sizes, where), _size(right, sizes, where)
            if second or not isinstance(op, ast.FloorDiv):
                return OPERATORS[type(op)](first, second)
    raise UsageError(f"{where}: {ast.unparse(node)!r} is no size.", REWORD)


def _statement(tree: ast.Module, line: int, where: str) -> tuple[ast.stmt, tuple[ast.expr, ...]]:
    """The innermost statement on a line, the last of several, and the targets that it binds."""
    here = [node for node in ast.walk(tree) if isinstance(node, ast.stmt) and _spans(node, line)]
    node = max(here, key=lambda node: (node.lineno, node.col_offset), default=None)
    if node is not None and not any(
        isinstance(inner, HIDDEN) and inner.lineno <= line < (inner.end_lineno or 0)
        for inner in ast.walk(node)
    ):
        targets = tuple(leaf for target in _targets(node, line) for leaf in _leaves(target))
        if _gives(node) or (
            targets and all(isinstance(p, PARTS) for t in targets for p in ast.walk(t))
        ):
            return node, targets
    raise UsageError(f"{where}: no value can be checked on the line of this shape comment.", MOVE)


def _spans(node: ast.stmt, line: int) -> bool:
    """Whether a statement has a part on a line."""
    return node.lineno <= line <= (node.end_lineno or 0)


def _gives(node: ast.stmt) -> bool:
    """Whether a statement hands a value to the caller."""
    match node:
        case ast.Return(value=ast.expr()) | ast.Expr(value=ast.Yield(value=ast.expr())):
            return True
    return False


def _targets(node: ast.stmt, line: int) -> list[ast.expr]:
    """What a statement binds; of a loop or a `with`, only on the lines of its head."""
    match node:
        case ast.Assign(targets=targets):
            return targets
        case ast.AugAssign(target=target) | ast.AnnAssign(target=target, value=ast.expr()):
            return [target]
        case ast.For(target=target) | ast.AsyncFor(target=target) if line < node.body[0].lineno:
            return [target]
        case ast.With(items=items) | ast.AsyncWith(items=items) if line < node.body[0].lineno:
            return [item.optional_vars for item in items if item.optional_vars]
    return []


def _leaves(target: ast.expr) -> Iterator[ast.expr]:
    """The names, attributes and items in a target."""
    match target:
        case ast.Tuple(elts=parts) | ast.List(elts=parts):
            for part in parts:
                yield from _leaves(part)
        case ast.Starred(value=value):
            yield from _leaves(value)
        case _:
            yield target


def held(node: ast.expr | None, frame: FrameType) -> Any:
    """What a name, an attribute or an item holds in a frame: looked up, never evaluated as text."""
    match node:
        case ast.Name(id=name):
            return frame.f_locals[name] if name in frame.f_locals else frame.f_globals[name]
        case ast.Constant(value=value):
            return value
        case ast.Attribute(value=of, attr=name):
            return getattr(held(of, frame), name)
        case ast.Subscript(value=of, slice=at):
            return held(of, frame)[held(at, frame)]
        case ast.Slice(lower=start, upper=stop, step=by):
            return slice(held(start, frame), held(stop, frame), held(by, frame))
        case ast.Tuple(elts=parts):
            return tuple(held(part, frame) for part in parts)
        case ast.UnaryOp(operand=of):
            return -held(of, frame)
        case ast.BinOp(left=left, op=op, right=right):
            return OPERATORS[type(op)](held(left, frame), held(right, frame))
    return None
