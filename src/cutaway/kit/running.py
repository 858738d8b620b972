"""Running an experiment: a grid becomes cells, each cell a file, and the files a table.

A cell is named by the digest of all that it rests on. So a finished cell is never run again, an
interrupted run goes on where it stopped, and two runs of one lab share what each finishes.
"""

from __future__ import annotations

import platform
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from importlib.metadata import version
from itertools import groupby
from pathlib import Path
from typing import Any

from cutaway.data.opening import corpus
from cutaway.errors import Refused, Unavailable, UsageError
from cutaway.runs.disk import cannot_write, sweep
from cutaway.runs.sealing import digest, unsealed

from .digests import fault_inputs, function_inputs
from .executor import Executor, Job, Outcome, job, local
from .grids import points
from .jobs import spec
from .tables import Table
from .words import Experiment, Fault, Lab, Scalar


def lacking(experiment: Experiment) -> Unavailable | None:
    """What says that a corpus of an experiment is not here, and how to get it."""
    try:
        for name in experiment.data:
            corpus(name)
    except Unavailable as error:
        return error
    return None


@dataclass(frozen=True)
class Cell:
    """One point of a grid with one seed, and the file that its rows are kept in."""

    params: Mapping[str, Scalar]
    seed: int
    key: str
    path: Path

    def read(self) -> dict[str, Any] | None:
        """What was measured, or None when that is still to do or the file is damaged."""
        try:
            kept = unsealed(self.path)
            return kept if kept["cell"] == self.key else None
        except (OSError, Refused, KeyError):
            return None


@dataclass
class Plan:
    """The cells of one experiment in one form, and what is known of them so far."""

    lab: Lab
    experiment: Experiment
    folder: Path
    quick: bool = False
    extra: Sequence[Fault] = ()
    failures: dict[str, str] = field(default_factory=dict)

    @property
    def faults(self) -> dict[str, Fault]:
        """The faults that the grid may name."""
        return {fault.name: fault for fault in (*self.lab.faults, *self.extra)}

    def of(self, value: Scalar) -> list[Fault]:
        """The faults that one value of the grid's `fault` names, joined by `+`."""
        names = str(value).split("+") if value else []
        missing = [name for name in names if name not in self.faults]
        if missing:
            what = f"The experiment {self.experiment.name!r} names a fault {missing[0]!r}"
            raise UsageError(f"{what} that {self.lab.name} does not have.", "Correct the grid.")
        return [self.faults[name] for name in names]

    @cached_property
    def cells(self) -> list[Cell]:
        """Every cell, in the order of the grid."""
        faults = [None, *(fault.name for fault in self.extra)] if self.extra else None
        name = getattr(self.experiment.measure, "__name__", "measure")
        sources = digest(function_inputs(self.lab.name, name))
        texts = [corpus(name).digest for name in self.experiment.data]
        rests = [sources, self.experiment.name, *_versions(), *texts]
        together = self.experiment.together
        return [
            self._cell(params, seed, [*rests, *([["together", seeds]] if together else [])])
            for params, seeds in points(self.experiment, self.quick, faults)
            for seed in range(seeds)
        ]

    def _cell(self, params: dict[str, Scalar], seed: int, rests: list[Any]) -> Cell:
        """A cell, named by what it rests on."""
        rests = [*rests, params, seed]
        key = digest([*rests, fault_inputs(self.of(params.get("fault")))])
        return Cell(params, seed, key, self.folder / "cells" / f"{key[:32]}.json")

    def missing(self) -> list[Cell]:
        """The cells still to measure."""
        return [cell for cell in self.cells if cell.read() is None]

    def asked(self) -> Iterator[list[Cell]]:
        """What each job is to measure: a missing cell, or all seeds of a point that lacks one."""
        together = self.experiment.together
        for _, some in groupby(self.cells, lambda one: one.params if together else one.key):
            cells = list(some)
            if any(cell.read() is None for cell in cells):
                yield cells

    def seconds(self) -> float | None:
        """What a cell takes, by those that are finished."""
        taken = [kept["seconds"] for cell in self.cells if (kept := cell.read())]
        return sum(taken) / len(taken) if taken else None

    def job(self, cells: Sequence[Cell]) -> Job:
        """The job that measures a cell, or several seeds of a point."""
        point = cells[0].params
        params = {name: value for name, value in point.items() if name != "fault"}
        faults = self.of(point.get("fault"))
        return job(
            "measure",
            limit=self.experiment.limit * len(cells),
            lab=self.lab.name,
            experiment=self.experiment.name,
            params=params,
            faults=spec(faults) or None,
            seeds=[cell.seed for cell in cells],
            cells=[cell.key for cell in cells],
            outs=[str(cell.path.resolve()) for cell in cells],
            log=str((self.folder / "log.txt").resolve()),
        )

    def table(self) -> Table:
        """The rows of the finished cells, with the failures beside them."""
        rows, failed, keeps = [], [], self.experiment.keeps
        for cell in self.cells:
            kept = cell.read()
            if kept is not None:
                for row in kept["rows"]:
                    columns = {name: row[name] for name in row if not keeps or name in keeps}
                    rows.append({**cell.params, "seed": cell.seed, **columns})
            else:
                error = self.failures.get(cell.key, "not measured")
                failed.append({"params": dict(cell.params), "seed": cell.seed, "error": error})
        return Table.of(rows, failed, self.quick)


def _versions() -> list[str]:
    """What a number rests on besides the sources, as far as it is known without importing torch."""
    return [version("torch"), version("numpy"), platform.system(), platform.machine()]


def execute(
    plans: Sequence[Plan],
    executor: Executor = local,
    stop: Callable[[], bool] = lambda: False,
) -> Iterator[tuple[Plan, Outcome]]:
    """Measure the missing cells of some plans, each job yielded as it ends."""
    owner: dict[str, Plan] = {}

    def jobs() -> Iterator[Job]:
        for plan in plans:
            try:
                plan.folder.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise cannot_write(plan.folder, error) from error
            sweep(plan.folder / "cells")
            for cells in plan.asked():
                owner[cells[0].key] = plan
                yield plan.job(cells)

    for outcome in executor(jobs(), stop=stop):
        plan = owner[outcome.job["cells"][0]]
        if outcome.error:
            plan.failures |= dict.fromkeys(outcome.job["cells"], outcome.error)
        yield plan, outcome
