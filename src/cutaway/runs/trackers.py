"""Trackers: where else the numbers of a run may go. The file of telemetry comes first, always.

A tracker is told that a run starts, of numbers at steps, of files it has made, and how it ended.
That is the whole interface. Two are here: TensorBoard, by way of tensorboardX, and Weights &
Biases, which stays offline unless it was asked to go online or WANDB_MODE says so. They are extras,
and are imported only when one is made.

Whatever a tracker does wrong is told once on stderr, and never reaches the run.
"""

from __future__ import annotations

import json
import os
import re
import sys
import uuid
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol

from cutaway.errors import Unavailable

INSTALL = "pip install 'cutaway[track]'"

SILENT: dict[str, Any] = {
    "silent": True,
    "console": "off",
    "disable_git": True,
    "disable_code": True,
    "x_disable_stats": True,
    "x_disable_meta": True,
    "x_disable_machine_info": True,
    "x_save_requirements": False,
}


class Tracker(Protocol):
    """Who is told of a run."""

    def start(self, run: str, config: Mapping[str, Any], meta: Mapping[str, Any]) -> None:
        """A run begins, or goes on at the step `first` of `meta`."""

    def log(self, step: int, numbers: Mapping[str, float]) -> None:
        """What was measured at a step."""

    def artifact(self, path: Path, kind: str) -> None:
        """The run has made a file or a folder."""

    def finish(self, status: str) -> None:
        """The run is over: done, stopped or failed."""


class Guarded:
    """A tracker whose failures are told once and go no further."""

    def __init__(self, tracker: Tracker) -> None:
        self.tracker, self._told = tracker, False

    def start(self, run: str, config: Mapping[str, Any], meta: Mapping[str, Any]) -> None:
        self._try(lambda: self.tracker.start(run, config, meta))

    def log(self, step: int, numbers: Mapping[str, float]) -> None:
        self._try(lambda: self.tracker.log(step, numbers))

    def artifact(self, path: Path, kind: str) -> None:
        self._try(lambda: self.tracker.artifact(path, kind))

    def finish(self, status: str) -> None:
        self._try(lambda: self.tracker.finish(status))

    def _try(self, act: Callable[[], None]) -> None:
        try:
            act()
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # a panic of compiled code is no Exception, nor is an exit
            if not self._told:
                name = type(self.tracker).__name__
                why = f"{type(error).__name__}: {error}".splitlines()[0][:200]
                print(f"{name} failed ({ascii(why)[1:-1]}). The run goes on.", file=sys.stderr)
            self._told = True


class TensorBoard:
    """Event files in a folder, which TensorBoard shows."""

    def __init__(self, folder: Path) -> None:
        try:
            import tensorboardX
        except ImportError as error:
            raise Unavailable("TensorBoard needs tensorboardX.", INSTALL) from error
        self._package: Any = tensorboardX
        self.folder = folder

    def start(self, run: str, config: Mapping[str, Any], meta: Mapping[str, Any]) -> None:
        """Begin an event file; what earlier ones have from the first step on is void."""
        first = int(meta.get("first", 0))
        apart = f".{uuid.uuid4().hex}"  # else one begun in the same second would take its place
        make = self._package.SummaryWriter
        self.writer = make(str(self.folder), purge_step=first, filename_suffix=apart)
        for name, data in (("run", {"run": run}), ("config", config), ("meta", meta)):
            text = json.dumps(data, indent=1, sort_keys=True, default=str)
            self.writer.add_text(name, "    " + text.replace("\n", "\n    "), first)

    def log(self, step: int, numbers: Mapping[str, float]) -> None:
        """A point on the curve of each name."""
        for name, number in numbers.items():
            self.writer.add_scalar(name, number, step)

    def artifact(self, path: Path, kind: str) -> None:
        """A line that says where it is; event files keep no files."""
        self.writer.add_text(kind, str(path))

    def finish(self, status: str) -> None:
        """Write what is left."""
        self.writer.add_text("status", status)
        self.writer.close()


class WandB:
    """A run of Weights & Biases, kept in a folder; `wandb sync` sends it when its user wants to."""

    def __init__(self, folder: Path, online: bool = False, project: str = "cutaway") -> None:
        self.mode = "online" if online else os.environ.get("WANDB_MODE") or "offline"
        if self.mode != "online":
            os.environ.setdefault("WANDB_ERROR_REPORTING", "false")  # or it reports its own errors
        try:
            import wandb
        except ImportError as error:
            raise Unavailable("Weights & Biases needs wandb.", INSTALL) from error
        self._package: Any = wandb
        self.folder, self.project = folder, project

    def start(self, run: str, config: Mapping[str, Any], meta: Mapping[str, Any]) -> None:
        """Begin a run; nothing is looked up that it was not told, and nothing is printed."""
        self.run = self._package.init(
            project=self.project,
            id=re.sub(r"[^\w.-]", "-", run)[:64],
            name=run,
            dir=str(self.folder),
            config={"config": dict(config), "meta": dict(meta)},
            mode=self.mode,
            resume="allow",
            settings=self._package.Settings(**SILENT),
        )

    def log(self, step: int, numbers: Mapping[str, float]) -> None:
        """A point on the curve of each name."""
        self.run.log(dict(numbers), step=step)

    def artifact(self, path: Path, kind: str) -> None:
        """A reference to it, which is neither copied nor sent."""
        name = re.sub(r"[^\w.-]", "-", f"{kind}-{path.name}")
        one = self._package.Artifact(name, type=kind)
        one.add_reference(path.absolute().as_uri(), checksum=False)
        self.run.log_artifact(one)

    def finish(self, status: str) -> None:
        """Close the run, as failed unless it was done or stopped."""
        self.run.finish(exit_code=int(status == "failed"))


def numbers(line: Mapping[str, Any]) -> dict[str, float]:
    """The numbers of a line of telemetry, each under a name of its own."""
    found: dict[str, float] = {}
    for name, value in line.items():
        if name in ("kind", "step", "time"):
            continue
        at = f"judged/{line['on']}/{name}" if line.get("kind") == "judged" else name
        if isinstance(value, Mapping):
            parts = {part: numbers(one) for part, one in value.items() if isinstance(one, Mapping)}
            found |= {f"{part}/{n}": v for part, inner in parts.items() for n, v in inner.items()}
        elif isinstance(value, list):
            found |= {f"{at}/{number}": one for number, one in enumerate(value)}
        elif isinstance(value, int | float):
            found[at] = value
    return found
