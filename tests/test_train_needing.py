"""`train`: what a run needs is said, is what it takes, and is refused where it is not there."""

from __future__ import annotations

import re
import weakref
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from cutaway.data.batches import batch
from cutaway.data.prepared import Prepared, prepare
from cutaway.runs.memory import SHARE, Plan
from cutaway.runs.recording import Hashed, digest
from cutaway.verbs.training import needing
from cutaway.verbs.training.assembling import Training
from cutaway.verbs.training.needing import needed, planned
from cutaway.verbs.training.settings import Settings

WIDE = Settings(width=256, depth=1, heads=2, groups=2, context=8, batch=4, compile="no")


@pytest.fixture
def ready(text: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Prepared:
    """The text that runs learn here."""
    monkeypatch.setenv("CUTAWAY_HOME", str(tmp_path / "home"))
    return prepare(text)


# What is refused


def test_a_run_that_cannot_fit_is_refused_before_it_begins(
    call: Any, text: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(needing, "free_memory", lambda: 1_000_000)
    asked = ["--width", 64, "--depth", 1, "--batch", 6]
    ended = call("train", text, *asked, "--out", tmp_path / "runs")
    assert ended.code == 3 and "Not even one row fits" in ended.err
    assert "weights" in ended.err and "activations" in ended.err
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize("asked", ["--width 1000000000", "--depth 100000000"])
def test_what_no_machine_could_hold_is_refused_at_once(
    call: Any, text: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, asked: str
) -> None:
    monkeypatch.setattr(needing, "planned", None)  # nothing is made for it
    ended = call("train", text, *asked.split(), "--out", tmp_path / "runs")
    said = " ".join(ended.err.split())
    assert ended.code == 3 and "GB at least" in said and "--width or --depth" in said
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize("style", ["llama", "gpt2", "qwen3"])
@pytest.mark.parametrize("width", [4, 6, 32])
def test_no_run_is_refused_at_once_that_would_have_fitted(
    ready: Prepared, style: Any, width: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    small = replace(WIDE, style=style, width=width, heads=1, groups=1, depth=2, optimizer="sgd")
    free = int(planned(small, ready, 1).total / SHARE) + 1
    monkeypatch.setattr(needing, "free_memory", lambda: free)
    monkeypatch.setattr(needing, "planned", lambda *_: Plan(0, 0, 0, 0))
    assert "needs" in needed(small, ready)


def test_a_batch_beyond_all_bounds_is_refused_with_what_to_do(
    call: Any, text: Path, tmp_path: Path
) -> None:
    ended = call("train", text, "--batch", 10**15, "--out", tmp_path / "runs")
    assert ended.code == 3 and "its batch smaller" in " ".join(ended.err.split())


def test_a_run_that_fits_in_parts_is_told_in_how_many(
    call: Any, text: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(needing, "free_memory", lambda: 3_000_000)
    asked = ["--width", 32, "--depth", 1, "--out", tmp_path / "runs", "--dry-run"]
    ended = call("train", text, *asked)
    assert ended.code == 3
    (parts,) = re.findall(r"Try --parts (\d+)", ended.err)
    assert call("train", text, *asked, "--parts", parts).code == 0
    assert call("train", text, *asked, "--parts", int(parts) // 2).code == 3


# What is counted


def test_a_step_that_is_looked_at_has_its_weights_twice(ready: Prepared) -> None:
    plan = planned(replace(WIDE, optimizer="sgd"), ready, 4)
    assert plan.weights == plan.gradients and plan.optimizer == 0
    assert plan.weights < plan.activations < 1.3 * plan.weights


def test_a_run_that_goes_on_has_its_checkpoint_beside_it(ready: Prepared) -> None:
    begun, again = (planned(WIDE, ready, 1, resumed) for resumed in (False, True))
    assert again.weights == begun.weights and again.optimizer == begun.optimizer
    assert again.gradients == 0
    assert again.activations == pytest.approx(again.weights + again.optimizer, rel=0.01)
    assert begun.total < again.total


def test_a_run_says_what_it_needs_as_it_begins_and_as_it_goes_on(
    call: Any, text: Path, tmp_path: Path, ready: Prepared
) -> None:
    sizes = ["--width", 256, "--depth", 1, "--heads", 2, "--context", 8, "--batch", 4]
    named = ["--compile", "no", "--out", tmp_path, "--name", "one", "--budget", "0s"]
    begun = call("train", text, *sizes, *named)
    again = call("train", "--resume", tmp_path / "one", "--dry-run")
    assert f"needs {planned(WIDE, ready, 4)};" in begun.err
    assert f"needs {planned(WIDE, ready, 4, True)};" in again.err


def test_what_is_read_in_many_parts_needs_no_more_for_them(ready: Prepared) -> None:
    few, many = (planned(replace(WIDE, batch=n, parts=n), ready, 1) for n in (2, 10**12))
    assert few == many


# What is drawn


@pytest.mark.parametrize("parts", [1, 2, 6, 12])
def test_rows_are_the_same_in_whatever_parts_and_in_their_order(
    ready: Prepared, parts: int
) -> None:
    asked = replace(WIDE, batch=12, parts=parts, seed=5)
    job = Training(asked, ready)
    windows = (len(ready.train) + 1) // 9 - 1
    for step in (0, 1, windows // 12, 10**9):  # at the third one an epoch ends
        rows = torch.from_numpy(batch(ready.train, 5, step, size=12, context=8))
        whole = job.loop.parts(rows, 12 // parts)
        drawn = job.data(step)
        assert len(drawn) == len(whole) == parts
        for one, other in zip(drawn, whole, strict=True):
            assert all(map(torch.equal, one, other))
        assert job.data.digest == digest(whole) == digest(job.loop.parts(rows, 12))


class Counted(Sequence[Any]):
    """Parts that are made when they are asked for, and how many were there at once."""

    def __init__(self) -> None:
        self.alive, self.most = 0, 0

    def __len__(self) -> int:
        return 9

    def __getitem__(self, at: Any) -> Any:
        part = torch.arange(5) + range(9)[at]
        self.alive += 1
        self.most = max(self.most, self.alive)
        weakref.finalize(part, self.end)
        return part, part

    def end(self) -> None:
        """One is no more."""
        self.alive -= 1


def test_a_digest_holds_no_more_than_the_part_it_reads_and_the_one_before() -> None:
    parts = Counted()
    assert Hashed(lambda _: parts)(0) is parts and parts.most == 2
