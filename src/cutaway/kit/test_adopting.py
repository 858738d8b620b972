"""What is recorded is taken over if measuring it anew would find the same, and only then."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cutaway.runs.disk import write_file
from cutaway.runs.sealing import sealed

from . import adopting
from .labs import load
from .results import Results, read
from .running import Plan
from .tables import Table

NAME = "loss_by_fault"


@pytest.fixture
def recorded(monkeypatch: pytest.MonkeyPatch) -> Results:
    """What is recorded of a lab, whose sources and machine are held to be the same still."""
    found = copy.deepcopy(read(load("bigram")))
    inputs = {name: entry["inputs"] for name, entry in found.manifest["experiments"].items()}
    monkeypatch.setattr(adopting, "experiment_inputs", lambda lab, one: inputs[one.name])
    return found


@pytest.fixture
def plan(tmp_path: Path) -> Plan:
    """A run of which nothing is measured."""
    lab = load("bigram")
    (one,) = (one for one in lab.experiments if one.name == NAME)
    return Plan(lab, one, tmp_path)


def test_what_is_recorded_and_holds_is_all_there(plan: Plan, recorded: Results) -> None:
    assert adopting.adopt(plan, recorded) == len(plan.cells)
    assert plan.table() == recorded.tables[NAME]
    taken = recorded.manifest["experiments"][NAME]["seconds_a_cell"]
    assert plan.seconds() == pytest.approx(taken)
    assert plan.missing() == [] and adopting.adopt(plan, recorded) == 0


def test_each_cell_remembers_where_it_was_measured(plan: Plan, recorded: Results) -> None:
    adopting.adopt(plan, recorded)
    assert adopting.origin(plan) == recorded.manifest["environment"]


def test_a_table_that_was_taken_over_before_keeps_its_machine(
    plan: Plan, recorded: Results
) -> None:
    recorded.manifest["experiments"][NAME]["environment"] = {"cpu": "an abacus"}
    adopting.adopt(plan, recorded)
    assert adopting.origin(plan) == {"cpu": "an abacus"}


def test_a_table_comes_from_one_machine(plan: Plan, recorded: Results) -> None:
    adopting.adopt(plan, recorded)
    first, second = plan.cells[:2]
    first.path.unlink()
    kept = {"rows": [{"loss": 0.0}], "cell": second.key, "seconds": 1.0}
    write_file(second.path, sealed(kept))  # measured here
    assert adopting.adopt(plan, recorded) == len(plan.cells)
    assert plan.table() == recorded.tables[NAME]


def changed(key: str, value: Any) -> Callable[[Results], None]:
    """The recorded experiment says otherwise of itself."""
    return lambda found: found.manifest["experiments"][NAME].update({key: value})


CHANGES: dict[str, Callable[[Results], Any]] = {
    "its sources": changed("inputs", "others"),
    "its text": changed("data", {"shakespeare": "another"}),
    "a cell failed": changed("failed", 1),
    "it is damaged": lambda found: found.tables.pop(NAME),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_what_may_come_out_otherwise_is_measured_anew(
    plan: Plan, recorded: Results, change: Callable[[Results], Any]
) -> None:
    change(recorded)
    assert adopting.adopt(plan, recorded) == 0
    assert plan.missing() == plan.cells


def test_where_nothing_is_recorded_all_is_measured(plan: Plan) -> None:
    assert adopting.adopt(plan, Results()) == 0


@pytest.mark.parametrize("first", [{"loss": None}, {}], ids=["held None", "lacked it"])
def test_a_row_without_a_number_comes_back_as_it_was(
    plan: Plan, recorded: Results, first: dict[str, None]
) -> None:
    rows = [
        {**cell.params, "seed": cell.seed, **(first if at == 0 else {"loss": 0.1}), "used": 0.2}
        for at, cell in enumerate(plan.cells)
    ]
    recorded.tables[NAME] = table = Table.of(rows)
    assert adopting.adopt(plan, recorded) == len(plan.cells)
    assert plan.table() == table


def test_a_table_that_no_cells_make_is_not_taken(plan: Plan, recorded: Results) -> None:
    table = recorded.tables[NAME]
    recorded.tables[NAME] = Table(table.columns, table.rows[::-1])
    assert adopting.adopt(plan, recorded) == 0
