"""The program as a user calls it, in this checkout or in a scratch copy of it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

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
        shutil.rmtree(path.parent / "__pycache__", ignore_errors=True)  # it may seem no older


def checked_out(root: Path, desk: Path) -> House:
    """A copy of this checkout: the package and what says that it is a project."""
    skip = shutil.ignore_patterns("__pycache__", ".*")
    shutil.copytree(ROOT / "src" / "cutaway", root / "src" / "cutaway", ignore=skip)
    for name in ("pyproject.toml", "constraints.txt", "LICENSE"):
        shutil.copy(ROOT / name, root / name)
    desk.mkdir(exist_ok=True)
    return House(root, desk)


def copied(house: House, folder: Path) -> House:
    """A checkout like another, with all that was measured there."""
    shutil.copytree(house.root, folder / "checkout")
    shutil.copytree(house.desk, folder / "desk")
    return House(folder / "checkout", folder / "desk")
