"""`train` and `sample`: what is asked of them, in which words, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from trained import LAST, left, small

MISTAKES = {
    "--heads 3": "16 numbers cannot be divided among 3 heads",
    "--heads 16": "cannot be turned in pairs",
    "--groups 3": "2 heads cannot be divided among 3 groups",
    "--parts 3": "4 rows cannot be divided among 3 parts",
    "--width 0": "no width of 0",
    "--rate nan": "no rate of nan",
    "--rate -1": "no rate of -1",
    "--steps 0": "no steps of 0",
    "--seed -1": "no seed of -1",
    "--limit -1": "no limit of -1",
    "--context 100000": "too short for a context of 100000",
    "--optimizer adam": "adam",
    "--tokens nowhere.json": "There is no vocabulary",
    "--keep 0": "0 cannot be kept",
    "--judge-every -1": "Nothing can be done every -1 steps",
    "--threads -1": "no -1 threads",
    "--budget soon": "soon",
}


@pytest.mark.parametrize("asked", MISTAKES)
def test_nonsense_is_one_sentence_and_a_next_step(
    call: Any, text: Path, tmp_path: Path, asked: str
) -> None:
    before = sorted(tmp_path.iterdir())
    ended = call("train", text, *small(asked), "--out", tmp_path)
    assert ended.code == 2 and MISTAKES[asked] in ended.err
    assert len(ended.err.strip().splitlines()) <= 4
    assert sorted(p for p in tmp_path.iterdir() if p.name != "home") == before


def test_options_come_from_a_file_and_the_command_line_wins(
    call: Any, text: Path, tmp_path: Path
) -> None:
    printed = call("train", text, *small(), "--print-config")
    assert printed.code == 0
    (tmp_path / "mine.toml").write_text(printed.out)
    asked = ["--config", tmp_path / "mine.toml", "--depth", 2, "--print-config"]
    again = call("train", *asked)
    assert again.out == printed.out.replace("depth = 1", "depth = 2")


@pytest.mark.parametrize(
    "line, said",
    [
        ("widht = 8", "no option 'widht'"),
        ("width = '8'", "width is '8', which is no int"),
        ("width = true", "which is no int"),
        ("style = 'bert'", "no style 'bert'"),
        ("width = ", "is no TOML"),
        ("a = " + "[" * 5000, "is no TOML"),
    ],
)
def test_a_file_of_options_is_read_strictly(
    call: Any, text: Path, tmp_path: Path, line: str, said: str
) -> None:
    (tmp_path / "mine.toml").write_text(line)
    ended = call("train", text, "--config", tmp_path / "mine.toml", "--out", tmp_path)
    assert ended.code == 2 and said in ended.err


@pytest.mark.parametrize(
    "asked, rate",
    [
        ("", 0.003),
        ("--optimizer adamw", 0.003),
        ("--optimizer muon", 0.02),
        ("--optimizer sgd", 0.3),
        ("--optimizer muon --rate 0.5", 0.5),
    ],
)
def test_each_optimizer_has_a_rate_that_is_usual_for_it(
    call: Any, tmp_path: Path, asked: str, rate: float
) -> None:
    assert f"\nrate = {rate}\n" in call("train", *asked.split(), "--print-config").out
    (tmp_path / "mine.toml").write_text('optimizer = "momentum"')
    ended = call("train", "--config", tmp_path / "mine.toml", *asked.split(), "--print-config")
    assert f"\nrate = {rate if asked else 0.03}\n" in ended.out


def test_a_dry_run_leaves_nothing(call: Any, text: Path, tmp_path: Path) -> None:
    ended = call("train", text, *small("--dry-run --json"), "--out", tmp_path / "runs")
    assert ended.code == 0 and not (tmp_path / "runs").exists()
    plan = json.loads(ended.out)
    assert plan["tokens_a_step"] == 64 and plan["settings"]["steps"] == LAST


def test_runs_are_counted_and_none_is_overwritten(call: Any, train: Any, text: Path) -> None:
    run = train()
    ended = call("train", text, *small(), "--out", run.parent, "--name", "one")
    assert ended.code == 2 and "is there already" in ended.err
    for number in (1, 2):
        assert call("train", text, *small(), "--out", run.parent).code == 0
        assert (run.parent / f"notes-{number}" / "config.json").is_file()


def test_the_same_seed_writes_the_same_and_another_does_not(train: Any, call: Any) -> None:
    run = train()
    first, again, other = (
        call("sample", run, "--length", 40, "--seed", seed).out for seed in (1, 1, 2)
    )
    assert first == again != other
    cold = {call("sample", run, "--temperature", 0, "--seed", seed).out for seed in (1, 2)}
    assert len(cold) == 1


def test_a_sample_goes_on_with_its_prompt(train: Any, call: Any) -> None:
    run = train()
    ended = call("sample", run, "--prompt", "the cat", "--length", 5, "--count", 2, "--json")
    found = json.loads(ended.out)
    assert [len(one) for one in found["samples"]] == [5, 5] and found["step"] == LAST
    early = call("sample", run, "--prompt", "the cat", "--step", 4)
    assert early.code == 0 and "after step 4" in early.err and early.out.startswith("the cat")


WRONG = {
    "--prompt ": (2, "prompt is empty"),
    "--prompt ☃": (2, "'☃' is none of the 20 characters"),
    "--step 5": (2, "has no checkpoint of step 5"),
    "--length 0": (2, "no 0 tokens"),
    "--count 0": (2, "no 0 samples"),
    "--temperature -1": (2, "no temperature -1"),
    "--temperature nan": (2, "no temperature nan"),
    "--seed -1": (2, "no seed -1"),
}


def test_a_sample_that_cannot_be_is_refused(train: Any, call: Any, tmp_path: Path) -> None:
    run = train()
    for asked, (code, said) in WRONG.items():
        ended = call("sample", run, *asked.split(" ", 1))
        assert ended.code == code and said in ended.err, asked
    assert "is no run" in call("sample", tmp_path).err
    assert "is no run" in call("sample", tmp_path / "notes.txt").err


@pytest.mark.parametrize("special", [["--special", "<|endoftext|>"], []], ids=["an end", "none"])
def test_a_run_keeps_the_vocabulary_that_it_began_with(
    train: Any, call: Any, text: Path, tmp_path: Path, special: list[str]
) -> None:
    mine = tmp_path / "mine.json"
    assert call("tokens", "train", text, "--vocab", 280, *special, "--out", mine).code == 0
    whole = left(train(f"--tokens {mine}", name="whole"))
    run = train(f"--tokens {mine} --budget 0s")
    mine.unlink()
    assert call("train", "--resume", run).code == 0
    assert left(run) == whole
    assert call("sample", run, "--prompt", "a dog").code == 0


def test_a_tracker_hears_of_a_run_and_changes_nothing(train: Any) -> None:
    whole = left(train(name="whole"))
    run = train("--track tensorboard")
    assert left(run) == whole
    assert [path.name[:6] for path in (run / "tensorboard").iterdir()] == ["events"]


def test_a_config_that_was_edited_is_refused(train: Any, call: Any) -> None:
    run = train("--budget 0s")
    path = run / "config.json"
    path.write_text(path.read_text().replace("16", "32", 1))
    for words in (["train", "--resume", run], ["sample", run]):
        ended = call(*words)
        assert ended.code == 4 and "cannot be used" in ended.err
