"""What bounds a worker process: its output, its memory, and the life of its parent."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

MOST_OUTPUT = 2**30  # bytes in any one file that a job writes
MOST_LOG = 2**24  # bytes of a log to which no further job adds


def be_quiet(log: str) -> None:
    """Send what a job prints to its log, and give it no input; a log that is full is left alone."""
    nothing = os.open(os.devnull, os.O_RDWR)
    page = nothing
    with suppress(OSError):
        page = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        page = nothing if os.fstat(page).st_size > MOST_LOG else page
    for fd, onto in ((nothing, 0), (page, 1), (page, 2)):
        os.dup2(fd, onto)


def limit_memory(gib: float) -> None:
    """Bound this process to the address space it has and some GiB more, where that works."""
    try:
        import resource

        with open("/proc/self/statm") as file:
            now = int(file.read().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (now + int(gib * 2**30),) * 2)
    except (ImportError, OSError, ValueError):
        return


def limit_output() -> None:
    """Bound what this process writes into one file, and let it leave no core, where that works."""
    with suppress(ImportError, OSError, ValueError):
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_FSIZE, (MOST_OUTPUT, MOST_OUTPUT))


def die_with(parent: int) -> None:
    """End this process when its parent ends, even if that one is killed."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(1)
    else:
        threading.Thread(target=_watch, args=(parent,), daemon=True).start()


@contextmanager
def dying_with(parent: int) -> Iterator[None]:
    """A block in which this process ends with its parent, where that takes no second thread.

    Afterwards it must see for itself: the death that Linux follows is that of a thread.
    """
    if sys.platform != "linux":
        yield
        return
    die_with(parent)
    yield
    ctypes.CDLL(None).prctl(1, 0)


def _watch(parent: int) -> None:
    """End this process once it has another parent."""
    while os.getppid() == parent:
        time.sleep(1)
    os._exit(1)


def killed_by(code: int | None) -> str:
    """What ended a process, in words, by its exit code: negative for a signal."""
    if code is not None and code < 0:
        names = {int(one): one.name for one in signal.Signals}
        return f"the interpreter was killed by {names.get(-code, f'signal {-code}')}"
    return f"the interpreter ended with exit code {code}"
