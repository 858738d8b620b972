"""A job in a process of its own, for systems without fork; and how any worker process is started.

The worker reads its job from standard input, a line of JSON, and writes two lines to standard
output: that it is ready, and how the job ended. When its input ends, so does the worker: it never
outlives the process that started it.
"""

from __future__ import annotations

import faulthandler
import json
import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from typing import Any, BinaryIO

from .bounds import be_quiet, killed_by, limit_memory, limit_output
from .jobs import perform
from .labs import PACKAGE
from .launcher import preload

STARTING = 60.0  # seconds that a fresh interpreter may take until it is ready

# The worker runs this very package, whatever else is called cutaway on its path.
_START = """
import importlib.util, runpy, sys
spec = importlib.util.spec_from_file_location("cutaway", sys.argv[1])
sys.modules["cutaway"] = module = importlib.util.module_from_spec(spec)
spec.loader.exec_module(module)
runpy.run_module(sys.argv[2], run_name="__main__")
"""


def spawn(module: str) -> subprocess.Popen[bytes]:
    """A process that runs a module of this package, with pipes to its input and output."""
    return subprocess.Popen(
        [
            sys.executable,
            "-P",
            "-c",
            _START,
            str(PACKAGE / "__init__.py"),
            module,
            str(os.getpid()),
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=_environment(),
        start_new_session=True,
    )


def _environment() -> dict[str, str]:
    """The environment of a worker: one thread, one order of sets, pytest as it comes."""
    threads = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
    inherited = {name: value for name, value in os.environ.items() if name != "PYTEST_ADDOPTS"}
    fixed = {"PYTHONHASHSEED": "0", "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    return {**inherited, **threads, **fixed, "OBJC_DISABLE_INITIALIZE_FORK_SAFETY": "YES"}


class Worker:
    """A job on its way in a process of its own."""

    def __init__(self, job: dict[str, Any]) -> None:
        self.job = job
        self.started = time.monotonic()
        self.ready = False
        self.reply = b""
        self.process = spawn("cutaway.kit.fresh")
        assert self.process.stdin
        with suppress(OSError):
            self.process.stdin.write(json.dumps(job).encode() + b"\n")
            self.process.stdin.flush()
        self.reader = threading.Thread(target=self._listen, daemon=True)
        self.reader.start()

    def _listen(self) -> None:
        """Wait for the answer: in a thread, since not every system can wait with a limit."""
        assert self.process.stdout
        with suppress(OSError, ValueError):
            self.ready = bool(self.process.stdout.readline())
            self.started = time.monotonic()
            self.reply = self.process.stdout.readline()

    def _close(self) -> None:
        """Close the pipes; one that an escaped grandchild holds open is left to it."""
        assert self.process.stdin and self.process.stdout
        with suppress(OSError):
            self.process.stdin.close()
        self.reader.join(1.0)
        if not self.reader.is_alive():
            self.process.stdout.close()

    def late(self) -> bool:
        """Whether its time is over."""
        limit = float(self.job["limit"]) if self.ready else STARTING
        return time.monotonic() > self.started + limit

    def over(self) -> bool:
        """Whether it has answered, ended or used up its time."""
        return bool(self.reply) or self.process.poll() is not None or self.late()

    def end(self) -> dict[str, Any]:
        """How the job ended; nothing that it started lives on."""
        late = self.late() and not self.reply and self.process.poll() is None
        if not self.reply and not late:
            self.reader.join(1.0)
        code = self.process.poll()
        _kill(self.process)
        self._close()
        try:
            answer: dict[str, Any] = json.loads(self.reply)
        except ValueError:
            limit = f"took longer than {self.job['limit']:g} s"
            answer = {"error": limit if late else killed_by(code)}
        return answer | {"seconds": time.monotonic() - self.started}


def _kill(process: subprocess.Popen[bytes]) -> None:
    """End a worker and all that it started."""
    if hasattr(os, "killpg"):
        with suppress(OSError):
            os.killpg(process.pid, signal.SIGKILL)
    process.kill()
    process.wait()


def work() -> None:
    """Do the one job that standard input holds, and answer on standard output."""
    asked, answer = os.fdopen(os.dup(0), "rb"), os.dup(1)
    job = json.loads(asked.readline())
    _end_with(asked)
    be_quiet(job.get("log", os.devnull))
    preload()
    os.write(answer, b"ready\n")
    faulthandler.dump_traceback_later(float(job["limit"]) + 5, exit=True)
    limit_memory(float(job["memory"]))
    limit_output()
    os.write(answer, json.dumps(perform(job)).encode() + b"\n")
    os._exit(0)


def _end_with(asked: BinaryIO) -> None:
    """End this process and all that it starts when its input ends, whatever it is doing then."""
    if os.name == "posix":
        quiet = subprocess.DEVNULL
        command = ["sh", "-c", f"read line; kill -9 -{os.getpid()}"]
        subprocess.Popen(command, stdin=asked, stdout=quiet, stderr=quiet)
    else:
        threading.Thread(target=lambda: (asked.read(), os._exit(1)), daemon=True).start()


if __name__ == "__main__":
    work()
