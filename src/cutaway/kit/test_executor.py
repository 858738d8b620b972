"""Workers that misbehave take nothing with them, and none outlives its parent."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from cutaway.errors import Unavailable, UsageError

from . import executor, fresh
from .conftest import Checkout, Scratch
from .executor import Outcome, job, local, processes

BAD = '''
"""A lab whose measuring function does whatever goes wrong."""

import ctypes
import os
import signal
import subprocess
import sys
import threading
import time

from cutaway.kit.words import Experiment, Fault, Lab


class Unspeakable(Exception):
    def __str__(self):
        raise ValueError("no words")


def note():
    with open(os.environ["PIDS"], "a") as file:
        file.write(f"{os.getpid()}\\n{os.getppid()}\\n")


def grandchild(seconds=600):
    pid = os.fork()
    if pid == 0:
        time.sleep(seconds)
        os._exit(0)
    with open(os.environ["PIDS"], "a") as file:
        file.write(f"{pid}\\n")


def sleeps():
    note()
    grandchild()
    time.sleep(600)


def holds_the_interpreter():
    note()
    ctypes.PyDLL(None).sleep(600)


def waits_for_another():
    while True:
        time.sleep(0.01)
        if os.path.exists(os.environ["PIDS"]):
            with open(os.environ["PIDS"]) as file:
                if len(file.readlines()) > 2:
                    return


def blocks_signals():
    signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
    time.sleep(600)


def large_op():
    import torch

    for _ in range(10**6):
        torch.linalg.svd(torch.ones(1500, 1500))


def loops():
    while True:
        pass


def recurses(n=0):
    return recurses(n + 1)


def eats():
    kept = []
    while True:
        kept.append(bytearray(2**28))


def eats_tensors():
    import torch

    return [torch.ones(2**26) for _ in range(10**4)]


def prints():
    for _ in range(2000):
        print("x" * 10_000)
        os.write(2, b"y" * 1000)


def leaves_a_thread():
    threading.Thread(target=time.sleep, args=(600,)).start()


def closes_everything():
    os.closerange(3, 256)
    time.sleep(600)


def nan():
    return float("nan")


def tensor_nan():
    import torch

    return torch.tensor(float("inf")) - float("inf")


def words():
    import torch

    return torch.zeros(2)


DOES = {
    "fine": lambda: None,
    "counts_threads": lambda: len(os.listdir(f"/proc/{os.getppid()}/task")),
    "raises": lambda: 1 / 0,
    "raises_at_length": lambda: exec("raise ValueError('x' * 10**6)"),
    "unspeakable": lambda: exec("raise Unspeakable"),
    "interrupts": lambda: exec("raise KeyboardInterrupt"),
    "exits": lambda: sys.exit(4),
    "ends": lambda: os._exit(3),
    "ends_with_an_heir": lambda: (grandchild(), os._exit(5)),
    "segfaults": lambda: ctypes.string_at(0),
    "kills_itself": lambda: os.kill(os.getpid(), signal.SIGKILL),
    "stops_itself": lambda: os.kill(os.getpid(), signal.SIGSTOP),
    "leaves_an_heir": grandchild,
    **{
        one.__name__: one
        for one in (
            sleeps, waits_for_another, holds_the_interpreter, blocks_signals, large_op, loops,
            recurses, eats, eats_tensors, prints, leaves_a_thread, closes_everything, nan,
            tensor_nan, words,
        )
    },
}

BOUNDED_ON_LINUX_ONLY = ("eats", "eats_tensors", "counts_threads")
DEEDS = [deed for deed in DOES if deed != "waits_for_another"]
if sys.platform != "linux":
    DEEDS = [deed for deed in DEEDS if deed not in BOUNDED_ON_LINUX_ONLY]


def value_by_deed(world, *, seed, deed):
    if deed == "no_rows":
        return []
    if deed == "nothing":
        return None
    if deed == "no_mapping":
        return [3]
    if deed == "takes_a_name":
        return [{"seed": 9}]
    value = DOES[deed]()
    return [{"value": 0.5 if value is None else value}]


def observe(world):
    return {"bad": world.bad.bad()}


lab = Lab(
    name="bad",
    number=3,
    lesson="Whatever can go wrong goes wrong.",
    observe=observe,
    faults=(Fault("loop_at_import", "bad.py", "x = 1", "while True: pass", "It loops"),),
    experiments=(
        Experiment(
            "value_by_deed",
            value_by_deed,
            grid={"deed": (*DEEDS, "no_rows", "nothing", "no_mapping", "takes_a_name", "fine")},
            seeds=1,
            limit=2.0,
        ),
    ),
)
'''

RUN = """
    import json, sys, time
    from pathlib import Path
    from cutaway.kit.executor import local
    from cutaway.kit.labs import load
    from cutaway.kit.running import Plan, execute
    from dataclasses import replace
    lab = load("bad")
    one = lab.experiments[0]
    deeds = json.loads(sys.argv[1])
    plan = Plan(lab, replace(one, grid={"deed": deeds or one.grid["deed"]}), Path("runs"))
    found = {}
    for _, outcome in execute([plan], lambda jobs, stop: local(
        ({**job, "memory": 0.2} for job in jobs), stop=stop
    )):
        found[outcome.job["params"]["deed"]] = [outcome.error, outcome.seconds]
        print(json.dumps(outcome.job["params"]), flush=True)
    table = plan.table()
    values = dict(zip(table.column("deed"), table.column("value")))
    print(json.dumps([found, values, [f["params"]["deed"] for f in table.failed]]))
"""


@pytest.fixture(scope="module")
def house(checkout: Checkout) -> Scratch:
    """A checkout with a lab in which everything goes wrong."""
    scratch = checkout()
    scratch.lab("bad", BAD, {"bad.py": "x = 1\n\n\ndef bad():\n    return x\n"})
    return scratch


@pytest.fixture(scope="module")
def light(checkout: Checkout) -> Scratch:
    """The same without torch."""
    scratch = checkout().without_torch()
    scratch.lab("bad", BAD, {"bad.py": "x = 1\n"})
    return scratch


def alive(pids: Iterable[int]) -> list[int]:
    """The processes that run still."""
    listed = subprocess.run(["ps", "-A", "-o", "pid=,stat="], capture_output=True, text=True)
    states = dict(line.split() for line in listed.stdout.splitlines())
    return [pid for pid in pids if not states.get(str(pid), "Z").startswith("Z")]


def gone(pids: Iterable[int], seconds: float = 5.0) -> bool:
    """Whether all processes have ended by then."""
    end = time.monotonic() + seconds
    while left := alive(pids):
        if time.monotonic() > end:
            for pid in left:
                os.kill(pid, signal.SIGKILL)
            return False
        time.sleep(0.05)
    return True


def noted(path: Path) -> set[int]:
    """The processes that wrote themselves into a file."""
    return {int(line) for line in path.read_text().split()} if path.exists() else set()


Ended = dict[str, tuple[str | None, float]]


@pytest.fixture(scope="module")
def ended(house: Scratch) -> Iterator[tuple[Ended, dict[str, float], list[str]]]:
    """How every deed ended, forked six at a time: what was measured, and what failed."""
    pids = house.root / "forked.txt"
    found = house.json(RUN, "[]", PIDS=str(pids), CUTAWAY_PROCESSES="6")
    yield found
    assert gone(noted(pids), 0.0)


ENDS = {
    "raises": "ZeroDivisionError: division by zero (lab.py, line",
    "raises_at_length": "ValueError: xxxxx",
    "unspeakable": "the interpreter ended with exit code 1",
    "interrupts": "KeyboardInterrupt",
    "exits": "SystemExit: 4",
    "ends": "the interpreter ended with exit code 3",
    "ends_with_an_heir": "the interpreter ended with exit code 5",
    "segfaults": "the interpreter was killed by SIGSEGV",
    "kills_itself": "the interpreter was killed by SIGKILL",
    "stops_itself": "took longer than 2 s",
    "sleeps": "took longer than 2 s",
    "holds_the_interpreter": "took longer than 2 s",
    "blocks_signals": "took longer than 2 s",
    "large_op": "took longer than 2 s",
    "loops": "took longer than 2 s",
    "recurses": "RecursionError: maximum recursion depth",
    "eats": "MemoryError",
    "eats_tensors": "RuntimeError",
    "closes_everything": "the interpreter was killed by SIGKILL",
    "nan": "ValueError: nan is not a number",
    "tensor_nan": "ValueError: nan is not a number",
    "words": "a Tensor with 2 elements cannot be converted to Scalar",
    "no_rows": "ValueError: the measuring function returned no rows",
    "nothing": "TypeError: 'NoneType' object is not iterable",
    "no_mapping": "TypeError: 'int' object is not iterable",
    "takes_a_name": "ValueError: the measuring function names 'seed'",
}
if sys.platform != "linux":  # memory is not bounded elsewhere, and there is no /proc
    ENDS = {deed: end for deed, end in ENDS.items() if not deed.startswith("eats")}
WELL = ("fine", "prints", "leaves_a_thread", "leaves_an_heir")


@pytest.mark.parametrize("deed", ENDS)
def test_whatever_a_job_does_its_end_is_said_in_words(ended: Any, deed: str) -> None:
    error, _ = ended[0][deed]
    assert ENDS[deed] in (error or "")
    assert len(error) < 1200


@pytest.mark.parametrize("deed", WELL)
def test_odd_habits_are_no_failure(ended: Any, deed: str) -> None:
    assert ended[0][deed][0] is None


def test_what_fails_is_recorded_and_the_rest_goes_on(ended: Any) -> None:
    _, measured, failed = ended
    assert set(failed) == set(ENDS)
    assert set(measured) - {"counts_threads"} == set(WELL)


def test_nothing_takes_longer_than_its_limit(ended: Any) -> None:
    assert max(seconds for _, seconds in ended[0].values()) < 3.5


def test_an_heir_that_holds_the_pipe_open_delays_nothing(ended: Any) -> None:
    assert ended[0]["leaves_an_heir"][1] < 2.0
    assert ended[0]["ends_with_an_heir"][1] < 2.0


TORCH = ("large_op", "eats_tensors", "tensor_nan", "words")
FRESH = [deed for deed in (*ENDS, *WELL) if deed not in TORCH]
FRESH_ENDS = {**ENDS, "closes_everything": "took longer than 2 s"}


@pytest.fixture(scope="module")
def ended_fresh(light: Scratch) -> tuple[Ended, dict[str, float], list[str]]:
    """How some deeds ended in fresh processes."""
    pids = light.root / "fresh.txt"
    env = {"PIDS": str(pids), "CUTAWAY_PROCESSES": "6", "CUTAWAY_FORK": "0"}
    found: tuple[Ended, dict[str, float], list[str]] = light.json(RUN, json.dumps(FRESH), **env)
    assert gone(noted(pids), 0.0)
    return found


@pytest.mark.parametrize("deed", FRESH)
def test_without_fork_a_job_ends_in_the_same_words(ended_fresh: Any, deed: str) -> None:
    error, seconds = ended_fresh[0][deed]
    assert FRESH_ENDS.get(deed, "") in (error or "")
    assert (error is None) == (deed in WELL)
    assert seconds < 10


@pytest.mark.parametrize("fork", ["1", "0"])
def test_no_worker_lives_five_seconds_after_its_parent_was_killed(
    light: Scratch, tmp_path: Path, fork: str
) -> None:
    pids = tmp_path / "pids"
    code = RUN.replace('"runs"', "sys.argv[2]").replace("(one, grid", "(one, limit=99, grid")
    args = json.dumps(["sleeps", "holds_the_interpreter"]), tmp_path / "runs"
    env = {"PIDS": str(pids), "CUTAWAY_FORK": fork, "CUTAWAY_PROCESSES": "2"}
    with light.start(code, *args, **env) as parent:
        start = time.monotonic()
        while len(noted(pids)) < 4 and time.monotonic() < start + 60:
            time.sleep(0.02)
        workers = noted(pids) - {parent.pid}  # two, a grandchild, and the launcher if there is one
        assert len(alive(workers)) == (4 if fork == "1" else 3)
        parent.kill()
        assert gone(workers)


@pytest.mark.slow
def test_a_launcher_whose_parent_dies_while_it_starts_ends_too(house: Scratch) -> None:
    code = """
        import time
        from cutaway.kit.fresh import spawn
        print(spawn("cutaway.kit.launcher").pid, flush=True)
        time.sleep(60)
    """
    with house.start(code) as parent:
        assert parent.stdout
        pid = int(parent.stdout.readline())
        parent.kill()
        parent.wait()
        assert gone([pid], 15.0)


def test_no_child_outlives_a_launcher_that_was_killed(light: Scratch, tmp_path: Path) -> None:
    code = RUN.replace('"runs"', "sys.argv[2]").replace("(one, grid", "(one, limit=99, grid")
    pids = tmp_path / "pids"
    args = json.dumps(["holds_the_interpreter"]), tmp_path / "runs"
    with light.start(code, *args, PIDS=str(pids)) as parent:
        start = time.monotonic()
        while len(noted(pids)) < 2 and time.monotonic() < start + 60:
            time.sleep(0.02)
        child, launcher = map(int, pids.read_text().split())
        os.kill(launcher, signal.SIGKILL)
        assert gone([child])
        assert "The process that runs the cells ended" in parent.communicate(timeout=60)[1]


@pytest.mark.parametrize("fork", ["1", "0"])
def test_an_iterator_closed_early_ends_every_worker(
    light: Scratch, tmp_path: Path, fork: str
) -> None:
    code = """
        import json, sys, time
        from pathlib import Path
        from cutaway.kit.executor import job, local
        details = {"lab": "bad", "experiment": "value_by_deed", "faults": None, "seeds": [0]}
        jobs = (
            job("measure", **details, params={"deed": deed}, cells=[""], outs=[sys.argv[1] + deed])
            for deed in ("sleeps", "waits_for_another", "sleeps")
        )
        outcomes = local(jobs)
        print(json.dumps([next(outcomes).job["params"], outcomes.close()]), flush=True)
        time.sleep(60)
    """
    pids = tmp_path / "pids"
    env = {"PIDS": str(pids), "CUTAWAY_FORK": fork, "CUTAWAY_PROCESSES": "2"}
    with light.start(code, tmp_path, **env) as parent:
        assert parent.stdout
        assert json.loads(parent.stdout.readline()) == [{"deed": "waits_for_another"}, None]
        assert len(noted(pids)) == 3
        assert gone(noted(pids) - {parent.pid}, 1.0)


def nothing(count: int) -> Iterator[dict[str, Any]]:
    """Jobs that fail at once."""
    for number in range(count):
        yield job("nothing", number=number)


def test_after_a_stop_no_job_is_started_and_those_that_run_are_awaited(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("CUTAWAY_PROCESSES", "3")
    started: list[int] = []
    ended: list[Outcome] = []

    def jobs() -> Iterator[dict[str, Any]]:
        for one in nothing(100):
            started.append(one["number"])
            yield one

    for outcome in local(jobs(), stop=lambda: len(ended) >= 4):
        ended.append(outcome)
    assert sorted(outcome.job["number"] for outcome in ended) == started
    assert 4 <= len(started) <= 7


def test_without_jobs_no_process_is_started(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(executor, "spawn", lambda _: pytest.fail("a process was started"))
    monkeypatch.setattr(executor, "Worker", lambda _: pytest.fail("a process was started"))
    for fork in ("0", "1"):
        monkeypatch.setenv("CUTAWAY_FORK", fork)
        assert list(local([])) == []
        assert list(local(nothing(3), stop=lambda: True)) == []


@pytest.mark.slow
def test_a_launcher_that_dies_is_a_clear_error(monkeypatch: pytest.MonkeyPatch) -> None:
    launched: list[subprocess.Popen[bytes]] = []

    def spawn(module: str) -> subprocess.Popen[bytes]:
        launched.append(fresh.spawn(module))
        return launched[-1]

    monkeypatch.setattr(executor, "spawn", spawn)
    outcomes = local(nothing(1000))
    next(outcomes)
    launched[0].kill()
    with pytest.raises(Unavailable, match="ended"):
        list(outcomes)


@pytest.mark.parametrize(("asked", "found"), [("1", 1), ("7", 7), ("0", 1)])
def test_the_number_of_processes_can_be_chosen(
    monkeypatch: pytest.MonkeyPatch, asked: str, found: int
) -> None:
    monkeypatch.setenv("CUTAWAY_PROCESSES", asked)
    assert processes() == found


def test_a_number_of_processes_that_is_none_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUTAWAY_PROCESSES", "many")
    with pytest.raises(UsageError, match="CUTAWAY_PROCESSES is 'many'"):
        processes()


def test_workers_run_this_very_package_whatever_else_is_on_the_path(house: Scratch) -> None:
    other = house.root / "other" / "cutaway"
    other.mkdir(parents=True)
    (other / "__init__.py").write_text("raise ImportError('not this one')\n")
    (other.parent / "torch.py").write_text("raise ImportError('not this one either')\n")
    code = f"""
        import json, os, sys
        from cutaway.kit.fresh import spawn
        os.environ["PYTHONPATH"] = {str(other.parent)!r}
        os.chdir({str(other.parent)!r})
        process = spawn("cutaway.kit.words")
        print(json.dumps([process.wait(30), process.stdin.close(), process.stdout.close()]))
    """
    assert house.json(code) == [0, None, None]


def test_the_output_of_a_job_is_bounded(tmp_path: Path) -> None:
    code = """
        import sys
        from cutaway.kit import bounds
        bounds.MOST_OUTPUT = 5000
        bounds.limit_output()
        try:
            with open(sys.argv[1], "wb") as file:
                for _ in range(100):
                    file.write(b"x" * 1000)
                    file.flush()
        except OSError as error:
            print(error.strerror)
    """
    command = [sys.executable, "-c", textwrap.dedent(code), str(tmp_path / "x")]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.stdout.strip() == "File too large", done.stderr
    assert (tmp_path / "x").stat().st_size == 5000


@pytest.mark.parametrize("size", [10, 2**24 + 10])
def test_a_full_log_is_left_alone(tmp_path: Path, size: int) -> None:
    log = tmp_path / "log.txt"
    log.write_bytes(b"\0" * size)
    code = (
        "import sys; from cutaway.kit.bounds import be_quiet; be_quiet(sys.argv[1]); print('hello')"
    )
    done = subprocess.run([sys.executable, "-c", code, str(log)], capture_output=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    assert log.stat().st_size == (size + len("hello\n") if size == 10 else size)


def test_the_launcher_has_one_thread_since_a_child_of_two_would_hang(ended: Any) -> None:
    assert ended[1].get("counts_threads", 1) == 1


def test_what_the_machine_lacks_is_no_outcome_of_a_job() -> None:
    answer = {"unavailable": ["the disk is full", "Free some"], "seconds": 0.1, "id": 3}
    with pytest.raises(Unavailable, match="the disk is full") as caught:
        executor._outcome(job("measure"), answer)
    assert caught.value.next_step == "Free some"


@pytest.mark.slow
def test_the_launcher_prepares_itself_with_one_thread(house: Scratch) -> None:
    assert (
        house.json("""
        import json, os
        from cutaway.kit.launcher import preload, preload_tests
        preload()
        preload_tests()
        print(json.dumps(len(os.listdir("/proc/self/task"))))
    """)
        == 1
    )
