"""`verify`: measure again what is recorded, and compare."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from cutaway.kit.comparing import agreement
from cutaway.kit.manifest import environment, same_kind
from cutaway.kit.receipts import Matrix
from cutaway.kit.results import Results, read
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
    agree within a stated tolerance. Verdicts and receipts must be the same everywhere. The exit
    code is 1 when something differs.

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
            rows.append({"lab": lab.name, "what": "results", "same": False, "says": said})
            continue
        with _folder() as folder:
            one = Run(lab, folder, quick=False)
            say(one.announce())
            with gently(halt):
                one.measure(halt)
            halt.check("Nothing of it is kept.")
            rows += _compared(one, recorded)
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


def _compared(one: Run, recorded: Results) -> list[dict[str, Any]]:
    """What was measured again beside what is recorded."""
    start = time.monotonic()
    exactly = same_kind(environment(), recorded.manifest["environment"])
    rows = []
    matrix = one.prove()
    manifest = one.write(one.form, matrix, time.monotonic() - start)
    for plan in one.plans:
        name = plan.experiment.name
        must = exactly and plan.experiment.exact
        same, says = agreement(recorded.tables[name], plan.table(), must, plan.experiment.exact)
        rows.append({"lab": one.lab.name, "what": name, "same": same, "says": says})
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
    rows.append({"lab": one.lab.name, "what": "claims", "same": words[0] == words[1], "says": said})
    return rows


def _receipts(one: Run, matrix: Matrix, recorded: Results) -> dict[str, Any]:
    """Whether each fault still fails the same tests."""
    now = {name: fault["failed"] for name, fault in matrix.content()["faults"].items()}
    then: Mapping[str, Any] = recorded.receipts["faults"]
    moved = [name for name in now if now[name] != then[name]["failed"]]
    said = f"differs for {', '.join(moved)}" if moved else "the same matrix of tests and faults"
    return {"lab": one.lab.name, "what": "receipts", "same": not moved, "says": said}
