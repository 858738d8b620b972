"""Trackers get every number, keep it where it can be read, and can do no harm."""

from __future__ import annotations

import importlib
import importlib.util
import json
import math
import os
import struct
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from cutaway.errors import Unavailable

from .telemetry import Telemetry, lines
from .trackers import INSTALL, Guarded, TensorBoard, Tracker, WandB, numbers

Events = dict[tuple[int, str], float]
EVENTS = [(step, {"loss": 1 / (step + 1), "blocks.0/gradient": step * 0.5}) for step in range(100)]
EVENTS[50] = (50, {"loss": math.nan, "blocks.0/gradient": math.inf})
TOLD: Events = {(step, name): value for step, told in EVENTS for name, value in told.items()}


# The same hundred events through each tracker, and read back from what it wrote


def records(raw: bytes) -> Iterator[bytes]:
    """The records of an event file: length, its checksum, the record, its checksum."""
    while raw:
        (size,) = struct.unpack("<Q", raw[:8])
        yield raw[12 : 12 + size]
        raw = raw[16 + size :]


def of_tensorboard(folder: Path) -> tuple[Events, str]:
    """The numbers and the texts of the event files in a folder."""
    Event: Any = importlib.import_module("tensorboardX.proto.event_pb2").Event

    found: Events = {}
    texts = ""
    for path in sorted(folder.glob("events*")):
        for record in records(path.read_bytes()):
            event = Event.FromString(record)
            for value in event.summary.value:
                if value.HasField("tensor"):
                    texts += f"{value.tag}: {value.tensor.string_val}\n"
                else:
                    found[event.step, value.tag] = value.simple_value
            texts += f"purged from {event.step}\n" if event.session_log.status == 1 else ""
    return found, texts


def logs(raw: bytes) -> Iterator[bytes]:
    """The records of a run's file: blocks of 32 KiB, of which a record may fill several."""
    at, record = 7, b""
    while at + 7 <= len(raw):
        if left := -at % 2**15 < 7 and -at % 2**15:
            at += left
            continue
        size, kind = struct.unpack("<HB", raw[at + 4 : at + 7])
        record += raw[at + 7 : at + 7 + size]
        at += 7 + size
        if kind in (1, 4):
            yield record
            record = b""


def of_wandb(folder: Path) -> tuple[Events, str]:
    """The numbers and the rest of what an offline run keeps."""
    Record: Any = importlib.import_module("wandb.proto.wandb_internal_pb2").Record

    found: Events = {}
    rest = ""
    for path in folder.glob("wandb/offline-run-*/*.wandb"):
        for raw in logs(path.read_bytes()):
            record = Record.FromString(raw)
            if record.HasField("history"):
                items = {
                    one.key or one.nested_key[0]: one.value_json for one in record.history.item
                }
                step = json.loads(items["_step"])
                told = {name: text for name, text in items.items() if name[0] != "_"}
                found |= {(step, name): float(json.loads(text)) for name, text in told.items()}
            else:
                rest += str(record)
    return found, rest


class Stub(ModuleType):
    """As much of wandb as is used, which writes down how it is called."""

    def __init__(self) -> None:
        super().__init__("wandb")
        self.calls: list[Any] = []
        self.kept: Events = {}

    def init(self, **given: Any) -> Any:
        self.calls.append(given)
        return SimpleNamespace(
            log=lambda told, step: self.kept.update({(step, n): v for n, v in told.items()}),
            log_artifact=lambda one: self.calls.append(one),
            finish=lambda exit_code: self.calls.append(exit_code),
        )

    def Settings(self, **given: Any) -> Any:
        return given

    def Artifact(self, name: str, type: str) -> Any:
        one = SimpleNamespace(name=name, type=type)
        one.add_reference = lambda uri, checksum: vars(one).update(uri=uri, checksum=checksum)
        return one


def stubbed(monkeypatch: pytest.MonkeyPatch) -> Stub:
    """The stub, in the place of wandb."""
    stub = Stub()
    monkeypatch.setitem(sys.modules, "wandb", stub)
    monkeypatch.delenv("WANDB_MODE", raising=False)
    return stub


def same(found: Events) -> bool:
    """Whether these are the numbers that were told, in single precision."""
    pairs = [(found[at], value) for at, value in TOLD.items()]
    return found.keys() == TOLD.keys() and all(
        math.isclose(a, b, rel_tol=1e-6) or (math.isnan(a) and math.isnan(b)) for a, b in pairs
    )


def told(tracker: Tracker, folder: Path) -> None:
    """A tracker that was told of all the events, and of nothing that it could not take."""
    tracker.start(
        "a run/1", {"rate": 0.1, "deep": {"list": [1, "<b>"]}}, {"torch": "3", "first": 0}
    )
    for step, several in EVENTS:
        tracker.log(step, several)
    (folder / "of weights").write_bytes(bytes(9))
    tracker.artifact(folder / "of weights", "checkpoint")
    tracker.finish("done")


def test_tensorboard_has_every_number(tmp_path: Path) -> None:
    pytest.importorskip("tensorboardX")
    told(TensorBoard(tmp_path / "board"), tmp_path)
    found, texts = of_tensorboard(tmp_path / "board")
    assert same(found)
    for what in ("a run/1", "rate", "torch", "of weights", "done"):
        assert what in texts


def test_tensorboard_voids_what_is_done_again(tmp_path: Path) -> None:
    pytest.importorskip("tensorboardX")
    for first in (0, 30):
        tracker = TensorBoard(tmp_path)
        tracker.start("mine", {}, {"first": first})
        tracker.log(first + 5, {"loss": first})
        tracker.finish("done")
    found, texts = of_tensorboard(tmp_path)
    purged = sorted(line for line in texts.splitlines() if "purged" in line)
    assert purged == ["purged from 0", "purged from 30"]
    assert found == {(5, "loss"): 0, (35, "loss"): 30}


def test_wandb_is_told_every_number_and_stays_offline(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stub = stubbed(monkeypatch)
    told(WandB(tmp_path), tmp_path)
    assert same(stub.kept)
    begun, artifact, code = stub.calls
    assert (begun["mode"], begun["dir"], begun["id"]) == ("offline", str(tmp_path), "a-run-1")
    assert begun["config"]["config"]["rate"] == 0.1 and begun["config"]["meta"]["torch"] == "3"
    assert begun["settings"]["disable_git"] and begun["settings"]["console"] == "off"
    assert (artifact.uri, artifact.checksum) == ((tmp_path / "of weights").as_uri(), False)
    assert (artifact.name, artifact.type, code) == ("checkpoint-of-weights", "checkpoint", 0)


if importlib.util.find_spec("wandb"):  # else what it is told is all that can be seen

    @pytest.mark.slow
    def test_wandb_has_every_number(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delenv("WANDB_MODE", raising=False)
        told(WandB(tmp_path), tmp_path)
        found, rest = of_wandb(tmp_path)
        while "exit {" not in rest:  # another process writes the file, and ends when it likes
            time.sleep(0.1)
            found, rest = of_wandb(tmp_path)
        assert same(found)
        for what in ("a-run-1", "rate", "torch", "checkpoint-of-weights"):
            assert what in rest


@pytest.mark.parametrize(
    ("online", "said", "mode"),
    [(False, None, "offline"), (False, "", "offline"), (False, "online", "online"),
     (False, "disabled", "disabled"), (True, None, "online"), (True, "offline", "online")],
)  # fmt: skip
def test_wandb_goes_online_only_if_somebody_said_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, online: bool, said: str | None, mode: str
) -> None:
    stub = stubbed(monkeypatch)
    monkeypatch.delenv("WANDB_ERROR_REPORTING", raising=False)
    if said is not None:
        monkeypatch.setenv("WANDB_MODE", said)
    tracker = WandB(tmp_path, online=online)
    tracker.start("mine", {}, {})
    tracker.finish("failed")
    assert stub.calls[0]["mode"] == mode and stub.calls[1] == 1
    assert os.environ.get("WANDB_ERROR_REPORTING") == (None if mode == "online" else "false")


@pytest.mark.parametrize(("make", "package"), [(TensorBoard, "tensorboardX"), (WandB, "wandb")])
def test_a_package_that_is_missing_is_named_before_a_run_begins(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, make: Callable[..., Tracker], package: str
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    monkeypatch.setenv("WANDB_ERROR_REPORTING", "false")
    with pytest.raises(Unavailable, match=f"needs {package}") as missing:
        make(tmp_path)
    assert missing.value.next_step == INSTALL == "pip install 'cutaway[track]'"


# What goes wrong in a tracker


class Panic(BaseException):
    """What compiled code raises."""


class Broken:
    def __init__(self, error: BaseException) -> None:
        self.error, self.calls = error, 0

    def _fail(self, *_: Any) -> None:
        self.calls += 1
        raise self.error

    start = log = artifact = finish = _fail


class Kept:
    def __init__(self) -> None:
        self.calls: list[Any] = []

    def start(self, run: str, config: Mapping[str, Any], meta: Mapping[str, Any]) -> None:
        self.calls.append((run, config, meta))

    def log(self, step: int, numbers: Mapping[str, float]) -> None:
        self.calls.append((step, dict(numbers)))

    def artifact(self, path: Path, kind: str) -> None:
        self.calls.append((path, kind))

    def finish(self, status: str) -> None:
        self.calls.append(status)


def run(path: Path, *trackers: Tracker) -> None:
    """A run of a step."""
    step = {"loss": math.nan, "tokens": 3, "norm": 2.0, "rate": 0.1, "limit": 1.0}
    with Telemetry(path, "mine", {"a": 1}, {"b": 2}, 7, trackers) as mine:
        mine.write("step", 7, **step, data="0" * 16)
        mine.write("layers", 7, parts={"blocks.0": {"weight": 2.0, "first": [0.5, 0.25]}})
        mine.write("judged", 7, loss=1.5, on="held out")
        mine.write("sample", 7, prompt="a", text="b")
        mine.artifact(path, "telemetry")
        mine.write("ended", 7, status="done", seconds=1.0)


@pytest.mark.parametrize(
    "error", [ValueError("bad\x1b[2J\nworse"), SystemExit(3), Panic("p" * 999)]
)
def test_what_goes_wrong_in_a_tracker_is_told_once_and_goes_no_further(
    tmp_path: Path, error: BaseException, capsys: pytest.CaptureFixture[str]
) -> None:
    broken, kept = Broken(error), Kept()
    run(tmp_path / "t", broken, kept)
    assert broken.calls == 6 and len(kept.calls) == 6
    assert [one["kind"] for one in lines(tmp_path / "t")][-1] == "ended"
    out, err = capsys.readouterr()
    assert not out and err.startswith("Broken failed (") and err.endswith("The run goes on.\n")
    assert err.count("\n") == 1 and len(err) < 300 and "\x1b" not in err


def test_a_user_who_stops_a_run_stops_it_in_a_tracker_too() -> None:
    with pytest.raises(KeyboardInterrupt):
        Guarded(Broken(KeyboardInterrupt())).log(1, {})


def test_a_tracker_learns_of_what_is_in_the_file_already(tmp_path: Path) -> None:
    kept = Kept()
    run(tmp_path / "t", kept)
    assert kept.calls[0] == ("mine", {"a": 1}, {"b": 2, "first": 7})
    assert repr(kept.calls[1]) == repr(
        (7, {"loss": math.nan, "tokens": 3, "norm": 2.0, "rate": 0.1, "limit": 1.0})
    )
    assert kept.calls[2] == (
        7,
        {
            "blocks.0/weight": 2.0,
            "blocks.0/first/0": 0.5,
            "blocks.0/first/1": 0.25,
            "clip_rate": 1.0,
        },
    )
    assert kept.calls[3:] == [
        (7, {"judged/held out/loss": 1.5}),
        (tmp_path / "t", "telemetry"),
        "done",
    ]


def test_the_file_comes_first(tmp_path: Path) -> None:
    class Reader(Kept):
        def log(self, step: int, numbers: Mapping[str, float]) -> None:
            self.calls.append([one["kind"] for one in lines(tmp_path / "t")][-1])

    reader = Reader()
    run(tmp_path / "t", reader)
    assert reader.calls[1:4] == ["step", "layers", "judged"]


@pytest.mark.parametrize(("error", "status"), [(None, "stopped"), (OSError(), "failed")])
def test_a_run_that_says_nothing_of_its_end_is_finished_all_the_same(
    tmp_path: Path, error: Exception | None, status: str
) -> None:
    kept = Kept()
    try:
        with Telemetry(tmp_path / "t", "mine", {}, {}, trackers=[kept]):
            if error:
                raise error
    except OSError:
        pass
    assert kept.calls[1:] == [status]
    assert [one["kind"] for one in lines(tmp_path / "t")] == ["run"]


def test_only_numbers_are_told() -> None:
    part = {"ratio": 0.5, "entropy": [1.0, 2.0]}
    line = {"kind": "layers", "step": 3, "time": 1.0, "parts": {"a": part}, "left_out": {"b": "c"}}
    assert numbers(line) == {"a/ratio": 0.5, "a/entropy/0": 1.0, "a/entropy/1": 2.0}
