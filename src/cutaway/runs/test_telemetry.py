"""What a run wrote of itself is there after any kill, and means what the table says."""

from __future__ import annotations

import errno
import json
import math
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from cutaway.errors import Refused, Unavailable, UsageError

from . import schema, telemetry
from .recording import recorded
from .schema import FIELDS, PART, SCHEMA, content
from .telemetry import Telemetry, lines
from .test_recording import Fake, states

CONFIG = {"rate": 0.1, "name": "größe"}


def opened(path: Path, first: int = 0, run: str = "mine", **other: Any) -> Telemetry:
    """The telemetry of a run that is begun or resumed."""
    return Telemetry(path, run, other.get("config", CONFIG), other.get("meta", {}), first)


class Probe:
    """Something to be seen at every third step."""

    @contextmanager
    def at(self, step: int) -> Iterator[dict[str, Any]]:
        heads = {"entropy": [0.5, math.inf], "first": [0.25, math.nan]}
        part = dict.fromkeys((n for n in FIELDS[PART] if n not in heads), step / 7) | heads
        yield {} if step % 3 else {"parts": {"blocks.0": part}, "left_out": {"x": "why"}}


def run(path: Path, first: int, last: int, end: bool = True) -> list[int]:
    """A run in which all that a run may write is written; the steps that it saves are returned."""
    saved = []
    with opened(path, first) as mine:
        for state in recorded(states(first, last), mine, 1.5, Probe(), Fake()):
            if state.step % 4 == 1:
                mine.write("judged", state.step, loss=1.5, on="held out", tokens=9, seconds=0.1)
                mine.write("sample", state.step, prompt="a\n", text="\u2028 <b> é \x1b[0m")
                mine.write("saved", state.step, checkpoint=f"step-{state.step:08d}")
                saved.append(state.step)
        if end:
            mine.write("ended", last - 1, status="done", reason="all steps are done")
    return saved


def contents(path: Path) -> list[str]:
    """What a file says, but for the seconds."""
    return [repr(sorted(content(line).items())) for line in lines(path)]


def test_every_name_that_is_written_is_in_the_table_and_every_one_in_it_is_written(
    tmp_path: Path,
) -> None:
    run(tmp_path / "t", 0, 6)
    written = set()
    for line in lines(tmp_path / "t"):
        kind = line["kind"]
        written |= {(kind if name in FIELDS[kind] else "", name) for name in line}
        written |= {(PART, name) for part in line.get("parts", {}).values() for name in part}
    common = {one.name for one in SCHEMA if one.line == "*"}
    assert {one for one in written if one[1] not in common} == {
        (one.line, one.name) for one in SCHEMA if one.line != "*"
    }
    assert {("step", name) for name in common} <= written
    for kind in schema.KINDS:
        assert f"\n    {kind} " in str(telemetry.__doc__)
    assert len({(one.line, one.name) for one in SCHEMA}) == len(SCHEMA)
    assert all(one.meaning and one.kind in schema.CHECKS for one in SCHEMA)


def test_what_was_written_is_read_back(tmp_path: Path) -> None:
    run(tmp_path / "t", 0, 6)
    found = list(lines(tmp_path / "t"))
    assert [one["kind"] for one in found[:4]] == ["run", "step", "layers", "step"]
    assert found[0] | {"time": 0} == {
        "kind": "run", "step": -1, "time": 0, "version": 1,
        "run": "mine", "config": CONFIG, "meta": {},
    }  # fmt: skip
    part = found[2]["parts"]["blocks.0"]
    assert part["entropy"] == [0.5, math.inf] and math.isnan(part["first"][1])
    assert (tmp_path / "t").read_bytes().isascii()


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf, 5e-324, 1e308, -0.0, 3, 0.1])
def test_any_number_comes_back(tmp_path: Path, number: float) -> None:
    with opened(tmp_path / "t") as mine:
        mine.write("judged", 0, loss=number, on="x")
    assert repr(list(lines(tmp_path / "t"))[1]["loss"]) == repr(number)
    json.loads((tmp_path / "t").read_text().splitlines()[1], parse_constant=pytest.fail)


# Kills


def test_a_run_that_was_killed_anywhere_and_resumed_has_the_content_of_one_that_was_not(
    tmp_path: Path,
) -> None:
    whole, part = tmp_path / "whole", tmp_path / "part"
    saved = run(whole, 0, 8)
    raw, asked = whole.read_bytes(), contents(whole)
    ends = [at + 1 for at, byte in enumerate(raw) if byte == 10]
    safe = {-1: ends[0]}
    safe |= {
        s: e for s, e in zip([n["step"] for n in lines(whole)], ends, strict=True) if s in saved
    }
    assert saved == [1, 5]
    for step in (-1, *saved):
        for cut in {at + off for at in ends for off in (-30, 0, 1) if at + off >= safe[step]}:
            for junk in (b"", b"\0" * 300 + b"\n{}\n"):
                part.write_bytes(raw[:cut] + junk)
                run(part, step + 1, 8)
                assert contents(part) == asked


def test_a_kill_tears_the_last_line_only(tmp_path: Path) -> None:
    code = f"""
import itertools
from pathlib import Path
from cutaway.runs.telemetry import Telemetry
with Telemetry(Path({str(tmp_path / "t")!r}), "mine", {{}}, {{}}) as mine:
    for step in itertools.count():
        mine.write("sample", step, prompt="p" * step, text="t" * (step % 977))
        print(step, flush=True)
"""
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as child:
        assert child.stdout
        told = [int(child.stdout.readline()) for _ in range(200)][-1]
        child.send_signal(signal.SIGKILL)
        told = max([told, *map(int, child.stdout.read().split())])
    steps = [line["step"] for line in lines(tmp_path / "t")]
    assert steps == list(range(-1, len(steps) - 1)) and steps[-1] >= told
    with opened(tmp_path / "t", 150, config={}):
        pass
    assert [line["step"] for line in lines(tmp_path / "t")] == list(range(-1, 150))


def test_each_line_is_one_write_and_the_disk_is_waited_for_before_checkpoints_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[Any] = []

    def watched(name: str) -> None:
        real = getattr(os, name)

        def told(to: int, *given: Any) -> Any:
            done.append(bytes(given[0]) if name == "write" else name)
            return real(to, *given)

        monkeypatch.setattr(os, name, told)

    for name in ("write", "fsync", "ftruncate"):
        watched(name)
    run(tmp_path / "t", 0, 4)
    assert done[:2] == ["ftruncate", "fsync"]  # the name of a new file
    kinds = [one if one == "fsync" else json.loads(one)["kind"] for one in done[2:]]
    steps = ["step", "layers", "step", "judged", "sample", "saved", "fsync", "step", "step"]
    assert kinds == ["run", *steps, "layers", "ended", "fsync"]
    assert all(one.count(b"\n") == 1 and one.endswith(b"\n") for one in done[2:] if one != "fsync")


def test_what_is_cut_off_goes_in_one_step(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run(tmp_path / "t", 0, 12)
    before = (tmp_path / "t").read_bytes()
    cut: list[int] = []

    def killed(_: int, at: int) -> None:
        cut.append(at)
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "ftruncate", killed)
    with pytest.raises(KeyboardInterrupt), opened(tmp_path / "t", 6):
        pass
    assert (tmp_path / "t").read_bytes() == before
    assert before[: cut[0]].endswith(b"\n") and b'"step":6,' not in before[: cut[0]]
    assert b'"step":5,' in before[: cut[0]]


def test_a_disk_that_is_full_leaves_whole_lines(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    room, write = [500], os.write

    def limited(to: int, raw: memoryview) -> int:
        if not room[0]:
            raise OSError(errno.ENOSPC, "full")
        done = write(to, raw[: room[0]])
        room[0] -= done
        return done

    monkeypatch.setattr(os, "write", limited)
    with opened(tmp_path / "t") as mine:
        with pytest.raises(Unavailable, match="disk is full"):
            for step in range(99):
                mine.write("sample", step, prompt="", text="t" * 50)
        room[0] = 10**6
        mine.write("ended", 98, status="failed")
    raw = (tmp_path / "t").read_bytes().splitlines()
    assert len(raw) == len(list(lines(tmp_path / "t"))) > 2
    assert json.loads(raw[-1])["status"] == "failed"


# Resuming


def test_a_share_of_clipped_steps_goes_on_over_a_kill(tmp_path: Path) -> None:
    run(tmp_path / "t", 0, 12)
    clipped = [state.norm > 1.5 for state in states(0, 12)]
    shares = [one["clip_rate"] for one in lines(tmp_path / "t") if one["kind"] == "layers"]
    assert shares == [sum(some) / len(some) for some in
                      (clipped[:1], clipped[1:4], clipped[4:7], clipped[7:10])]  # fmt: skip
    assert 0 < shares[1] < 1


def test_a_run_that_goes_on_differently_says_so_where_it_does(tmp_path: Path) -> None:
    run(tmp_path / "t", 0, 6)
    for _ in range(2):
        with opened(tmp_path / "t", 6, config={"rate": 0.2}):
            pass
    heads = [one for one in lines(tmp_path / "t") if one["kind"] == "run"]
    assert [(one["step"], one["config"]) for one in heads] == [(-1, CONFIG), (5, {"rate": 0.2})]
    with opened(tmp_path / "t", 6, config={"rate": 0.2}, meta={"torch": "3"}):
        pass
    assert list(lines(tmp_path / "t"))[-1]["meta"] == {"torch": "3"}


@pytest.mark.parametrize("what", ["run", "config", "foreign", "junk", "newer"])
def test_nothing_is_cut_off_a_file_that_cannot_be_gone_on_with(tmp_path: Path, what: str) -> None:
    path = tmp_path / "t"
    run(path, 0, 12)
    raw = path.read_bytes()
    foreign = {"foreign": b"my notes\n" + raw, "junk": raw[:400] + b"\0" + raw[401:]}
    foreign["newer"] = raw.replace(b'"version":1', b'"version":2')
    path.write_bytes(foreign.get(what, raw))
    asked: dict[str, Any] = {"run": {"run": "another"}, "config": {"config": {"x": math.nan}}}
    before = path.read_bytes()
    with (
        pytest.raises(UsageError if what == "config" else Refused),
        opened(path, 10, **asked.get(what, {})),
    ):
        pass
    assert path.read_bytes() == before


def test_no_line_follows_where_it_would_be_lost_or_lie(tmp_path: Path) -> None:
    closed = opened(tmp_path / "t")
    with closed as mine:
        mine.write("judged", 3, loss=1.0, on="x")
        mine.write("saved", 3, checkpoint="c")
        for kind, step, fields in (
            ("judged", 3, {"loss": 1.0, "on": "x"}),
            ("judged", 2, {"loss": 1.0, "on": "x"}),
            ("saved", 4, {}),
            ("saved", 4, {"checkpoint": "c", "more": 1}),
            ("said", 4, {}),
            ("saved", -2, {"checkpoint": "c"}),
            ("sample", 4, {"prompt": "p" * 2**22, "text": ""}),
        ):
            with pytest.raises(UsageError):
                mine.write(kind, step, **fields)
        mine.write("ended", 3, status="done")
        handle = mine._handle
        with pytest.raises(UsageError, match="follows the end"):
            mine.write("judged", 4, loss=1.0, on="x")
    assert [one["kind"] for one in lines(tmp_path / "t")] == ["run", "judged", "saved", "ended"]
    with pytest.raises(OSError):
        os.fstat(handle)
    with pytest.raises(UsageError, match="open"):
        opened(tmp_path / "u").write("run", -1, version=1, run="x", config={}, meta={})
