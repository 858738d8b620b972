"""Checkpoints: what a run needs to go on, there whole after any crash, or not there at all.

    with Checkpoints(run / "checkpoints", keep=3) as checkpoints:
        last, skipped = checkpoints.resume()
        if last is not None:
            model.load_state_dict(last.groups["weights"])
        ...
        checkpoints.save(step, {"weights": model.state_dict()}, {"random": random_states()})

All files of a checkpoint are written into a folder that nobody looks at, and each is synced; then
that folder is; only then does it get the name by which it is found, and the folder around it is
synced. Once `save` has returned, neither a kill nor a power cut takes the checkpoint away.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from torch import Tensor

from cutaway.errors import Refused, UsageError

from . import manifests, plain, tensors
from .disk import cannot_write
from .durable import SYSTEM, Disk, make_folders
from .manifests import AGAIN, STATE, folder_name, step_of, steps
from .saving import Groups, prune, save, sweep


@dataclass(frozen=True)
class Checkpoint:
    """What was saved at a step: groups of named tensors, and the rest as plain data."""

    step: int
    groups: dict[str, dict[str, Tensor]]
    state: dict[str, Any]


class Resumed(NamedTuple):
    """The newest whole checkpoint, None in an empty folder, and what was passed over and why."""

    last: Checkpoint | None
    skipped: list[str]


class Checkpoints:
    """The checkpoints of one run, and, while it is open, the only one who writes them."""

    def __init__(self, folder: Path, keep: int = 3, disk: Disk = SYSTEM) -> None:
        if keep < 1:
            raise UsageError(f"Of checkpoints {keep} cannot be kept.", "Keep at least one.")
        self.folder, self.keep, self.disk = folder.absolute(), keep, disk
        self._held, self._open = ExitStack(), False

    def __enter__(self) -> Checkpoints:
        try:
            make_folders(self.disk, self.folder)
        except OSError as error:
            raise cannot_write(self.folder, error) from error
        self._held.enter_context(self.disk.lock(self.folder))
        sweep(self.folder, self.disk)
        self._open = True
        return self

    def __exit__(self, *_: object) -> None:
        self._open = False
        self._held.close()

    def save(self, step: int, groups: Groups, state: Mapping[str, Any]) -> Path:
        """Save a step; on return it is on the disk itself. Then old ones make room."""
        if not self._open:
            raise UsageError("Only an open `with Checkpoints(...)` saves.", "Save inside of one.")
        path = save(self.folder, step, groups, state, self.disk)
        with suppress(OSError):  # what could not be removed now is removed by a later save
            prune(self.folder, self.keep, self.disk)
        return path

    def resume(self) -> Resumed:
        """The newest checkpoint that is whole, and a sentence for each newer one that is not."""
        return resume(self.folder, self.disk)


def load(path: Path, disk: Disk = SYSTEM) -> Checkpoint:
    """The checkpoint in a folder; nothing in it is used before all of it was verified."""
    path = path.absolute()
    step = step_of(path.name)
    if step is None:
        raise Refused(f"{path} is no checkpoint by its name.", f"One is called {folder_name(12)}.")
    try:
        kind = disk.entries(path.parent)[path.name].kind
    except (OSError, KeyError) as error:
        raise Refused(f"There is no checkpoint {path}.", "Name another one.") from error
    if kind != "folder":
        raise Refused(f"{path} is no checkpoint: it is no folder.", AGAIN)
    groups, name = {}, STATE
    raw = manifests.contents(disk, path)
    try:
        data = plain.from_bytes(raw.pop(STATE))
        if data.keys() != {"step", "state"} or data["step"] != step:
            raise ValueError("it is not the state of this step")
        state = data["state"]
        if not isinstance(state, dict):
            raise ValueError("its state is no object")
        for name in sorted(raw):
            groups[name.removesuffix(".safetensors")] = tensors.from_buffer(raw[name])
    except ValueError as error:
        raise Refused(f"{path / name} cannot be used: {error}.", AGAIN) from error
    return Checkpoint(step, groups, state)


def resume(folder: Path, disk: Disk = SYSTEM) -> Resumed:
    """The newest checkpoint that is whole; an error if there are some and none of them is.

    Who only reads may do so while another one saves: if what there is changed, it looks again.
    """
    found, before = steps(disk, folder), None
    while found != before:
        skipped: list[str] = []
        for step in reversed(found):
            try:
                return Resumed(load(folder / folder_name(step), disk), skipped)
            except Refused as error:
                skipped.append(str(error))
        found, before = steps(disk, folder), found
    if not found:
        return Resumed(None, [])
    raise Refused(
        f"No checkpoint in {folder} is whole. " + " ".join(skipped[:5]),
        "Move the folder away to begin anew: nothing in it can be resumed.",
    )
