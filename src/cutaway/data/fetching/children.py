"""A program run for us and watched: it ends, or is ended with all that it started."""

from __future__ import annotations

import os
import selectors
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from cutaway.errors import Unavailable

KEPT = 2**16  # bytes of what it says that are kept
GLANCE = 0.2  # seconds between two looks at its folder


@dataclass(frozen=True)
class Patience:
    """How long a program may run, how long without a sign of life, and how much it may write."""

    quiet: float = 60.0
    longest: float = 1800.0
    most: int = 2**30


class Child:
    """A running program in a process group of its own, which does not outlive its `with`."""

    def __init__(self, command: Sequence[str], env: Mapping[str, str]) -> None:
        self.said = b""
        try:
            self.process = subprocess.Popen(
                command,
                env=env,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        except OSError as error:
            what = f"{command[0]} cannot be run: {error.strerror}."
            raise Unavailable(what, "Repair the installer, then run the same command.") from error
        assert self.process.stdout
        self.pipe = self.process.stdout
        os.set_blocking(self.pipe.fileno(), False)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.end()
        self.pipe.close()

    def listen(self, seconds: float) -> bool:
        """Wait a little for its words; whether it said any."""
        with selectors.DefaultSelector() as watched:
            watched.register(self.pipe, selectors.EVENT_READ)
            if not watched.select(seconds):
                return False
        words = self.pipe.read(KEPT) or b""
        self.said = (self.said + words)[-KEPT:]
        if not words:
            with suppress(subprocess.TimeoutExpired):
                self.process.wait(seconds)  # its output is closed: only its end can still come
        return bool(words)

    def end(self) -> None:
        """Kill it and all that it started, and wait until they are gone."""
        patient = time.monotonic() + 1.0
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
            while time.monotonic() < patient:
                os.killpg(self.process.pid, 0)
                time.sleep(0.01)
        self.process.wait()


def run(
    command: Sequence[str],
    folder: Path,
    env: Mapping[str, str],
    patience: Patience,
    told: Callable[[int, int | None], None] | None = None,
) -> tuple[int, str]:
    """How a program ended and what it said last; it works in a folder, which is watched."""
    start = alive = looked = time.monotonic()
    size = 0
    with Child(command, env) as child:
        while child.process.poll() is None:
            if child.listen(GLANCE):
                alive = time.monotonic()
            now = time.monotonic()
            if now - looked >= GLANCE:
                looked, before, size = now, size, _bytes_in(folder)
                alive = now if size != before else alive
                if told:
                    told(size, None)
            _check(command[0], patience, now - start, now - alive, size)
        child.end()
        child.listen(0)
        return child.process.returncode, child.said.decode(errors="replace")


def _check(name: str, patience: Patience, running: float, silent: float, size: int) -> None:
    """Give up on a program that does not come to an end."""
    step = "Check the network and the disk, then run the same command again."
    name = Path(name).name
    if silent > patience.quiet:
        what = f"{name} did not get on for {patience.quiet:g} s and was stopped."
        raise Unavailable(what, step)
    if running > patience.longest:
        raise Unavailable(f"{name} took more than {patience.longest:g} s and was stopped.", step)
    if size > patience.most:
        what = f"{name} wrote more than {patience.most:,} bytes and was stopped."
        raise Unavailable(what, "Check which package index your installer uses.")


def _bytes_in(folder: Path) -> int:
    """The bytes of all files below a folder that is being written to."""
    total = 0
    for place, _, names in os.walk(folder):
        for name in names:
            with suppress(OSError):
                total += os.lstat(os.path.join(place, name)).st_size
    return total
