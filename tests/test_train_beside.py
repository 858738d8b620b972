"""Whether a run's curve is normal is told by runs of the same settings with other seeds."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from trained import small, write

from cutaway.runs.placing import begin
from cutaway.runs.telemetry import Telemetry
from cutaway.verbs.training.kin import Curve, beside, kind
from cutaway.verbs.training.normal import LEAST, Normal, band, judged_at, warned

STEPS = range(100, 1100, 100)


def curve(chance: random.Random, shift: float = 0.0, spread: float = 0.02) -> dict[int, float]:
    return {step: 2.0 + 100 / step + shift + chance.gauss(0, spread) for step in STEPS}


def compared(one: Curve, others: list[dict[int, float]]) -> str | None:
    return Normal(band(others, STEPS), f"{len(others)} others").said(one)


@pytest.mark.parametrize("others", [3, 8])
def test_a_band_holds_ninety_nine_of_a_hundred_healthy_curves(others: int) -> None:
    chance = random.Random(0)
    inside = 0
    for _ in range(300):
        limits = band([curve(chance) for _ in range(others)], STEPS)
        one = curve(chance)
        inside += all(limits[step][0] <= one[step] <= limits[step][1] for step in STEPS)
    assert inside / 300 >= 0.97


def test_a_band_of_many_runs_is_as_narrow_as_they_are() -> None:
    chance = random.Random(0)
    limits = band([curve(chance) for _ in range(30)], STEPS)
    assert all(high - low < 10 * 0.02 for low, high in limits.values())


@pytest.mark.parametrize(("shift", "word"), [(0.5, "higher"), (-0.5, "lower")])
def test_a_curve_out_of_the_band_is_told_with_the_step_and_the_limits(
    shift: float, word: str
) -> None:
    chance = random.Random(0)
    others = [curve(chance) for _ in range(8)]
    odd = {step: loss + shift * (step >= 400) for step, loss in curve(chance).items()}
    said = compared(odd, others)
    assert said and said.startswith("From step 400 on") and f" is {word} than" in said
    low, high = band(others, STEPS)[400]
    assert f"between {low:.3f} and {high:.3f}, by 8 others." in said


def test_a_curve_that_leaves_the_band_once_is_told_so() -> None:
    chance = random.Random(0)
    others = [curve(chance) for _ in range(8)]
    said = compared(curve(chance) | {300: 9.0}, others)
    assert said and said.startswith("At step 300 the held-out loss, 9.000, is higher")


def test_a_curve_that_comes_back_is_not_told_to_have_left_for_good() -> None:
    chance = random.Random(0)
    others = [curve(chance) for _ in range(8)]
    said = compared(curve(chance) | {300: 9.0, 500: 9.0}, others)
    assert said and said.startswith("At step 300 the held-out loss, 9.000, is higher")


def test_the_ends_of_a_band_are_those_of_a_new_value_by_the_table_of_t() -> None:
    low, high = band([{5: 1.0}, {5: 2.0}, {5: 3.0}], {5})[5]
    assert (low + high) / 2 == pytest.approx(2.0)
    assert (high - low) / 2 == pytest.approx(9.9248 * math.sqrt(4 / 3), rel=1e-5)


def test_a_loss_that_is_no_number_is_higher() -> None:
    chance = random.Random(0)
    said = compared(curve(chance) | {1000: math.nan}, [curve(chance) for _ in range(8)])
    assert said and said.startswith("At step 1,000 the held-out loss, nan, is higher")


def test_two_runs_are_no_band_and_runs_that_share_no_step_are_none() -> None:
    chance = random.Random(0)
    assert compared(curve(chance), [curve(chance)] * 2) is None
    assert compared({7: 2.0}, [curve(chance)] * 3) is None
    assert band([curve(chance)] * 3, {7}) == {}


def test_a_step_at_which_a_run_was_lost_is_in_no_band() -> None:
    chance = random.Random(0)
    others = [curve(chance) for _ in range(3)] + [curve(chance) | {300: math.inf}]
    assert sorted(band(others, STEPS)) == [step for step in STEPS if step != 300]


def test_a_band_is_as_wide_as_the_steps_that_a_run_is_judged_at_are_many() -> None:
    chance = random.Random(0)
    others = [curve(chance) for _ in range(8)]
    few, many = band(others, {500, 1000}), band(others, STEPS)
    assert sorted(few) == [500, 1000]
    assert many[500][0] < few[500][0] < few[500][1] < many[500][1]


@pytest.mark.parametrize(
    ("last", "every", "steps"), [(10, 4, {0, 4, 8, 10}), (8, 4, {0, 4, 8}), (5, 0, {0, 5})]
)
def test_a_run_is_judged_at_the_beginning_the_end_and_between(
    last: int, every: int, steps: set[int]
) -> None:
    found = judged_at({"settings": {"steps": last}, "cadence": {"judged": every}})
    assert {step for step in range(-9, 20) if step in found} == steps


def test_a_band_of_a_run_of_very_many_steps_takes_no_time() -> None:
    steps = judged_at({"settings": {"steps": 10**24}, "cadence": {"judged": 1}})
    chance = random.Random(0)
    others = [curve(chance) | {10**24: 1.0, 10**24 + 1: 1.0} for _ in range(3)]
    assert sorted(band(others, steps)) == [*STEPS, 10**24]


def test_runs_that_are_equal_leave_room_for_rounding() -> None:
    chance = random.Random(0)
    same = curve(chance)
    near = {step: loss + LEAST / 2 for step, loss in same.items()}
    said = compared(near, [same] * 3)
    assert said and "at all 10 steps" in said


CONFIG: dict[str, Any] = {
    "settings": {"seed": 1, "compile": "no", "rate": 0.01, "text": "notes.txt", "tokens": "mine"},
    "text": {"key": "it"},
    "tokens": {"digest": "letters", "alphabet": "abc"},
    "environment": {"torch": "1", "cpu": "an abacus", "threads": 1},
}


@pytest.mark.parametrize(
    ("other", "same"),
    [
        ({"settings": CONFIG["settings"] | {"seed": 2}}, True),
        ({"settings": CONFIG["settings"] | {"compile": "yes"}}, True),
        ({"settings": CONFIG["settings"] | {"text": "/elsewhere/notes.txt"}}, True),
        ({"settings": CONFIG["settings"] | {"tokens": "again/mine.json"}}, True),
        ({"settings": CONFIG["settings"] | {"rate": 0.1}}, False),
        ({"text": {"key": "another text"}}, False),
        ({"tokens": {"digest": "bytes"}}, False),
    ],
)
def test_runs_are_of_a_kind_wherever_their_text_is_but_for_the_seed_and_how_they_are_compiled(
    other: dict[str, Any], same: bool
) -> None:
    assert (kind(CONFIG) == kind(CONFIG | other)) is same


def ran(path: Path, seed: int = 1, end: str = "done", at: int = 8, **other: Any) -> Path:
    """The folder of a run that was judged before it learnt, and when it ended."""
    config = CONFIG | other
    place = begin(path, config | {"settings": config["settings"] | {"seed": seed}})
    with Telemetry(place.telemetry, path.name, {}, {}) as log:
        log.write("judged", -1, loss=seed + 0.5, on="held out", tokens=9)
        log.write("judged", at - 1, loss=seed / 4, on="held out", tokens=9)
        if end:
            log.write("ended", at - 1, status=end)
    return path


def test_only_runs_that_were_done_are_kin_and_of_one_seed_only_one(tmp_path: Path) -> None:
    own = ran(tmp_path / "own")
    ran(tmp_path / "own again")
    ran(tmp_path / "two", 2)
    ran(tmp_path / "two later", 2, at=9)
    ran(tmp_path / "stopped", 3, "stopped")
    ran(tmp_path / "failed", 4, "failed")
    ran(tmp_path / "running", 5, "")
    ran(tmp_path / "six", 6)
    ran(tmp_path / "another text", 7, text={"key": "another"})
    (ran(tmp_path / "torn", 8) / "telemetry.jsonl").write_text("{")
    (ran(tmp_path / "changed", 9) / "config.json").write_text("{}")
    for name, config in {"odd": {"settings": 7}, "old": {}}.items():
        begin(tmp_path / name, config)
    assert beside(own, CONFIG) == {2: {0: 2.5, 8: 0.5}, 6: {0: 6.5, 8: 1.5}}


def test_a_run_is_warned_once_and_not_at_its_end() -> None:
    heard, said = list[int](), list[str]()
    known = Normal(dict.fromkeys(STEPS, (1.0, 2.0)), "3 others")
    told = warned(lambda _, step, __: heard.append(step), known, 1000, said.append)
    told("step", 100, {"loss": 9.0})
    told("judged", 100, {"loss": 1.5})
    assert not said
    told("judged", 150, {"loss": 9.0})
    told("judged", 200, {"loss": 0.5})
    told("judged", 300, {"loss": math.nan})
    assert len(said) == 1 and said[0].startswith("At step 200 the held-out loss, 0.500, is lower")
    assert said[0].endswith(" by 3 others. Ctrl-C stops and saves.")
    assert heard == [100, 100, 150, 200, 300]
    last = warned(lambda *_: None, known, 1000, said.append)
    last("judged", 1000, {"loss": 9.0})
    assert len(said) == 1


def test_a_run_is_told_beside_others_of_its_settings_and_no_others(
    call: Callable[..., Any], tmp_path: Path
) -> None:
    text = write(tmp_path / "text.txt")

    def run(asked: str) -> str:
        ended = call("train", text, *small(asked))
        assert ended.code == 0, ended.err
        return str(ended.out + ended.err)

    alone = [run(f"--seed {seed}") for seed in (1, 2)] + [run("--seed 3 --rate 0.01")]
    assert "the same settings" not in "".join(alone)
    assert "the same settings" not in run("--seed 3")
    assert "of 3 runs of the same settings with other seeds that stand beside it" in run("--seed 4")
    assert "the same settings" not in run("--seed 4 --width 32")
    assert "3 runs" in run("--seed 4")  # one of the four has this seed
