"""The launcher: one process with torch imported already, which forks a child for each job.

It reads jobs from standard input, a JSON object a line, and writes how each one ended to standard
output. A child that crashes, hangs or eats the memory takes nothing with it. When the input ends,
so does everything: the launcher never outlives the process that started it.
"""

from __future__ import annotations

import gc
import json
import os
import selectors
import signal
import sys
import time
import traceback
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from typing import Any

from .bounds import be_quiet, die_with, dying_with, killed_by, limit_memory, limit_output
from .jobs import perform

Job = dict[str, Any]


@dataclass
class Child:
    """A job on its way: its process, the pipe it answers through, and when it must be done."""

    job: Job
    pid: int
    pipe: int
    started: float
    reply: bytes = b""
    closed: bool = False
    status: int | None = None

    @property
    def deadline(self) -> float:
        """The moment at which it is stopped."""
        return self.started + float(self.job["limit"])

    def read(self) -> None:
        """Take what has arrived."""
        data = os.read(self.pipe, 1 << 16)
        self.reply += data
        self.closed = not data

    def gone(self) -> bool:
        """Whether its process has ended."""
        if self.status is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            self.status = status if pid else None
        return self.status is not None

    def over(self) -> bool:
        """Whether it has answered, ended or used up its time; others may hold its pipe open."""
        answered = self.closed or self.reply.endswith(b"\n")
        return answered or self.gone() or time.monotonic() > self.deadline


def serve() -> None:
    """Fork a child for each line of standard input until it ends, then stop them all."""
    with dying_with(int(sys.argv[-1])):
        preload()
    children: dict[int, Child] = {}
    watched = selectors.DefaultSelector()
    watched.register(0, selectors.EVENT_READ)
    pending = b""
    try:
        while True:
            for key, _ in watched.select(timeout=_patience(children)):
                if key.fd != 0:
                    children[key.fd].read()
                    continue
                data = os.read(0, 1 << 16)
                if not data:
                    return
                *lines, pending = (pending + data).split(b"\n")
                for line in lines:
                    child = fork(json.loads(line))
                    children[child.pipe] = child
                    watched.register(child.pipe, selectors.EVENT_READ)
            for child in [c for c in children.values() if c.over()]:
                watched.unregister(child.pipe)
                del children[child.pipe]
                _report(child)
    except BrokenPipeError:
        return
    finally:
        for child in children.values():
            _end(child)


def preload() -> None:
    """Import once what every child needs; one thread, or a forked child hangs at its first op."""
    import torch

    torch.set_num_threads(1)
    weight = torch.nn.Parameter(torch.zeros(1))
    weight.grad = torch.zeros(1)
    torch.optim.AdamW([weight]).step()
    gc.freeze()  # or every child's garbage collection walks, and so copies, all of torch


@cache
def preload_tests() -> None:
    """Import once what every run of a lab's tests needs."""
    import pytest  # noqa: F401
    import torch

    torch.testing.assert_close(torch.zeros(1), torch.zeros(1))
    gc.freeze()


def _patience(children: dict[int, Child]) -> float | None:
    """Seconds until the next deadline, a quarter at most: a child may end without a word."""
    if not children:
        return None
    return max(0.0, min(0.25, min(c.deadline for c in children.values()) - time.monotonic()))


def fork(job: Job) -> Child:
    """A child that performs one job and answers through its pipe."""
    if job["do"] == "test":
        preload_tests()
    reading, writing = os.pipe()
    parent = os.getpid()
    pid = os.fork()
    if pid:
        os.close(writing)
        return Child(job, pid, reading, time.monotonic())
    try:
        os.setpgid(0, 0)
        die_with(parent)
        be_quiet(job.get("log", os.devnull))
        limit_memory(float(job["memory"]))
        limit_output()
        with os.fdopen(writing, "w") as answer:
            answer.write(json.dumps(perform(job)) + "\n")
    except BaseException:
        traceback.print_exc()
        os._exit(1)
    os._exit(0)


def _end(child: Child) -> None:
    """End a child and all that it started, and take its last words."""
    patient = time.monotonic() + 1.0
    while child.closed and not child.gone() and time.monotonic() < patient:
        time.sleep(0.001)
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(child.pid, signal.SIGKILL)
    if child.status is None:
        os.kill(child.pid, signal.SIGKILL)
        child.status = os.waitpid(child.pid, 0)[1]
    os.set_blocking(child.pipe, False)
    with suppress(BlockingIOError):
        while not child.closed:
            child.read()
    os.close(child.pipe)


def _report(child: Child) -> None:
    """Say how a job ended."""
    hung = not (child.closed or child.reply.endswith(b"\n") or child.gone())
    seconds = time.monotonic() - child.started
    _end(child)
    try:
        outcome = json.loads(child.reply)
    except ValueError:
        ended = killed_by(os.waitstatus_to_exitcode(child.status or 0))
        outcome = {"error": f"took longer than {child.job['limit']:g} s" if hung else ended}
    said = json.dumps({**outcome, "id": child.job["id"], "seconds": seconds}).encode() + b"\n"
    while said:
        said = said[os.write(1, said) :]


if __name__ == "__main__":
    serve()
