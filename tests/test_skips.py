"""In .ci/run a test that did not run is a failure, unless its reason is on the list."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SKIPS = """
import pytest

def test_that_runs(): pass

def test_that_gives_up(): pytest.skip("lazy")

@pytest.mark.skipif(True, reason="excused")
def test_that_is_excused(): pass

@pytest.mark.xfail(reason="known")
def test_that_is_known_to_fail(): assert False
"""


def outcomes(folder: Path, reasons: str, **env: str) -> str:
    """The closing line of pytest on four tests and a module that skip, fail or pass."""
    (folder / ".ci").mkdir()
    (folder / ".ci" / "skips").write_text("# why\n" + reasons)
    shutil.copy(ROOT / "conftest.py", folder)
    (folder / "test_some.py").write_text(SKIPS)
    (folder / "test_module.py").write_text("import pytest\npytest.importorskip('no_such_thing')\n")
    quiet = ["-q", "--continue-on-collection-errors", "-p", "no:cacheprovider", "-c", os.devnull]
    command = [sys.executable, "-m", "pytest", *quiet, "--rootdir", str(folder), str(folder)]
    plain = {name: text for name, text in os.environ.items() if name != "CUTAWAY_NO_SKIPS"}
    ended = subprocess.run(command, capture_output=True, text=True, check=False, env=plain | env)
    return (ended.stdout + ended.stderr).strip().splitlines()[-1].split(" in ")[0]


def test_a_skip_fails_where_skips_are_counted(tmp_path: Path) -> None:
    counted = outcomes(tmp_path, "excused\n", CUTAWAY_NO_SKIPS="1")
    assert counted == "1 failed, 1 passed, 1 skipped, 1 xfailed, 1 error"


def test_a_skip_is_a_skip_everywhere_else(tmp_path: Path) -> None:
    assert outcomes(tmp_path, "excused\n") == "1 passed, 3 skipped, 1 xfailed"


@pytest.mark.parametrize(("count", "refused"), [(5, False), (6, True)])
def test_more_than_five_reasons_are_refused(tmp_path: Path, count: int, refused: bool) -> None:
    reasons = "".join(f"reason {number}\n" for number in range(count))
    assert ("more than five reasons" in outcomes(tmp_path, reasons)) == refused
