"""`run` and `demo`: measure labs, resumably, and write what was found."""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from cutaway.errors import CheckFailed, UsageError
from cutaway.kit.adopting import adopt
from cutaway.kit.faults import difference
from cutaway.kit.labs import find_fault, load, place
from cutaway.kit.results import read
from cutaway.kit.words import Lab
from cutaway.kit.worlds import build, source_of, sources
from cutaway.runs.folders import runs_folder

from .checkout import need_checkout
from .reporting import write_report
from .session import Halt, Run, chosen, gently
from .show import Json
from .talk import say, show, show_diff, show_json

DEMO, DEMO_FAULT = "bigram", "no_shift"
Out = Annotated[Path | None, Parameter(help="The folder for what is measured, instead of ./runs.")]
UNITS = {"s": 1, "m": 60, "h": 3600}


def run(
    *names: Annotated[str, Parameter(help="The labs; all, if none is named.")],
    quick: Annotated[
        bool, Parameter(help="The quick form: at most a minute a lab.", negative="")
    ] = False,
    record: Annotated[
        bool, Parameter(help="Write the lab's committed results (in a checkout).", negative="")
    ] = False,
    experiment: Annotated[
        tuple[str, ...], Parameter(help="Only this experiment.", negative="")
    ] = (),
    dry_run: Annotated[bool, Parameter(help="Say what would be done.", negative="")] = False,
    budget: Annotated[str, Parameter(help="Stop after this time, such as 30s, 5m or 2h.")] = "",
    out: Out = None,
    json: Json = False,
) -> int:
    """Measure labs: every experiment over its grid and its paired seeds.

    A finished cell is never measured again: after Ctrl-C, a crash or a spent budget, the same
    command goes on where it stopped. Nor is what is recorded and still holds, by `--record`
    (`cutaway verify` measures it again). Without names, every lab is measured.

    ```
    cutaway run bigram --quick
    cutaway run bigram --budget 5m
    cutaway run bigram --record
    ```
    """
    if record and (quick or experiment):
        raise UsageError(
            "A quick or partial result is never recorded.", "Leave out --quick and --experiment."
        )
    if record:
        need_checkout("run --record")
    halt = Halt(time.monotonic() + seconds_of(budget)) if budget else Halt()
    experiments = None if record else experiment
    runs = [_planned(lab, out, quick, experiments, record and not dry_run) for lab in chosen(names)]
    for one in runs:
        say(one.announce())
    if dry_run:
        if json:
            show_json({"runs": [one.planned() for one in runs]})
        return 0
    with gently(halt):
        found = [_measured(one, halt, record, talk=not json) for one in runs if not halt()]
    if json:
        show_json({"runs": found})
    return _ending(found, runs, halt, record)


def _planned(
    lab: Lab, out: Path | None, quick: bool, experiments: Sequence[str] | None, taking: bool
) -> Run:
    """The run of a lab's experiments, all of them if none is named, corpora here or not.

    What is recorded of them and still holds is taken over, or not.
    """
    names = [one.name for one in lab.experiments] if experiments is None else experiments
    run = Run(lab, (out or runs_folder()) / lab.name, quick, names)
    if taking:
        recorded = read(lab)
        for plan in run.plans:
            adopt(plan, recorded)
    return run


def _measured(one: Run, halt: Halt, recorded: bool, talk: bool = True) -> dict[str, Any]:
    """Measure one lab, write what was found and show it."""
    start = time.monotonic()
    one.measure(halt)
    complete = one.left() == 0
    failed = sum(len(plan.failures) for plan in one.plans)
    halt.first = "Finishing the proofs, then recording"
    matrix = one.prove() if recorded and complete and not failed else None
    halt.first = Halt.first
    home = place(one.lab.name).results if matrix else one.form
    manifest = one.write(home, matrix, time.monotonic() - start)
    report = write_report([(one.lab, home)], one.form / "report.html")
    if talk:
        _show_claims(one, manifest["claims"])
    say(f"Report: {report}" + (f"; recorded in {home}" if matrix else ""))
    return {
        "lab": one.lab.name,
        "quick": one.quick,
        "complete": complete,
        "left": one.left(),
        "failed": failed,
        "folder": str(home),
        "report": str(report),
        "tables": {name: entry["content"] for name, entry in manifest["experiments"].items()},
        "claims": manifest["claims"],
    }


def _ending(
    found: Sequence[dict[str, Any]], runs: Sequence[Run], halt: Halt, recorded: bool
) -> int:
    """Say how it ended; the exit code."""
    left = sum(one.left() for one in runs)
    if left:
        why = "Stopped" if halt.signal else "The budget is spent"
        say(f"{why}: {left} cells are left. The same command goes on from here.", "yellow")
        if recorded:
            say("What is not complete was not recorded.", "yellow")
    if halt.signal:
        return 128 + halt.signal
    failed = {entry["lab"]: entry["failed"] for entry in found if entry["failed"]}
    if failed and recorded:
        cells = ", ".join(f"{count} of {lab}" for lab, count in failed.items())
        raise CheckFailed(
            f"Failed cells: {cells}. Nothing of that was recorded; what was measured is kept.",
            "Mend what failed, then run the same command again.",
        )
    return 1 if failed else 0


def _show_claims(one: Run, claims: Sequence[dict[str, Any]]) -> None:
    """The verdicts of a lab."""
    for claim in claims:
        show(f"{claim['verdict'].upper()}: {claim['says']}")
        show(f"    {claim['because']}", "dim")
    if one.quick:
        say("These are quick verdicts, from few seeds: to look at, not for the record.", "yellow")


def seconds_of(text: str) -> float:
    """A time such as 30s, 5m or 1.5h in seconds."""
    hit = re.fullmatch(r"(\d+(?:\.\d+)?)([smh])", text.strip())
    if not hit:
        raise UsageError(f"{text!r} is not a time.", "Write 30s, 5m or 2h.")
    return float(hit[1]) * UNITS[hit[2]]


def demo(*, out: Out = None) -> int:
    """Build the smallest language model, break it, measure it, and write a report to look at.

    ```
    cutaway demo
    ```
    """
    lab, folder = load(DEMO), (out or runs_folder()) / "demo"
    fault = find_fault(DEMO_FAULT, DEMO)
    say(f"1. Build: {lab.lesson}")
    say(f"2. Break: {fault.says}.")
    world = build([fault])
    show_diff(
        difference({fault.file: sources()[fault.file]}, {fault.file: source_of(world, fault.file)})
    )
    one = Run(lab, folder, quick=True)
    matrix = one.prove([fault])
    say(f"   The test that names it: {matrix.receipts[fault.name].killer}")
    say("3. Measure: " + one.announce())
    with gently(Halt()) as halt:
        start = time.monotonic()
        one.measure(halt)
    halt.check()
    manifest = one.write(one.form, None, time.monotonic() - start)
    _show_claims(one, manifest["claims"])
    report = write_report([(lab, one.form)], folder / "report.html", matrix)
    say(f"Open {report.resolve()} in a browser.", "bold")
    say("Next: `cutaway book`, `cutaway break bigram --line 16`, `cutaway try bigram --stub`.")
    return 0
