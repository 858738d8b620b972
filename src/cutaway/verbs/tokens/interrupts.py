"""Signals that end a verb: none is lost, and half a file is removed first.

Python raises KeyboardInterrupt wherever it is: in the midst of an import also where nothing can be
raised (the callback of a lock) or where it is taken for another error, and the program goes on.
"""

from __future__ import annotations

import _thread
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

SOON = 0.02  # seconds
IMPORTING = "<frozen importlib"


def never_lose() -> None:
    """Nothing; afterwards Ctrl-C waits for the end of an import, and what was lost comes again."""
    ours = threading.current_thread() is threading.main_thread()
    if ours and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _interrupt)
        sys.unraisablehook = _lost


def _interrupt(_number: int, frame: FrameType | None) -> None:
    """End what runs, once it can be ended."""
    while frame:
        if frame.f_code.co_filename.startswith(IMPORTING):
            _again()
            return
        frame = frame.f_back
    raise KeyboardInterrupt


def _again() -> None:
    """Have the same signal come again soon."""
    timer = threading.Timer(SOON, _thread.interrupt_main)
    timer.daemon = True
    timer.start()


def _lost(about: Any) -> None:
    """What Python calls where it cannot raise."""
    if about.exc_type is KeyboardInterrupt and not sys.is_finalizing():
        _again()
    else:
        sys.__unraisablehook__(about)


@contextmanager
def gently() -> Iterator[None]:
    """A signal to end is obeyed once half a file is removed; no one takes it for an error."""
    from cutaway.verbs.talk import say  # here, so that little is imported before `never_lose`

    def ask(number: int, _frame: Any) -> None:
        say("Stopped.")
        raise SystemExit(128 + number)

    before = signal.signal(signal.SIGTERM, ask)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
