"""The order of operations that makes a checkpoint last; the simulated disk holds it to that.

Nothing is visible before it is whole: files and their folder are synced under a name that nobody
looks at, then renamed. Nothing old goes before what is new is safe.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from torch import Tensor

from cutaway.errors import Refused, Unavailable, UsageError

from . import manifests, plain, tensors
from .disk import cannot_write
from .durable import Disk, remove_all
from .manifests import STATE, folder_name, steps

SPARE = 2**20  # bytes that are left free beside a checkpoint
Groups = Mapping[str, Mapping[str, Tensor]]


def save(folder: Path, step: int, groups: Groups, state: Mapping[str, Any], disk: Disk) -> Path:
    """Write a checkpoint that a crash at any moment leaves whole or out of sight."""
    if type(step) is not int or not 0 <= step < 10**12:
        raise UsageError(f"{step!r:.40} is no step.", "A step is a number from 0 on.")
    parts, size = _parts(step, groups, state)
    place = folder / folder_name(step)
    half = folder / f".tmp-{step:08d}-{uuid.uuid4().hex}"  # of the system's chance, not of ours
    try:
        _no_later(disk, folder, step)
        _enough_room(disk, place, size + SPARE)
        disk.make(half)
        files = manifests.write(disk, half, step, parts)
        disk.sync_folder(half)
        if not _is_there(disk, place, files):
            disk.rename(half, place)
        disk.sync_folder(folder)
    except OSError as error:
        told = cannot_write(place, error)
        what = f"{told.what} Every checkpoint that was saved before is untouched."
        raise Unavailable(what, told.next_step) from error
    finally:
        with suppress(OSError):  # it is there only if something went wrong, or was there before
            remove_all(disk, half)
    return place


def _parts(step: int, groups: Groups, state: Mapping[str, Any]) -> tuple[dict[str, Any], int]:
    """The files of a checkpoint as pieces, in the order in which they are written; their size."""
    raw = plain.to_bytes({"step": step, "state": dict(state)})
    parts: dict[str, Any] = {STATE: [raw]}
    size = len(raw)
    for name, group in groups.items():
        file = f"{name}.safetensors"
        try:
            head, total = tensors.header(tensors.specs(group))
        except ValueError as error:
            raise UsageError(f"{name!r:.80} cannot be saved: {error}.", "Leave it out.") from error
        if not manifests.GROUP.fullmatch(file):
            raise UsageError(f"{name!r:.80} names no group.", "Use a-z, 0-9 and _.")
        parts[file] = tensors.pieces(group)
        size += len(head) + total
    if size > manifests.MOST_BYTES or len(parts) > manifests.MOST_FILES:
        raise UsageError(f"{size:,} bytes in {len(parts)} files are too much for one checkpoint.")
    return parts, size


def _no_later(disk: Disk, folder: Path, step: int) -> None:
    """Refuse to save before a step that is already saved: a resume would take that one."""
    for later in [one for one in steps(disk, folder) if one > step]:
        with suppress(Refused):
            manifests.verify(disk, folder / folder_name(later))
            raise UsageError(
                f"Step {later} is saved in {folder} already, so step {step} would never be found.",
                "Resume that run, or choose another folder.",
            )


def _enough_room(disk: Disk, place: Path, needed: int) -> None:
    """An error while nothing is written yet, if the disk is too full."""
    free = disk.free(place.parent)
    if free < needed:
        raise Unavailable(
            f"{place} needs {needed / 1e6:,.1f} MB and {free / 1e6:,.1f} MB are free. Nothing was "
            "written; every checkpoint that was saved before is untouched.",
            "Free some space (`cutaway clean` says what it could free), then go on from the last.",
        )


def _is_there(disk: Disk, place: Path, files: manifests.Files) -> bool:
    """Whether this very checkpoint is there; a damaged one is moved out of its way."""
    if place.name not in disk.entries(place.parent):
        return False
    try:
        if manifests.verify(disk, place) == files:
            return True
    except Refused:
        disk.rename(place, _doomed(place))
        return False
    raise UsageError(
        f"{place} is saved already, and is not the same.", "Go on from it, or use another folder."
    )


def prune(folder: Path, keep: int, disk: Disk) -> None:
    """Remove all but the last few checkpoints, never the newest one that is whole."""
    found = steps(disk, folder)
    old = found[:-keep]
    for step in reversed(found if old else []):
        with suppress(Refused):
            manifests.verify(disk, folder / folder_name(step))
            old = [one for one in old if one != step]
            break
    for step in old:
        place = folder / folder_name(step)
        disk.rename(place, _doomed(place))
    sweep(folder, disk)


def sweep(folder: Path, disk: Disk) -> None:
    """Remove what killed writers left behind, and what was pruned; only for who alone writes."""
    with suppress(OSError):
        for name, entry in disk.entries(folder).items():
            if name.startswith((".tmp-", ".del-")):
                with suppress(OSError):
                    remove_all(disk, folder / name, entry.kind)


def _doomed(place: Path) -> Path:
    """A name for what is about to be removed."""
    return place.with_name(f".del-{place.name}-{uuid.uuid4().hex}")
