"""`train`: a run keeps what it needs, and goes on from any moment to the same bits."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from houses import House
from trained import LAST, left, small

from cutaway.runs.checkpoints import Checkpoints, resume
from cutaway.runs.conftest import Mounts, mounted
from cutaway.runs.placing import reopen
from cutaway.runs.telemetry import lines

__all__ = ["mounted"]


def test_a_run_leaves_what_it_is_made_of(train: Any) -> None:
    run = train()
    _, config = reopen(run)
    assert config["settings"]["width"] == 16 and config["settings"]["rate"] == 0.003
    assert config["environment"]["threads"] == 1 and "torch" in config["environment"]
    seen, written, last, _ = left(run)
    losses = [line["loss"] for line in seen if line["kind"] == "step"]
    assert len(losses) == LAST and losses[-1] < losses[0]
    assert [line["step"] for line in seen if line["kind"] == "judged"] == [-1, 3, 7, 11]
    assert list(written) == ["step-00000006.txt", "step-00000012.txt"] and last == LAST
    assert [path.name for path in sorted((run / "checkpoints").glob("step*"))] == [
        f"step-{step:08d}" for step in (4, 8, 12)
    ]


ARMS = {
    "usual": "",
    "Muon in bfloat16": "--optimizer muon --precision bf16",
    "GPT-2 by momentum": "--style gpt2 --optimizer momentum --schedule stable",
    "Qwen3 by descent": "--style qwen3 --optimizer sgd --schedule constant --limit 0",
    "in parts, shared keys": "--parts 2 --groups 1 --decay 0",
    "bytes": "--tokens bytes --seed 7",
}


@pytest.mark.parametrize("asked", ARMS.values(), ids=ARMS)
def test_a_run_that_is_stopped_goes_on_to_the_same_bits(train: Any, call: Any, asked: str) -> None:
    whole = left(train(asked, name="whole"))
    run = train(f"{asked} --budget 0s", name="cut")
    for stops in range(1, LAST):
        assert call("train", "--resume", run, "--budget", "0s").code == 0
        assert [line["kind"] for line in lines(run / "telemetry.jsonl")][-1] == "ended"
        if stops == LAST // 2:
            break
    assert call("train", "--resume", run).code == 0
    assert left(run) == whole


KILLED = """
import os, random, signal, sys, time
from pathlib import Path

import torch

torch.set_num_threads(1)
from cutaway.cli import main

folder, asked = Path(sys.argv[1]), sys.argv[2:]
chance = random.Random(0)


def child(words):
    pid = os.fork()
    if pid:
        return pid
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    os._exit(main(words))


def run(name):
    run = folder / name
    begun = (run / "config.json").is_file()
    return ["train", "--resume", str(run)] if begun else ["train", *asked, "--name", name]


assert main(["train", *asked, "--dry-run"]) == 0  # so that all is imported once
began = time.monotonic()
assert os.waitpid(child(run("whole")), 0)[1] == 0
takes = time.monotonic() - began
killed = number = 0
while killed < 50 and number < 100:  # some come to their end before
    pid = child(run(f"killed-{number}"))
    time.sleep(chance.uniform(0, takes))
    os.kill(pid, signal.SIGKILL)
    killed += os.WIFSIGNALED(os.waitpid(pid, 0)[1])
    assert os.waitpid(child(run(f"killed-{number}")), 0)[1] == 0
    number += 1
print(killed)
"""


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_run_killed_at_any_moment_goes_on_to_the_same_bits(text: Path, tmp_path: Path) -> None:
    asked = [str(text), *small("--steps 24"), "--out", str(tmp_path)]
    done = subprocess.run(
        [sys.executable, "-c", KILLED, str(tmp_path), *asked],
        env={**os.environ, "OMP_NUM_THREADS": "1", "CUTAWAY_HOME": str(tmp_path / "home")},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) == 50
    whole = left(tmp_path / "whole")
    for run in tmp_path.glob("killed-*"):
        assert left(run) == whole, run.name


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_finishes_the_step_saves_and_says_how_to_go_on(
    here: House, text: Path, tmp_path: Path, number: int
) -> None:
    asked = [text, *small("--steps 100000"), "--out", tmp_path, "--name", "run"]
    with here.start("train", *map(str, asked)) as process:
        seen = tmp_path / "run" / "telemetry.jsonl"
        until = time.monotonic() + 60
        while time.monotonic() < until and not (
            seen.is_file() and b'"step":5' in seen.read_bytes()
        ):
            time.sleep(0.05)
        process.send_signal(number)
        _, err = process.communicate(timeout=60)
    assert process.returncode == 128 + number, err
    last = resume(tmp_path / "run" / "checkpoints").last
    assert last and f"Stopped after step {last.step:,}, which is saved." in err
    assert f"cutaway train --resume {tmp_path / 'run'}" in err
    steps = [line["step"] for line in lines(seen) if line["kind"] == "step"]
    assert steps == [*range(last.step)]


def test_parts_of_a_batch_add_up_to_the_batch(train: Any) -> None:
    whole, parts = (left(train(f"--parts {n}", name=f"of {n}"))[0] for n in (1, 4))
    for one, other in zip(whole, parts, strict=True):
        if one["kind"] == "step":
            assert one["loss"] == pytest.approx(other["loss"], abs=1e-5)
            assert one["data"] == other["data"]


def test_a_full_disk_ends_a_run_that_can_go_on(
    train: Any, call: Any, mounted: Mounts, tmp_path: Path
) -> None:
    whole = left(train("--width 64", name="whole"))
    disk = mounted("1m")
    asked = small("--width 64")
    ended = call("train", tmp_path / "notes.txt", *asked, "--out", disk, "--name", "run")
    assert ended.code == 3
    assert "saved before is untouched" in ended.err and "Traceback" not in ended.err
    run = disk / "run"
    last = resume(run / "checkpoints").last
    assert last is None or last.step in (4, 8)
    moved = tmp_path / "moved"
    subprocess.run(["cp", "-r", run, moved], check=True)
    assert call("train", "--resume", moved).code == 0
    assert left(moved) == whole


def test_nothing_else_can_be_asked_beside_resume(train: Any, call: Any) -> None:
    run = train("--budget 0s")
    for extra in (["--width", "8"], ["--name", "x"], ["--out", "x"]):
        ended = call("train", "--resume", run, *extra)
        assert ended.code == 2 and "goes on as it was begun" in ended.err


def test_a_text_that_changed_since_is_refused(train: Any, call: Any, text: Path) -> None:
    run = train("--budget 0s")
    text.write_text(text.read_text().replace("aunt", "ant"))
    ended = call("train", "--resume", run)
    assert ended.code == 4 and "is not the text that this run began with" in ended.err
    assert call("sample", run).code == 0


def test_a_damaged_checkpoint_is_passed_over_and_said(train: Any, call: Any) -> None:
    run = train()
    victim = run / "checkpoints" / f"step-{LAST:08d}" / "weights.safetensors"
    victim.write_bytes(victim.read_bytes()[:-1])
    whole = left(train(name="whole"))
    ended = call("train", "--resume", run)
    assert ended.code == 0 and "Passed over" in ended.err and "step 8" in ended.err
    assert left(run) == whole


def test_two_cannot_write_one_run(train: Any, call: Any) -> None:
    run = train("--budget 0s")
    with Checkpoints(run / "checkpoints"):
        ended = call("train", "--resume", run)
    assert ended.code == 3 and "is being written by" in ended.err
