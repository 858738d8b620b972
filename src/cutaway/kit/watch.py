"""Every binding of a function's local names while a block runs; the function is left alone.

No binding is missed: in loops, two on a line, the same object again, the last before a return. Only
eager code of this thread is seen, and a function that was not seen is an error.
"""

from __future__ import annotations

import difflib
import dis
import inspect
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from types import CodeType, FrameType, FunctionType
from typing import Any

from cutaway.errors import UsageError

from .tracing import Step, bound, tracing

Points = dict[int, tuple[str, ...]]


@contextmanager
def watch(function: Callable[..., Any], *names: str) -> Iterator[dict[str, list[Any]]]:
    """The values bound to each local name of `function`, in order, while the block runs.

    A parameter is bound by the call. Of a bound method only the calls on its object count. The
    values are the objects themselves, kept alive: a later change in place shows in them.
    """
    watcher = _Watcher(function, names)
    with tracing(watcher.begin):
        yield watcher.seen
    watcher.complain()


class _Watcher:
    """What one `watch` looks for, and what it has seen."""

    def __init__(self, function: Callable[..., Any], names: tuple[str, ...]) -> None:
        self.owner = getattr(function, "__self__", None) if inspect.ismethod(function) else None
        self.code = _code(function)
        self.known = list(dict.fromkeys([*self.code.co_varnames, *self.code.co_cellvars]))
        self.ran = False
        self.seen: dict[str, list[Any]] = {name: [] for name in names}
        for name in names or ("",):
            if name not in self.known:
                raise UsageError(f"{self} has no local name {name!r}.", self._nearest(name))
        # By identity: equal code objects of two worlds belong to different functions.
        self.points = {id(code): points for code, points in _points(self.code, names)}

    def __str__(self) -> str:
        return f"`{self.code.co_qualname}`"

    def begin(self, frame: FrameType) -> Step | None:
        """The step of a frame that can bind the names."""
        points = self.points.get(id(frame.f_code))
        if points is None or not self._owned(frame):
            return None
        self.ran = True
        return partial(self._step, points)

    def _step(self, points: Points, frame: FrameType, what: str, offset: int, value: Any) -> None:
        """Keep what the instruction that ran has bound."""
        if what == "ran" and offset in points:
            values = frame.f_locals
            for name in points[offset]:
                self.seen[name].append(values[name])

    def _owned(self, frame: FrameType | None) -> bool:
        """Whether a frame belongs to a call on the object whose method is watched."""
        if self.owner is None:
            return True
        while frame is not None and frame.f_code is not self.code:
            frame = frame.f_back
        return frame is not None and frame.f_locals.get(self.known[0]) is self.owner

    def complain(self) -> None:
        """An error if the function never ran, or never bound one of the names."""
        if not self.ran:
            on = "" if self.owner is None else f" on that {type(self.owner).__name__}"
            raise UsageError(
                f"{self} never ran{on} inside this block, so nothing was seen.",
                "Run it uncompiled and in this thread: nothing else can be watched.",
            )
        for name, values in self.seen.items():
            if not values:
                raise UsageError(f"{self} ran but never bound {name!r}.", self._nearest(name))

    def _nearest(self, name: str) -> str:
        """A next step: the other local names nearest to this one, or all of them."""
        others = [other for other in self.known if other != name]
        close = difflib.get_close_matches(name, others, n=3, cutoff=0.5)
        if close:
            return f"Did you mean {' or '.join(close)}?"
        return f"Its local names are: {', '.join(others) or 'none'}."


def _code(function: Callable[..., Any]) -> CodeType:
    """The code of the Python function under any decorators."""
    plain = inspect.unwrap(function)
    plain = getattr(plain, "__func__", plain)
    if not isinstance(plain, FunctionType):
        raise UsageError(
            f"A {type(function).__name__} cannot be watched, only a Python function or method.",
            "Name the function itself, such as `model.forward`.",
        )
    return plain.__code__


def _points(code: CodeType, names: tuple[str, ...]) -> Iterator[tuple[CodeType, Points]]:
    """The names that each instruction binds, in a code and in the codes inside that share them."""
    points: Points = {}
    for at in dis.get_instructions(code):
        some = tuple(name for name in bound(at, code) if name in names)
        if some:
            points[at.offset] = some
    yield code, points
    for inner in code.co_consts:
        if isinstance(inner, CodeType):
            shared = tuple(name for name in names if name in inner.co_freevars)
            if shared:
                yield from _points(inner, shared)
