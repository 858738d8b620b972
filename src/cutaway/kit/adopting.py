"""What is recorded and still holds is not measured again: its rows become cells of a new run.

Each of them remembers on which machine it was measured, so that a table says so still.
"""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from cutaway.data.opening import corpus
from cutaway.runs.disk import write_file
from cutaway.runs.sealing import sealed

from .digests import experiment_inputs
from .results import Results
from .running import Cell, Plan
from .tables import Table
from .words import Row


def adopt(plan: Plan, recorded: Results) -> int:
    """Lay what is recorded of an experiment where its plan looks for it; how many cells it was.

    Nothing is, unless sources, grid and texts are those that it was measured with. All cells of an
    experiment are laid, or none: a table comes from one machine.
    """
    if not plan.missing() or not _holds(plan, recorded):
        return 0
    rows = _measured(plan, recorded.tables[plan.experiment.name])
    entry = recorded.manifest["experiments"][plan.experiment.name]
    known = {
        "seconds": entry["seconds_a_cell"],
        "environment": entry.get("environment", recorded.manifest["environment"]),
    }
    for cell in plan.cells if rows else ():
        write_file(cell.path, sealed({"rows": rows[_point(cell)], "cell": cell.key, **known}))
    return len(plan.cells) if rows else 0


def origin(plan: Plan) -> dict[str, Any] | None:
    """Where the cells of a plan were measured, if they were taken over."""
    kept = plan.cells[0].read() if plan.cells else None
    return kept.get("environment") if kept else None


def _holds(plan: Plan, recorded: Results) -> bool:
    """Whether an experiment was measured on its sources and texts as they are."""
    one = plan.experiment
    if one.name not in recorded.tables:
        return False
    entry: dict[str, Any] = recorded.manifest["experiments"][one.name]
    return bool(
        not entry["failed"]
        and entry["data"] == {name: corpus(name).digest for name in one.data}
        and entry["inputs"] == experiment_inputs(plan.lab, one)
    )


def _measured(plan: Plan, table: Table) -> dict[Any, list[Row]]:
    """The rows of each cell, such that they make this very table; none, if that cannot be.

    Whether a row held None or lacked the column, only the order of the columns tells.
    """
    for lacking in (False, True):
        found: dict[Any, list[Row]] = defaultdict(list)
        for row in table.dicts():
            point = tuple(row.pop(name) for name in (*plan.experiment.grid, "seed"))
            kept = {name: row[name] for name in sorted(row)}
            if lacking:
                kept = {name: value for name, value in kept.items() if value is not None}
            found[point].append(kept)
        again = [
            {**cell.params, "seed": cell.seed, **row}
            for cell in plan.cells
            for row in found[_point(cell)]
        ]
        if Table.of(again) == table:
            return found
    return {}


def _point(cell: Cell) -> tuple[Any, ...]:
    """Where in its grid a cell stands."""
    return (*cell.params.values(), cell.seed)
