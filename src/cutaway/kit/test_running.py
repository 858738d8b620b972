"""Plans: the cells of a grid, what each rests on, and what becomes of them."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from cutaway.errors import Unavailable, UsageError
from cutaway.runs.sealing import sealed

from . import jobs, running
from .executor import Job, Outcome
from .grids import form
from .running import Cell, Plan, execute
from .words import Experiment, Fault, Lab, Row


def measure(world: Any, *, seed: int, width: int = 1) -> list[Row]:
    """One row."""
    return [{"value": seed * width}]


SAME = Fault("same", "tiny.py", "result = number + number", "result = number", "Once")
CLIP = Fault("no_clip", "tiny.py", "number = min(number, most)", "", "No limit")


@pytest.fixture
def make(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Plan]:
    """A way to plan an experiment of a lab that exists only here."""
    monkeypatch.setattr(running, "function_inputs", lambda lab, name: {"lab.py": [lab, name]})

    def plan(is_quick: bool = False, extra: Iterable[Fault] = (), **changes: Any) -> Plan:
        given: dict[str, Any] = {"grid": {"fault": (None, "same"), "width": (1, 2)}, "seeds": 2}
        experiment = Experiment("value", measure, **{**given, **changes})
        lab = Lab("tiny", 1, "One.", lambda world: {}, (SAME, CLIP), (experiment,))
        return Plan(lab, experiment, tmp_path / "run", is_quick, tuple(extra))

    return plan


def by_hand(jobs: Iterable[Job], *, stop: Callable[[], bool] = lambda: False) -> Iterator[Outcome]:
    """An executor without processes: odd seeds fail, the others write their cell."""
    for job in jobs:
        if job["seeds"][0] % 2:
            yield Outcome(job, None, "ValueError: on purpose", 0.0)
            continue
        path = Path(job["outs"][0])
        path.parent.mkdir(parents=True, exist_ok=True)
        rows = [{"value": job["seeds"][0] + job["params"]["width"]}]
        path.write_text(sealed({"rows": rows, "cell": job["cells"][0], "seconds": 0.5}))
        yield Outcome(job, 1, None, 0.5)


def test_a_grid_becomes_every_combination_with_every_seed(make: Callable[..., Plan]) -> None:
    cells = make().cells
    assert [(cell.params["fault"], cell.params["width"], cell.seed) for cell in cells] == [
        (fault, width, seed) for fault in (None, "same") for width in (1, 2) for seed in (0, 1)
    ]
    assert len({cell.path for cell in cells}) == 8


def test_some_points_of_a_grid_get_more_seeds_in_the_full_form(make: Callable[..., Plan]) -> None:
    at = [{"width": 2, "fault": None}]
    cells = [cell for cell in make(more=4, at=at).cells if cell.seed > 1]
    assert [(cell.params, cell.seed) for cell in cells] == [
        ({"fault": None, "width": 2}, 2),
        ({"fault": None, "width": 2}, 3),
    ]
    assert {cell.key for cell in make().cells} < {cell.key for cell in make(more=4, at=at).cells}
    assert len(make(True, more=4, at=at).cells) == len(make(more=1, at=at).cells) == 8
    assert len(make(extra=[CLIP], more=4, at=at).cells) == 8
    with pytest.raises(UsageError, match=r"more seeds at \{'width': 3\}.*does not have"):
        make(more=4, at=[{"width": 3}]).cells  # noqa: B018


def test_the_quick_form_replaces_entries_of_the_grid_and_the_seeds() -> None:
    grid: dict[str, Any] = {"fault": (None, "same"), "width": (1, 2)}
    experiment = Experiment("e", measure, grid, quick={"width": (1,), "seeds": 3})
    assert form(experiment, True) == ({"fault": (None, "same"), "width": (1,)}, 3)
    assert form(experiment, False) == (grid, 8)


def test_a_cell_is_named_by_all_that_it_rests_on(
    make: Callable[..., Plan], monkeypatch: pytest.MonkeyPatch
) -> None:
    def key(**changes: Any) -> str:
        grid: dict[str, Any] = {"fault": ("same",), "width": (1,), **changes.pop("grid", {})}
        return make(grid=grid, seeds=1, **changes).cells[-1].key

    other = Fault("same", "tiny.py", "result = number + number", "result = 3", "Three")
    keys = [key(), key(grid={"width": (3,)}), key(grid={"fault": (None,)}), key(extra=[other])]
    keys += [key(grid={"fault": ("same+no_clip",)}), make(seeds=2).cells[1].key]
    keys += [key(grid={"width": (1.0,)}), key(grid={"width": (True,)}), key(grid={"depth": (1,)})]
    monkeypatch.setattr(running, "version", lambda name: "0.0")
    keys.append(key())
    monkeypatch.setattr(running, "function_inputs", lambda lab, name: "changed")
    keys.append(key())
    assert len(set(keys)) == len(keys)


def test_more_seeds_or_another_form_reuse_what_is_there(make: Callable[..., Plan]) -> None:
    few, more = make(), make(seeds=5)
    quick = make(True, seeds=5, quick={"seeds": 2, "width": (2,)})
    assert {cell.key for cell in few.cells} < {cell.key for cell in more.cells}
    assert {cell.key for cell in quick.cells} < {cell.key for cell in few.cells}


def test_a_fault_that_the_lab_does_not_have_is_refused_before_anything_runs(
    make: Callable[..., Plan],
) -> None:
    with pytest.raises(UsageError, match="names a fault 'sam' that tiny does not have"):
        make(grid={"fault": (None, "same+sam")}).cells  # noqa: B018


def test_faults_of_ones_own_take_the_place_of_the_grid_s(make: Callable[..., Plan]) -> None:
    mine = Fault("mine", "tiny.py", "return result", "return 0", "Nothing")
    plan = make(extra=[mine])
    assert [cell.params["fault"] for cell in plan.cells[::4]] == [None, "mine"]
    jobs = [plan.job([cell]) for cell in plan.cells[::4]]
    assert jobs[0]["faults"] is None
    assert [fault["name"] for fault in jobs[1]["faults"]] == ["mine"]
    assert "fault" not in jobs[1]["params"]


def test_a_job_is_plain_data(make: Callable[..., Plan]) -> None:
    plan = make(grid={"fault": ("same+no_clip",), "width": (1,)})
    job = plan.job(plan.cells[:1])
    assert json.loads(json.dumps(job)) == job
    assert [fault["name"] for fault in job["faults"]] == ["same", "no_clip"]
    assert Path(job["outs"][0]).is_absolute()


def test_failures_stand_beside_the_rows_and_are_tried_again(make: Callable[..., Plan]) -> None:
    plan = make()
    outcomes = list(execute([plan], executor=by_hand))
    assert len(outcomes) == 8
    table = plan.table()
    assert (len(table), len(table.failed)) == (4, 4)
    assert table.failed[0] == {
        "params": {"fault": None, "width": 1},
        "seed": 1,
        "error": "ValueError: on purpose",
    }
    assert len(list(execute([make()], executor=by_hand))) == 4
    assert plan.seconds() == 0.5


def test_cells_not_measured_are_failures_too(make: Callable[..., Plan]) -> None:
    table = make().table()
    assert (len(table), {one["error"] for one in table.failed}) == (0, {"not measured"})


DAMAGES: dict[str, Callable[[Cell, Cell], Any]] = {
    "cut short": lambda cell, _: cell.path.write_text(cell.path.read_text()[:-20]),
    "edited": lambda cell, _: cell.path.write_text(cell.path.read_text().replace("1", "2", 1)),
    "empty": lambda cell, _: cell.path.write_text(""),
    "gone": lambda cell, _: cell.path.unlink(),
    "of another cell": lambda cell, other: cell.path.write_text(other.path.read_text()),
    "no cell": lambda cell, _: cell.path.write_text(sealed({"rows": []})),
    "a folder": lambda cell, _: (cell.path / cell.path.rename(f"{cell.path}.old").name).mkdir(
        parents=True
    ),
}


@pytest.mark.parametrize("name", DAMAGES)
def test_a_damaged_cell_is_measured_again_and_never_used(
    make: Callable[..., Plan], name: str
) -> None:
    plan = make(seeds=1)
    list(execute([plan], executor=by_hand))
    assert plan.missing() == []
    DAMAGES[name](plan.cells[0], plan.cells[1])
    assert plan.missing() == [plan.cells[0]]
    assert len(plan.table().failed) == 1


def test_what_a_killed_writer_left_is_swept_away(make: Callable[..., Plan]) -> None:
    plan = make()
    list(execute([plan], executor=by_hand))
    half = plan.folder / "cells" / f".x.json.{'0' * 32}"
    half.write_text("half a cell")
    os.utime(half, (1, 1))
    list(execute([plan], executor=by_hand))
    assert not half.exists()


def test_cells_of_several_plans_end_in_their_own_tables(make: Callable[..., Plan]) -> None:
    one, other = make(), make(grid={"width": (7,)}, seeds=1)
    owners = [plan for plan, _ in execute([one, other], executor=by_hand)]
    assert [plan is one for plan in owners] == [True] * 8 + [False]
    assert other.table().column("value") == [7]
    assert len(one.failures) == 4
    assert other.failures == {}


def test_a_full_disk_is_told_from_a_failure_of_the_measuring_function(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def full(job: Job) -> None:
        raise Unavailable("Cannot write it: the disk is full.", "Free some space")

    monkeypatch.setitem(jobs.DOES, "measure", full)
    assert jobs.perform({"do": "measure"}) == {
        "unavailable": ["Cannot write it: the disk is full.", "Free some space"]
    }


def test_a_folder_that_cannot_be_made_is_a_clear_error(make: Callable[..., Plan]) -> None:
    plan = make()
    plan.folder.write_text("a file")
    with pytest.raises(Unavailable, match="Cannot write"):
        list(execute([plan], executor=by_hand))


def test_seeds_that_are_measured_together_are_one_job_and_a_file_each(
    make: Callable[..., Plan],
) -> None:
    plan = make(together=True, seeds=3)
    asked = list(plan.asked())
    assert [[cell.seed for cell in cells] for cells in asked] == [[0, 1, 2]] * 4
    job = plan.job(asked[0])
    assert (job["seeds"], len(set(job["outs"]))) == ([0, 1, 2], 3)
    assert job["limit"] == 3 * plan.experiment.limit
    assert job["cells"] == [cell.key for cell in asked[0]]
    with_more, alone = make(together=True, seeds=4), make(seeds=3)
    keys = [{cell.key for cell in one.cells} for one in (plan, with_more, alone)]
    assert not keys[0] & keys[1] and not keys[0] & keys[2]


def test_a_point_that_lacks_one_seed_is_measured_whole(make: Callable[..., Plan]) -> None:
    plan = make(together=True, seeds=2)
    for cell in plan.cells[1:]:
        cell.path.parent.mkdir(parents=True, exist_ok=True)
        cell.path.write_text(sealed({"rows": [{"value": 1}], "cell": cell.key, "seconds": 1.0}))
    assert list(plan.asked()) == [plan.cells[:2]]


def test_a_table_keeps_the_columns_that_it_is_to_keep(make: Callable[..., Plan]) -> None:
    plan, whole = make(keeps=("value",), seeds=1), make(seeds=1)
    for cell in plan.cells:
        cell.path.parent.mkdir(parents=True, exist_ok=True)
        row = {"value": 1, "more": 2}
        cell.path.write_text(sealed({"rows": [row], "cell": cell.key, "seconds": 1.0}))
    assert plan.table().columns == ("fault", "width", "seed", "value")
    assert whole.table().columns == ("fault", "width", "seed", "more", "value")
