"""Receipts: the proof that a fault is one. It changed what can be observed, and a test names it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from cutaway.errors import CheckFailed, UsageError

from .executor import Executor, Job, job, local
from .jobs import spec
from .words import Fault, Lab
from .worlds import build

CONTROL = "control"
CRASH = "crash: "


@dataclass
class Receipt:
    """What one fault changed, by how much, and what each test that failed said."""

    fault: str
    changed: dict[str, float | str] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)
    killer: str | None = None


@dataclass
class Matrix:
    """Every test against every fault of a lab."""

    tests: list[str]
    blunt: list[str]
    receipts: dict[str, Receipt]

    def kills(self, test: str) -> int:
        """How many faults a test fails for."""
        return sum(test in receipt.failed for receipt in self.receipts.values())

    def killer(self, fault: str) -> str | None:
        """The most specific test that fails for a fault, if there is one that names it.

        A crash or a hang is a kill. A test that fails for more than a third of the faults, an
        oracle and a golden value name nothing.
        """
        failed = self.receipts[fault].failed
        crashes = [test for test in failed if test.startswith(CRASH)]
        most = max(1, len(self.receipts) // 3)
        named = [test for test in self.tests if test in failed and test not in self.blunt]
        sharp = [test for test in named if self.kills(test) <= most]
        return min(sharp, key=self.kills, default=None) or next(iter(crashes), None)

    def content(self) -> dict[str, Any]:
        """The matrix as plain data."""
        return {
            "tests": self.tests,
            "blunt": self.blunt,
            "faults": {
                name: {"changed": r.changed, "failed": sorted(r.failed), "killer": r.killer}
                for name, r in self.receipts.items()
            },
        }


def prove(
    lab: Lab,
    faults: Sequence[Fault] | None = None,
    executor: Executor = local,
    done: Callable[[str], None] = lambda name: None,
) -> Matrix:
    """The receipts of a lab's faults; a control that is not clean voids them all."""
    faults = list(lab.faults if faults is None else faults)
    _check_names(faults)
    _check_edits(faults)
    receipts = {name: Receipt(name) for name in (CONTROL, *(fault.name for fault in faults))}
    tests: list[str] = []
    blunt: list[str] = []
    ran: dict[str, dict[str, str | None]] = {}
    for outcome in executor(_jobs(lab, faults)):
        receipt = receipts[outcome.job["fault"]]
        if outcome.job["do"] == "observe":
            receipt.changed |= {"everything": outcome.error} if outcome.error else outcome.value
        elif outcome.error:
            receipt.failed[f"{CRASH}{outcome.error}"] = outcome.error
        else:
            ended = ran[receipt.fault] = outcome.value["tests"]
            receipt.failed |= {test: said for test, said in ended.items() if said is not None}
            if receipt.fault == CONTROL:
                tests, blunt = list(ended), outcome.value["blunt"]
            done(receipt.fault)
    _check_control(lab, receipts.pop(CONTROL), tests)
    for fault, receipt in receipts.items():
        if not any(test.startswith(CRASH) for test in receipt.failed):
            absent = [test for test in tests if test not in ran[fault]]
            receipt.failed |= dict.fromkeys(absent, "did not run")
    matrix = Matrix(tests, blunt, receipts)
    for fault in receipts:
        receipts[fault].killer = matrix.killer(fault)
    return matrix


def _check_names(faults: Sequence[Fault]) -> None:
    """An error where two faults of a lab could not be told apart."""
    names = [CONTROL, *(fault.name for fault in faults)]
    for name in names:
        if names.count(name) > 1:
            raise UsageError(f"Two faults are called {name!r}.", "Give one of them another name.")


def _check_edits(faults: Sequence[Fault]) -> None:
    """An error unless every fault applies and leaves Python: a copy not made breaks nothing."""
    build([])
    for fault in faults:
        build([fault])


def _jobs(lab: Lab, faults: Sequence[Fault]) -> Iterator[Job]:
    """The observations and the tests, the control's first."""
    for name, edits in [(CONTROL, []), *((fault.name, [fault]) for fault in faults)]:
        common: dict[str, Any] = {"lab": lab.name, "fault": name, "faults": spec(edits)}
        yield job("observe", limit=60, **common)
        yield job("test", limit=60, tests=[], **common)


def _check_control(lab: Lab, control: Receipt, tests: Sequence[str]) -> None:
    """An error unless the copy with an empty edit is the package, bit for bit and test for test."""
    if "everything" in control.changed:
        said = control.changed["everything"]
        raise CheckFailed(
            f"The lab {lab.name!r} cannot be observed, broken or not: {said}", "Mend `observe`."
        )
    if control.changed:
        names = ", ".join(f"{name} ({amount})" for name, amount in control.changed.items())
        raise CheckFailed(
            f"The control of {lab.name!r} is not the package: {names}.",
            "`observe` must be a function of the world alone: seed every random draw.",
        )
    if control.failed or not tests:
        test, said = next(iter(control.failed.items()), ("no test", "ran"))
        raise CheckFailed(
            f"The tests of {lab.name!r} fail on an unbroken copy: {test}: {said}",
            "Mend the test; it may import only what stands in the copy (see CONTRIBUTING.md).",
        )


def caught(named: Sequence[tuple[Lab, Fault, str]], executor: Executor = local) -> dict[str, bool]:
    """Whether each fault's named killer still fails on its broken copy, by `lab.fault`."""
    killers = {f"{lab.name}.{fault.name}": killer for lab, fault, killer in named}
    jobs = [
        job("test", lab=lab.name, fault=name, faults=spec([fault]), tests=_only(killers[name]))
        for name, (lab, fault, _) in zip(killers, named, strict=True)
    ]
    _check_edits([fault for _, fault, _ in named])
    found = {}
    for outcome in executor(jobs):
        killer = killers[outcome.job["fault"]]
        ended = {} if outcome.error else outcome.value["tests"]
        crashed = bool(outcome.error) or any(test.startswith(CRASH) for test in ended)
        found[outcome.job["fault"]] = (
            crashed if killer.startswith(CRASH) else bool(ended.get(killer))
        )
    return found


def _only(killer: str) -> list[str]:
    """The tests to run for a killer: itself, or all of them where a crash is the kill."""
    return [] if killer.startswith(CRASH) else [killer]
