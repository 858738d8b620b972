"""Shape comments made true: `x = f(y)  # (B, T, C)` is compared with what the line really gives."""

from __future__ import annotations

import ast
import dis
import os
import tokenize
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import CodeType, FrameType, ModuleType
from typing import Any

from cutaway.errors import UsageError

from .comments import Promise, distinct, held, promises
from .tracing import Step, bound, tracing


@contextmanager
def true_shapes(*files: str | Path | ModuleType, **sizes: int | str) -> Iterator[None]:
    """A block in which every shape comment of the files must be reached and come true.

    Sizes are given by letter and must differ, so that exchanged axes show; those that are equal on
    purpose are declared by earlier letters, as in `S="T"` or `C="H*D"`.
    """
    if not files:
        raise UsageError("No file was given to check.", "Name modules or paths of Python files.")
    known = distinct(sizes)
    commented = {source.path: source for source in (_Commented.of(file, known) for file in files)}
    with tracing(_Tracker(commented).begin):
        yield
    wrong = [line for source in commented.values() for line in source.complaints()]
    if wrong:
        raise AssertionError("\n".join(wrong))


@dataclass(frozen=True)
class _Commented:
    """A file with shape comments, and every statement in it that returns."""

    path: str
    promises: tuple[Promise, ...]
    returns: tuple[ast.Return, ...]

    @classmethod
    def of(cls, file: str | Path | ModuleType, sizes: Mapping[str, int]) -> _Commented:
        """The comments of a file or of a module's file."""
        name = getattr(file, "__file__", None) if isinstance(file, ModuleType) else file
        if name is None:
            raise UsageError(f"{file} has no source file.", "Name a module that is one file.")
        path = os.path.realpath(name)
        try:
            with tokenize.open(path) as opened:
                source = opened.read()
            tree = ast.parse(source)
        except (OSError, SyntaxError, ValueError) as error:
            raise UsageError(f"{path} cannot be read: {error}.", "Name a Python file.") from error
        found = tuple(promises(source, tree, path, sizes))
        if not found:
            raise UsageError(f"{path} has no shape comment.", "Write one: x = f(y)  # (B, T, C)")
        returns = tuple(node for node in ast.walk(tree) if isinstance(node, ast.Return))
        return cls(path, found, returns)

    def complaints(self) -> Iterator[str]:
        """What is not true of the comments, in the order of the file."""
        for promise in self.promises:
            if not promise.reached:
                yield f"{promise.where}: {promise.says} was never checked: the line did not run"
            for real in promise.wrong:
                yield f"{promise.where}: {promise.says} should be {promise.shape}, but is {real}"


@dataclass(frozen=True)
class _Points:
    """Which promises the instructions of one code object keep, by offset."""

    code: CodeType  # held, so that its identity stays its own
    stores: dict[int, list[tuple[Promise, ast.expr]]] = field(default_factory=dict)
    returns: dict[int, list[Promise]] = field(default_factory=dict)
    yields: dict[int, list[Promise]] = field(default_factory=dict)
    exits: set[int] = field(default_factory=set)


class _Tracker:
    """Finds the frames that run commented lines."""

    def __init__(self, commented: Mapping[str, _Commented]) -> None:
        self.commented = commented
        self.paths: dict[str, _Commented | None] = {}
        self.points: dict[int, _Points] = {}

    def begin(self, frame: FrameType) -> Step | None:
        """The step of a frame with shape comments."""
        code = frame.f_code
        name = code.co_filename
        if name not in self.paths:
            self.paths[name] = self.commented.get(os.path.realpath(name))
        source = self.paths[name]
        if source is None:
            return None
        if id(code) not in self.points:
            self.points[id(code)] = _points(code, source)
        points = self.points[id(code)]
        return _step(points) if points.stores or points.returns or points.yields else None


def _points(code: CodeType, source: _Commented) -> _Points:
    """Where in a code object the promises of its file are kept."""
    points = _Points(code)
    if code.co_name.startswith("<") and code.co_name != "<module>":
        return points  # a lambda or a comprehension: it stands in a statement but is not it
    for at in dis.get_instructions(code):
        kept = [(p, t) for p in source.promises for t in p.targets if _keeps(at, code, p, t)]
        if kept:
            points.stores[at.offset] = kept
        if at.opname == "YIELD_VALUE":
            exprs = [p for p in source.promises if isinstance(p.node, ast.Expr)]
            points.yields[at.offset] = [p for p in exprs if _inside(at, p.node)]
        if at.opname in ("RETURN_VALUE", "RETURN_CONST"):
            points.exits.add(at.offset)
        for node in source.returns:
            if _inside(at, node):
                points.returns[at.offset] = [p for p in source.promises if p.node is node]
    return points


def _keeps(at: dis.Instruction, code: CodeType, promise: Promise, target: ast.expr) -> bool:
    """Whether an instruction binds a target; one instruction may bind two names of a statement."""
    if not at.opname.startswith("STORE_"):
        return False
    if _inside(at, target):
        return True
    names = bound(at, code)
    return (
        len(names) > 1
        and isinstance(target, ast.Name)
        and target.id in names
        and any(_inside(at, other) for other in promise.targets)
    )


def _inside(at: dis.Instruction, node: ast.stmt | ast.expr) -> bool:
    """Whether an instruction stems from a part of the source."""
    place = at.positions
    if place is None or place.lineno is None or place.col_offset is None:
        return False
    start, end = (node.lineno, node.col_offset), (node.end_lineno or 0, node.end_col_offset or 0)
    return start <= (place.lineno, place.col_offset) < end


def _step(points: _Points) -> Step:
    """Checks one activation of a frame; what leaves by a `return` is what its statement promised.

    The instruction that leaves does not tell: after a `with` or a `finally` it stands elsewhere.
    """
    pending: list[Promise] = []

    def step(frame: FrameType, what: str, offset: int, value: Any) -> None:
        nonlocal pending
        if what == "ran":
            pending = points.returns.get(offset, pending)
            for promise, target in points.stores.get(offset, ()):
                _look(promise, target, frame)
        elif what == "raises":
            pending = []
        else:
            returned = pending if offset in points.exits else []
            for promise in points.yields.get(offset, returned):
                _check(promise, value)

    return step


def _look(promise: Promise, target: ast.expr, frame: FrameType) -> None:
    """Check what a target of a statement holds now."""
    try:
        value = held(target, frame)
    except Exception as error:  # an attribute or an item is the lesson's own code
        promise.reached, promise.wrong[f"not to be had: {error!r}"] = True, None
    else:
        _check(promise, value)


def _check(promise: Promise, value: Any) -> None:
    """Compare a value, or each item of a tuple or list of values, with a promise."""
    promise.reached = True
    for item in value if isinstance(value, tuple | list) and value else [value]:
        shape = getattr(item, "shape", None)
        if shape is None:
            promise.wrong[f"of type {type(item).__name__}, without a shape"] = None
        elif tuple(shape) != promise.shape:
            promise.wrong[str(tuple(shape))] = None
