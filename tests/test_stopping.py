"""Runs that are stopped, resumed, out of time or out of room: nothing finished is lost."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from houses import House
from stand_ins import until

SLOW = {"TINY_PAUSE": "0.3"}
FATES = {
    "raises": "ValueError: no luck today",
    "nan": "nan is not a number",
    "hangs": "longer than 1 s",
    "dies": "SIGKILL",
}
FULL_DISK = """\
import errno, os

def fsync(handle, _real=os.fsync):
    if os.environ.get("TINY_DISK"):
        code = getattr(errno, os.environ["TINY_DISK"])
        raise OSError(code, os.strerror(code))
    _real(handle)

os.fsync = fsync
"""


def digest(house: House) -> str:
    """The recorded digest of the experiment that these tests stop."""
    manifest = json.loads((house.lab() / "results" / "manifest.json").read_text())
    return str(manifest["experiments"]["error_by_fault"]["content"])


def run(house: House, *more: str) -> list[str]:
    """The words that measure it in a folder of its own, 12 cells from the first to the last."""
    return ["run", "tiny", "--experiment", "error_by_fault", "--out", "out", "--json", *more]


def cells(house: House) -> list[Path]:
    """The finished cells."""
    return sorted((house.desk / "out" / "tiny" / "cells").glob("[!.]*.json"))


def started(house: House, *words: str) -> subprocess.Popen[str]:
    """A run of which at least one cell is finished."""
    process = house.start(*words, **SLOW)
    until(lambda: bool(cells(house)))
    return process


def snapshot(folder: Path) -> dict[str, bytes]:
    """Every file of a folder with what stands in it."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path): path.read_bytes() for path in files if "__pycache__" not in str(path)}


@pytest.mark.parametrize(
    "number", [signal.SIGINT, pytest.param(signal.SIGTERM, marks=pytest.mark.slow)]
)
def test_a_signal_waits_for_the_running_cells_and_the_same_command_goes_on(
    recorded: House, number: signal.Signals
) -> None:
    with started(recorded, *run(recorded)) as process:
        os.killpg(process.pid, number)
        out, err = process.communicate(timeout=30)
    assert process.returncode == 128 + number
    assert "Finishing the running cells" in err and "goes on from here" in err
    assert "failed" not in err and "Traceback" not in err
    done = len(cells(recorded))
    assert 1 <= done < 12
    (entry,) = json.loads(out)["runs"]
    assert (entry["complete"], entry["left"]) == (False, 12 - done)
    kept = snapshot(recorded.desk / "out" / "tiny" / "cells")
    again = recorded(*run(recorded))
    assert again.code == 0 and f"{done} of them done" in again.err
    assert again.data["runs"][0]["tables"]["error_by_fault"] == digest(recorded)
    assert kept.items() <= snapshot(recorded.desk / "out" / "tiny" / "cells").items()


def test_a_second_interrupt_does_not_wait(recorded: House) -> None:
    body = "    time.sleep(float(os"
    recorded.rewrite("lab.py", body, f"    open('started', 'w').close()\n{body}")
    with recorded.start(*run(recorded), TINY_PAUSE="60") as process:
        until((recorded.desk / "started").exists)
        before = time.monotonic()
        process.send_signal(signal.SIGINT)
        assert process.stderr
        said = ""
        while "again to stop at once" not in said:
            said += process.stderr.readline()
        process.send_signal(signal.SIGINT)
        said += process.communicate(timeout=50)[1]
    assert process.returncode == 130
    assert time.monotonic() - before < 50 and "Traceback" not in said


def test_an_interrupt_while_proving_says_that_proving_ends_first(recorded: House) -> None:
    body = '    return {"double": world'
    recorded.rewrite(
        "lab.py",
        body,
        f"    open({str(recorded.desk / 'proving')!r}, 'w')\n    time.sleep(2)\n{body}",
    )
    with recorded.start("run", "tiny", "--record") as process:
        until((recorded.desk / "proving").exists)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=50)
    assert process.returncode == 130
    assert "Finishing the proofs, then recording" in err and "running cells" not in err
    assert "recorded in" in err


def test_what_is_said_while_a_bar_is_drawn_has_a_line_of_its_own(house: House) -> None:
    reading, writing = os.openpty()
    command = [sys.executable, "-m", "cutaway", "run", "tiny", "--experiment", "fate_by_kind"]
    env = house.environment(TERM="xterm-256color", COLUMNS="100")
    process = subprocess.Popen(
        command, cwd=house.desk, env=env, stdin=writing, stdout=writing, stderr=writing
    )
    os.close(writing)
    said = b""
    while part := _read(reading):
        said += part
    process.wait()
    os.close(reading)
    ends = [line for line in said.decode().split("\n") if " failed: " in line]
    assert len(ends) == 4
    shown = [
        re.sub(r"\x1b\[[0-9;]*m", "", re.split(r"\r|\x1b\[2K", e.rstrip("\r"))[-1]) for e in ends
    ]
    assert all(line.startswith("fate_by_kind (kind ") for line in shown), shown


def _read(handle: int) -> bytes:
    """What a terminal shows next; nothing when its program has ended."""
    try:
        return os.read(handle, 1 << 16)
    except OSError:
        return b""


def test_two_at_once_both_end_well_and_agree(recorded: House) -> None:
    both = [recorded.start(*run(recorded)) for _ in range(2)]
    for process in both:
        out, err = process.communicate(timeout=60)
        assert process.returncode == 0, err
        assert json.loads(out)["runs"][0]["tables"]["error_by_fault"] == digest(recorded)
    assert len(cells(recorded)) == 12


def test_a_spent_budget_ends_well_and_says_what_is_left(recorded: House) -> None:
    ended = recorded(*run(recorded, "--budget", "1s"), **SLOW)
    assert ended.code == 0 and "The budget is spent" in ended.err
    (entry,) = ended.data["runs"]
    assert entry["left"] == 12 - len(cells(recorded)) > 0
    assert recorded(*run(recorded)).data["runs"][0]["complete"]


def test_an_incomplete_run_records_nothing(recorded: House) -> None:
    recorded.rewrite("tiny.py", "y = double(x)", "y = 0 + double(x)")
    before = snapshot(recorded.lab() / "results")
    with started(recorded, "run", "tiny", "--record", "--out", "out") as process:
        process.send_signal(signal.SIGINT)
        assert "not recorded" in process.communicate(timeout=30)[1]
    assert process.returncode == 130
    assert snapshot(recorded.lab() / "results") == before


def test_a_dry_run_says_what_it_would_do_and_touches_nothing(recorded: House) -> None:
    folders = (recorded.root, recorded.desk)
    before = [snapshot(folder) for folder in folders]
    ended = recorded(*run(recorded, "--dry-run"))
    assert ended.code == 0 and "12 cells" in ended.err and "about" in ended.err
    (plan,) = ended.data["runs"]
    assert (plan["cells"], plan["left"]) == (12, 12)
    assert [snapshot(folder) for folder in folders] == before


@pytest.mark.parametrize(
    ("error", "said"),
    [("ENOSPC", "disk is full"), pytest.param("EROFS", "read-only", marks=pytest.mark.slow)],
)
def test_a_disk_that_takes_nothing_more_ends_the_run_and_earlier_cells_stay(
    recorded: House, tmp_path: Path, error: str, said: str
) -> None:
    (tmp_path / "first").mkdir()
    (tmp_path / "first" / "sitecustomize.py").write_text(FULL_DISK)
    disk = {"PATH_FIRST": str(tmp_path / "first"), "TINY_DISK": error}
    recorded(*run(recorded, "--budget", "1s"), **SLOW)
    before = snapshot(recorded.desk)
    ended = recorded(*run(recorded), **disk)
    assert (ended.code, ended.out) == (3, "")
    assert ended.err.count(said) == 1 and "run the same command again" in ended.err
    assert before.items() <= snapshot(recorded.desk).items()
    assert recorded(*run(recorded)).code == 0


def test_a_full_disk_while_recording_leaves_the_old_results(
    recorded: House, tmp_path: Path
) -> None:
    recorded.rewrite("tiny.py", "y = double(x)", "y = 0 + double(x)")
    assert recorded("run", "tiny").code == 0
    (tmp_path / "first").mkdir()
    (tmp_path / "first" / "sitecustomize.py").write_text(FULL_DISK)
    before = snapshot(recorded.lab() / "results")
    disk = {"PATH_FIRST": str(tmp_path / "first"), "TINY_DISK": "ENOSPC"}
    ended = recorded("run", "tiny", "--record", **disk)
    assert ended.code == 3 and "disk is full" in ended.err
    assert snapshot(recorded.lab() / "results") == before


def test_a_file_where_a_folder_is_needed_is_one_sentence(recorded: House) -> None:
    (recorded.desk / "out").write_text("mine")
    ended = recorded(*run(recorded))
    assert ended.code == 3 and "out" in ended.err and ended.err.count("\n") <= 4
    assert (recorded.desk / "out").read_text() == "mine"


def test_without_matplotlib_a_run_ends_well_and_its_report_says_why_it_has_no_figures(
    house: House, tmp_path: Path
) -> None:
    house.rewrite("lab.py", "Fault, Lab", "Fault, Figure, Lab")
    figure = 'Figure("f", "fate_by_kind", "Fate", x="kind", y="fate", alt="Bars.", mark="bar")'
    house.rewrite("lab.py", "    claims=(", f"    figures=({figure},),\n    claims=(")
    (tmp_path / "first").mkdir()
    (tmp_path / "first" / "matplotlib.py").write_text("raise ModuleNotFoundError('there is none')")
    ended = house("run", "tiny", "--quick", "--json", PATH_FIRST=str(tmp_path / "first"))
    assert ended.code == 0, ended.err
    report = Path(ended.data["runs"][0]["report"]).read_text()
    assert "matplotlib" in report and "SUPPORTED" in report.upper()


def test_every_misfortune_of_a_cell_is_named_and_the_rest_goes_on(house: House) -> None:
    ended = house("run", "tiny", "--json")
    (entry,) = ended.data["runs"]
    assert ended.code == 1
    assert (entry["failed"], entry["left"], entry["complete"]) == (4, 0, True)
    assert [claim["verdict"] for claim in entry["claims"]] == ["supported"]
    for kind, said in FATES.items():
        assert f"fate_by_kind (kind {kind}, seed 0) failed: " in ended.err
        assert said in ended.err
    table = json.loads((Path(entry["folder"]) / "fate_by_kind.json").read_text())
    assert {failure["params"]["kind"] for failure in table["failed"]} == FATES.keys()


def test_a_claim_whose_cells_failed_is_undecided(house: House) -> None:
    body = "    time.sleep(float(os"
    house.rewrite("lab.py", body, f"    assert seed != 2, 'bad luck'\n{body}")
    ended = house("run", "tiny", "--experiment", "error_by_fault", "--json")
    (entry,) = ended.data["runs"]
    assert (ended.code, entry["failed"]) == (1, 3)
    (claim,) = entry["claims"]
    assert claim["verdict"] == "undecided" and "bad luck" in claim["because"]
    assert "(fault negative, seed 2) failed: AssertionError: bad luck" in ended.err
