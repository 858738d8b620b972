"""A run is the same run wherever its folder stands, and one that cannot be a run is refused."""

from __future__ import annotations

import json
import shutil
import signal
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from trained import LAST, left, small

from cutaway.runs import plain
from cutaway.runs.telemetry import lines
from cutaway.verbs.training.undertaking import Undertaking


def rewritten(run: Path, other: dict[str, Any]) -> None:
    """The config of a run with other values in it, sealed anew; what is None is taken out."""
    path = run / "config.json"
    config = plain.from_bytes(path.read_bytes())
    for where, value in other.items():
        *parts, name = where.split("__")
        inner = config
        for part in parts:
            inner = inner[part]
        inner[name] = value
        if value is None:
            del inner[name]
    path.write_bytes(plain.to_bytes(config))


def test_a_run_whose_folder_was_renamed_or_linked_goes_on(
    train: Any, call: Any, tmp_path: Path
) -> None:
    whole = left(train(name="whole"))
    run = train("--budget 0s")
    shutil.copytree(run, tmp_path / "copied")
    shutil.copytree(run, tmp_path / "old")
    rewritten(tmp_path / "old", {"run": None})  # as it was kept before a config had a name
    (tmp_path / "linked").symlink_to(run)
    for name in ("copied", "old", "linked"):
        ended = call("train", "--resume", tmp_path / name)
        assert ended.code == 0, ended.err
        assert left(tmp_path / name) == whole
        seen = lines(tmp_path / name / "telemetry.jsonl")
        assert {line["run"] for line in seen if line["kind"] == "run"} == {"one"}
        assert "<h1>one" in (tmp_path / name / "report.html").read_text()


def test_the_telemetry_of_another_run_is_still_refused(train: Any, call: Any) -> None:
    run, other = train("--budget 0s"), train("--budget 0s", name="other")
    shutil.copy(other / "telemetry.jsonl", run / "telemetry.jsonl")
    ended = call("train", "--resume", run)
    assert ended.code == 4 and "it is of the run 'other'" in ended.err


def test_the_losses_of_a_run_are_told_whichever_session_they_are_of(train: Any, call: Any) -> None:
    run = train("--budget 0s")
    for _ in range(2):  # the second time nothing is left to do
        ended = call("train", "--resume", run, "--json")
        told = json.loads(ended.out)["judged"]
        assert [one["step"] for one in told] == [0, 4, 8, 12]
    (run / "telemetry.jsonl").unlink()
    ended = call("train", "--resume", run, "--json")
    assert ended.code == 0 and json.loads(ended.out)["judged"] == []


def test_a_text_that_gained_a_character_is_refused_as_another_text(
    train: Any, call: Any, text: Path
) -> None:
    run = train("--budget 0s")
    text.write_text(text.read_text() + "Zebra.\n")
    ended = call("train", "--resume", run)
    assert ended.code == 4 and "is not the text that this run began with" in ended.err


HOSTILE: dict[str, dict[str, Any]] = {
    "text is missing": {"text": None},
    "text is [], which is no dict": {"text": []},
    "text.digest is missing": {"text__digest": None},
    "environment is missing": {"environment": None},
    "environment.threads is 'x', which is no int": {"environment__threads": "x"},
    "no 1000000000 threads": {"environment__threads": 10**9},
    "cadence.judged is 1.5, which is no int": {"cadence__judged": 1.5},
    "Of checkpoints 0 cannot be kept": {"cadence__keep": 0},
    "settings.steps is 40.0, which is no int": {"settings__steps": 40.0},
    "settings.text is 3, which is no str": {"settings__text": 3},
    "settings.width is missing": {"settings__width": None},
    "settings.width is 16.0, which is no int": {"settings__width": 16.0},
    "settings.context is True, which is no int": {"settings__context": True},
    "settings.seed is 1.5, which is no int": {"settings__seed": 1.5},
    "settings.batch is larger than any": {"settings__batch": 10**400},
    "16 numbers cannot be divided among 3 heads": {"settings__heads": 3},
    "There is no compile 'often'": {"settings__compile": "often"},
    "there is no settings.more": {"settings__more": 1},
    "tokens is missing": {"tokens": None},
    "run is 3, which is no str": {"run": 3},
    "it is of format 2": {"format": 2},
    "its alphabet is none": {"tokens__alphabet": ""},
}


def test_a_config_that_is_not_one_of_ours_is_refused(train: Any, call: Any) -> None:
    run = train("--budget 0s")
    raw = (run / "config.json").read_bytes()
    for said, other in HOSTILE.items():
        (run / "config.json").write_bytes(raw)
        rewritten(run, other)
        for words in (["train", "--resume", run], ["sample", run]):
            ended = call(*words)
            assert ended.code == 4 and said in ended.err, (said, ended)


@pytest.mark.timeout(60)
def test_no_model_is_made_that_the_checkpoint_is_not_of(train: Any, call: Any) -> None:
    run = train("--budget 0s")
    raw = (run / "config.json").read_bytes()
    sizes = {"width": (32, 10**9, 10**17), "depth": (2, 10**7), "style": ("gpt2", "qwen3")}
    for name, values in sizes.items():
        for value in values:
            (run / "config.json").write_bytes(raw)
            rewritten(run, {f"settings__{name}": value})
            ended = call("sample", run)
            assert ended.code == 4 and "is not one of this run" in ended.err, (name, value)


def test_a_prompt_of_a_strange_character_says_which_and_what_to_do(train: Any, call: Any) -> None:
    run = train("--budget 0s")
    ended = call("sample", run, "--prompt", "the ☃")
    assert ended.code == 2 and "'☃' is none of the" in ended.err
    assert "Write the prompt without it" in ended.err
    assert call("sample", run, "--prompt", "the \udcff").code == 2


def test_a_step_without_a_checkpoint_is_told_those_that_have_one(train: Any, call: Any) -> None:
    run = train()
    for step in ("-1", "5", "999999999999999"):
        ended = call("sample", run, "--step", step)
        assert ended.code == 2 and f"no checkpoint of step {step}." in ended.err
        assert "Choose one of these: 4, 8, 12." in ended.err


def test_a_name_that_is_nearly_a_corpus_is_put_right(call: Any) -> None:
    for extra in ([], ["--dry-run"]):
        ended = call("train", "shakespear", *small(), *extra)
        assert ended.code == 2 and "Did you mean shakespeare?" in ended.err


def test_a_tracker_that_is_missing_is_noticed_before_the_run_begins(
    call: Any, text: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "tensorboardX", None)
    for extra in ([], ["--dry-run"]):
        asked = ["--track", "tensorboard", "--out", tmp_path / "runs", *extra]
        ended = call("train", text, *small(), *asked)
        assert ended.code == 3 and "needs tensorboardX" in ended.err
        assert not (tmp_path / "runs").exists()


def test_a_place_that_can_hold_no_run_is_named_with_a_way_out(
    call: Any, text: Path, tmp_path: Path
) -> None:
    long = tmp_path / ("x" * 300)
    for out in (text, Path("/dev/null"), text / "in" / "it", long):
        for extra in ([], ["--dry-run"]):
            ended = call("train", text, *small(), "--out", out, *extra)
            assert ended.code == 3 and "No run can be kept in" in ended.err, out
            assert "Choose another --out." in ended.err
    for name in ("x" * 256, "a\nb", "a/b", "../../x", "..", "a\udcff", "a\\b"):
        ended = call("train", text, *small("--dry-run"), "--out", tmp_path, "--name", name)
        assert ended.code == 2 and "No run can be called" in ended.err, name


def test_what_is_to_be_typed_next_is_quoted(call: Any, text: Path, tmp_path: Path) -> None:
    out = tmp_path / "o u t" / "é"
    ended = call("train", text, *small("--budget 0s"), "--out", out, "--name", "one")
    assert f"cutaway train --resume '{out / 'one'}'" in ended.err
    ended = call("train", "--resume", out / "one")
    assert f"cutaway sample '{out / 'one'}'" in ended.err


@pytest.mark.parametrize("name", ["nope", "\\u0000"])
def test_a_vocabulary_that_is_not_there_is_told_all_that_may_stand_there(
    call: Any, text: Path, tmp_path: Path, name: str
) -> None:
    (tmp_path / "mine.toml").write_text(f'tokens = "{name}"')
    ended = call("train", text, "--config", tmp_path / "mine.toml")
    assert ended.code == 2 and "There is no vocabulary" in ended.err
    assert "Say characters, bytes, plays, or the name of a file" in ended.err


def test_ctrl_c_while_the_report_is_drawn_lets_it_be_finished(
    train: Any, call: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, report = train("--budget 0s"), Undertaking.report
    (run / "report.html").unlink()

    def interrupted(one: Undertaking, rungs: dict[str, float]) -> Path:
        signal.raise_signal(signal.SIGINT)
        return report(one, rungs)

    monkeypatch.setattr(Undertaking, "report", interrupted)
    ended = call("train", "--resume", run)
    assert ended.code == 0 and "Finishing the report" in ended.err
    assert (run / "report.html").is_file()


def verdict(loss: float, rungs: dict[str, float]) -> str:
    """What is said of a run that ended with a loss."""
    one: Any = SimpleNamespace(job=SimpleNamespace(steps=LAST), losses={LAST: loss}, rungs=rungs)
    return Undertaking.verdict(one)


def test_a_loss_is_told_between_its_neighbours_also_on_a_ladder_that_does_not_fall() -> None:
    odd = {"uniform": 3.584, "bigram": 9.909, "5-gram": 4.194}
    assert "3.723 nats a token, below the 5-gram and above the uniform." in verdict(3.723, odd)
    usual = {"uniform": 4.0, "bigram": 2.5, "5-gram": 1.9}
    assert "below the bigram and above the 5-gram." in verdict(2.0, usual)
    assert "below them all." in verdict(1.5, usual)
    assert "above them all." in verdict(5.0, usual)
    assert "above them all." in verdict(float("nan"), usual)
