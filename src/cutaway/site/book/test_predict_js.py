"""The script of the predictions: small, unable to fetch or to inject, and tested in Node."""

from __future__ import annotations

import re
import shutil
import subprocess
from importlib.resources import files
from pathlib import Path

import pytest

SCRIPT = Path(str(files("cutaway.site.book"))) / "static" / "predict.js"
TESTS = Path(str(files("cutaway"))).parents[1] / "tests" / "js" / "predict.test.mjs"
LARGEST = 14_000
NEVER = (
    r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|DOMParser|createContextualFragment"
    r"|\beval\b|\bFunction\s*\(|//\w|\b(fetch|XMLHttpRequest|WebSocket|EventSource|sendBeacon)\b"
    r"|\bimport\b|sessionStorage|indexedDB|document\.cookie|\bwindow\b"
)


def test_the_script_is_small_fetches_nothing_and_injects_nothing() -> None:
    code = SCRIPT.read_text(encoding="utf-8")
    assert 0 < len(code.encode()) <= LARGEST
    assert re.findall(NEVER, code) == []


def test_the_store_is_touched_in_two_places_and_both_may_fail() -> None:
    lines = SCRIPT.read_text(encoding="utf-8").splitlines()
    touching = [line for line in lines if "localStorage" in line]
    assert len(touching) == 2 and all(re.search(r"try \{.*\} catch \{", one) for one in touching)


@pytest.mark.skipif(shutil.which("node") is None, reason="Node is not installed")
@pytest.mark.skipif(not TESTS.is_file(), reason="the tests of scripts stand in a checkout only")
def test_the_scores_and_the_store_hold_in_node() -> None:
    command = ["node", "--test", str(TESTS)]
    ended = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert not re.search(r"^# (tests|pass) 0$", ended.stdout, flags=re.MULTILINE)
