"""A driven run does what is due when it is due, and goes on to the same end from any moment."""

from __future__ import annotations

import math
import os
import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import torch

from cutaway.errors import CheckFailed, Refused, Unavailable
from cutaway.runs import durable

from .checkpoints import Checkpoints
from .driving import STUCK, drive
from .job import Cadence, Ended
from .placing import Place, begin
from .recording import Digested, Watching
from .schema import content
from .telemetry import Telemetry, lines

STEPS = 12
CADENCE = Cadence(judged=3, saved=4, sampled=6, keep=2)


@dataclass(frozen=True)
class State:
    """A state like the loop's."""

    step: int
    loss: float
    tokens: int
    norm: float
    rate: float


class Walk:
    """A run that is a random walk: each step uses up torch's and Python's chance."""

    limit = 1.0
    probes: Watching | None = None
    data: Digested | None = None

    def __init__(self, steps: int = STEPS, lost: Callable[[int], bool] = lambda step: False):
        self.steps, self.lost, self.at = steps, lost, torch.zeros(3, dtype=torch.float64)

    def states(self, first: int) -> Iterator[State]:
        """The states from a step on."""
        step = first
        while True:
            self.at += torch.randn(3, dtype=torch.float64) * random.random()
            loss = math.nan if self.lost(step) else self.at.sum().item()
            yield State(step, loss, 7, 1.0, 0.1)
            step += 1

    def groups(self) -> dict[str, dict[str, torch.Tensor]]:
        """Where it stands."""
        return {"weights": {"at": self.at}}

    def load(self, groups: Mapping[str, Mapping[str, torch.Tensor]]) -> None:
        """Stand there."""
        self.at = groups["weights"]["at"].clone()

    def judge(self) -> tuple[float, int]:
        """How far it got."""
        return self.at.norm().item(), 7

    def sample(self) -> tuple[str, str]:
        """Where it stands, in words."""
        return "at", f"{self.at.tolist()}\n"


def begun(folder: Path) -> Place:
    """The folder of a run that is about to begin, all chance at its beginning."""
    chance(1)
    return begin(folder, {"walk": True})


def chance(seed: int) -> None:
    """All chance at one of its places."""
    torch.manual_seed(seed)
    random.seed(seed)


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """The folder of a run."""
    return begun(tmp_path / "run")


def walked(place: Place, walk: Walk | None = None, cadence: Cadence = CADENCE, **how: Any) -> Ended:
    """A walk, driven."""

    def record(first: int) -> Telemetry:
        return Telemetry(place.telemetry, "walk", {"steps": STEPS}, {}, first)

    return drive(walk or Walk(), place, cadence, record, **how)


def left(place: Place) -> tuple[Any, ...]:
    """All that a run left but times and how it ended: what was seen, written and saved."""
    seen = [content(line) for line in lines(place.telemetry) if line["kind"] != "ended"]
    written = {path.name: path.read_text() for path in place.sample(0).parent.iterdir()}
    with Checkpoints(place.checkpoints) as checkpoints:
        last = checkpoints.resume().last
    assert last
    return seen, written, saved(place), last.groups["weights"]["at"].tolist(), last.state


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, ...]:
    """What a run leaves that nothing interrupted."""
    place = begun(tmp_path_factory.mktemp("whole") / "run")
    assert walked(place).complete
    return left(place)


def saved(place: Place) -> list[int]:
    """The steps that are saved."""
    return sorted(int(path.name[5:]) for path in place.checkpoints.glob("step-*"))


def steps(place: Place) -> list[int]:
    """The steps that telemetry has seen."""
    return [line["step"] for line in lines(place.telemetry) if line["kind"] == "step"]


def test_what_is_due_is_done_in_its_order(place: Place) -> None:
    seen: list[tuple[str, int]] = []
    ended = walked(place, told=lambda kind, done, _: seen.append((kind, done)))
    assert (ended.done, ended.complete) == (STEPS, True)
    assert [done for kind, done in seen if kind == "step"] == [*range(1, STEPS + 1)]
    assert [done for kind, done in seen if kind == "judged"] == [0, 3, 6, 9, 12]
    assert [done for kind, done in seen if kind == "sample"] == [6, 12]
    assert [done for kind, done in seen if kind == "saved"] == [4, 8, 12]
    assert [kind for kind, done in seen if done == STEPS] == ["step", "judged", "sample", "saved"]
    assert saved(place) == [8, 12]


def test_at_the_end_all_is_done_even_if_nothing_is_due(place: Place) -> None:
    seen: list[str] = []
    walked(place, Walk(5), Cadence(0, 0, 0), told=lambda kind, done, _: seen.append(kind))
    assert seen == ["judged", *["step"] * 5, "judged", "sample", "saved"]


def test_telemetry_holds_what_was_done_by_the_last_step_before_it(place: Place) -> None:
    walked(place)
    found = [(line["kind"], line["step"]) for line in lines(place.telemetry)]
    assert found[:2] == [("run", -1), ("judged", -1)]
    assert found[-5:] == [(kind, 11) for kind in ("step", "judged", "sample", "saved", "ended")]


@pytest.mark.parametrize("stop", range(1, STEPS))
def test_a_run_that_was_stopped_goes_on_to_the_same_end(
    place: Place, whole: tuple[Any, ...], stop: int
) -> None:
    asked = iter(range(1, 100))
    assert walked(place, halt=lambda: next(asked) == stop) == Ended(stop, False)
    assert saved(place)[-1] == stop
    chance(99)
    assert walked(place).complete
    seen, *rest = left(place)
    if stop not in (4, 8):  # one save more than were due
        seen.remove({"kind": "saved", "step": stop - 1, "checkpoint": f"step-{stop:08d}"})
    assert (seen, rest[0], *rest[2:]) == (whole[0], whole[1], *whole[3:])


class Killed(BaseException):
    """Stands for a kill: nobody catches it."""


@pytest.mark.parametrize("moment", range(1, 23))
def test_a_run_that_was_killed_goes_on_to_the_same_end(
    place: Place, whole: tuple[Any, ...], moment: int
) -> None:
    left_to_do = [moment]

    def told(kind: str, done: int, values: Mapping[str, Any]) -> None:
        left_to_do[0] -= 1
        if left_to_do[0] == 0:
            raise Killed

    with pytest.raises(Killed):
        walked(place, told=told)
    raw = place.telemetry.read_bytes()
    safe = raw.rindex(b"\n", 0, raw.rindex(b'"saved"')) if saved(place) else 0
    place.telemetry.write_bytes(raw[: max(raw.find(b"\n", safe + 1) + 1, len(raw) - 17 * moment)])
    chance(99 if saved(place) else 1)  # without a checkpoint it begins as it began
    assert walked(place).complete
    assert left(place) == whole


def test_what_was_seen_is_safe_before_its_checkpoint_is(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    order: list[str] = []
    save, sync = Checkpoints.save, os.fsync

    def saving(self: Checkpoints, step: int, *rest: Any) -> Path:
        order.append("save")
        return save(self, step, *rest)

    def synced(handle: int) -> None:
        order.append(Path(f"/proc/self/fd/{handle}").resolve().name)
        sync(handle)

    monkeypatch.setattr(Checkpoints, "save", saving)
    monkeypatch.setattr(os, "fsync", synced)
    walked(place)
    at = [number for number, what in enumerate(order) if what == "save"]
    assert len(at) == 3 and all(order[number - 1] == "telemetry.jsonl" for number in at)


def test_a_finished_run_stays_as_it_is(place: Place) -> None:
    walked(place)
    before = place.telemetry.read_bytes()
    assert walked(place) == Ended(STEPS, True)
    assert place.telemetry.read_bytes() == before


def test_a_run_that_left_the_numbers_for_good_ends(place: Place) -> None:
    with pytest.raises(CheckFailed, match="no finite loss"):
        walked(place, Walk(1000, lambda step: step >= 30), Cadence(0, 10, 0))
    assert steps(place) == [*range(30 + STUCK)]
    assert [*lines(place.telemetry)][-1]["status"] == "failed"


def test_of_a_run_that_left_the_numbers_stands_what_was_saved_before(place: Place) -> None:
    with pytest.raises(CheckFailed, match="learnt") as caught:
        walked(place, Walk(1000, lambda step: step >= 30), Cadence(0, 4, 0, keep=2))
    assert saved(place) == [24, 28] and "saved is 28." in caught.value.next_step
    with pytest.raises(CheckFailed):
        walked(place, Walk(1000, lambda step: step >= 30), Cadence(0, 4, 0, keep=2))
    assert saved(place) == [24, 28] and steps(place) == [*range(30 + STUCK)]


class Unjudged(Walk):
    """A walk that left the numbers after some steps, and says so when it is judged."""

    def __init__(self, steps: int, healthy: int) -> None:
        super().__init__(steps, lambda step: step > healthy)
        self.healthy, self.taken = healthy, 0

    def states(self, first: int) -> Iterator[State]:
        """The states from a step on."""
        for state in super().states(first):
            self.taken = state.step + 1
            yield state

    def judge(self) -> tuple[float, int]:
        """How far it got, if that is a number."""
        return (math.nan if self.taken > self.healthy else super().judge()[0]), 7

    def sample(self) -> tuple[str, str]:
        """Where it stands, if that can be said."""
        if self.taken > self.healthy:
            raise CheckFailed("It has left the numbers.")
        return super().sample()


def test_a_step_whose_judgement_is_no_number_is_not_saved(place: Place) -> None:
    with pytest.raises(CheckFailed, match="no finite loss"):
        walked(place, Unjudged(100, 7), Cadence(4, 4, 0))
    assert saved(place) == [4]


@pytest.mark.parametrize("healthy", [9, 11])
def test_a_run_that_ends_without_a_judgement_has_failed(place: Place, healthy: int) -> None:
    with pytest.raises(CheckFailed, match="After step 12, the last, the held-out loss is nan"):
        walked(place, Unjudged(STEPS, healthy))
    assert saved(place) == [4, 8]
    assert [*lines(place.telemetry)][-1]["status"] == "failed"


def test_a_run_whose_last_step_alone_was_lost_is_done(place: Place) -> None:
    heard: list[str] = []
    walk = Walk(STEPS, lambda step: step == STEPS - 1)
    assert walked(place, walk, told=lambda *said: heard.append(str(said))).complete
    assert saved(place) == [8, STEPS] and "the steps after 11," in heard[-1]


def test_a_sample_that_cannot_be_drawn_ends_no_run(place: Place) -> None:
    heard: list[tuple[str, int]] = []
    walk = Unjudged(STEPS, 5)
    with pytest.raises(CheckFailed, match="held-out loss"):
        walked(place, walk, CADENCE, told=lambda kind, done, _: heard.append((kind, done)))
    assert ("skipped", 6) in heard and ("step", STEPS) in heard


@pytest.mark.parametrize(("stop", "kept"), [(3, 0), (7, 4)])
def test_a_stop_among_lost_steps_leaves_what_was_saved_before(
    place: Place, whole: tuple[Any, ...], stop: int, kept: int
) -> None:
    heard: list[str] = []
    asked = iter(range(1, 100))
    lost = Walk(STEPS, lambda step: step + 1 in (stop - 1, stop))
    how: dict[str, Any] = {
        "halt": lambda: next(asked) == stop,
        "told": lambda kind, *_: heard.append(kind),
    }
    assert walked(place, lost, **how) == Ended(kept, False)
    assert saved(place) == [step for step in (kept,) if step] and heard[-1] == "skipped"
    assert [*lines(place.telemetry)][-1]["status"] == "stopped"
    chance(99 if kept else 1)
    assert walked(place).complete
    assert left(place) == whole


def test_a_run_that_left_the_numbers_for_a_while_goes_on(place: Place) -> None:
    lost = {*range(5, 4 + STUCK), *range(5 + STUCK, 4 + 2 * STUCK)}
    assert walked(place, Walk(60, lost.__contains__), Cadence(0, 0, 0)).complete


def test_a_checkpoint_of_another_run_is_refused(place: Place) -> None:
    with Checkpoints(place.checkpoints) as checkpoints:
        checkpoints.save(3, {"weights": {"else": torch.zeros(1)}}, {"random": {}})
    with pytest.raises(Refused, match="is not one of this run"):
        walked(place)


def test_a_checkpoint_beyond_the_end_is_refused(place: Place) -> None:
    walked(place, Walk(20))
    with pytest.raises(Refused, match="beyond"):
        walked(place, Walk(10))


def test_a_disk_that_fills_up_ends_a_run_that_can_go_on(
    place: Place, whole: tuple[Any, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    free = iter([2**40, 0])
    with monkeypatch.context() as patch:
        patch.setattr(durable.System, "free", lambda self, folder: next(free))
        with pytest.raises(Unavailable, match="saved before is untouched"):
            walked(place)
    assert saved(place) == [4]
    assert walked(place).complete
    assert left(place) == whole
