"""A lab being measured from the command line: announced, shown, stopped gently."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cutaway.errors import CutawayError, UsageError
from cutaway.kit.adopting import origin
from cutaway.kit.executor import Outcome, processes
from cutaway.kit.labs import labs, load, nearest, place
from cutaway.kit.manifest import record
from cutaway.kit.receipts import Matrix, prove
from cutaway.kit.results import read
from cutaway.kit.running import Plan, execute, lacking
from cutaway.kit.words import Experiment, Fault, Lab

from .talk import duration, progress, say, size

KB_A_CELL = 1.0


class Stopped(CutawayError):
    """A signal asked to stop; what was finished is kept."""

    def __init__(self, number: int, then: str) -> None:
        super().__init__(f"Stopped. {then}")
        self.code = 128 + number


@dataclass
class Halt:
    """Whether to stop: asked by a signal, or the budget is spent."""

    until: float = float("inf")
    signal: int = 0
    first: str = "Finishing the running cells"

    def __call__(self) -> bool:
        """Whether no further cell is to be started."""
        return bool(self.signal) or time.monotonic() > self.until

    def check(self, then: str = "The same command goes on from here.") -> None:
        """An error if a signal asked to stop."""
        if self.signal:
            raise Stopped(self.signal, then)


def chosen(names: Sequence[str]) -> list[Lab]:
    """The named labs; all of them, if none is named, but for those that cannot be read."""
    if names:
        return [load(place(name).name) for name in dict.fromkeys(names)]
    good, bad = labs()
    for error in bad:
        say(f"{error.what} {error.next_step}", "red")
    return good


@contextmanager
def gently(halt: Halt) -> Iterator[Halt]:
    """The first Ctrl-C waits for what was begun, the second does not."""

    def ask(number: int, _frame: Any) -> None:
        if halt.signal:
            raise KeyboardInterrupt
        halt.signal = number
        say(f"\n{halt.first}; press Ctrl-C again to stop at once.", "yellow")

    before = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield halt
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@dataclass
class Run:
    """One lab being measured in one form."""

    lab: Lab
    folder: Path
    quick: bool
    experiments: Sequence[str] = ()
    plans: list[Plan] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Plan the cells."""
        known = {experiment.name: experiment for experiment in self.lab.experiments}
        for name in self.experiments:
            if name not in known:
                what = f"The lab {self.lab.name!r} has no experiment {name!r}."
                raise UsageError(
                    what, nearest(name, known, f"cutaway run {self.lab.name} --dry-run")
                )
        chosen: Sequence[Experiment]
        chosen = [known[name] for name in dict.fromkeys(self.experiments or known)]
        if not self.experiments:
            chosen = self._possible(chosen)
        self.plans = [Plan(self.lab, one, self.folder, self.quick) for one in chosen]

    def _possible(self, chosen: Sequence[Experiment]) -> Sequence[Experiment]:
        """The experiments whose corpora are here, having said which are left out; or else all."""
        here = [one for one in chosen if not lacking(one)]
        for one in chosen if here else ():
            if error := lacking(one):
                what = f"{self.lab.name}: {one.name} is left out."
                say(f"{what} {error.what} {error.next_step}", "yellow")
        return here or chosen

    @property
    def form(self) -> Path:
        """The folder of this form's tables and report."""
        return self.folder / ("quick" if self.quick else "full")

    def seconds(self) -> float | None:
        """An estimate of what is left, from finished cells or else the recorded results."""
        recorded = read(self.lab).manifest.get("experiments", {})
        left = 0.0
        for plan in self.plans:
            known = plan.seconds() or recorded.get(plan.experiment.name, {}).get("seconds_a_cell")
            if plan.missing() and known is None:
                return None
            left += len(plan.missing()) * (known or 0.0)
        return left / processes()

    def planned(self) -> dict[str, Any]:
        """What is about to be done, as plain data."""
        cells = sum(len(plan.cells) for plan in self.plans)
        left = sum(len(plan.missing()) for plan in self.plans)
        found: dict[str, Any] = {"lab": self.lab.name, "quick": self.quick}
        return found | {"cells": cells, "left": left, "seconds": self.seconds()}

    def announce(self) -> str:
        """What is about to be done, in words."""
        plan = self.planned()
        cells, left, seconds = plan["cells"], plan["left"], plan["seconds"]
        takes = (
            "time not known before the first cells"
            if seconds is None
            else f"about {duration(seconds)}"
        )
        disk = size(left * KB_A_CELL * 1000)
        form = "quick" if self.quick else "full"
        done = f", {cells - left} of them done" if left < cells else ""
        left_over = (
            f"{takes} on {processes()} processes, {disk} of disk" if left else "nothing left to do"
        )
        return f"{self.lab.name} ({form}): {cells} cells{done}; {left_over}; in {self.folder}"

    def measure(self, halt: Halt) -> None:
        """Measure what is missing."""
        left = sum(len(plan.missing()) for plan in self.plans)
        with progress(f"{self.lab.name}: measuring", left) as bar:
            for _, outcome in execute(self.plans, stop=halt) if left else ():
                bar.advance(bar.task_ids[0], len(outcome.job["cells"]))
                if outcome.error:
                    say(f"{cell_of(outcome)} failed: {outcome.error}", "red")

    def prove(self, faults: Sequence[Fault] | None = None) -> Matrix:
        """The receipts of some faults, or all of the lab's."""
        chosen = self.lab.faults if faults is None else faults
        with progress(
            f"{self.lab.name}: proving that each fault breaks something", len(chosen) + 1
        ) as bar:
            return prove(self.lab, chosen, done=lambda name: bar.advance(bar.task_ids[0]))

    def left(self) -> int:
        """The cells that were neither finished nor tried."""
        return sum(cell.key not in plan.failures for plan in self.plans for cell in plan.missing())

    def write(self, folder: Path, matrix: Matrix | None, wall: float) -> dict[str, Any]:
        """Write the tables, receipts and manifest, with those finished earlier; the manifest."""
        chosen = {plan.experiment.name: plan for plan in self.plans}
        others = [
            one for one in self.lab.experiments if one.name not in chosen and not lacking(one)
        ]
        earlier = [Plan(self.lab, one, self.folder, self.quick) for one in others]
        plans = [*self.plans, *(plan for plan in earlier if not plan.missing())]
        tables = {plan.experiment.name: plan.table() for plan in plans}
        seconds = {plan.experiment.name: plan.seconds() or 0.0 for plan in plans}
        elsewhere = {plan.experiment.name: where for plan in plans if (where := origin(plan))}
        return record(self.lab, tables, matrix, folder, wall, seconds, elsewhere)


def cell_of(outcome: Outcome) -> str:
    """The cell that an outcome is of, in words."""
    job = outcome.job
    broken = "+".join(fault["name"] for fault in job["faults"] or ())
    seeds = " and ".join(map(str, sorted({job["seeds"][0], job["seeds"][-1]})))
    arm = {**({"fault": broken} if broken else {}), **job["params"], "seed": seeds}
    return f"{job['experiment']} ({', '.join(f'{name} {value}' for name, value in arm.items())})"
