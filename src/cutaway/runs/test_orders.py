"""Orders of operations that look harmless, and what a crash makes of each; one that is harmless."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

from . import checkpoints, manifests, saving
from .test_crashes import STOPPED, complaints, crashed

BEFORE = """\
        disk.make(half)
        files = manifests.write(disk, half, step, parts)
        disk.sync_folder(half)
        if not _is_there(disk, place, files):
            disk.rename(half, place)
        disk.sync_folder(folder)
"""
ORDERS = {  # what is done instead
    "written under the name by which it is found": """\
        disk.make(place)
        manifests.write(disk, place, step, parts)
        disk.sync_folder(place)
        disk.sync_folder(folder)
""",
    "renamed before anything is written": """\
        disk.make(half)
        disk.rename(half, place)
        disk.sync_folder(folder)
        manifests.write(disk, place, step, parts)
        disk.sync_folder(place)
""",
    "renamed before the manifest is written": """\
        disk.make(half)
        files = {name: manifests._write(disk, half / name, parts[name]) for name in parts}
        disk.rename(half, place)
        raw = plain.to_bytes({"format": 1, "step": step, "files": files})
        manifests._write(disk, place / "MANIFEST.json", [raw])
        disk.sync_folder(place)
        disk.sync_folder(folder)
""",
    "renamed before its names are safe": """\
        disk.make(half)
        manifests.write(disk, half, step, parts)
        disk.rename(half, place)
        disk.sync_folder(place)
        disk.sync_folder(folder)
""",
    "old ones removed before the new name is safe": """\
        disk.make(half)
        manifests.write(disk, half, step, parts)
        disk.sync_folder(half)
        disk.rename(half, place)
        prune(folder, 1, disk)
        disk.sync_folder(folder)
""",
    "room made before the new one is there": """\
        for old in steps(disk, folder):
            disk.rename(folder / folder_name(old), _doomed(folder / folder_name(old)))
        sweep(folder, disk)
        disk.make(half)
        manifests.write(disk, half, step, parts)
        disk.sync_folder(half)
        disk.rename(half, place)
        disk.sync_folder(folder)
""",
    "a copy in one place for all": """\
        disk.make(half)
        manifests.write(disk, half, step, parts)
        disk.sync_folder(half)
        for old in steps(disk, folder):
            remove_all(disk, folder / folder_name(old))
        disk.rename(half, place)
        disk.sync_folder(folder)
""",
}
MANIFEST_LAST = """\
    files = {name: _write(disk, folder / name, pieces) for name, pieces in parts.items()}
    manifest = plain.to_bytes({"format": FORMAT, "step": step, "files": files})
    _write(disk, folder / MANIFEST, [manifest])
"""
MANIFEST_FIRST = """\
    whole = {name: b"".join(bytes(piece) for piece in parts[name]) for name in parts}
    hexes = {name: hashlib.sha256(raw).hexdigest() for name, raw in whole.items()}
    files = {name: {"size": len(whole[name]), "sha256": hexes[name]} for name in parts}
    manifest = plain.to_bytes({"format": FORMAT, "step": step, "files": files})
    _write(disk, folder / MANIFEST, [manifest])
    EARLY
    for name, raw in whole.items():
        _write(disk, folder / name, [raw])
"""


def edited(module: ModuleType, old: str, new: str, folder: Path) -> ModuleType:
    """A module of this package whose source was edited."""
    text = Path(str(module.__file__)).read_text(encoding="utf-8")
    assert text.count(old) == 1
    path = folder / Path(str(module.__file__)).name
    path.write_text(text.replace(old, new), encoding="utf-8")
    spec = importlib.util.spec_from_file_location(module.__name__, path)
    assert spec is not None and spec.loader is not None
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    return made


@pytest.mark.parametrize("order", ORDERS)
def test_another_order_loses_a_checkpoint_or_shows_half_of_one(
    order: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong = edited(saving, BEFORE, ORDERS[order], tmp_path)
    monkeypatch.setattr(checkpoints, "save", wrong.save)
    assert complaints(crashed(range(200), 2, most=1)).keys() - {STOPPED}


def test_the_same_order_put_in_by_the_same_edit_is_right(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkpoints, "save", edited(saving, BEFORE, BEFORE, tmp_path).save)
    assert complaints(crashed(range(4), 2, most=1)) == {}


@pytest.mark.parametrize("early", [False, True])
def test_the_manifest_may_come_first_for_as_long_as_the_name_comes_last(
    early: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = "disk.rename(folder, folder := folder.with_name(folder_name(step)))" if early else "pass"
    wrong = edited(manifests, MANIFEST_LAST, MANIFEST_FIRST.replace("EARLY", name), tmp_path)
    monkeypatch.setattr(manifests, "write", wrong.write)
    if early:
        late = BEFORE.replace("half)\n        if", "place)\n        if").replace(
            "if not _is_there(disk, place, files)", "if not files"
        )
        monkeypatch.setattr(checkpoints, "save", edited(saving, BEFORE, late, tmp_path).save)
    found = complaints(crashed(range(5), 2, most=1))
    assert bool(found.keys() - {STOPPED} if early else found) == early
