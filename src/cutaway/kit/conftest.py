"""A scratch checkout: the house with one tiny lab in it, where everything may be damaged."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

PACKAGE = Path(__file__).resolve().parents[1]

TINY = '''
"""Numbers that are doubled and clipped."""

from __future__ import annotations


def double(number):
    """Twice a number."""
    result = number + number
    return result


def clip(number, most):
    """A number, or the most it may be."""
    number = min(number, most)
    return number
'''

TESTS = """
from .tiny import clip, double


def test_double_is_twice_as_much():
    assert double(3) == 6


def test_nothing_lies_above_the_most():
    assert clip(5, 3) == 3


def test_what_is_small_stays():
    assert clip(2, 3) == 2
"""

LAB = '''
"""A lab that is as small as can be."""

import os
import time

from cutaway.kit.verdicts import exactly
from cutaway.kit.words import Claim, Experiment, Fault, Lab

OFFSET = 0.25


def shifted(number):
    return number + OFFSET


def unrelated(number):
    return number - 1


def value_by_fault(world, *, seed):
    time.sleep(float(os.environ.get("TINY_SLEEP", "0")))
    yield {"value": shifted(world.tiny.double(seed)), "clipped": world.tiny.clip(seed, 2)}


def observe(world):
    return {"double": world.tiny.double(3), "clip": [world.tiny.clip(n, 2) for n in (1, 2, 3)]}


FAULTS = (
    Fault("same", "tiny.py", "result = number + number", "result = number  # BROKEN: once", "Once"),
    Fault("no_clip", "tiny.py", "number = min(number, most)", "# BROKEN: no limit", "No limit"),
)

lab = Lab(
    name="tiny",
    number=1,
    lesson="Numbers can be doubled and clipped.",
    observe=observe,
    faults=FAULTS,
    experiments=(
        Experiment("value_by_fault", value_by_fault, grid={"fault": (None, "same")}, seeds=3),
    ),
    claims=(
        Claim(
            "Doubling a number makes it larger",
            source="000-00",
            experiment="value_by_fault",
            holds=lambda table: exactly(True, "it does"),
            regime="three numbers",
        ),
    ),
)
'''


# The kit needs this much of torch to prepare a worker; importing the real one takes seconds.
NO_TORCH = """
from types import SimpleNamespace as _Space


class _Anything:
    def __init__(self, *args):
        pass

    def step(self):
        pass


def _nothing(*args):
    return None


set_num_threads = manual_seed = zeros = _nothing
nn = _Space(Parameter=_Anything)
optim = _Space(AdamW=_Anything)
testing = _Space(assert_close=_nothing)
"""


@dataclass(frozen=True)
class Scratch:
    """A copy of the house without its labs, and ways to run Python in it."""

    root: Path

    @property
    def package(self) -> Path:
        """The folder of the package."""
        return self.root / "src" / "cutaway"

    @property
    def worlds(self) -> Path:
        """The folder of its broken copies."""
        return self.root / "home" / "cache" / "worlds"

    def lab(self, name: str, lab: str, files: dict[str, str], wing: str = "atoms") -> Path:
        """The folder of a lab that is added."""
        folder = self.package / wing / name
        folder.mkdir(parents=True)
        (folder.parent / "__init__.py").touch()
        for file, text in {"__init__.py": f"from .{name} import *", **files, "lab.py": lab}.items():
            (folder / file).write_text(textwrap.dedent(text).lstrip("\n"), encoding="utf-8")
        return folder

    def without_torch(self) -> Scratch:
        """This checkout with a stand-in for torch, so that its workers start at once."""
        (self.root / "src" / "torch.py").write_text(NO_TORCH, encoding="utf-8")
        return self

    @contextmanager
    def start(self, code: str, *args: object, **env: str) -> Iterator[subprocess.Popen[str]]:
        """A Python on its way in this house; what it started ends with the block."""
        inherited = {key: value for key, value in os.environ.items() if "CUTAWAY" not in key}
        home = {"PYTHONPATH": str(self.root / "src"), "CUTAWAY_HOME": str(self.root / "home")}
        with subprocess.Popen(
            [sys.executable, "-c", textwrap.dedent(code), *map(str, args)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=self.root,
            env={**inherited, **home, "OMP_NUM_THREADS": "1", **env},
        ) as process:
            try:
                yield process
            finally:
                process.kill()

    def json(self, code: str, *args: object, **env: str) -> Any:
        """What a Python in this house prints as its last line, read as JSON."""
        with self.start(code, *args, **env) as process:
            return answer(process)


def answer(process: subprocess.Popen[str]) -> Any:
    """The last line that a process prints, read as JSON, if it ends well."""
    out, err = process.communicate(timeout=100)
    assert process.returncode == 0, err
    return json.loads(out.strip().splitlines()[-1])


Checkout = Callable[[], Scratch]


@pytest.fixture(scope="session")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The house without labs, tests and caches."""
    root = tmp_path_factory.mktemp("bare")
    labs = {path.parent.name for path in PACKAGE.glob("*/*/lab.py")}

    def unwanted(folder: str, names: list[str]) -> set[str]:
        is_wing = Path(folder).parent == PACKAGE
        tests = {name for name in names if name.startswith(("test_", "conftest", "__pycache__"))}
        return tests | (labs & set(names) if is_wing else set())

    shutil.copytree(PACKAGE, root / "src" / "cutaway", ignore=unwanted)
    return root


@pytest.fixture(scope="session")
def checkout(bare: Path, tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    """A way to get a scratch checkout of one's own, with the lab `tiny` in it."""

    def made() -> Scratch:
        root = tmp_path_factory.mktemp("checkout")
        shutil.copytree(bare, root, dirs_exist_ok=True)
        scratch = Scratch(root)
        scratch.lab("tiny", LAB, {"tiny.py": TINY, "test_tiny.py": TESTS})
        return scratch

    return made


@pytest.fixture
def scratch(checkout: Checkout) -> Scratch:
    """A scratch checkout of the test's own."""
    return checkout()
