"""Telemetry: what a run says of itself, a JSON object a line, in a file that no kill can harm.

    with Telemetry(run / "telemetry.jsonl", "mine", config, meta, first) as telemetry:
        for state in recorded(states, telemetry, limit=1.0, probes=Probes(model), data=batches):
            if state.step % 500 == 499:
                telemetry.write("judged", state.step, loss=..., on="held out")
                telemetry.write("saved", state.step, checkpoint=folder_name(state.step))
                checkpoints.save(state.step, ...)
        telemetry.write("ended", state.step, status="done")

Each line has a `kind`, a `step` and a `time`. The kinds are these, and the table SCHEMA (schema.py)
has every name on them, with its unit and what it means:

    run      the first line: version of the table, which run, its configuration, what it runs on.
             Another one follows where a run is resumed with something else than it began with.
    step     each step: loss, tokens, length of the gradient, rate, limit, digest of the data
    layers   each probed step: gradient, weights, update and activations of each layer and each of
             its parts, its heads' attention, and the share of steps since the last such line
             whose gradient was clipped
    judged   a loss on texts that are not learnt from
    sample   what the model wrote
    saved    a checkpoint follows: this line and all before it are on the disk itself
    ended    the last line: done, stopped or failed

A line is appended by one write, so that a kill tears at most the last one; the disk is waited for
before checkpoints only. A number that is not finite is the text "nan", "inf" or "-inf" in the file,
and a number again for whoever reads it with `lines`.

A run that is resumed at a step cuts off what was written of that step and of later ones. All of a
step is written before its checkpoint. So the file of a run that was killed and resumed has the same
content, seconds excepted, as that of a run that never was.

Trackers come second: their failures are told once, and never reach the run.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from cutaway.errors import UsageError

from . import schema
from .disk import cannot_write
from .durable import SYSTEM
from .lines import in_order, line_of, lines, pieces, refused
from .schema import SCHEMA, VERSION, Line
from .trackers import Guarded, Tracker, numbers

__all__ = ["SCHEMA", "VERSION", "Telemetry", "lines"]


class Telemetry:
    """The file of one run, while it is open; whoever opens it holds the lock of the run."""

    def __init__(
        self,
        path: Path,
        run: str,
        config: Mapping[str, Any],
        meta: Mapping[str, Any],
        first: int = 0,
        trackers: Iterable[Tracker] = (),
    ) -> None:
        self.path, self.run, self.first = path.absolute(), run, first
        self.asked = {"config": dict(config), "meta": dict(meta)}
        self.trackers = [Guarded(one) for one in trackers]
        self._handle, self._size, self._opened = -1, 0, time.monotonic()
        self._last: Line | None = None
        self._begun: Line = {}
        self._steps = self._clipped = 0
        self._raw(self._header())  # what cannot be written is refused before anything is cut off

    def __enter__(self) -> Telemetry:
        self._size = self._kept() if os.path.lexists(self.path) else 0
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | getattr(os, "O_BINARY", 0)
        try:
            self._handle = os.open(self.path, flags | getattr(os, "O_NOFOLLOW", 0), 0o666)
            os.ftruncate(self._handle, self._size)  # at once: a kill leaves all of it or this much
            SYSTEM.sync_folder(self.path.parent)
        except OSError as error:
            self._close()
            raise cannot_write(self.path, error) from error
        for tracker in self.trackers:
            tracker.start(
                self.run, self.asked["config"], self.asked["meta"] | {"first": self.first}
            )
        if {name: self._begun.get(name) for name in self.asked} != self.asked:
            self._put(self._header())
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        self._close()
        if self._last is None or self._last["kind"] != "ended":
            self._finish("stopped" if kind is None else "failed")

    def write(self, kind: str, step: int, **fields: Any) -> None:
        """Append a line; then the trackers learn of it."""
        line = {"kind": kind, "step": step, "time": round(time.time(), 3), **fields}
        if kind == "layers" and self._steps:
            line["clip_rate"] = self._clipped / self._steps
        if kind == "ended":
            line.setdefault("seconds", round(time.monotonic() - self._opened, 3))
        self._put(line)
        for tracker in self.trackers if kind in ("step", "layers", "judged") else ():
            tracker.log(step, numbers(line))
        if kind == "ended":
            self._finish(line["status"])

    def artifact(self, path: Path, kind: str) -> None:
        """Tell the trackers of a file or folder that the run has made."""
        for tracker in self.trackers:
            tracker.artifact(path, kind)

    def _finish(self, status: str) -> None:
        for tracker in self.trackers:
            tracker.finish(status)

    def _header(self) -> Line:
        line = {"kind": "run", "step": self.first - 1, "time": round(time.time(), 3)}
        return {**line, "version": VERSION, "run": self.run, **self.asked}

    def _raw(self, line: Line) -> bytes:
        try:
            return schema.text(line).encode("ascii") + b"\n"
        except ValueError as error:
            raise UsageError(
                f"This is no line of telemetry: {error}.", "SCHEMA has all."
            ) from error

    def _put(self, line: Line) -> None:
        """Append a line, all of it or nothing."""
        raw = self._raw(line)
        try:
            in_order(self._last, line)
        except ValueError as error:
            raise UsageError(f"No such line can be written now: {error}.") from error
        if self._handle < 0:
            raise UsageError("Only an open `with Telemetry(...)` writes.", "Write inside of one.")
        rest = memoryview(raw)
        try:
            while rest:
                rest = rest[os.write(self._handle, rest) :]
            if line["kind"] in ("saved", "ended"):  # the checkpoint's own sync, which follows,
                os.fsync(self._handle)  # has the drive empty its cache as well
        except OSError as error:
            with suppress(OSError):
                os.ftruncate(self._handle, self._size)
            raise cannot_write(self.path, error) from error
        self._size += len(raw)
        self._note(line)

    def _close(self) -> None:
        if self._handle >= 0:
            os.close(self._handle)
        self._handle = -1

    def _note(self, line: Line) -> None:
        """Keep of a line what later ones rest on."""
        self._last = line
        if line["kind"] == "run":
            self._begun = line
        elif line["kind"] == "step" and "limit" in line:
            self._steps += 1
            self._clipped += line["norm"] > line["limit"]
        elif line["kind"] == "layers":
            self._steps = self._clipped = 0

    def _kept(self) -> int:
        """The bytes that stay of an earlier file: what was written before the first step."""
        kept = 0
        for number, end, raw in pieces(self.path):
            try:
                line = line_of(raw, self._last)
            except ValueError as error:
                if self._last is not None and self._last["step"] >= self.first - 1:
                    break  # a power cut took what stood here, all of which is written again
                raise refused(self.path, number, error) from error
            if line["step"] >= self.first or line["kind"] == "ended":
                break
            if line.get("run", self.run) != self.run:
                raise refused(self.path, number, f"it is of the run {line['run']!r:.80}")
            self._note(line)
            kept = end
        return kept
