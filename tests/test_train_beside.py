"""Whether a run's curve is normal is told by runs of the same settings with other seeds."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from trained import small, write

from cutaway.verbs.training.normal import LEAST, alike, band, compared

STEPS = range(100, 1100, 100)


def curve(chance: random.Random, shift: float = 0.0, spread: float = 0.02) -> dict[int, float]:
    return {step: 2.0 + 100 / step + shift + chance.gauss(0, spread) for step in STEPS}


@pytest.mark.parametrize("others", [3, 8])
def test_a_band_holds_ninety_nine_of_a_hundred_healthy_curves(others: int) -> None:
    chance = random.Random(0)
    inside = 0
    for _ in range(300):
        limits = band([curve(chance) for _ in range(others)])
        one = curve(chance)
        inside += all(limits[step][0] <= one[step] <= limits[step][1] for step in STEPS)
    assert inside / 300 >= 0.97


def test_a_band_of_many_runs_is_as_narrow_as_they_are() -> None:
    chance = random.Random(0)
    limits = band([curve(chance) for _ in range(30)])
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
    low, high = band(others)[400]
    assert f"between {low:.3f} and {high:.3f}" in said


def test_a_curve_that_leaves_the_band_once_is_told_so() -> None:
    chance = random.Random(0)
    others = [curve(chance) for _ in range(8)]
    said = compared(curve(chance) | {300: 9.0}, others)
    assert said and said.startswith("At step 300 the held-out loss, 9.000, is higher")


def test_a_loss_that_is_no_number_is_higher() -> None:
    chance = random.Random(0)
    said = compared(curve(chance) | {1000: math.nan}, [curve(chance) for _ in range(8)])
    assert said and "At" not in said and said.startswith("From step 1,000 on")


def test_two_runs_are_no_band_and_runs_that_share_no_step_are_none() -> None:
    chance = random.Random(0)
    assert compared(curve(chance), [curve(chance)] * 2) is None
    assert compared({7: 2.0}, [curve(chance)] * 3) is None


def test_runs_that_are_equal_leave_room_for_rounding() -> None:
    chance = random.Random(0)
    same = curve(chance)
    near = {step: loss + LEAST / 2 for step, loss in same.items()}
    said = compared(near, [same] * 3)
    assert said and "at all 10 steps" in said


@pytest.mark.parametrize(
    ("other", "same"),
    [
        ({"seed": 2}, True),
        ({"seed": 2, "compile": "yes"}, True),
        ({"seed": 1}, False),
        ({"seed": 2, "rate": 0.1}, False),
    ],
)
def test_runs_are_alike_but_for_the_seed_and_whether_they_are_compiled(
    other: dict[str, Any], same: bool
) -> None:
    settings = {"seed": 1, "compile": "no", "rate": 0.01}
    config = {"settings": settings, "text": {"key": "it"}, "tokens": {}}
    assert alike(config, config | {"settings": settings | other}) is same
    assert not alike(config, config | {"settings": settings | other, "text": {"key": "more"}})


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
    assert "of 3 runs of the same settings with other seeds" in run("--seed 4")
    assert "the same settings" not in run("--seed 4 --width 32")
    assert "3 runs" in run("--seed 4")  # one of the four has this seed
