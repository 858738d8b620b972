"""No crash takes an acknowledged checkpoint: power cuts and kills after every operation.

A run is a few sessions on one simulated disk. After each operation of each session the power is cut
in many ways, and what is left is judged; a session ends by a kill, by a power cut or in peace.
"""

from __future__ import annotations

import ast
import copy
import random
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from cutaway.errors import CutawayError, Refused

from . import checkpoints, durable, manifests, saving
from .checkpoints import load, resume
from .manifests import folder_name
from .test_simulated import File, Folder, Simulated, Writing, groups_at, is_of_its_step

PLACE = Path("/runs/mine/checkpoints")
STOPPED = "a session could not go on"


class Killed(BaseException):
    """The process is gone; what it does from now on happens on no disk that is looked at."""


class Sync(Writing):
    """A file whose sync says from where it was called."""

    def sync(self) -> None:
        disk = self.disk
        assert isinstance(disk, Watched)
        names = [name for name, node in disk.latest.names.items() if node is self.file]
        if disk.muted(f"{where(2)} {names[0]}"):
            self.disk.then("sync")
        else:
            super().sync()


class Watched(Simulated):
    """A simulated disk that lists where syncs are called from, and leaves one of them out."""

    latest: Folder

    def __init__(self, root: Folder | None = None, mute: str = "") -> None:
        super().__init__(root)
        self.mute, self.sites = mute, Counter[str]()

    def muted(self, site: str) -> bool:
        self.sites[site] += 1
        return site == self.mute

    @contextmanager
    def new(self, path: Path) -> Iterator[Writing]:
        with super().new(path) as file:
            self.latest = self._folder(path.parent)
            yield Sync(self, file.file)

    def sync_folder(self, folder: Path) -> None:
        name = ".tmp" if folder.name.startswith(".tmp") else folder.name
        if self.muted(f"{where(2)} {name or '/'}"):
            self.then("sync_folder")
        else:
            super().sync_folder(folder)


def where(depth: int) -> str:
    """The file and line that called."""
    frame = sys._getframe(depth)
    return f"{Path(frame.f_code.co_filename).name}:{frame.f_lineno}"


class Run:
    """Sessions of one run, and the judge of every state that a power cut could leave of it."""

    def __init__(self, seed: int, samples: int, mute: str = "") -> None:
        self.chance, self.samples, self.mute = random.Random(seed), samples, mute
        self.first = seed % 8  # the operation of the first session after which it is killed, or 0
        self.keep = self.chance.choice((1, 1, 2, 3))
        self.acknowledged: list[int] = []
        self.rotten: set[int] = set()
        self.found: set[int] = set()  # what was resumed: after a kill it need not be acknowledged
        self.disk = Watched(mute=mute)
        self.next = self.disk
        self.states, self.sites = 0, Counter[str]()
        self.wrong: Counter[str] = Counter()
        self.seen: dict[Any, str] = {}

    def session(self) -> None:
        """Resume, save some steps; every state in between is judged."""
        first, self.first = self.first, 0
        left = [first or self.chance.choice((self.chance.randrange(1, 14), 30, 60, 999))]
        self.disk = self.next

        def then(name: str) -> None:
            for _ in range(self.samples):
                self.judge(self.disk.cut(self.chance))
            left[0] -= 1
            if left[0] == 0:
                self.next = self._afterwards(kill=bool(first))
                raise Killed

        self.disk.then = then
        try:
            with checkpoints.Checkpoints(PLACE, self.keep, self.disk) as several:
                last, _ = several.resume()
                first = 0 if last is None else last.step + 1
                self.found |= set() if last is None else {last.step}
                for step in range(first, first + 3):
                    several.save(step, groups_at(step), {"at": [step]})
                    self.acknowledged = sorted({*self.acknowledged, *self.found, step})
                    self.rotten.discard(step)
            self.next = self._afterwards()
        except Killed:
            self.disk.then = lambda _: None
        except CutawayError:
            self.wrong[STOPPED] += 1
        self.sites += self.disk.sites

    def _afterwards(self, kill: bool = False) -> Watched:
        """What the next session finds: the same disk, or what a power cut has left of it."""
        if kill or self.chance.random() < 0.5:
            return Watched(copy.deepcopy(self.disk.root), self.mute)
        return Watched(self.disk.cut(self.chance).root, self.mute)

    def rot(self) -> None:
        """Flip a bit of the newest checkpoint on the disk, if there is an older one."""
        if len(self.acknowledged) > 1 and self.keep > 1 and not self.rotten:
            with _none_missing():
                last = resume(PLACE, self.next).last
                assert last is not None
                folder = self.next._folder(PLACE / folder_name(last.step))
                file = self.chance.choice(list(folder.names.values()))
                assert isinstance(file, File)
                at = self.chance.randrange(len(file.data))
                file.data = file.data[:at] + bytes([file.data[at] ^ 1]) + file.data[at + 1 :]
                self.rotten.add(last.step)
                self.acknowledged = [one for one in self.acknowledged if one != last.step]

    def judge(self, left: Simulated) -> None:
        """Count what is wrong with a state."""
        self.states += 1
        key = (_tree(left.root), tuple(self.acknowledged[-3:]), tuple(self.rotten))
        if key not in self.seen:
            self.seen[key] = self.complaint(left)
        if self.seen[key]:
            self.wrong[self.seen[key]] += 1

    def complaint(self, left: Simulated) -> str:
        """What is wrong with a state that a power cut has left, in a few words; or nothing."""
        try:
            last, skipped = resume(PLACE, left)
        except Refused:
            return "nothing can be resumed"
        if self.acknowledged and (last is None or last.step < self.acknowledged[-1]):
            return "what was acknowledged is lost"
        if last is not None and not is_of_its_step(last):
            return "what loads is mixed or damaged"
        if len(skipped) > len(self.rotten):
            return "a half checkpoint is in sight"
        if last is not None and not self.rotten:
            newest = sorted({*self.acknowledged, *self.found, last.step})[-self.keep :]
            for step in [one for one in newest if one in self.acknowledged]:
                try:
                    if not is_of_its_step(load(PLACE / folder_name(step), left)):
                        return "an older one is mixed or damaged"
                except Refused:
                    return "an older one that should be kept is lost"
        return ""


@contextmanager
def _none_missing() -> Iterator[None]:
    """Where a mutant has left nothing to rot there is nothing to do."""
    with suppress(Refused, AssertionError):
        yield


def _tree(node: File | Folder) -> Any:
    """All that there is, to be compared."""
    if isinstance(node, File):
        return node.data
    return tuple((name, _tree(node.names[name])) for name in sorted(node.names))


def crashed(seeds: range, samples: int, mute: str = "", most: int = 10**9) -> Counter[str]:
    """What is wrong in all states of many runs; `states` and the sites of syncs are counted too."""
    found: Counter[str] = Counter()
    for seed in seeds:
        run = Run(seed, samples, mute)
        for _ in range(4):
            run.session()
            if run.chance.random() < 0.25:
                run.rot()
        found.update(run.wrong)
        found["states"] += run.states
        found["distinct"] += len(run.seen)
        found.update(run.sites)
        if sum(run.wrong.values()) - run.wrong[STOPPED] >= most:
            break
    return found


def complaints(found: Counter[str]) -> dict[str, int]:
    """What was wrong, without the counts of what was done."""
    return {name: n for name, n in found.items() if " " in name and ".py" not in name}


def sites(found: Counter[str]) -> list[str]:
    """Where syncs were called from."""
    return sorted(name for name in found if ".py:" in name)


@cache
def all_sites() -> list[str]:
    """Every place from which a sync is called, for each kind of file and folder."""
    return sites(crashed(range(16), 0))


def test_every_sync_in_the_source_is_one_that_runs() -> None:
    written = {
        f"{Path(str(module.__file__)).name}:{node.lineno}"
        for module in (durable, manifests, saving, checkpoints)
        for node in ast.walk(ast.parse(Path(str(module.__file__)).read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[-1] in SYNCS
    }
    assert written == {site.split()[0] for site in all_sites()}
    assert len(all_sites()) == SITES


SYNCS = ("sync", "sync_folder")
SITES = 12


def test_no_crash_takes_what_was_acknowledged_or_shows_what_is_half() -> None:
    found = crashed(range(10), 4)
    assert found["states"] > 2_000
    assert complaints(found) == {}


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_no_crash_takes_what_was_acknowledged_in_100_000_states() -> None:
    found = crashed(range(64), 16)
    print(found["states"], "states,", found["distinct"], "of them distinct")
    assert found["states"] >= 100_000
    assert complaints(found) == {}


@pytest.mark.parametrize("n", range(SITES))
def test_each_sync_that_is_taken_out_is_caught(n: int) -> None:
    site = all_sites()[n]
    print("taken out:", site)
    assert complaints(crashed(range(400), 2, mute=site, most=1)).keys() - {STOPPED}
