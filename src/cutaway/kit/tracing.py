"""One tracer for the kit: told of every instruction in the frames that it asks for.

It beats `line` events, which show a name's last binding on a line and not when it happened. A
tracer that was there before goes on seeing every event.
"""

from __future__ import annotations

import dis
import inspect
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import CodeType, FrameType
from typing import Any

from cutaway.errors import UsageError

# Told of a frame: an instruction (its offset) "ran", a value "leaves" by it, or the frame "raises".
Step = Callable[[FrameType, str, int, Any], None]
Begin = Callable[[FrameType], Step | None]
Trace = Callable[[FrameType, Any, Any], Any]


@contextmanager
def tracing(begin: Begin) -> Iterator[None]:
    """A block in which `begin` is asked for a step at each new frame of this thread."""
    tracer = _Tracer(begin)
    sys.settrace(tracer)
    try:
        yield
    finally:
        tracer.on = False
        seat = sys.gettrace()
        if seat is tracer or seat is None:
            sys.settrace(tracer.before)
    if seat is not tracer:
        raise UsageError(
            "Something inside the block replaced or removed the tracer, so values may be missing.",
            "Start debuggers and coverage before the block, or leave them out.",
        )


def bound(at: dis.Instruction, code: CodeType) -> tuple[str, ...]:
    """The local names that one instruction binds; the first of a call binds the parameters."""
    if at.opname == "RESUME" and at.arg == 0:
        parameters = inspect.getargs(code)
        return tuple(filter(None, (*parameters.args, parameters.varargs, parameters.varkw)))
    if not at.opname.startswith(("STORE_FAST", "STORE_DEREF")):
        return ()
    stored = at.argval if isinstance(at.argval, tuple) else (at.argval,)
    return stored[:1] if at.opname.endswith("LOAD_FAST") else stored


class _Tracer:
    """The tracer of a thread while a block runs; it passes every event on to the one before it."""

    def __init__(self, begin: Begin) -> None:
        self.begin = begin
        self.before: Trace | None = sys.gettrace()
        self.on = True
        sys._getframe().f_trace_opcodes = True  # Python 3.12 asks for this before sys.settrace

    def __call__(self, frame: FrameType, event: str, arg: Any) -> Trace | None:
        theirs = _passed_on(self.before, frame, event, arg)
        step = self.begin(frame) if self.on else None
        if step is None:
            return theirs
        frame.f_trace_opcodes = True
        return _Inside(self, step, theirs, frame.f_lasti)


class _Inside:
    """The tracer of one activation of a frame; `last` is the instruction it has come to."""

    def __init__(self, tracer: _Tracer, step: Step, theirs: Trace | None, last: int) -> None:
        self.tracer = tracer
        self.step = step
        self.theirs = theirs
        self.last = last

    def __call__(self, frame: FrameType, event: str, arg: Any) -> _Inside:
        if event != "opcode" or isinstance(self.theirs, _Inside):
            self.theirs = _passed_on(self.theirs, frame, event, arg) or self.theirs
        if not self.tracer.on:
            return self
        if event == "opcode":
            done, self.last = self.last, frame.f_lasti
            self.step(frame, "ran", done, None)
        elif event == "exception":
            self.last = -1
            self.step(frame, "raises", -1, None)
        elif event == "return":
            self.step(frame, "leaves", self.last, arg)
        return self


def _passed_on(theirs: Trace | None, frame: FrameType, event: str, arg: Any) -> Trace | None:
    """What another tracer answers to an event; if it takes the seat meanwhile, it is unseated."""
    if theirs is None:
        return None
    seat = sys.gettrace()
    answer: Trace | None = theirs(frame, event, arg)
    if sys.gettrace() is not seat:
        sys.settrace(seat)
    return answer
