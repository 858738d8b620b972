"""Recorded results: fresh, stale or damaged, and never used silently when they are damaged."""

from __future__ import annotations

import errno
import json
import math
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from cutaway.errors import Unavailable
from cutaway.runs import disk
from cutaway.runs.sealing import sealed

from . import manifest, results
from .manifest import environment, record, same_kind
from .receipts import Matrix, Receipt
from .results import judge, read
from .statistics import Undecidable, Verdict
from .tables import Table
from .verdicts import exactly, raises
from .words import Claim, Experiment, Fault, Lab

FAULT = Fault("f", "a.py", "x", "y", "It breaks")
BROKEN, CLEAN = {"fault": "f"}, {"fault": None}


def claim(holds: Callable[[Table], Verdict], experiment: str = "one") -> Claim:
    """A claim that is decided in some way."""
    return Claim("It is so", "000-00", experiment, holds, "here")


def table(shift: float = 1.0, failed: int = 0, seeds: int = 8) -> Table:
    """A broken arm above a clean one; the last seeds of the broken arm may have failed."""
    rows = [
        {
            "fault": fault,
            "seed": seed,
            "loss": math.sin(seed) + (shift + seed / 100 if fault else 0),
        }
        for fault in (None, "f")
        for seed in range(seeds - failed if fault else seeds)
    ]
    failures = [
        {"params": {"fault": "f"}, "seed": seed, "error": "ValueError: on purpose"}
        for seed in range(seeds - failed, seeds)
    ]
    return Table.of(rows, failures)


LAB = Lab(
    "lab",
    1,
    "A lab.",
    lambda world: {},
    (FAULT,),
    tuple(
        Experiment(name, lambda world, seed: [], {"fault": (None, "f")}) for name in ("one", "two")
    ),
    (),
    (claim(lambda t: raises(t, "loss", BROKEN, CLEAN, 0.1)), claim(lambda t: exactly(True, "so"))),
)
MATRIX = Matrix(["t"], [], {"f": Receipt("f", {"loss": 1.0}, {"t": "red"}, "t")})


@pytest.fixture(autouse=True)
def inputs(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """The digests of inputs, by experiment, which a test may change."""
    digests = {"one": "1", "two": "2", "receipts": "3"}
    monkeypatch.setattr(results, "inputs", lambda lab, names: digests)
    monkeypatch.setattr(manifest, "experiment_inputs", lambda lab, one: digests[one.name])
    monkeypatch.setattr(manifest, "receipt_inputs", lambda lab: digests["receipts"])
    return digests


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with the results of a lab."""
    write(tmp_path / "results")
    return tmp_path / "results"


def write(folder: Path, shift: float = 1.0) -> dict[str, Any]:
    """Record both tables and the receipts."""
    tables = {"one": table(shift), "two": table(shift * 2)}
    seconds = dict.fromkeys(tables, 0.1)
    return record(LAB, tables, MATRIX, folder, wall=1.0, seconds=seconds)


def content(folder: Path) -> dict[str, str]:
    """Every file of a folder."""
    return {path.name: path.read_text() for path in folder.iterdir()}


def test_what_was_recorded_is_fresh_and_comes_back(folder: Path) -> None:
    found = read(LAB, folder)
    assert found.fresh
    assert found.tables == {"one": table(), "two": table(2.0)}
    assert found.receipts["faults"]["f"]["killer"] == "t"
    assert sorted(content(folder)) == ["manifest.json", "one.json", "receipts.json", "two.json"]


def test_recording_the_same_again_changes_no_byte(folder: Path) -> None:
    before = content(folder)
    write(folder)
    assert content(folder) == before


def test_the_manifest_says_what_a_result_rests_on(folder: Path) -> None:
    manifest = read(LAB, folder).manifest
    assert {"torch", "capability", "threads", "python", "cpu"} <= set(manifest["environment"])
    assert manifest["experiments"]["one"]["content"] == table().digest()
    assert [one["verdict"] for one in manifest["claims"]] == ["supported", "supported"]


def test_nothing_recorded_is_stale_and_no_error(tmp_path: Path) -> None:
    found = read(LAB, tmp_path / "nowhere")
    assert not found.fresh
    assert len(found.stale) == 3
    assert found.problems == {}


@pytest.mark.parametrize("name", ["one", "two", "receipts"])
def test_changed_inputs_make_just_that_stale(
    folder: Path, inputs: dict[str, str], name: str
) -> None:
    inputs[name] = "changed"
    found = read(LAB, folder)
    assert not found.fresh
    assert [line.partition(":")[0] for line in found.stale] == [name]
    assert found.problems == {}


def test_an_experiment_that_is_new_is_stale(folder: Path) -> None:
    more = replace(LAB, experiments=(*LAB.experiments, replace(LAB.experiments[0], name="three")))
    assert read(more, folder).stale == ["three: not measured"]


DAMAGES: dict[str, Callable[[Path], Any]] = {
    "cut short": lambda path: path.write_text(path.read_text()[:-30]),
    "empty": lambda path: path.write_text(""),
    "edited": lambda path: path.write_text(path.read_text().replace("1", "2", 1)),
    "no text": lambda path: path.write_bytes(b"\xff\xff"),
    "another file": lambda path: path.write_text(sealed({"columns": [], "other": 1})),
    "a folder": lambda path: (path / path.rename(path.with_suffix(".old")).name).mkdir(
        parents=True
    ),
}


@pytest.mark.parametrize("name", ["one", "two", "receipts", "manifest"])
@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_file_is_a_problem_and_is_not_used(folder: Path, name: str, damage: str) -> None:
    DAMAGES[damage](folder / f"{name}.json")
    found = read(LAB, folder)
    assert not found.fresh
    assert name not in found.tables
    if name == "receipts":
        assert found.receipts == {}
    if name == "manifest":
        assert found.tables == {}
        assert found.receipts == {}
    assert f"{name}.json" in found.problems or name == "manifest"


def test_a_table_of_another_run_is_a_problem_although_its_seal_is_whole(
    folder: Path, tmp_path: Path
) -> None:
    write(tmp_path / "other", shift=3.0)
    for name in ("one", "receipts"):
        text = (tmp_path / "other" / f"{name}.json").read_text()
        (folder / f"{name}.json").write_text(text.replace("red", "red"))
    found = read(LAB, folder)
    assert list(found.problems) == ["one.json"]
    assert "not the table the manifest names" in found.problems["one.json"]
    assert "one" not in found.tables
    assert "two" in found.tables


def test_receipts_of_another_run_are_not_used(folder: Path) -> None:
    (folder / "receipts.json").write_text(sealed(Matrix([], [], {}).content()))
    found = read(LAB, folder)
    assert list(found.problems) == ["receipts.json"]
    assert found.receipts == {}


@pytest.mark.parametrize("n", range(1, 5))
@pytest.mark.parametrize("where", ["open", "fsync"])
def test_when_the_disk_fills_up_at_any_file_the_earlier_results_stay_fresh(
    folder: Path, monkeypatch: pytest.MonkeyPatch, n: int, where: str
) -> None:
    before, calls = content(folder), [0]
    owner, real = (disk, open) if where == "open" else (os, os.fsync)

    def fail(*args: Any) -> Any:
        calls[0] += 1
        if calls[0] == n:
            raise OSError(errno.ENOSPC, "No space left on device")
        return real(*args)

    monkeypatch.setattr(owner, where, fail, raising=False)
    with pytest.raises(Unavailable, match=r"disk is full\. Earlier results are intact"):
        write(folder, shift=3.0)
    monkeypatch.undo()
    assert content(folder) == before


def verdicts(tables: dict[str, Table], *claims: Claim) -> list[Verdict]:
    """The verdicts on some claims."""
    return judge(replace(LAB, claims=claims), tables)


def test_a_claim_without_its_table_is_undecided() -> None:
    (found,) = verdicts({}, LAB.claims[0])
    assert (found.verdict, found.because) == ("undecided", "not measured")


@pytest.mark.parametrize("failed", [1, 8])
def test_failed_cells_leave_a_claim_undecided_and_say_why(failed: int) -> None:
    for found in verdicts({"one": table(failed=failed)}, *LAB.claims):
        assert found.verdict == "undecided"
        assert "ValueError: on purpose" in found.because
        assert f"{failed} cells" in found.because


def test_failed_cells_of_other_arms_leave_a_compared_claim_alone() -> None:
    more = Table.of(table().dicts(), [{"params": {"fault": "g"}, "seed": 0, "error": "it fell"}])
    assert verdicts({"one": more}, LAB.claims[0])[0].verdict == "supported"


@pytest.mark.parametrize("error", [ZeroDivisionError("x"), KeyError("loss"), Undecidable("why")])
def test_a_claim_that_cannot_be_judged_is_undecided_and_the_others_are_judged(
    error: Exception,
) -> None:
    def holds(table: Table) -> Verdict:
        raise error

    found = verdicts({"one": table()}, claim(holds), LAB.claims[0])
    assert [one.verdict for one in found] == ["undecided", "supported"]
    assert str(error) in found[0].because


def test_a_value_that_is_missing_leaves_the_claim_undecided() -> None:
    rows = [{**row, "loss": None if row["seed"] == 3 else row["loss"]} for row in table().dicts()]
    assert verdicts({"one": Table.of(rows)}, LAB.claims[0])[0].verdict == "undecided"


def test_the_environment_is_plain_data_and_equal_to_itself() -> None:
    found = environment()
    assert json.loads(json.dumps(found)) == found
    assert same_kind(found, found)
    for name in ("torch", "capability", "threads", "system", "cpu"):
        assert not same_kind(found, {**found, name: "other"})
    assert same_kind(found, {**found, "python": "other"})


def test_a_table_that_was_measured_elsewhere_says_where(tmp_path: Path) -> None:
    there = {**environment(), "cpu": "an abacus"}
    tables, elsewhere = {"one": table(), "two": table(2.0)}, {"one": there, "two": environment()}
    seconds = dict.fromkeys(tables, 0.1)
    record(LAB, tables, MATRIX, tmp_path, 1.0, seconds, elsewhere)
    entries = read(LAB, tmp_path).manifest["experiments"]
    assert entries["one"]["environment"] == there and "environment" not in entries["two"]
