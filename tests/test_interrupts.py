"""Ctrl-C ends the program also in the midst of its imports."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from houses import House
from test_tokens_train import SLOW

STOPPED = (130, -signal.SIGINT)  # a shell calls both of them 130


@pytest.fixture(autouse=True)
def _listening() -> Iterator[None]:
    """Processes that are started here listen to Ctrl-C, whatever started this one."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.parametrize("moment", [0.3, 0.5, 0.7, 1.0])
def test_while_it_begins(here: House, tmp_path: Path, moment: float) -> None:
    house = House(here.root, tmp_path)
    (tmp_path / "first").mkdir()
    (tmp_path / "first" / "sitecustomize.py").write_text(SLOW)
    (tmp_path / "it.txt").write_text("text")
    words = ("tokens", "train", "it.txt", "--out", "it.json")
    with house.start(*words, PATH_FIRST=str(tmp_path / "first")) as process:
        time.sleep(moment)
        os.killpg(process.pid, signal.SIGINT)
        try:
            process.communicate(timeout=20)
        finally:
            process.kill()
    assert process.returncode in STOPPED
    assert not list(tmp_path.glob("*.json")) + list(tmp_path.glob(".*"))


LOST = """\
import os, signal, sys, weakref

class Some: ...

def send(*_):
    os.kill(os.getpid(), signal.SIGINT)
    for _ in range(1000):
        pass

class Importing:
    def find_spec(self, name, path=None, target=None):
        if name == {name!r}:
            sys.meta_path.remove(self)
            {how}

sys.meta_path.insert(0, Importing())
"""
HOWS = {
    "where nothing can be raised": "some = Some(); callback = weakref.ref(some, send); del some",
    "where it becomes another error": """
            try:
                send()
            except KeyboardInterrupt:
                raise ImportError("no such module")""",
}
EARLY_AND_LATE = "cutaway.cli", "cyclopts", "rich.console", "cutaway.verbs.tokens", "numpy"


@pytest.mark.parametrize("name", EARLY_AND_LATE)
@pytest.mark.parametrize("how", HOWS.values(), ids=HOWS)
def test_in_an_import(here: House, tmp_path: Path, how: str, name: str) -> None:
    code = LOST.replace("{name!r}", repr(name)).replace("{how}", how)
    (tmp_path / "sitecustomize.py").write_text(code)
    ended = here("tokens", "show", "a", "-v", "bytes", PATH_FIRST=str(tmp_path))
    assert (ended.code, ended.out, ended.err) == (130, "", "\nStopped.\n")


def test_where_nothing_can_be_raised(here: House) -> None:
    code = "import sys\n" + LOST.partition("class Importing")[0].replace("weakref", "time, weakref")
    code += f"""
import cutaway.verbs.tokens.showing as showing
from cutaway.__main__ import main

def show(*_):
    {HOWS["where nothing can be raised"]}
    for _ in range(100):
        time.sleep(0.1)

showing.given = show
sys.argv = ["cutaway", "tokens", "show", "a", "-v", "bytes"]
sys.exit(main())
"""
    command = [sys.executable, "-c", code]
    done = subprocess.run(
        command, env=here.environment(), capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "\nStopped.\n")
