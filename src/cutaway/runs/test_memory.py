"""A job that will not fit is refused before it begins, with a way to make it fit."""

from __future__ import annotations

import ctypes
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import cutaway
from cutaway.errors import Unavailable

from . import memory
from .memory import Plan, admit, fits, refuse, size, sparing
from .memory_free import free_memory

GB, MB = 10**9, 10**6
LARGE = Plan(weights=100 * MB, gradients=100 * MB, optimizer=200 * MB, activations=1900 * MB)


def of(rows: int) -> Plan:
    """A job whose activations are a row's times its rows, beside a gigabyte that stays."""
    return Plan(250 * MB, 250 * MB, 500 * MB, rows * 100 * MB)


# What is said


def test_a_plan_says_how_much_of_what() -> None:
    words = "2.3 GB: weights 0.1, gradients 0.1, optimizer 0.2, activations 1.9"
    assert str(LARGE) == words and LARGE.total == 2300 * MB


@pytest.mark.parametrize(
    ("count", "words"),
    [
        (0, "0.0 MB"),
        (1_260_000, "1.3 MB"),
        (99_940_000, "99.9 MB"),
        (100_000_000, "100 MB"),
        (999_000_000, "999 MB"),
        (GB, "1.0 GB"),
        (11_800_000_000, "11.8 GB"),
    ],
)
def test_bytes_are_said_in_the_unit_that_fits(count: int, words: str) -> None:
    assert size(count) == words


def test_the_parts_have_the_unit_of_the_whole() -> None:
    assert str(Plan(MB, 0, 0, GB)) == "1.0 GB: weights 0.0, gradients 0.0, optimizer 0.0, " + (
        "activations 1.0"
    )


# Whether it fits


@pytest.mark.parametrize(("free", "good"), [(2556 * MB, True), (2555 * MB, False), (None, True)])
def test_nine_tenths_of_what_is_free_may_be_used(free: int | None, good: bool) -> None:
    assert fits(LARGE, free) is good


def refused(rows: int, free: int) -> Unavailable:
    with pytest.raises(Unavailable) as caught:
        refuse(of(rows), free, rows, of)
    return caught.value


def test_the_error_says_what_is_needed_and_what_is_there() -> None:
    said = refused(100, 2 * GB)
    needs = "11.0 GB: weights 0.2, gradients 0.2, optimizer 0.5, activations 10.0."
    assert said.what == f"This job needs {needs} 2.0 GB are free, of which 1.8 GB may be used."
    assert said.code == 3


@pytest.mark.parametrize(("rows", "few"), [(100, 6), (16, 8), (9, 4), (17, 8), (32, 8)])
def test_the_largest_half_of_a_half_that_fits_is_recommended(rows: int, few: int) -> None:
    assert refused(rows, 2 * GB).next_step == f"Try --batch {few} ({size(of(few).total)})."


def test_one_row_may_be_all_that_fits() -> None:
    assert refused(7, int(1.1 * GB / 0.9) + 1).next_step == "Try --batch 1 (1.1 GB)."


@pytest.mark.parametrize("rows", [1, 8])
def test_where_not_even_one_row_fits_the_batch_is_not_blamed(rows: int) -> None:
    said = refused(rows, 1 * GB)
    assert said.next_step.startswith("Not even one row fits (1.1 GB): make the model smaller")


def test_smaller_jobs_are_planned_only_where_one_is_refused() -> None:
    asked: list[int] = []

    def smaller(rows: int) -> Plan:
        asked.append(rows)
        return of(rows)

    refuse(of(32), 100 * GB, 32, smaller)
    refuse(of(32), None, 32, smaller)
    assert asked == []
    with pytest.raises(Unavailable, match="needs"):
        refuse(of(32), 2 * GB, 32, smaller)
    assert asked == [16, 8]


def test_how_to_ask_for_fewer_rows_may_be_said_otherwise() -> None:
    with pytest.raises(Unavailable) as caught:
        admit(of(32), 2 * GB, 32, of, lambda rows: f"--parts {32 // rows}")
    assert "Try --parts 4" in caught.value.next_step


# What is done about it


@pytest.fixture
def spared(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Whether the process was made sparing; here it is only written down."""
    done: list[bool] = []

    def spare() -> bool:
        done.append(True)
        return True

    monkeypatch.setattr(memory, "sparing", spare)
    return done


def test_a_job_with_room_to_spare_runs_as_it_is(spared: list[bool]) -> None:
    said = admit(LARGE, 7670 * MB, 8, of)
    assert said == f"needs {LARGE}; 7.7 GB are free." and not spared


def test_a_tight_job_is_made_sparing(spared: list[bool]) -> None:
    said = admit(LARGE, 7660 * MB, 8, of)
    assert said.startswith(f"needs {LARGE}; 7.7 GB are free. ")
    assert said.endswith("That is tight: memory is given back at once, which is slower.")
    assert spared


def test_where_nothing_can_be_spared_that_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "sparing", lambda: False)
    said = admit(LARGE, 5 * GB, 8, of)
    assert said.endswith("That is tight: an allocator may hold up to 3 times what is needed.")


def test_where_nothing_is_known_nothing_is_refused_and_that_is_said(spared: list[bool]) -> None:
    said = admit(LARGE, None, 8, of)
    assert said == f"needs {LARGE}; how much is free is not known, so nothing is refused."
    assert not spared


def test_a_job_that_will_not_fit_is_refused_and_not_spared(spared: list[bool]) -> None:
    with pytest.raises(Unavailable):
        admit(LARGE, 2 * GB, 8, of)
    assert not spared


@pytest.mark.parametrize("error", [OSError, AttributeError, TypeError])
def test_without_glibc_nothing_is_spared(
    monkeypatch: pytest.MonkeyPatch, error: type[Exception]
) -> None:
    def library(name: None) -> None:
        raise error

    monkeypatch.setattr(ctypes, "CDLL", library)
    assert sparing() is False


def fresh(code: str, *arguments: str) -> str:
    """What some code prints in a fresh process."""
    env = {**os.environ, "PYTHONPATH": str(Path(cutaway.__file__).parents[1])}
    command = [sys.executable, "-c", code, *arguments]
    return subprocess.check_output(command, env=env, text=True).strip()


LEFT = """
import ctypes, sys
from cutaway.runs.memory import sparing
c = ctypes.CDLL(None)
c.malloc.restype, c.malloc.argtypes, c.free.argtypes = ctypes.c_void_p, [ctypes.c_size_t], [
    ctypes.c_void_p]
def level():
    return int(open("/proc/self/statm").read().split()[1]) * 4096
c.free(c.malloc(30_000_000))  # from now on, left alone, blocks of this size are kept in one heap
if sys.argv[1] == "sparing" and not sparing():
    sys.exit("cannot be spared")
before = level()
blocks = [c.malloc(1_000_000) for _ in range(100)]
for block in blocks:
    ctypes.memset(block, 1, 1_000_000)
for block in blocks[:-1]:
    c.free(block)
print(level() - before)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="there is no glibc")
def test_a_sparing_process_gives_back_what_it_let_go() -> None:
    kept, given_back = (int(fresh(LEFT, mode)) for mode in ("as it is", "sparing"))
    assert given_back < 5 * MB < 90 * MB < kept


# What is free

KB = 1024


def machine(root: Path, files: dict[str, str]) -> Path:
    """What a system says of itself, as files under a folder."""
    files = {"proc/meminfo": "MemTotal: 9000 kB\nMemFree: 10 kB\nMemAvailable: 5000 kB\n"} | files
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return root


def test_what_is_available_counts_and_not_what_is_idle(tmp_path: Path) -> None:
    assert free_memory(machine(tmp_path, {})) == 5000 * KB


def second(place: str, most: object, now: int, spare: int = 0) -> dict[str, str]:
    """A control group of the second version."""
    folder = f"sys/fs/cgroup/{place}".rstrip("/")
    return {
        f"{folder}/memory.max": f"{most}\n",
        f"{folder}/memory.current": f"{now}\n",
        f"{folder}/memory.stat": f"anon 77\ninactive_file {spare}\nactive_file 99\n",
    }


def first(place: str, most: int, now: int, spare: int = 0) -> dict[str, str]:
    """A control group of the first version."""
    folder = f"sys/fs/cgroup/memory/{place}".rstrip("/")
    return {
        f"{folder}/memory.limit_in_bytes": f"{most}\n",
        f"{folder}/memory.usage_in_bytes": f"{now}\n",
        f"{folder}/memory.stat": f"inactive_file 5\ntotal_inactive_file {spare}\n",
    }


GROUPS: dict[str, tuple[str, dict[str, str], int]] = {
    "none": ("0::/a/b\n", second("a/b", "max", 10), 5000 * KB),
    "its own": ("0::/a/b\n", second("a/b", 9000, 5000, 300), 4300),
    "one around it": ("0::/a/b\n", second("a/b", "max", 10) | second("a", 8000, 7000), 1000),
    "the outermost": ("0::/\n", second("", 8000, 7500), 500),
    "the narrowest": ("0::/a\n", second("a", 9000, 1000) | second("", 9000, 2000), 7000),
    "one that is not seen": (
        "0::/../../x\n",
        second("", 8000, 7000) | second("../../x", 9, 1),
        1000,
    ),
    "one that does not say what it uses": (
        "0::/a\n",
        {"sys/fs/cgroup/a/memory.max": "4000", "sys/fs/cgroup/a/memory.stat": "inactive_file 5"},
        5000 * KB,
    ),
    "digits that are no number": (
        "0::/a\n",
        {"sys/fs/cgroup/a/memory.max": "٣", "sys/fs/cgroup/a/memory.current": "²"},
        5000 * KB,
    ),
    "one beside it": ("0::/a\n", second("b", 800, 700), 5000 * KB),
    "more than it may": ("0::/a\n", second("a", 1000, 4000), 0),
    "the first version": ("5:cpu:/z\n4:memory:/a\n0::/\n", first("a", 9000, 1000, 50), 8050),
    "two kinds at once": ("4:cpu,memory:/a\n", first("a", 9000, 1000), 8000),
    "no limit of the first": ("4:memory:/a\n", first("a", 2**63 - 4096, 1000), 5000 * KB),
    "both versions": (
        "1:name=systemd:/a\n0::/a\n",
        {
            name.replace("cgroup", "cgroup/unified"): text
            for name, text in second("a", 6000, 5000).items()
        },
        1000,
    ),
}


@pytest.mark.parametrize("name", GROUPS)
def test_the_limit_of_a_control_group_counts(tmp_path: Path, name: str) -> None:
    groups, files, free = GROUPS[name]
    assert free_memory(machine(tmp_path, {"proc/self/cgroup": groups} | files)) == free


ODD = ["", "\n", "0::\n", "nonsense", "::::", "0::/a\x00\n", "4:memory", "٣::/a", "\ufffd"]


@pytest.mark.parametrize("odd", [*ODD, "0::/" + "a" * 5000, "0::/a\n" * 50])
def test_nonsense_in_the_systems_files_is_passed_over(tmp_path: Path, odd: str) -> None:
    files = {"proc/self/cgroup": odd, "sys/fs/cgroup/memory.max": odd or "-1"}
    files |= {"sys/fs/cgroup/memory.current": "٣"}
    assert free_memory(machine(tmp_path, files)) == 5000 * KB


@pytest.mark.parametrize("text", ["", "MemAvailable:", "MemAvailable: many kB", "MemAvailable:-3"])
def test_where_a_machine_does_not_say_what_it_has_its_pages_are_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    pages = {"SC_AVPHYS_PAGES": 30, "SC_PAGE_SIZE": 4096}
    monkeypatch.setattr(os, "sysconf", pages.__getitem__)
    assert free_memory(machine(tmp_path, {"proc/meminfo": text})) == 30 * 4096


@pytest.mark.parametrize("error", [AttributeError, ValueError, OSError])
def test_what_no_one_says_is_not_known(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: type[Exception]
) -> None:
    def silent(name: str) -> int:
        raise error

    monkeypatch.setattr(os, "sysconf", silent)
    assert free_memory(tmp_path) is None


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux says how large a process is")
def test_a_limit_on_addresses_counts() -> None:
    code = (
        "import json, resource, sys\nfrom cutaway.runs.memory_free import free_memory\n"
        "before = free_memory()\nresource.setrlimit(resource.RLIMIT_AS, (2**30, 2**30))\n"
        "print(json.dumps([before, free_memory()]))"
    )
    before, after = json.loads(fresh(code))
    assert after < before and 2**29 < after < 2**30 - 2**22


def test_a_limit_on_addresses_does_not_count_where_their_use_is_not_known(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    resource = pytest.importorskip("resource")
    monkeypatch.setattr(resource, "getrlimit", lambda kind: (10**6, 10**6))
    assert free_memory(machine(tmp_path, {})) == 5000 * KB
    used = {"proc/self/statm": "7 3 2 1 0 4 0\n"}
    assert free_memory(machine(tmp_path, used)) == 10**6 - 7 * resource.getpagesize()


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere it may not be known")
def test_this_machine_has_some_memory_and_not_more_than_it_has() -> None:
    free = free_memory()
    assert free is not None
    assert MB < free <= os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
