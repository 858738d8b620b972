"""What a job takes in earnest, in a fresh process, is what was planned for it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import Any

import pytest

import cutaway

from .memory import SCATTER
from .memory_trace import plan
from .test_memory_trace import gpt_job


def environment() -> dict[str, str]:
    """That of a process which finds what this one runs."""
    return {**os.environ, "PYTHONPATH": str(Path(cutaway.__file__).parents[1])}


def taken(mapped: bool, **sizes: Any) -> int:
    """What a job took in a fresh process, once one like it had loaded the code."""
    code = (
        "import json, sys, torch\nfrom functools import partial\n"
        "from cutaway.runs.memory import sparing\nfrom cutaway.runs.memory_trace import peak\n"
        "from cutaway.runs.test_memory_trace import gpt_job\n"
        "torch.set_num_threads(1)\nmapped, sizes = json.loads(sys.argv[1])\n"
        "mapped and sparing()\npeak(partial(gpt_job, **sizes | {'vocab': 65, 'context': 16,\n"
        "    'width': 64, 'depth': 1, 'batch': 2, 'part': 1}))\n"
        "print(peak(partial(gpt_job, **sizes)))"
    )
    command = [sys.executable, "-c", code, json.dumps([mapped, sizes])]
    return int(subprocess.check_output(command, env=environment(), text=True))


CASES: list[dict[str, Any]] = [
    {"vocab": 8192, "context": 256, "width": 256, "depth": 4},
    {"vocab": 8192, "context": 256, "width": 256, "depth": 4, "part": 2},
    {"vocab": 8192, "context": 256, "width": 256, "depth": 4, "half": True},
    {"style": "llama", "vocab": 8192, "context": 128, "width": 512, "part": 2, "optimizer": "muon"},
    {"vocab": 8192, "context": 64, "width": 512, "depth": 8, "batch": 1},
]


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="only glibc can be told to give back at once")
@pytest.mark.parametrize("sizes", CASES)
def test_a_job_takes_what_was_planned(sizes: dict[str, Any]) -> None:
    took = taken(True, **sizes)
    assert plan(partial(gpt_job, **sizes)).total == pytest.approx(took, rel=0.15)


@pytest.mark.slow
def test_an_allocator_left_alone_holds_more_and_no_more_than_is_said() -> None:
    planned = plan(partial(gpt_job, **CASES[0]))
    assert planned.total < taken(False, **CASES[0]) < SCATTER * planned.total
