"""The wheel is whole, and works where there is no checkout."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import sysconfig
import venv
import zipfile
from collections.abc import Sequence
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PIP = [sys.executable, "-m", "pip", "--disable-pip-version-check"]


def call(command: Sequence[str | Path], cwd: Path, **env: str) -> str:
    """What a command prints on stdout, run away from here; it must succeed."""
    ours = ("PYTHONPATH", "CUTAWAY_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    ended = subprocess.run(
        command, cwd=cwd, env=kept | env, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from this checkout."""
    folder = tmp_path_factory.mktemp("dist")
    call([sys.executable, "-m", "build", "-q", "--wheel", "--no-isolation", "-o", folder], ROOT)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def alone(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment with the wheel; torch and the others are lent, an editable cutaway is not."""
    folder = tmp_path_factory.mktemp("alone")
    venv.create(folder, symlinks=os.name != "nt")
    python = program(folder, "python")
    call([*PIP, "--python", python, "install", "-q", "--no-deps", "--no-index", wheel], folder)
    lent = {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}
    (site_packages(folder) / "lent.pth").write_text("\n".join(sorted(lent)))
    return folder


def program(environment: Path, name: str) -> Path:
    """A program of an environment."""
    return environment / ("Scripts" if os.name == "nt" else "bin") / name


def site_packages(environment: Path) -> Path:
    """Where an environment keeps its packages."""
    paths = {"base": str(environment), "platbase": str(environment)}
    return Path(sysconfig.get_path("purelib", "venv", vars=paths))


def digests(folder: Path) -> dict[str, str]:
    """The digest of every file in a folder."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def test_the_wheel_has_every_file_of_the_package(wheel: Path) -> None:
    source = ROOT / "src"
    files = {path.relative_to(source).as_posix() for path in source.rglob("*") if path.is_file()}
    wanted = {name for name in files if "__pycache__" not in name and "/." not in name}
    inside = {name for name in zipfile.ZipFile(wheel).namelist() if name.startswith("cutaway/")}
    assert inside == wanted
    assert {"cutaway/py.typed", "cutaway/atoms/bigram/test_bigram.py"} <= inside


def test_a_labs_page_demo_and_results_go_into_the_wheel(tmp_path: Path) -> None:
    for name in ("pyproject.toml", ".gitignore", "LICENSE"):
        shutil.copy(ROOT / name, tmp_path)
    (tmp_path / "README.md").touch()
    shutil.copytree(ROOT / "src", tmp_path / "src", ignore=shutil.ignore_patterns("__pycache__"))
    lab = "cutaway/atoms/bigram"
    names = {f"{lab}/page.md", f"{lab}/demo.js", f"{lab}/results/one.json"}
    for name in names:
        (tmp_path / "src" / name).parent.mkdir(exist_ok=True)
        (tmp_path / "src" / name).touch()
    call([sys.executable, "-m", "build", "-q", "--wheel", "--no-isolation", "-o", "."], tmp_path)
    (built,) = tmp_path.glob("*.whl")
    assert names <= set(zipfile.ZipFile(built).namelist())


def test_what_runs_is_the_wheel_and_not_the_checkout(alone: Path, tmp_path: Path) -> None:
    code = "import cutaway, torch; print(cutaway.__file__)"
    file = Path(call([program(alone, "python"), "-c", code], tmp_path).strip())
    assert file == site_packages(alone) / "cutaway" / "__init__.py"


def test_help_and_list_work_without_a_checkout(alone: Path, tmp_path: Path) -> None:
    here = {"CUTAWAY_HOME": str(tmp_path / "home")}
    assert "run" in call([program(alone, "cutaway"), "--help"], tmp_path, **here)
    listed = json.loads(call([program(alone, "cutaway"), "list", "--json"], tmp_path, **here))
    assert "bigram" in [lab["name"] for lab in listed["labs"]]


@pytest.mark.slow
def test_a_lab_runs_there_and_leaves_the_package_as_it_was(alone: Path, tmp_path: Path) -> None:
    package = site_packages(alone) / "cutaway"
    before = digests(package)
    here = {"HOME": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path / "cache")}
    quiet = {"PYTHONDONTWRITEBYTECODE": "1", "OMP_NUM_THREADS": "1"}
    call([program(alone, "cutaway"), "run", "bigram", "--quick"], tmp_path, **here, **quiet)
    assert digests(package) == before
    assert list((tmp_path / "runs").rglob("*.json"))
