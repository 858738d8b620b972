"""./cutaway: it sets up once, whatever happens to it, and hands everything on as it was given."""

from __future__ import annotations

import ast
import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from stand_ins import BACKEND, PYPROJECT, ROOT, asked, call, checkout, start, until


@pytest.fixture
def here(tmp_path: Path) -> Path:
    """A checkout that was never set up."""
    return checkout(tmp_path / "a house")


def test_the_first_call_sets_up_and_the_second_does_not(here: Path) -> None:
    code, out, err = call(here, "demo")
    assert (code, json.loads(out)[:2]) == (0, ["program", ["demo"]])
    assert "setting up .venv" in err and "torch" in err
    code, out, err = call(here, "demo")
    assert (code, json.loads(out)[:2], err) == (0, ["program", ["demo"]], "")
    ((verb, *how),) = asked(here)
    assert (verb, how[-4:]) == ("install", ["-c", "constraints.txt", "-e", ".[dev]"])


def test_the_readme_asks_pip_for_what_the_first_call_asks_it_for(here: Path) -> None:
    call(here)
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    (line,) = [line for line in readme.splitlines() if "pip install -c" in line]
    make, install = (shlex.split(one) for one in line.split("&&"))
    assert make == ["python3", "-m", "venv", ".venv"]
    assert install[:2] == [".venv/bin/pip", "install"]
    ((verb, *how),) = asked(here)
    assert [verb, *(word for word in how if not word.startswith("-q"))] == [
        "install",
        "--no-compile",
        *install[2:],
    ]


def test_what_the_set_up_says_stays_out_of_stdout(here: Path) -> None:
    _, out, err = call(here, "list", "--json")
    assert "pip talks" in err
    assert len(out.splitlines()) == 1


def test_a_set_up_that_stands_costs_far_less_than_two_seconds(here: Path) -> None:
    call(here)
    began = time.perf_counter()
    assert call(here)[0] == 0
    assert time.perf_counter() - began < 1


def test_arguments_exit_code_and_folder_are_handed_on(here: Path, tmp_path: Path) -> None:
    odd = ["run", "a b", "--x=*", "", "é"]
    code, out, _ = call(here, *odd, cwd=tmp_path, env={**os.environ, "ENDS": "4"})
    assert (code, json.loads(out)) == (4, ["program", odd, str(tmp_path)])


def test_no_arguments_are_no_arguments(here: Path) -> None:
    assert json.loads(call(here)[1])[1] == []


def test_the_script_works_through_a_link(here: Path, tmp_path: Path) -> None:
    (tmp_path / "cutaway").symlink_to(here / "cutaway")
    assert call(tmp_path, "info")[0] == 0
    assert len(asked(here)) == 1


def test_the_tests_run_in_the_checkout_with_what_was_added(here: Path, tmp_path: Path) -> None:
    code, out, _ = call(here, "test", "-k", "one", cwd=tmp_path)
    program, arguments, folder = json.loads(out)
    assert (code, program, folder) == (0, "pytest", str(here))
    assert arguments[:2] == ["-n", "auto"] and arguments[-2:] == ["-k", "one"]


@pytest.mark.parametrize("name", ["pyproject.toml", "constraints.txt"])
def test_a_changed_project_is_set_up_again(here: Path, name: str) -> None:
    call(here)
    (here / name).write_text("# changed\n")
    assert call(here)[0] == 0
    assert len(asked(here)) == 2


def test_a_moved_checkout_is_set_up_again(here: Path, tmp_path: Path) -> None:
    call(here)
    moved = here.rename(tmp_path / "moved")
    assert call(moved)[0] == 0
    assert len(asked(moved)) == 2


def test_a_failed_set_up_says_so_and_is_done_again(here: Path) -> None:
    (here / "break").touch()
    code, out, err = call(here, "demo")
    assert (code, out) == (3, "")
    assert "no matching distribution" in err and "failed at" in err and "next:" in err
    assert "Traceback" not in err
    (here / "break").unlink()
    assert call(here, "demo")[0] == 0
    assert len(asked(here)) == 2


def test_a_change_that_was_taken_back_after_a_failure_is_not_taken_for_done(here: Path) -> None:
    call(here)
    (here / "break").touch()
    (here / "constraints.txt").write_text("torch==2.14.0\n")
    assert call(here)[0] == 3
    (here / "break").unlink()
    (here / "constraints.txt").write_text("torch==2.13.0\n")
    assert call(here)[0] == 0
    assert len(asked(here)) == 3


def test_two_at_once_set_up_once(here: Path) -> None:
    (here / "hold").touch()
    both = [start(here, "demo"), start(here, "demo")]
    until(lambda: len(asked(here)) == 1)
    time.sleep(0.5)
    (here / "hold").unlink()
    ends = [process.communicate(timeout=60) for process in both]
    assert [process.returncode for process in both] == [0, 0]
    assert len(asked(here)) == 1
    assert sum("waiting" in err for _, err in ends) == 1


def test_a_killed_set_up_is_done_again_after_its_pip_has_ended(here: Path) -> None:
    (here / "hold").touch()
    first = start(here, "demo")
    until(lambda: len(asked(here)) == 1)
    first.send_signal(signal.SIGKILL)
    first.wait()
    second = start(here, "demo")
    time.sleep(0.5)
    assert len(asked(here)) == 1, "two pips at once in one environment"
    (here / "hold").unlink()
    assert second.communicate(timeout=60)[0] and second.returncode == 0
    first.communicate()
    assert len(asked(here)) == 2


def test_an_interrupted_set_up_ends_without_a_traceback(here: Path) -> None:
    (here / "hold").touch()
    process = start(here, "demo", start_new_session=True)
    until(lambda: len(asked(here)) == 1)
    os.killpg(process.pid, signal.SIGINT)
    err = process.communicate(timeout=60)[1]
    assert process.returncode == 130
    assert "cutaway: stopped" in err


def test_a_checkout_without_its_files_is_one_clear_message(here: Path) -> None:
    (here / "constraints.txt").unlink()
    code, _, err = call(here, "demo")
    assert code == 3
    assert "constraints.txt" in err and "next:" in err and "Traceback" not in err


def test_an_old_python_is_told_its_version(here: Path) -> None:
    pretend = "import runpy, sys; sys.version_info = (3, 9, 2); "
    pretend += "runpy.run_path(sys.argv[1], run_name='__main__')"
    command = [sys.executable, "-c", pretend, str(here / "cutaway")]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ended.returncode == 3
    assert "3.11 or newer" in ended.stderr and "3.9.2" in ended.stderr
    assert asked(here) == []


def test_an_old_python_can_read_the_script() -> None:
    ast.parse((ROOT / "cutaway").read_text(encoding="utf-8"), feature_version=(3, 7))


def test_the_script_needs_the_standard_library_only() -> None:
    tree = ast.parse((ROOT / "cutaway").read_text(encoding="utf-8"))
    names = [node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    names += [n.name for node in ast.walk(tree) if isinstance(node, ast.Import) for n in node.names]
    assert {str(name).split(".")[0] for name in names} <= sys.stdlib_module_names
    assert os.access(ROOT / "cutaway", os.X_OK)


@pytest.mark.slow
def test_an_environment_is_made_where_none_works(here: Path, tmp_path: Path) -> None:
    (here / "backend.py").write_text(BACKEND)
    (here / "pyproject.toml").write_text(PYPROJECT)
    shutil.rmtree(here / ".venv")
    assert call(here, cwd=tmp_path)[:2] == (0, f"{tmp_path}\n")
    (pip,) = (here / ".venv").glob("lib/python*/site-packages/pip")
    shutil.rmtree(pip)
    (here / ".venv" / "cutaway-stamp").unlink()
    assert call(here, cwd=tmp_path)[:2] == (0, f"{tmp_path}\n")
    assert pip.exists()
    (here / ".venv" / "bin" / "python").unlink()
    assert call(here, cwd=tmp_path)[:2] == (0, f"{tmp_path}\n")
