"""`verify`: measure again what is recorded, and compare."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from cutaway.data.opening import corpus
from cutaway.kit.comparing import agreement
from cutaway.kit.manifest import environment, same_kind
from cutaway.kit.receipts import Matrix
from cutaway.kit.results import Results, read
from cutaway.kit.running import lacking
from cutaway.kit.words import Lab
from cutaway.runs.disk import cannot_write
from cutaway.runs.folders import runs_folder

from .session import Halt, Run, chosen, gently
from .show import Json
from .talk import say, show_grid, show_json


def verify(
    *names: Annotated[str, Parameter(help="The labs; all, if none is named.")],
    json: Json = False,
) -> int:
    """Measure everything again from nothing and compare it with the recorded results.

    On a machine of the same kind exact results must be equal to the last bit; elsewhere they must
    agree within a stated tolerance. Verdicts and receipts must be the same everywhere. What was
    measured on texts that are not here, or are others here (the standard library of another
    Python), is named and not compared. The exit code is 1 when something differs.

    ```
    cutaway verify
    cutaway verify bigram
    ```
    """
    rows: list[dict[str, Any]] = []
    halt = Halt()
    for lab in chosen(names):
        if lab.draft and not names:
            continue
        recorded = read(lab)
        if not recorded.fresh:
            said = "; ".join([*recorded.problems.values(), *recorded.stale]) or "not measured"
            rows.append(_row(lab, "results", False, said))
            continue
        apart = dict(_incomparable(lab, recorded))
        rows += [_row(lab, name, True, f"not compared: {why}") for name, why in apart.items()]
        if left := tuple(one.name for one in lab.experiments if one.name not in apart):
            rows += _repeated(lab, left, recorded, halt)
    good = all(row["same"] for row in rows)
    if json:
        show_json({"same": good, "checks": rows})
    else:
        show_grid([], [[row["lab"], row["what"], _word(row), row["says"]] for row in rows])
    return 0 if good else 1


@contextmanager
def _folder() -> Iterator[Path]:
    """A folder of this call's own among the runs, there as long as it is needed."""
    try:
        runs_folder().mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(prefix="verify-", dir=runs_folder()))
    except OSError as error:
        raise cannot_write(runs_folder(), error) from error
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _word(row: dict[str, Any]) -> str:
    """How a comparison ended, in a word or two."""
    if row["same"]:
        return "same"
    return "NOT FRESH" if row["what"] == "results" else "DIFFERS"


def _incomparable(lab: Lab, recorded: Results) -> Iterator[tuple[str, str]]:
    """The experiments that cannot be repeated here on the texts that they were measured on."""
    for one in lab.experiments:
        then = recorded.manifest["experiments"][one.name]["data"]
        if error := lacking(one):
            yield one.name, f"{error.what} {error.next_step}"
        elif others := [name for name in one.data if corpus(name).digest != then[name]]:
            yield one.name, f"the texts of {', '.join(others)} are others here"


def _row(lab: Lab, what: str, same: bool, says: str) -> dict[str, Any]:
    """A line of what is said in the end."""
    return {"lab": lab.name, "what": what, "same": same, "says": says}


def _repeated(
    lab: Lab, experiments: Sequence[str], recorded: Results, halt: Halt
) -> list[dict[str, Any]]:
    """Some experiments of a lab measured again from nothing, beside what is recorded."""
    with _folder() as folder:
        one = Run(lab, folder, quick=False, experiments=experiments)
        say(one.announce())
        with gently(halt):
            one.measure(halt)
        halt.check("Nothing of it is kept.")
        return _compared(one, recorded)


def _compared(one: Run, recorded: Results) -> list[dict[str, Any]]:
    """What was measured again beside what is recorded."""
    start = time.monotonic()
    rows = []
    matrix = one.prove()
    manifest = one.write(one.form, matrix, time.monotonic() - start)
    for plan in one.plans:
        name = plan.experiment.name
        entry = recorded.manifest["experiments"][name]
        then = entry.get("environment", recorded.manifest["environment"])
        must = same_kind(environment(), then) and plan.experiment.exact
        same, says = agreement(recorded.tables[name], plan.table(), must, plan.experiment.exact)
        rows.append(_row(one.lab, name, same, says))
    rows.append(_receipts(one, matrix, recorded))
    measured = {plan.experiment.name for plan in one.plans}
    words = [
        [
            claim["verdict"]
            for claim, declared in zip(found["claims"], one.lab.claims, strict=True)
            if declared.experiment in measured
        ]
        for found in (manifest, recorded.manifest)
    ]
    said = "the same verdicts" if words[0] == words[1] else f"now {words[0]}, recorded {words[1]}"
    rows.append(_row(one.lab, "claims", words[0] == words[1], said))
    return rows


def _receipts(one: Run, matrix: Matrix, recorded: Results) -> dict[str, Any]:
    """Whether each fault still fails the same tests."""
    now = {name: fault["failed"] for name, fault in matrix.content()["faults"].items()}
    then: Mapping[str, Any] = recorded.receipts["faults"]
    moved = [name for name in now if now[name] != then[name]["failed"]]
    said = f"differs for {', '.join(moved)}" if moved else "the same matrix of tests and faults"
    return _row(one.lab, "receipts", not moved, said)
