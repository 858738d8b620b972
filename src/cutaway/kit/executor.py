"""Executors: a function that takes jobs and yields how each one ended.

A job is plain data (see jobs.py) and writes its own result, so that a cluster engine or a queue
can serve jobs by the same signature: `executor(jobs, stop=...) -> iterator of outcomes`. When
`stop()` turns true, no further job is started and those that run are awaited.
"""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import chain, islice
from typing import Any, Protocol

from cutaway.errors import Unavailable, UsageError

from .fresh import Worker, spawn

Job = dict[str, Any]


@dataclass(frozen=True)
class Outcome:
    """How a job ended: its value, or the error that it ended with."""

    job: Job
    value: Any
    error: str | None
    seconds: float


class Executor(Protocol):
    """What the runner needs of an engine."""

    def __call__(
        self, jobs: Iterable[Job], *, stop: Callable[[], bool] = ...
    ) -> Iterator[Outcome]: ...


def processes() -> int:
    """How many jobs run at once: one for each core that this process may use."""
    asked = os.environ.get("CUTAWAY_PROCESSES")
    if asked:
        if not asked.isdecimal():
            raise UsageError(f"CUTAWAY_PROCESSES is {asked!r}, not a number.", "Unset it.")
        return max(1, int(asked))
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def job(do: str, *, limit: float = 60.0, memory: float = 8.0, **details: Any) -> Job:
    """A job for jobs.py: what to do, the seconds it may take and the GiB it may add."""
    return {"do": do, "limit": limit, "memory": memory, **details}


def local(jobs: Iterable[Job], *, stop: Callable[[], bool] = lambda: False) -> Iterator[Outcome]:
    """Jobs on this machine: forked from one launcher, or a fresh process each without fork."""
    can_fork = hasattr(os, "fork") and os.environ.get("CUTAWAY_FORK") != "0"
    return (_forked if can_fork else _fresh)(iter(jobs), stop)


@contextmanager
def _launcher() -> Iterator[subprocess.Popen[bytes]]:
    """A launcher that ends with the block."""
    process = spawn("cutaway.kit.launcher")
    try:
        yield process
    finally:
        assert process.stdin and process.stdout
        with suppress(OSError):
            process.stdin.close()
        process.stdout.close()
        process.wait()


def _forked(jobs: Iterator[Job], stop: Callable[[], bool]) -> Iterator[Outcome]:
    """Jobs as children of one launcher, as many at once as there are cores."""
    first = list(islice(jobs, 0 if stop() else 1))
    if not first:
        return
    numbered = enumerate(chain(first, jobs))
    running: dict[int, Job] = {}
    with _launcher() as launcher:
        assert launcher.stdin and launcher.stdout
        while True:
            room = 0 if stop() else processes() - len(running)
            asked = dict(islice(numbered, room))
            running |= asked
            if not running:
                return
            lines = [json.dumps({**one, "id": number}) + "\n" for number, one in asked.items()]
            with suppress(BrokenPipeError):
                launcher.stdin.write("".join(lines).encode())
                launcher.stdin.flush()
            line = launcher.stdout.readline()
            if not line:
                raise Unavailable(
                    "The process that runs the cells ended.", "Run the same command again to go on."
                )
            answer = json.loads(line)
            yield _outcome(running.pop(answer["id"]), answer)


def _fresh(jobs: Iterator[Job], stop: Callable[[], bool]) -> Iterator[Outcome]:
    """Jobs in fresh processes, as many at once as there are cores."""
    running: list[Worker] = []
    try:
        while True:
            room = 0 if stop() else processes() - len(running)
            running += [Worker(one) for one in islice(jobs, room)]
            if not running:
                return
            for worker in [worker for worker in running if worker.over()]:
                running.remove(worker)
                yield _outcome(worker.job, worker.end())
            time.sleep(0.02)
    finally:
        for worker in running:
            worker.end()


def _outcome(one: Job, answer: dict[str, Any]) -> Outcome:
    """An answer as an outcome; what the machine lacks for every job is no outcome of one."""
    if "unavailable" in answer:
        raise Unavailable(*answer["unavailable"])
    return Outcome(one, answer.get("value"), answer.get("error"), answer["seconds"])
