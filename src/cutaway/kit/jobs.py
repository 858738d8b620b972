"""What a worker can do: measure a cell, observe a broken world, run a lab's tests on it.

A job is plain data, so that it can travel to another process or machine; faults travel as the
fields they consist of.
"""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from cutaway.errors import Unavailable
from cutaway.runs.disk import write_file
from cutaway.runs.sealing import sealed

from .labs import load, place
from .observing import changes
from .tables import rounded
from .words import Experiment, Fault
from .worlds import CLEAN, World, build, worlds_folder

MOST_WORDS = 1000  # letters of an error that are kept


def spec(faults: Sequence[Fault]) -> list[dict[str, Any]]:
    """Faults as plain data."""
    return [asdict(fault) for fault in faults]


def perform(job: dict[str, Any]) -> dict[str, Any]:
    """The value of a job, or the error that it ended with, or what the machine lacks for any."""
    try:
        return {"value": DOES[job["do"]](job)}
    except Unavailable as error:
        return {"unavailable": [error.what, error.next_step]}
    except BaseException as error:
        last = traceback.extract_tb(error.__traceback__)[-1]
        where = f"{Path(last.filename).name}, line {last.lineno}"
        return {"error": f"{type(error).__name__}: {str(error)[:MOST_WORDS]} ({where})"}


def world_of(job: dict[str, Any]) -> World:
    """The world that a job asks for; `[]` is a copy with an empty edit, None the package itself."""
    if job["faults"] is None:
        return CLEAN
    return build([Fault(**fault) for fault in job["faults"]])


def measure(job: dict[str, Any]) -> int:
    """Measure a cell, or all seeds of a point, and write the rows of each; how many there are."""
    world = world_of(job)
    experiment = next(e for e in load(job["lab"]).experiments if e.name == job["experiment"])
    _seed(job["seeds"][0])
    start = time.process_time()
    several = _rows(experiment, world, job["seeds"], job["params"])
    seconds = (time.process_time() - start) / len(several)  # whatever else the machine does
    for rows, cell, out in zip(several, job["cells"], job["outs"], strict=True):
        if not rows:
            raise ValueError("the measuring function returned no rows")
        if taken := {"fault", "seed", *job["params"]} & {key for row in rows for key in row}:
            raise ValueError(f"the measuring function names {min(taken)!r}, which the grid names")
        kept = [{key: rounded(value) for key, value in row.items()} for row in rows]
        write_file(Path(out), sealed({"rows": kept, "cell": cell, "seconds": seconds}))
    return sum(map(len, several))


def _rows(
    experiment: Experiment, world: World, seeds: Sequence[int], params: dict[str, Any]
) -> list[list[dict[str, Any]]]:
    """The rows of each seed, measured alone or all together."""
    if not experiment.together:
        return [[dict(row) for row in experiment.measure(world, seed=seeds[0], **params)]]
    found: dict[int, list[dict[str, Any]]] = {seed: [] for seed in seeds}
    for row in experiment.measure(world, seeds=seeds, **params):
        rest = dict(row)
        found[rest.pop("seed")].append(rest)
    return list(found.values())


def _seed(seed: int) -> None:
    """Start the global generators at a seed: a draw that a lab forgot to seed repeats as well."""
    import random

    import numpy
    import torch

    random.seed(seed)
    numpy.random.seed(seed)
    torch.manual_seed(seed)


def observe(job: dict[str, Any]) -> dict[str, Any]:
    """What a broken world changes of what its lab declares observable, and by how much."""
    world = world_of(job)
    lab = load(job["lab"])
    clean = lab.observe(CLEAN)
    try:
        broken = lab.observe(world)
    except Exception as error:
        return {"everything": f"{type(error).__name__}: {str(error)[:MOST_WORDS]}"}
    return changes(clean, broken)


def test(job: dict[str, Any]) -> dict[str, Any]:
    """How the lab's tests, or the named ones, end on a broken world: None, or what they said."""
    import pytest

    world = world_of(job)
    folder = worlds_folder() / world.package
    here = place(job["lab"])
    asked = set(job["tests"])
    files = _defining(asked, sorted((folder / here.wing / here.name).glob("test_*.py")))
    rooted = ["-c", "/dev/null", "--rootdir", str(folder), "--confcutdir", str(folder)]
    options = [*rooted, "-p", "no:cacheprovider", "-q", "--tb=line"]
    record = _Record(asked)
    if world.faults:
        world.module(here.module)
    pytest.main([*options, *map(str, files)], plugins=[record])
    return {"tests": record.outcomes, "blunt": sorted(record.blunt)}


def _defining(tests: set[str], files: list[Path]) -> list[Path]:
    """The files that define one of the named tests, or all: to import the others takes longer."""
    heads = {f"def {name.rpartition('::')[2].partition('[')[0]}(" for name in tests}
    named = [file for file in files if any(head in file.read_text("utf-8") for head in heads)]
    return named or files


class _Record:
    """A pytest plugin that keeps how each test ended, and runs no others than those asked for."""

    def __init__(self, only: set[str]) -> None:
        self.only = only
        self.outcomes: dict[str, str | None] = {}
        self.blunt: set[str] = set()

    def pytest_configure(self, config: Any) -> None:
        """Declare the marks of tests that do not count as killers."""
        for mark in ("oracle", "golden", "slow"):
            config.addinivalue_line("markers", f"{mark}: does not name a fault")

    def pytest_collection_modifyitems(self, items: list[Any]) -> None:
        """Keep which tests are oracles or golden values, and drop those not asked for."""
        items[:] = [item for item in items if not self.only or _name(item.nodeid) in self.only]
        marks = ("oracle", "golden")
        self.blunt = {_name(i.nodeid) for i in items if any(map(i.get_closest_marker, marks))}

    def pytest_runtest_logreport(self, report: Any) -> None:
        """Keep the first failure of a test, or that it passed."""
        name = _name(report.nodeid)
        if report.failed:
            self.outcomes[name] = _sentence(report)
        elif report.when == "call" and report.passed:
            self.outcomes.setdefault(name, None)

    def pytest_collectreport(self, report: Any) -> None:
        """A file of tests that cannot be imported fails as a whole."""
        if report.failed:
            self.outcomes["crash: collection"] = str(report.longrepr)[-300:]


def _name(node: str) -> str:
    """A test by the name of its function, with its parameters."""
    return node.partition("::")[2]


def _sentence(report: Any) -> str:
    """The last line of what a failing test said."""
    crash = getattr(report.longrepr, "reprcrash", None)
    text = crash.message if crash else str(report.longrepr)
    return str(text).strip().splitlines()[0][:300] if str(text).strip() else "failed"


DOES: dict[str, Callable[[dict[str, Any]], Any]] = {
    "measure": measure,
    "observe": observe,
    "test": test,
}
