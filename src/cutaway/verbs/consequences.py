"""What a break does: its difference, its receipt, and its effect on what the lab measures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from cutaway.errors import UsageError
from cutaway.kit.effects import Effect, effects
from cutaway.kit.faults import difference, rewriting
from cutaway.kit.receipts import CRASH, Receipt, prove
from cutaway.kit.results import read
from cutaway.kit.running import Plan, execute
from cutaway.kit.words import Fault, Lab
from cutaway.kit.worlds import build, source_of, sources
from cutaway.runs.folders import runs_folder

from .session import Halt, gently
from .talk import progress


@dataclass(frozen=True)
class Broken:
    """What is known of one break."""

    fault: Fault
    diff: str
    receipt: Receipt
    tests: int
    crash: str
    effects: list[Effect]
    measured: str

    @property
    def failed(self) -> dict[str, str]:
        """What each test that failed said; all of them, in one word, if none could end."""
        return {"every test": self.crash} if self.crash else self.receipt.failed

    @property
    def passed(self) -> int:
        """How many tests passed."""
        return 0 if self.crash else max(0, self.tests - len(self.receipt.failed))

    @property
    def well(self) -> bool:
        """Whether every test passed and everything could be measured."""
        return not self.failed and all(effect.found for effect in self.effects)


def difference_of(faults: Sequence[Fault]) -> str:
    """The difference between the package and a broken copy of it."""
    world = build(faults)
    clean = sources()
    files = [fault.file for fault in world.faults]
    return difference({f: clean[f] for f in files}, {f: source_of(world, f) for f in files})


def broken_by(lab: Lab, faults: Sequence[Fault]) -> Broken:
    """All that can be said of a break: measured now, unless fresh results hold it."""
    one = faults[0] if len(faults) == 1 else _composed(faults)
    diff_text = difference_of(faults)
    with progress("running the tests on the broken copy", 2) as bar:
        matrix = prove(lab, [one], done=lambda name: bar.advance(bar.task_ids[0]))
    receipt = matrix.receipts[one.name]
    crash = "; ".join(said for test, said in receipt.failed.items() if test.startswith(CRASH))
    found, measured = ([], "not measured") if crash else _effects(lab, one)
    return Broken(one, diff_text, receipt, len(matrix.tests), crash, found, measured)


def _composed(faults: Sequence[Fault]) -> Fault:
    """Several faults as one, where they stand in one file."""
    files = {fault.file for fault in faults}
    if len(files) > 1:
        raise UsageError(
            "Faults of several files are composed in Python only.", "with broken(a, b): ..."
        )
    file, name = files.pop(), "+".join(fault.name for fault in faults)
    after = source_of(build(faults), file)
    return rewriting(name, file, sources()[file], after, "; ".join(fault.says for fault in faults))


def _effects(lab: Lab, fault: Fault) -> tuple[list[Effect], str]:
    """The effects on every outcome of the lab: recorded ones if they are fresh, else quick ones."""
    judged = [one for one in lab.experiments if one.outcome]
    if not judged:
        return [], "this lab names no outcome to judge a break by"
    recorded = read(lab)
    if (
        fault in lab.faults
        and recorded.fresh
        and all(fault.name in one.grid.get("fault", ()) for one in judged)
    ):
        return [
            e for one in judged for e in effects(one, recorded.tables[one.name], fault.name)
        ], "recorded"
    plans = [Plan(lab, one, runs_folder() / lab.name, True, [fault]) for one in judged]
    with gently(Halt()) as halt, progress("measuring", sum(len(p.missing()) for p in plans)) as bar:
        for _, outcome in execute(plans, stop=halt):
            bar.advance(bar.task_ids[0], len(outcome.job["cells"]))
    halt.check()
    return [
        e for plan in plans for e in effects(plan.experiment, plan.table(), fault.name)
    ], "quick"


def plain(found: Broken) -> dict[str, Any]:
    """A break as plain data."""
    return {
        "fault": found.fault.name,
        "says": found.fault.says,
        "diff": found.diff,
        "changed": found.receipt.changed,
        "failed": found.failed,
        "killed_by": found.receipt.killer,
        "measured": found.measured,
        "effects": [
            {
                "column": one.column,
                "point": dict(one.point),
                "effect": one.found.mean if one.found else None,
                "interval": [one.found.low, one.found.high] if one.found else None,
                "says": str(one),
            }
            for one in found.effects
        ],
    }
