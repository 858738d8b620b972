"""A checkout of stand-ins around the real ./cutaway, so that a set-up takes milliseconds."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
import venv
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]

# Builds a package without needing anything: one whose program says where it stands.
BACKEND = """
import zipfile

def build_editable(folder, config_settings=None, metadata_directory=None):
    files = {
        "real.py": "import os\\ndef main(): print(os.getcwd())\\n",
        "cutaway-1.dist-info/METADATA": "Metadata-Version: 2.1\\nName: cutaway\\nVersion: 1\\n",
        "cutaway-1.dist-info/WHEEL": "Wheel-Version: 1.0\\nTag: py3-none-any\\n",
        "cutaway-1.dist-info/entry_points.txt": "[console_scripts]\\ncutaway = real:main\\n",
    }
    files["cutaway-1.dist-info/RECORD"] = "".join(f"{name},,\\n" for name in files)
    with zipfile.ZipFile(f"{folder}/cutaway-1-py3-none-any.whl", "w") as wheel:
        for name, text in files.items():
            wheel.writestr(name, text)
    return "cutaway-1-py3-none-any.whl"
"""
PYPROJECT = """
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]
[project]
name = "cutaway"
version = "1"
"""

# Stands in for pip: notes what it was asked, and does as the files beside the script say.
PIP = """
import json, pathlib, sys, time
if sys.argv[1] == "install":
    here = pathlib.Path.cwd()
    (here / "asked").open("a").write(json.dumps(sys.argv[1:]) + "\\n")
    print("pip talks")
    while (here / "hold").exists():
        time.sleep(0.02)
    if (here / "break").exists():
        sys.exit("no matching distribution")
    program = pathlib.Path(sys.prefix, "bin", "cutaway")
    program.write_text(f"#!/bin/sh\\nexec '{sys.executable}' -m program \\"$@\\"\\n")
    program.chmod(0o755)
"""

# Stands in for what is started: says who it is, what it was given, and where it stands.
PROGRAM = """
import json, os, pathlib, sys
print(json.dumps([pathlib.Path(__file__).stem, sys.argv[1:], os.getcwd()]))
sys.exit(int(os.environ.get("ENDS", "0")))
"""


def checkout(folder: Path) -> Path:
    """A folder with the script, a project to set up, and a .venv in which all is stand-ins."""
    folder.mkdir()
    shutil.copy(ROOT / "cutaway", folder)
    (folder / "pyproject.toml").write_text("[project]\n")
    (folder / "constraints.txt").write_text("torch==2.13.0\n")
    venv.create(folder / ".venv", symlinks=True)
    (site,) = (folder / ".venv").glob("lib/python*/site-packages")
    (site / "pip.py").write_text(PIP)
    (site / "pytest.py").write_text(PROGRAM)
    (site / "program.py").write_text(PROGRAM)
    return folder


def start(here: Path, *arguments: str, **how: Any) -> subprocess.Popen[str]:
    """The script, started; what it says can be read from it."""
    pipe = subprocess.PIPE
    command = [sys.executable, str(here / "cutaway"), *arguments]
    return subprocess.Popen(command, text=True, stdout=pipe, stderr=pipe, **how)


def call(here: Path, *arguments: str, **how: Any) -> tuple[int, str, str]:
    """The exit code of the script, and what it said on stdout and stderr."""
    process = start(here, *arguments, **how)
    out, err = process.communicate(timeout=60)
    return process.returncode, out, err


def asked(here: Path) -> list[list[str]]:
    """What the script asked pip to install, one entry a time."""
    log = here / "asked"
    return [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []


def until(condition: Callable[[], bool]) -> None:
    """Wait for something that must come soon."""
    end = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < end, "it never came"
        time.sleep(0.02)
