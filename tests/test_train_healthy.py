"""The healthy runs that come with cutaway: read strictly, and held against a run of their kind."""

from __future__ import annotations

import io
import json
import math
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console
from test_train_beside import CONFIG, ran
from trained import LAST, SIZES, small

from cutaway.data.catalogue import CATALOGUE
from cutaway.errors import UsageError
from cutaway.runs import plain
from cutaway.runs.job import Cadence
from cutaway.verbs.training import healthy, watching
from cutaway.verbs.training.healthy import Family, family, read, shipped, written
from cutaway.verbs.training.kin import FREE, NAMES, Curve, kind
from cutaway.verbs.training.normal import normal, unsaid
from cutaway.verbs.training.settings import Asked, Settings, checked, settled
from cutaway.verbs.training.undertaking import anew

KIND = {"settings": {"steps": 8, "rate": 0.5}, "text": "it", "tokens": "letters"}
SOME = Family(KIND, {"torch": "1", "cpu": "an abacus"}, {1: {0: 4.0, 8: 2.5}, 0: {0: 4.25, 8: 2.0}})


def test_what_is_written_is_read_and_the_numbers_are_rounded() -> None:
    other = Family(KIND | {"text": "other"}, SOME.where, {3: {8: 1.23456789, 0: 4.0}})
    first, second = read(written([SOME, other]))
    assert first == SOME and list(first.curves) == [0, 1]
    assert second.curves == {3: {0: 4.0, 8: 1.234568}}
    assert written([SOME, other]) == written([first, second])


def test_what_would_not_be_read_is_not_written() -> None:
    with pytest.raises(ValueError, match="do not reach their last step"):
        written([Family(KIND, SOME.where, {0: {0: 4.0, 7: 2.5}})])


def changed(**other: Any) -> bytes:
    one = {**json.loads(written([SOME]))["families"][0], **other}
    return plain.to_bytes({"format": 1, "families": [one]})


DAMAGED = {
    "nothing": b"",
    "cut short": written([SOME])[:-9],
    "a changed digit": written([SOME]).replace(b"2.5", b"2.6"),
    "other spaces": json.dumps(json.loads(written([SOME]))).encode(),
    "foreign": plain.to_bytes({"weights": [1.0]}),
    "a later format": plain.to_bytes({"format": 2, "families": []}),
    "no list": plain.to_bytes({"format": 1, "families": {}}),
    "no family": plain.to_bytes({"format": 1, "families": [7]}),
    "more in it": changed(more=1),
    "another kind": changed(kind={**KIND, "seed": 1}),
    "a place without a name": changed(where={"torch": "1"}),
    "no steps": changed(steps=[]),
    "steps that fall": changed(steps=[8, 0]),
    "equal steps": changed(steps=[8, 8]),
    "a step that is no number": changed(steps=["0", 8]),
    "a curve without its end": changed(steps=[0, 7]),
    "too few losses": changed(losses={"0": [4.0]}),
    "a loss that is a word": changed(losses={"0": [4.0, "2"]}),
    "a loss that is none": changed(losses={"0": [4.0, -2.0]}),
    "losses that are no list": changed(losses={"0": 4.0}),
    "a seed that is none": changed(losses={"-1": [4.0, 2.0]}),
    "a seed in other letters": changed(losses={"٣": [4.0, 2.0]}),
    "a kind twice": plain.to_bytes(
        {"format": 1, "families": json.loads(written([SOME]))["families"] * 2}
    ),
}


@pytest.mark.parametrize("raw", DAMAGED.values(), ids=DAMAGED)
def test_a_file_that_is_not_one_of_ours_is_refused(raw: bytes) -> None:
    with pytest.raises(ValueError, match=r"^(?!zip)"):
        read(raw)


def test_the_file_that_comes_with_cutaway_is_of_settings_that_there_are() -> None:
    for one in read(healthy.FILE.read_bytes()):
        wanted = asdict(Settings())
        assert one.kind["settings"].keys() == wanted.keys() - FREE - NAMES
        checked(Settings(**one.kind["settings"]))
        assert one.kind["text"].startswith(tuple(str(one.digest) for one in CATALOGUE.values()))
        assert one.curves.keys() == set(range(len(one.curves))) and len(one.curves) >= 8
        assert shipped(one.kind) == one.curves


@pytest.fixture
def come(
    call: Any, text: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[[Curve], dict[str, Any]]:
    """Write a file of four small runs on the text, whose middle is a curve; what they were."""
    monkeypatch.setattr(healthy, "FILE", tmp_path / "healthy.json")

    def written_as(middle: Curve) -> dict[str, Any]:
        sizes: dict[str, Any] = {**SIZES}
        settings = settled(str(text), Asked(**sizes), None)
        config = anew(settings, Cadence(4, 4, 6), 1, tmp_path / "none").config
        curves = {
            seed: {step: loss * (1 + (seed - 1.5) / 10) for step, loss in middle.items()}
            for seed in range(4)
        }
        raw = written([Family(kind(config), SOME.where, curves)])
        (tmp_path / "healthy.json").write_bytes(raw)
        return config

    return written_as


@pytest.fixture
def alone(call: Callable[..., Any], text: Path, tmp_path: Path) -> Callable[..., str]:
    """What is said of a run that no other stands beside."""

    def begun(asked: str, source: Path = text) -> str:
        folder = tmp_path / f"alone-{len([*tmp_path.iterdir()])}"
        ended = call("train", source, *small(asked), "--out", folder, "--name", "run")
        assert ended.code == 0, ended.err
        page = (folder / "run" / "report.html").read_text()
        assert ("where healthy runs lie" in page) is ("the same settings" in ended.err)
        return str(ended.err)

    return begun


USUAL = dict.fromkeys((0, 4, 8, LAST), 3.0)  # the losses of a small run are not far from it


def test_a_healthy_run_alone_is_held_against_those_that_come_with_cutaway(
    come: Any, alone: Any
) -> None:
    come(USUAL)
    where = "runs of the same settings with other seeds that come with cutaway, at all"
    assert f"is that of 4 {where} 4 steps" in alone("--seed 7")
    assert f"is that of 3 {where} 2 steps" in alone("--seed 2 --judge-every 0")  # less its own
    assert "the same settings" not in alone("--seed 7 --warm 3")


def test_a_text_may_stand_elsewhere(come: Any, alone: Any, text: Path, tmp_path: Path) -> None:
    come(USUAL)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    assert "that come with cutaway" in alone("--seed 7", text.rename(elsewhere / text.name))


def test_a_run_on_another_text_is_held_against_none(come: Any, alone: Any, text: Path) -> None:
    come(USUAL)
    text.write_text(text.read_text().replace("moon", "noom"))
    assert "the same settings" not in alone("--seed 7")


def test_an_unhealthy_run_is_told_on_its_way_and_at_its_end(come: Any, alone: Any) -> None:
    come(USUAL | dict.fromkeys((4, 8, LAST), 0.1))
    said = alone("--seed 7")
    assert said.count("Ctrl-C stops and saves.") == 1
    assert "At step 4 the held-out loss" in said and "From step 4 on the held-out loss" in said
    assert said.count("is higher than 99 of 100 such runs would have it") == 2


def test_a_warning_stands_above_the_moving_picture(
    come: Any, alone: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    screen = io.StringIO()
    console = Console(file=screen, force_terminal=True, width=100)
    monkeypatch.setattr(watching, "live_on", lambda _: True)
    monkeypatch.setattr(watching, "Console", lambda **_: console)
    come(USUAL | dict.fromkeys((4, 8, LAST), 0.1))
    assert "Ctrl-C" not in alone("--seed 7")
    assert screen.getvalue().count("Ctrl-C stops and saves.") == 1


def test_two_beside_a_run_are_too_few_and_three_are_taken(come: Any, tmp_path: Path) -> None:
    config = come(USUAL)
    found = []
    for seed in (10, 12, 14):
        ran(tmp_path / f"seed-{seed}", seed, **config)
        found.append(normal(tmp_path / "none", config, unsaid).by)
    like = "3 runs of the same settings with other seeds that"
    assert found == [f"{like} come with cutaway"] * 2 + [f"{like} stand beside it"]


def test_a_run_beside_enough_others_is_held_against_those(
    come: Any, train: Any, tmp_path: Path
) -> None:
    config = come(dict.fromkeys(USUAL, 0.1))
    for seed in (10, 12, 14):
        ran(tmp_path / f"seed-{seed}", seed, **config)
    page = (train("--seed 7") / "report.html").read_text()
    assert "that come with cutaway" not in page
    assert "3 runs of the same settings with other seeds that stand beside it, at all 2" in page


def test_a_run_that_is_stopped_is_told_how_it_lies_so_far(come: Any, alone: Any) -> None:
    come(USUAL)
    assert "come with cutaway, at the one step they share." in alone("--seed 7 --budget 0s")


@pytest.mark.parametrize("raw", [b"", written([SOME])[1:], None], ids=["empty", "cut", "gone"])
def test_a_damaged_file_is_said_once_and_harms_no_run(
    come: Any, alone: Any, tmp_path: Path, raw: bytes | None
) -> None:
    come(USUAL)
    file = tmp_path / "healthy.json"
    file.unlink() if raw is None else file.write_bytes(raw)
    said = alone("--seed 7")
    assert said.count("The healthy runs that come with cutaway cannot be used") == 1
    assert "Install cutaway again" in said and "Report: " in said


def test_a_family_is_of_runs_that_were_done_and_differ_by_their_seeds(tmp_path: Path) -> None:
    runs = [ran(tmp_path / f"seed-{seed}", seed) for seed in (2, 3, 4)]
    place = {"torch": "1", "cpu": "an abacus"}
    curves = {seed: {0: seed + 0.5, 8: seed / 4} for seed in (2, 3, 4)}
    assert family(runs) == Family(kind(CONFIG), place, curves)
    wrong: dict[str, dict[str, Any]] = {
        "have seeds in common": {"seed": 3},
        "were not all done": {"end": "stopped"},
        "are not of one kind": {"text": {"key": "another"}},
        "ran at different places": {"environment": {"torch": "2", "cpu": "an abacus"}},
        "were judged at different steps": {"at": 9},
    }
    for why, other in wrong.items():
        with pytest.raises(UsageError, match=why):
            family([*runs, ran(tmp_path / why, **{"seed": 7, **other})])


def test_a_family_has_no_run_that_left_the_numbers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs = [ran(tmp_path / f"seed-{seed}", seed) for seed in (2, 3)]
    monkeypatch.setattr(healthy, "judged", lambda path: ({0: math.inf}, True))
    with pytest.raises(UsageError, match="left the numbers"):
        family(runs)
