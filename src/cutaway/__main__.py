"""The program `cutaway`: Ctrl-C ends it also in the midst of an import, and none is lost.

Python raises KeyboardInterrupt wherever it is: in the midst of an import also where nothing can be
raised (the callback of a lock) or where it is taken for another error, and the program goes on.
"""

from __future__ import annotations

import _thread
import signal
import sys
import threading
from types import FrameType
from typing import Any

SOON = 0.002  # seconds; a short verb ends 20 ms after its last import
IMPORTING = "<frozen importlib"


def never_lose() -> None:
    """Nothing; afterwards Ctrl-C waits for the end of an import, and what was lost comes again."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
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


def main() -> int:
    """The exit code of the program."""
    never_lose()
    try:
        from cutaway.cli import main as called

        return called()
    except KeyboardInterrupt:
        print("\nStopped.", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main())
