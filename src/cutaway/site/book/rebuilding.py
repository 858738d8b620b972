"""The book while it is written: a child builds it anew whenever something in it changes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Thread
from typing import Never

from cutaway.errors import CutawayError, Unavailable, UsageError
from cutaway.kit.labs import PACKAGE

from .serving import Server, State, opened

KINDS = (".md", ".py", ".js", ".css", ".json")
PAUSE = 0.5  # seconds between two looks
PATIENCE = 0.4  # seconds that a child has to end by itself
FATAL: dict[int, type[CutawayError]] = {one.code: one for one in (UsageError, Unavailable)}
Seen = dict[str, tuple[int, int]]
Said = Callable[[str], None]


def serve(out: Path, port: int | None, said: Said) -> Never:
    """Serve the book in a folder and build it whenever something changed, until one is stopped."""
    state = State()
    with opened(out, port, state) as server, _served(server):
        said(f"Building the book; {server.address} shows it. Ctrl-C stops it.")
        before = seen()
        code, error = rebuilt(out)
        if code in FATAL:
            raise FATAL[code](error)
        while True:
            _tell(state, error if code else "", said)
            before = _changed(before)
            said("Building it again ...")
            code, error = rebuilt(out)


@contextmanager
def _served(server: Server) -> Iterator[None]:
    """A server that answers meanwhile."""
    thread = Thread(target=server.serve_forever, args=(0.1,), daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join()


def _tell(state: State, error: str, said: Said) -> None:
    """Let the terminal and the open pages know how a build ended."""
    state.error = error
    if error:
        said(f"{error}\nWhat is served is the last good book.")
    else:
        state.build = f"{time.time_ns():x}"
        said("Built.")


def _changed(before: Seen) -> Seen:
    """What is there once something changed and no more is being written."""
    now = seen()
    while now == before:
        time.sleep(PAUSE)
        now = seen()
    while (later := seen()) != now:
        now = later
        time.sleep(PAUSE)
    return now


def seen(folder: Path = PACKAGE) -> Seen:
    """When each file that the book may rest on was last written, and its size."""
    found: Seen = {}
    for home, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith((".", "__"))]
        for name in names:
            if name.endswith(KINDS) and not name.startswith("."):
                with suppress(OSError):  # it is just being replaced
                    state = os.stat(path := os.path.join(home, name))
                    found[path] = state.st_mtime_ns, state.st_size
    return found


def rebuilt(out: Path) -> tuple[int, str]:
    """How a build by a child ended: its exit code and what it said."""
    command = [sys.executable, "-m", "cutaway", "book", "--out", str(out.absolute()), "--stale"]
    env = {name: value for name, value in os.environ.items() if name not in FORCES}
    child = subprocess.Popen(
        command,
        env=env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
        start_new_session=True,
    )
    try:
        said = child.communicate()[1]
    finally:
        _end(child)
    lines = [line for line in said.splitlines() if not line.endswith(" ...")]
    return child.returncode, "\n".join(lines).strip()


FORCES = ("FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE")  # what would draw bars for nobody


def _end(child: subprocess.Popen[str]) -> None:
    """End a child, and what it started with it."""
    if child.poll() is None and os.name == "posix":
        child.send_signal(signal.SIGINT)  # so that it ends its kernel itself
        with suppress(subprocess.TimeoutExpired):
            child.wait(PATIENCE)
    if child.poll() is None:
        os.killpg(child.pid, signal.SIGKILL) if os.name == "posix" else child.kill()
    child.wait()
    if child.stderr:
        child.stderr.close()
