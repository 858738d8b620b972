"""`train` and `sample`: what becomes of a model that left the numbers, and of vast requests."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from trained import LAST, small

from cutaway.errors import CheckFailed
from cutaway.runs.checkpoints import Checkpoints, resume
from cutaway.runs.telemetry import lines
from cutaway.verbs.training.writing import COLDEST, written

WILD = "--rate 1e10 --compile no"


@pytest.mark.parametrize("often", ["--sample-every 5", "--sample-every 0"])
def test_a_short_run_that_left_the_numbers_says_so_each_time(
    train: Any, call: Any, text: Path, tmp_path: Path, often: str
) -> None:
    asked = small(f"{WILD} --steps 15 --judge-every 0 --save-every 0 {often}")
    ended = call("train", text, *asked, "--out", tmp_path, "--name", "run")
    again = call("train", "--resume", tmp_path / "run")
    for one in (ended, again):
        assert one.code == 1 and "After step 15, the last, the held-out loss is" in one.err
        assert "lower --rate" in one.err and "nothing is saved" in one.err
        assert ("Passed over: the sample of step 5" in one.err) is (often[-1] == "5")
        assert "mistake in cutaway" not in one.err


def test_a_run_that_only_its_gradients_left_ends_and_says_so(train: Any, call: Any) -> None:
    run = train("--rate 1e30 --compile no --steps 15 --keep 1")
    ended = call("train", "--resume", run)
    assert ended.code == 0 and call("sample", run).code == 0


def test_no_step_that_was_lost_is_saved(call: Any, text: Path, tmp_path: Path) -> None:
    asked = small(f"{WILD} --steps 40 --judge-every 0 --save-every 5 --sample-every 0")
    ended = call("train", text, *asked, "--out", tmp_path, "--name", "run")
    assert ended.code == 1 and "nothing was learnt in them" in ended.err
    assert resume(tmp_path / "run" / "checkpoints").last is None


def test_a_run_that_is_stopped_among_lost_steps_goes_on_from_before(
    call: Any, text: Path, tmp_path: Path
) -> None:
    run = tmp_path / "run"
    asked = small(f"{WILD} --steps 40 --judge-every 0 --save-every 1 --budget 0s")
    assert call("train", text, *asked, "--out", tmp_path, "--name", "run").code == 0
    ended = call("train", "--resume", run, "--budget", "0s")
    assert ended.code == 0 and "Passed over: the steps after 1," in ended.err
    assert "Stopped" not in ended.err and "after step 1, which is saved" in ended.err
    last = resume(run / "checkpoints").last
    assert last and last.step == 1


@pytest.mark.parametrize("temperature", [0, 0.8])
def test_a_model_that_left_the_numbers_writes_nothing(
    train: Any, call: Any, temperature: float
) -> None:
    run = train()
    with Checkpoints(run / "checkpoints") as checkpoints:
        last = checkpoints.resume().last
        assert last
        for tensor in last.groups["weights"].values():
            tensor.fill_(torch.nan)
        checkpoints.save(LAST + 1, last.groups, last.state)
    ended = call("sample", run, "--temperature", temperature)
    assert ended.code == 1 and "its scores are not finite" in ended.err and "--step" in ended.err
    assert call("sample", run, "--temperature", temperature, "--step", LAST).code == 0


class Fixed(torch.nn.Module):
    """A model that always expects the same."""

    def __init__(self, *scores: float) -> None:
        super().__init__()
        self.scores = torch.tensor(scores)

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        """The same scores after each token."""
        return self.scores.expand(*ids.shape, -1)


@pytest.mark.parametrize("temperature", [5e-324, 1e-320, COLDEST, 1e-100, 1e-9])
def test_the_coldest_temperatures_write_the_likeliest(temperature: float) -> None:
    far = Fixed(-3e38, 1.0, 3e38, 2.9e38)
    assert written(far, [0], 4, 5, temperature, 0) == [2] * 5
    near = Fixed(0.0, 1e-45, -1e-45)
    if temperature <= COLDEST:
        assert written(near, [0], 4, 5, temperature, 0) == [1] * 5


@pytest.mark.parametrize("temperature", [1e-3, 0.8, 1.0, 7.5])
def test_usual_temperatures_draw_by_the_scores_divided_by_them(temperature: float) -> None:
    scores = torch.randn(50, generator=torch.Generator().manual_seed(3))
    chance = torch.Generator().manual_seed(5)
    odds = (scores.double() / temperature).softmax(-1)
    drawn = [int(torch.multinomial(odds, 1, generator=chance)) for _ in range(200)]
    assert written(Fixed(*scores.tolist()), [0], 4, 200, temperature, 5) == drawn


@pytest.mark.parametrize("odd", [torch.nan, torch.inf, -torch.inf])
def test_scores_that_are_not_finite_are_no_choice(odd: float) -> None:
    with pytest.raises(CheckFailed, match="not finite"):
        written(Fixed(1.0, odd), [0], 4, 1, 0.8, 0)


def test_a_run_of_very_many_steps_begins_at_once(call: Any, text: Path, tmp_path: Path) -> None:
    asked = small("--steps 999999999999 --judge-every 1 --budget 0s --compile no")
    ended = call("train", text, *asked, "--out", tmp_path, "--name", "run")
    assert ended.code == 0 and "after step 1, which is saved" in ended.err
    assert [one["step"] for one in lines(tmp_path / "run" / "telemetry.jsonl")][-1] == 0


TOO_MUCH = {
    "--steps 1000000000000": "no 1000000000000 steps",
    "--steps 9999999999999999999999": "steps",
    "--rate inf": "no rate of inf",
    "--decay inf": "no decay of inf",
    "--limit inf": "no limit of inf",
    "--limit nan": "no limit of nan",
}


@pytest.mark.parametrize("asked", TOO_MUCH)
def test_what_has_no_end_is_refused(call: Any, text: Path, asked: str) -> None:
    ended = call("train", text, *small(asked), "--dry-run", "--json")
    assert ended.code == 2 and TOO_MUCH[asked] in ended.err and not ended.out


def test_a_text_without_a_name_is_refused(call: Any, tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text('text = ""')
    for words in ([""], ["--config", "mine.toml"]):
        ended = call("train", *words, "--dry-run")
        assert ended.code == 2 and "A run needs a text" in ended.err


def test_a_file_of_options_may_begin_with_a_mark(call: Any, tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_bytes(b"\xef\xbb\xbfwidth = 256\n")
    ended = call("train", "--config", "mine.toml", "--print-config")
    assert ended.code == 0 and "\nwidth = 256\n" in ended.out


def test_a_large_file_is_told_to_be_no_file_of_options(call: Any, tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text("# much\n" * 10_000)
    ended = call("train", "--config", "mine.toml", "--print-config")
    assert ended.code == 2 and "it is no file of options" in ended.err
    assert "pattern" not in ended.err


def test_json_of_a_run_that_left_the_numbers_is_json(call: Any, text: Path, tmp_path: Path) -> None:
    asked = small(f"{WILD} --steps 40 --judge-every 2 --save-every 1 --budget 0s --json")
    assert call("train", text, *asked, "--out", tmp_path, "--name", "run").code == 0
    ended = call("train", "--resume", tmp_path / "run", "--budget", "0s", "--json")

    def never(name: str) -> None:
        raise AssertionError(name)

    judged = json.loads(ended.out, parse_constant=never)["judged"]
    assert judged[-1] == {"step": 2, "nats": "nan"}
