"""Scratch checkouts, and the program as a user calls it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import tiny

ROOT = Path(__file__).parents[1]
OURS = ("CUTAWAY_", "TINY_", "PYTEST_")
COLOURS = ("NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE", "TERM", "COLUMNS", "CI")


@dataclass(frozen=True)
class Ended:
    """How a call ended: its exit code, its data, its talk."""

    code: int
    out: str
    err: str

    @property
    def data(self) -> Any:
        """What it printed, read as one JSON object of the schema that this test was written for."""
        found = json.loads(self.out)
        assert found["schema_version"] == 1
        return found


@dataclass(frozen=True)
class House:
    """A scratch checkout with a home of its own, and a folder to stand in."""

    root: Path
    desk: Path

    @property
    def package(self) -> Path:
        """The folder of the package."""
        return self.root / "src" / "cutaway"

    @property
    def home(self) -> Path:
        """The folder of its runs and its cache."""
        return self.desk / "home"

    def environment(self, **more: str) -> dict[str, str]:
        """The environment of a call: nothing that this test's own surroundings decide."""
        outer = {k: v for k, v in os.environ.items() if k not in COLOURS and not k.startswith(OURS)}
        paths = os.pathsep.join(filter(None, [more.pop("PATH_FIRST", ""), str(self.root / "src")]))
        ours = {"PYTHONPATH": paths, "CUTAWAY_HOME": str(self.home), "EDITOR": "", "VISUAL": ""}
        return {**outer, **ours, "OMP_NUM_THREADS": "1", **more}

    def start(self, *arguments: object, **env: str) -> subprocess.Popen[str]:
        """The program, started in a session of its own."""
        return subprocess.Popen(
            [sys.executable, "-m", "cutaway", *map(str, arguments)],
            cwd=self.desk,
            env=self.environment(**env),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def __call__(self, *arguments: object, **env: str) -> Ended:
        """How the program ended."""
        with self.start(*arguments, **env) as process:
            out, err = process.communicate()
        assert "Traceback" not in err, err
        return Ended(process.returncode, out, err)

    def lab(self, name: str = "tiny") -> Path:
        """The folder of a lab."""
        return next(self.package.glob(f"*/{name}"))

    def rewrite(self, file: str, old: str, new: str) -> None:
        """Put one text of the tiny lab in the place of another."""
        path = self.lab() / file
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new), encoding="utf-8")


def _checkout(root: Path, desk: Path) -> House:
    """A copy of this checkout: the package and what says that it is a project."""
    skip = shutil.ignore_patterns("__pycache__", ".*")
    shutil.copytree(ROOT / "src" / "cutaway", root / "src" / "cutaway", ignore=skip)
    for name in ("pyproject.toml", "constraints.txt", "LICENSE"):
        shutil.copy(ROOT / name, root / name)
    desk.mkdir(exist_ok=True)
    return House(root, desk)


def _copy(house: House, folder: Path) -> House:
    """A checkout like another, with all that was measured there."""
    shutil.copytree(house.root, folder / "checkout")
    shutil.copytree(house.desk, folder / "desk")
    return House(folder / "checkout", folder / "desk")


@pytest.fixture(scope="session")
def _tiny_house(tmp_path_factory: pytest.TempPathFactory) -> House:
    """A checkout with the tiny lab and no other, compiled once."""
    folder = tmp_path_factory.mktemp("house")
    house = _checkout(folder / "checkout", folder / "desk")
    for lab in house.package.glob("*/*/lab.py"):
        shutil.rmtree(lab.parent)
    place = house.package / "atoms" / "tiny"
    place.mkdir(parents=True)
    for name, text in tiny.FILES.items():
        (place / name).write_text(text, encoding="utf-8")
    (house.root / "src" / "torch.py").write_text(tiny.TORCH, encoding="utf-8")
    house("list")
    return house


@pytest.fixture
def house(_tiny_house: House, tmp_path: Path) -> House:
    """A checkout of this test's own, with the tiny lab and no other."""
    return _copy(_tiny_house, tmp_path)


@pytest.fixture(scope="session")
def _recorded_house(_tiny_house: House, tmp_path_factory: pytest.TempPathFactory) -> House:
    """A checkout whose tiny lab has recorded results, and nothing in it that goes wrong."""
    folder = tmp_path_factory.mktemp("recorded")
    house = _copy(_tiny_house, folder)
    house.rewrite("lab.py", '("fine", "raises", "nan", "hangs", "dies")', '("fine",)')
    assert house("run", "--record").code == 0
    return house


@pytest.fixture
def recorded(_recorded_house: House, tmp_path: Path) -> House:
    """A checkout of this test's own, whose tiny lab has recorded results."""
    return _copy(_recorded_house, tmp_path)


@pytest.fixture
def checkout(tmp_path: Path) -> House:
    """A checkout of this test's own, with every lab."""
    return _checkout(tmp_path / "checkout", tmp_path / "desk")


@pytest.fixture(scope="session")
def here(tmp_path_factory: pytest.TempPathFactory) -> House:
    """This checkout itself, for calls that change nothing in it."""
    return House(ROOT, tmp_path_factory.mktemp("desk"))


@pytest.fixture
def call(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Ended]:
    """The program without a process of its own: quick, for talk and mistakes."""
    monkeypatch.setenv("CUTAWAY_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    for name in COLOURS:
        monkeypatch.delenv(name, raising=False)

    def called(*arguments: object) -> Ended:
        from cutaway.cli import main

        code = main([str(argument) for argument in arguments])
        out, err = capsys.readouterr()
        assert "Traceback" not in err, err
        return Ended(code, out, err)

    return called
