"""A disk in memory that forgets what was not synced, as badly as disks may; and its own tests."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path

import pytest
import torch

from .checkpoints import Checkpoint
from .durable import Disk, Entry


class File:
    """A file: what was written, and whether that was synced."""

    def __init__(self) -> None:
        self.data, self.safe = b"", False

    def after(self, chance: random.Random, fate: str) -> File:
        """What a power cut leaves: all of it, nothing, a part, or zeros where a part should be."""
        left = File()
        left.data, left.safe = self.data, True
        if not self.safe and fate != "all":
            cut = chance.randrange(len(self.data) + 1)
            ways = [self.data, b"", self.data[:cut], bytes(len(self.data))]
            ways += [self.data[:cut] + bytes(len(self.data) - cut)]
            left.data = b"" if fate == "none" else chance.choice(ways)
        return left


class Folder:
    """A folder: the names in it, those on the disk itself, and every change in between."""

    def __init__(self) -> None:
        self.names: dict[str, File | Folder] = {}
        self.safe: dict[str, File | Folder] = {}
        self.changes: list[tuple[str, File | Folder | None]] = []

    def change(self, name: str, node: File | Folder | None) -> None:
        """Set or remove a name."""
        self.changes.append((name, node))
        self.names = _changed(self.names, [(name, node)])

    def after(self, chance: random.Random, fate: str) -> Folder:
        """What a power cut leaves: any of the changes, in any order, on top of what is safe."""
        changes = self.changes
        if fate != "all":
            changes = [one for one in changes if fate != "none" and chance.random() < 0.5]
            chance.shuffle(changes)
        left = Folder()
        names = _changed(self.safe, changes)
        left.names = {name: node.after(chance, fate) for name, node in names.items()}
        left.safe = left.names
        return left


def _changed(
    names: dict[str, File | Folder], changes: list[tuple[str, File | Folder | None]]
) -> dict[str, File | Folder]:
    names = dict(names)
    for name, node in changes:
        names.pop(name, None)
        if node is not None:
            names[name] = node
    return names


class Simulated:
    """A disk in memory; `then` is called after each operation that changes it, with its name."""

    def __init__(self, root: Folder | None = None) -> None:
        self.root = root or Folder()
        self.room = 10**9
        self.then: Callable[[str], None] = lambda _: None

    def cut(self, chance: random.Random) -> Simulated:
        """Another disk: this one after a power cut at this moment."""
        fate = chance.choice(("none", "all", "any", "any", "any", "any"))
        return Simulated(self.root.after(chance, fate))

    def _at(self, path: Path) -> File | Folder:
        node: File | Folder = self.root
        for part in path.parts[1:]:
            if isinstance(node, File):
                raise NotADirectoryError(20, "not a folder", str(path))
            if part not in node.names:
                raise FileNotFoundError(2, "not found", str(path))
            node = node.names[part]
        return node

    def _folder(self, path: Path) -> Folder:
        node = self._at(path)
        if isinstance(node, File):
            raise NotADirectoryError(20, "not a folder", str(path))
        return node

    def _add(self, path: Path, node: File | Folder) -> None:
        folder = self._folder(path.parent)
        if path.name in folder.names:
            raise FileExistsError(17, "it is there", str(path))
        folder.change(path.name, node)

    def make(self, folder: Path) -> None:
        self._add(folder, Folder())
        self.then("make")

    @contextmanager
    def new(self, path: Path) -> Iterator[Writing]:
        file = File()
        self._add(path, file)
        self.then("new")
        yield Writing(self, file)

    def sync_folder(self, folder: Path) -> None:
        node = self._folder(folder)
        node.safe, node.changes = node.names, []
        self.then("sync_folder")

    def rename(self, old: Path, new: Path) -> None:
        node = self._at(old)
        self._add(new, node)
        self._folder(old.parent).change(old.name, None)
        self.then("rename")

    def remove(self, path: Path) -> None:
        node = self._at(path)
        if isinstance(node, Folder) and node.names:
            raise OSError(39, "it is not empty", str(path))
        self._folder(path.parent).change(path.name, None)
        self.then("remove")

    def entries(self, folder: Path) -> dict[str, Entry]:
        return {
            name: Entry("file", len(node.data)) if isinstance(node, File) else Entry("folder", 0)
            for name, node in self._folder(folder).names.items()
        }

    def read(self, path: Path) -> Iterator[bytes]:
        node = self._at(path)
        if isinstance(node, Folder):
            raise IsADirectoryError(21, "a folder", str(path))
        yield node.data

    def free(self, folder: Path) -> int:
        return self.room

    def lock(self, folder: Path) -> AbstractContextManager[None]:
        return nullcontext()


class Writing:
    """A file of the simulated disk that is being written."""

    def __init__(self, disk: Simulated, file: File) -> None:
        self.disk, self.file = disk, file

    def write(self, piece: bytes | memoryview) -> None:
        self.file.data, self.file.safe = self.file.data + bytes(piece), False
        self.disk.then("write")

    def sync(self) -> None:
        self.file.safe = True
        self.disk.then("sync")


def groups_at(step: int) -> dict[str, dict[str, torch.Tensor]]:
    """What is saved at a step: every tensor says which."""
    return {
        "optimizer": {"m": torch.full((2,), step, dtype=torch.float64)},
        "weights": {"b": torch.tensor(step), "w": torch.full((3, 2), float(step))},
    }


def is_of_its_step(found: Checkpoint) -> bool:
    """Whether a checkpoint is, in every part, what was saved at its step."""
    right = groups_at(found.step)
    return (
        found.state == {"at": [found.step]}
        and found.groups.keys() == right.keys()
        and all(found.groups[group].keys() == right[group].keys() for group in right)
        and all(bool((found.groups[g][n] == right[g][n]).all()) for g in right for n in right[g])
    )


A, B = Path("/a"), Path("/a/b")
WHOLE = b"sixteen letters!"


def written(*, sync: bool, sync_folder: bool, rename: bool = False) -> Simulated:
    """A disk with one file in one folder."""
    disk = Simulated()
    disk.make(A)
    disk.sync_folder(Path("/"))
    with disk.new(B) as file:
        file.write(WHOLE)
        if sync:
            file.sync()
    if sync_folder:
        disk.sync_folder(A)
    if rename:
        disk.rename(B, A / "c")
    return disk


def outcomes(disk: Disk) -> set[tuple[tuple[str, bytes], ...]]:
    """All that 2,000 power cuts leave of such a disk."""
    assert isinstance(disk, Simulated)
    chance, found = random.Random(0), set()
    for _ in range(2000):
        left = disk.cut(chance)
        names = sorted(left.entries(A))
        found.add(tuple((name, b"".join(left.read(A / name))) for name in names))
    return found


def test_what_was_synced_with_its_name_survives_every_power_cut() -> None:
    assert outcomes(written(sync=True, sync_folder=True)) == {(("b", WHOLE),)}


def test_a_name_that_was_not_synced_may_be_lost() -> None:
    assert outcomes(written(sync=True, sync_folder=False)) == {(("b", WHOLE),), ()}


def test_data_that_was_not_synced_may_be_whole_lost_cut_or_zeroed() -> None:
    left = {dict(names)["b"] for names in outcomes(written(sync=False, sync_folder=True))}
    assert {WHOLE, b"", bytes(16), WHOLE[:8], WHOLE[:8] + bytes(8)} <= left
    assert left == {WHOLE[:n] + bytes(m) for n in range(17) for m in (0, 16 - n)}


def test_a_rename_that_was_not_synced_may_have_happened_by_halves() -> None:
    old, new = ("b", WHOLE), ("c", WHOLE)
    left = outcomes(written(sync=True, sync_folder=True, rename=True))
    assert left == {(old,), (new,), (old, new), ()}


def test_after_a_power_cut_what_is_there_is_safe() -> None:
    chance = random.Random(0)
    once = written(sync=False, sync_folder=False).cut(chance)
    assert len(outcomes(once)) == 1


def test_two_of_one_name_and_folders_that_are_not_empty_are_errors_as_on_a_real_disk() -> None:
    disk = written(sync=True, sync_folder=True)
    with pytest.raises(FileExistsError):
        disk.make(A)
    with pytest.raises(OSError, match="not empty"):
        disk.remove(A)
    with pytest.raises(NotADirectoryError):
        disk.entries(B)
    with pytest.raises(FileNotFoundError):
        list(disk.read(A / "nowhere"))
