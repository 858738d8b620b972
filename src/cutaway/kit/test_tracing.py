"""The tracer lives beside others, in its own thread, and is gone after its block."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Any

import pytest

from cutaway.errors import UsageError

from .watch import watch


def halve(x: float, times: int = 2) -> float:
    for _ in range(times):
        x = x / 2
    return x


def opposite(x: float) -> float:
    y = -x
    return y


def test_watches_nest_on_one_function_and_the_inner_ends_alone() -> None:
    with watch(halve, "x") as outer:
        with watch(halve, "times") as inner:
            halve(2.0)
        halve(6.0, times=1)
    assert outer["x"] == [2.0, 1.0, 0.5, 6.0, 3.0] and inner["times"] == [2]


def test_nothing_is_seen_after_the_block_even_in_a_frame_that_goes_on() -> None:
    def count() -> Iterator[int]:
        i = 0
        while True:
            yield i
            i = i + 1

    numbers = count()
    with watch(count, "i") as seen:
        next(numbers)
    with watch(halve, "x"):
        halve(next(numbers))
    assert seen["i"] == [0]


def events(kept: list[tuple[str, str]]) -> Callable[[FrameType, str, Any], Any]:
    """A tracer such as a debugger's: it keeps what it is told of `halve`."""

    def trace(frame: FrameType, event: str, arg: Any) -> Any:
        if frame.f_code is halve.__code__:
            kept.append((event, str(frame.f_lineno)))
        return trace if event == "call" else None

    return trace


@contextmanager
def traced_by(tracer: Any) -> Iterator[None]:
    """A block in which another tracer is at work."""
    before = sys.gettrace()
    sys.settrace(tracer)
    try:
        yield
    finally:
        sys.settrace(before)


def test_a_tracer_that_was_there_sees_the_same_and_is_restored() -> None:
    alone: list[tuple[str, str]] = []
    beside: list[tuple[str, str]] = []
    with traced_by(events(alone)):
        halve(1.0)
    tracer = events(beside)
    with traced_by(tracer):
        with watch(halve, "x") as outer, watch(opposite, "y"):
            halve(1.0), opposite(1.0)
        assert sys.gettrace() is tracer
    assert beside == alone and len(alone) > 5
    assert outer["x"] == [1.0, 0.5, 0.25]


def test_a_tracer_that_takes_the_seat_when_it_is_called_does_not_blind_the_watch() -> None:
    class Greedy:
        """Like coverage's tracer in C, it installs itself anew at every call."""

        def __call__(self, frame: FrameType, event: str, arg: Any) -> Greedy:
            if event == "call":
                sys.settrace(self)
            return self

    with traced_by(Greedy()), watch(halve, "x") as seen:
        halve(1.0), halve(2.0)
    assert seen["x"] == [1.0, 0.5, 0.25, 2.0, 1.0, 0.5]


@pytest.mark.parametrize("fails", [False, True])
def test_the_previous_tracer_is_restored_after_success_and_after_an_exception(fails: bool) -> None:
    tracer = events([])
    with traced_by(tracer):
        with suppress(KeyError), watch(halve, "x"):
            halve(1.0)
            if fails:
                raise KeyError
        assert sys.gettrace() is tracer


def test_a_tracer_removed_inside_the_block_is_an_error_and_a_new_one_is_kept() -> None:
    other = events([])
    with traced_by(other):
        with pytest.raises(UsageError, match="removed the tracer"), watch(halve, "x"):
            sys.settrace(None)
        assert sys.gettrace() is other
    with traced_by(None):
        with pytest.raises(UsageError, match="replaced"), watch(halve, "x"):
            sys.settrace(other)
        assert sys.gettrace() is other


def test_another_thread_is_not_touched_and_a_run_there_is_not_seen() -> None:
    tracers: list[Any] = []

    def work() -> None:
        tracers.append(sys.gettrace())
        halve(1.0)

    unseen = pytest.raises(UsageError, match=r"`halve` never ran inside this block")
    with unseen, watch(halve, "x"):
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
    assert tracers == [None]
