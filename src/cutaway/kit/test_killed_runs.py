"""Runs: they go on where they stopped, and end in the same table."""

from __future__ import annotations

import random
from collections.abc import Iterable
from contextlib import ExitStack

import pytest

from .conftest import Checkout, Scratch, answer

RUN = """
    import json, sys
    from pathlib import Path
    from cutaway.kit.labs import load
    from cutaway.kit.results import judge
    from cutaway.kit.running import Plan, execute
    lab = load("tiny")
    plan = Plan(lab, lab.experiments[0], Path(sys.argv[1]))
    count = 0
    for _, outcome in execute([plan]):
        count += 1
        print(count, outcome.error, flush=True)
    table = plan.table()
    print(json.dumps([table.digest(), count, len(table), len(table.failed)]))
"""


@pytest.fixture(scope="module")
def house(checkout: Checkout) -> Scratch:
    """A checkout whose tiny lab has twenty-four cells."""
    scratch = checkout().without_torch()
    path = scratch.package / "atoms" / "tiny" / "lab.py"
    path.write_text(path.read_text().replace("seeds=3", "seeds=12"))
    return scratch


@pytest.fixture(scope="module")
def undisturbed(house: Scratch) -> str:
    """The digest of the table of a run that nobody disturbed, in one process."""
    digest, *counts = house.json(RUN, "undisturbed", CUTAWAY_PROCESSES="1")
    assert counts == [24, 24, 0]
    return str(digest)


def test_two_runs_at_once_both_end_well_with_the_table_of_one(
    house: Scratch, undisturbed: str
) -> None:
    with ExitStack() as stack:
        env = {"CUTAWAY_PROCESSES": "2", "TINY_SLEEP": "0.05"}
        both = [stack.enter_context(house.start(RUN, "shared", **env)) for _ in range(2)]
        found = [answer(process) for process in both]
    assert [one[0] for one in found] == [undisturbed] * 2
    assert 24 <= sum(one[1] for one in found) <= 48


def test_a_finished_run_has_nothing_left_to_do(house: Scratch, undisturbed: str) -> None:
    assert house.json(RUN, "undisturbed") == [undisturbed, 0, 24, 0]


@pytest.mark.slow
def test_without_fork_the_table_is_the_same(house: Scratch, undisturbed: str) -> None:
    assert house.json(RUN, "fresh", CUTAWAY_FORK="0")[0] == undisturbed


def killed_after(house: Scratch, folder: str, count: int) -> int:
    """The number of cells that stand after a run was killed when so many had ended."""
    with house.start(RUN, folder, TINY_SLEEP="0.03") as process:
        assert process.stdout
        for _ in range(count):
            assert process.stdout.readline().endswith("None\n")
        process.kill()
        process.wait()
    return len(list((house.root / folder / "cells").glob("[!.]*.json")))


def disturbed(house: Scratch, folder: str, counts: Iterable[int]) -> str:
    """The digest of the table of a run that was killed after so many cells, time and again."""
    before = 0
    for count in counts:
        after = killed_after(house, folder, count)
        assert before + count <= after < 24
        before = after
    digest, measured, rows, failed = house.json(RUN, folder)
    assert (rows, failed) == (24, 0)
    assert 0 <= 24 - before - measured <= 2  # each process may end a cell after the count
    return str(digest)


def test_a_run_that_was_killed_twice_goes_on_to_the_same_table(
    house: Scratch, undisturbed: str
) -> None:
    counts = [random.randint(1, 8) for _ in range(2)]
    assert disturbed(house, "twice", counts) == undisturbed, counts


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_runs_killed_after_ten_random_counts_go_on_to_the_same_table(
    house: Scratch, undisturbed: str
) -> None:
    for number, count in enumerate(random.sample(range(1, 21), 10)):
        assert disturbed(house, f"killed{number}", [count]) == undisturbed, count


def test_a_full_disk_ends_the_run_at_once_and_says_so(house: Scratch) -> None:
    said = house.json("""
        import json, os
        from pathlib import Path
        from cutaway.errors import Unavailable
        from cutaway.kit.labs import load
        from cutaway.kit.running import Plan, execute
        lab = load("tiny")
        plan = Plan(lab, lab.experiments[0], Path("full"))
        Path("full").mkdir()
        Path("full/cells").write_text("a file in the way")
        count = 0
        try:
            for _ in execute([plan]):
                count += 1
        except Unavailable as error:
            print(json.dumps([count, error.what, error.next_step]))
    """)
    assert said[0] == 0
    assert "a file stands where a folder is needed. Earlier results are intact." in said[1]
    assert "run the same command again" in said[2]


def test_rows_of_a_job_go_to_the_files_of_their_seeds(checkout: Checkout, undisturbed: str) -> None:
    scratch = checkout().without_torch()
    path = scratch.package / "atoms" / "tiny" / "lab.py"
    text = path.read_text().replace("seeds=3", "seeds=12, together=True")
    whole = """def value_by_fault(world, *, seeds):
    for seed in reversed(seeds):
        for row in one(world, seed):
            yield {"seed": seed, **row}


def one(world, seed):"""
    path.write_text(text.replace("def value_by_fault(world, *, seed):", whole))
    digest, *counts = scratch.json(RUN, "together")
    assert (digest, counts) == (undisturbed, [2, 24, 0])
