"""A signal that ends a verb: half a file is removed first."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from cutaway.verbs.talk import say


@contextmanager
def gently() -> Iterator[None]:
    """A signal to end is obeyed once half a file is removed; no one takes it for an error."""

    def ask(number: int, _frame: Any) -> None:
        say("Stopped.")
        raise SystemExit(128 + number)

    before = signal.signal(signal.SIGTERM, ask)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
