"""What makes some files one checkpoint: a manifest with their sizes and digests, and its own.

The manifest names the step, and so does the folder: a checkpoint under another's name is refused,
and so is one in which any file is missing, too many, a link, or a single bit away from what it was.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from cutaway.errors import Refused, Unavailable

from . import plain
from .durable import Disk

FORMAT = 1
MANIFEST = "MANIFEST.json"
STATE = "state.json"
GROUP = re.compile(r"([a-z0-9_]{1,60})\.safetensors")
STEP = re.compile(r"step-([0-9]{8,12})")
MOST_FILES = 64
MOST_BYTES = 2**36  # of one checkpoint
AGAIN = "Delete this folder or move it away: the checkpoint before it may be whole."
Files = dict[str, dict[str, Any]]  # the size and the SHA-256 of each file


def folder_name(step: int) -> str:
    """The name of the folder of a step."""
    return f"step-{step:08d}"


def step_of(name: str) -> int | None:
    """The step whose folder has this name, if it is the name of one."""
    found = STEP.fullmatch(name)
    return int(found[1]) if found and folder_name(int(found[1])) == name else None


def steps(disk: Disk, folder: Path) -> list[int]:
    """The steps of which there is a checkpoint in a folder, whole or not, in order."""
    try:
        found = [step_of(name) for name in disk.entries(folder)]
    except FileNotFoundError:
        return []
    except OSError as error:
        raise unreadable(folder, error) from error
    return sorted(step for step in found if step is not None)


def write(disk: Disk, folder: Path, step: int, parts: Mapping[str, Iterable[Any]]) -> Files:
    """Write the parts of a checkpoint and then the manifest, every one of them synced."""
    files = {name: _write(disk, folder / name, pieces) for name, pieces in parts.items()}
    manifest = plain.to_bytes({"format": FORMAT, "step": step, "files": files})
    _write(disk, folder / MANIFEST, [manifest])
    return files


def _write(disk: Disk, path: Path, pieces: Iterable[Any]) -> dict[str, Any]:
    """Write one file and wait for it; the size and the digest of what was meant to be written."""
    digest, size = hashlib.sha256(), 0
    with disk.new(path) as file:
        for piece in pieces:
            digest.update(piece)
            size += len(piece)
            file.write(piece)
        file.sync()
    return {"size": size, "sha256": digest.hexdigest()}


def files_of(disk: Disk, folder: Path) -> Files:
    """What the manifest of a checkpoint says of its files, if the folder holds just those."""
    try:
        there = disk.entries(folder)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise Refused(f"There is no checkpoint {folder}.", "Name another one.") from error
    except OSError as error:
        raise unreadable(folder, error) from error
    size = there[MANIFEST].size if MANIFEST in there else 0
    if not 0 < size <= plain.MOST_BYTES:
        raise Refused(f"{folder} is no checkpoint: it has no {MANIFEST} that can be one.", AGAIN)
    path = folder / MANIFEST
    raw = bytearray(size)
    _read(disk, path, size, raw)
    files = _listed(path, raw, step_of(folder.name))
    missing, extra = files.keys() - there.keys(), there.keys() - files.keys() - {MANIFEST}
    for what, names in (("is missing", missing), ("does not belong there", extra)):
        if names:
            raise Refused(f"{folder} is no whole checkpoint: {min(names)!r:.99} {what}.", AGAIN)
    for name, one in files.items():
        if there[name].kind != "file" or there[name].size != one["size"]:
            raise Refused(f"{folder / name} is not the file that was written.", AGAIN)
    return files


def _listed(path: Path, raw: bytearray, step: int | None) -> Files:
    """The files that a manifest names, if it is one of ours and of this step."""
    try:
        data = plain.from_bytes(raw)
    except ValueError as error:
        raise Refused(f"{path} cannot be used: {error}.", AGAIN) from error
    if type(data.get("format")) is not int or data["format"] != FORMAT:
        told = f"{path} is of format {data.get('format')!r:.20}; this version reads {FORMAT}."
        raise Refused(told, "Use the version of cutaway that wrote it.")
    if type(data.get("step")) is not int or data["step"] != step:
        told = f"{path} is of step {data.get('step')!r:.20}, which is not its folder's."
        raise Refused(told, AGAIN)
    files = data.get("files")
    if data.keys() != {"format", "step", "files"} or not _are_files(files):
        raise Refused(f"{path} is no manifest of a checkpoint.", AGAIN)
    return dict(files)  # type: ignore[arg-type]


def _are_files(files: Any) -> bool:
    """Whether this names files of a checkpoint, of a size that can be read."""
    if not isinstance(files, dict) or STATE not in files or len(files) > MOST_FILES:
        return False
    for name, one in files.items():
        if name != STATE and not GROUP.fullmatch(name):
            return False
        if not isinstance(one, dict) or one.keys() != {"size", "sha256"}:
            return False
        if type(one["size"]) is not int or type(one["sha256"]) is not str or one["size"] < 0:
            return False
    return bool(sum(one["size"] for one in files.values()) <= MOST_BYTES)


def verify(disk: Disk, folder: Path) -> Files:
    """What the manifest says of the files of a checkpoint, all of which were read and compared."""
    files = files_of(disk, folder)
    for name, one in files.items():
        _compare(folder / name, one, _read(disk, folder / name, one["size"]))
    return files


def contents(disk: Disk, folder: Path) -> dict[str, bytearray]:
    """The bytes of each file of a checkpoint; none is handed out before all were compared."""
    found = {}
    for name, one in files_of(disk, folder).items():
        try:
            found[name] = bytearray(one["size"])
        except MemoryError as error:
            raise Unavailable(
                f"{folder / name} needs {one['size']:,} bytes of memory, which are not free.",
                "Close other programs, or use a larger machine.",
            ) from error
        _compare(folder / name, one, _read(disk, folder / name, one["size"], found[name]))
    return found


def _compare(path: Path, one: Mapping[str, Any], found: str) -> None:
    """Refuse a file whose digest is another one."""
    if found != one["sha256"]:
        raise Refused(f"{path} is damaged: its checksum differs from the manifest's.", AGAIN)


def _read(disk: Disk, path: Path, size: int, into: bytearray | None = None) -> str:
    """The digest of a file of this size, which is kept where there is something to keep it in."""
    digest, at = hashlib.sha256(), 0
    try:
        for piece in disk.read(path):
            if at + len(piece) > size:
                raise Refused(f"{path} changed while it was read.", "Try again.")
            digest.update(piece)
            if into is not None:
                into[at : at + len(piece)] = piece
            at += len(piece)
    except OSError as error:
        raise unreadable(path, error) from error
    if at != size:
        raise Refused(f"{path} changed while it was read.", "Try again.")
    return digest.hexdigest()


def unreadable(path: Path, error: OSError) -> Refused:
    """The error a user sees when a checkpoint cannot be read."""
    return Refused(f"{path} cannot be read: {error.strerror or error}.", "Check file and disk.")
