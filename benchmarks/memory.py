"""The plan of a job's memory against what the job really took, in a fresh process each.

    python benchmarks/memory.py
    python benchmarks/memory.py --command

Twice for each job: where large blocks are given back at once (`sparing`), which is what a plan
promises, and with the allocator as the system has it, which holds on to more and is faster. Then,
or alone, `cutaway train` itself, begun and resumed, against what it said: a step each, beyond what
a tiny run took. The step of a resumed one is not looked at, and so it may take less.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch
from conditions import conditions

from cutaway.runs.memory import LARGE, sparing
from cutaway.runs.memory_trace import peak, plan
from cutaway.runs.test_memory_trace import gpt_job

MB = 1e6
NAMES = ("style", "vocab", "context", "width", "depth", "batch", "part", "optimizer", "half")
TINY = {"vocab": 65, "context": 16, "width": 64, "depth": 1, "batch": 2, "judged": 0}
BOUND = 0.15  # of the peak, or for small jobs this many bytes
SMALL = 30 * MB
COMMANDS = (
    "--optimizer momentum --width 512 --depth 8 --heads 8 --context 8 --batch 8",
    "--optimizer adamw --width 512 --depth 8 --heads 8 --context 8 --batch 8",
    "--optimizer muon --style gpt2 --width 384 --depth 6 --heads 6 --context 128 --batch 8",
    "--optimizer adamw --style qwen3 --width 256 --depth 4 --context 512 --batch 8 --parts 4",
)
LEAST = "--width 64 --depth 1 --heads 1 --context 8 --batch 1"
TRAIN = "train --compile no --threads 1 --steps 3"


def jobs() -> list[dict[str, Any]]:
    """Jobs of every size, style, optimizer and precision that a laptop can take."""
    rows: list[tuple[str, int, int, int, int, int, int, str, bool, int]] = [
        ("gpt2", 65, 64, 64, 2, 1, 1, "sgd", False, 0),
        ("gpt2", 65, 64, 64, 2, 32, 32, "adamw", False, 0),
        ("llama", 65, 128, 64, 4, 16, 16, "muon", False, 0),
        ("gpt2", 256, 128, 128, 4, 8, 8, "adamw", False, 0),
        ("llama", 256, 256, 128, 6, 8, 8, "adamw", False, 0),
        ("gpt2", 256, 256, 128, 8, 16, 4, "adamw", False, 0),
        ("gpt2", 1024, 64, 256, 4, 32, 32, "muon", False, 0),
        ("llama", 1024, 512, 128, 2, 4, 4, "sgd", False, 0),
        ("gpt2", 1024, 256, 256, 6, 4, 4, "adamw", True, 0),
        ("llama", 1024, 256, 256, 6, 8, 2, "muon", True, 0),
        ("gpt2", 8192, 64, 64, 2, 32, 32, "adamw", False, 0),
        ("gpt2", 8192, 128, 256, 4, 8, 8, "adamw", False, 0),
        ("gpt2", 8192, 256, 256, 4, 8, 8, "adamw", False, 0),
        ("gpt2", 8192, 256, 256, 4, 8, 2, "adamw", False, 0),
        ("gpt2", 8192, 256, 256, 4, 8, 8, "adamw", True, 0),
        ("llama", 8192, 128, 512, 4, 4, 4, "adamw", False, 0),
        ("llama", 8192, 128, 512, 8, 4, 1, "muon", False, 0),
        ("gpt2", 8192, 64, 512, 8, 1, 1, "adamw", False, 0),
        ("gpt2", 4096, 512, 256, 2, 2, 2, "muon", False, 0),
        ("gpt2", 4096, 512, 512, 4, 2, 1, "sgd", True, 0),
        ("llama", 4096, 256, 256, 8, 4, 4, "adamw", True, 0),
        ("gpt2", 256, 128, 128, 4, 2, 2, "adamw", False, 32),
        ("llama", 1024, 128, 256, 4, 4, 4, "sgd", False, 16),
        ("gpt2", 65, 512, 64, 8, 4, 4, "adamw", False, 0),
        ("llama", 8192, 256, 256, 4, 8, 8, "muon", False, 0),
    ]
    return [dict(zip((*NAMES, "judged"), row, strict=True)) for row in rows]


def measure(job: dict[str, Any], mapped: bool) -> tuple[float, float]:
    """The peak of a job in bytes and its seconds, in this process, which should be a fresh one."""
    torch.set_num_threads(1)
    if mapped and not sparing():
        print("this system's allocator cannot be told to give back at once", file=sys.stderr)
    tiny = job | TINY | {"part": 1, "judged": job["judged"] and 1}
    peak(partial(gpt_job, **tiny))
    start = time.process_time()
    return peak(partial(gpt_job, **job)), time.process_time() - start


def afresh(job: dict[str, Any], mapped: bool) -> tuple[float, float]:
    """The same in a fresh process."""
    command = [sys.executable, __file__, json.dumps([job, mapped])]
    bytes_, seconds = json.loads(subprocess.check_output(command))
    return bytes_, seconds


def commanded(words: str) -> tuple[float, float]:
    """What `cutaway` said that it needs, and its highest level, in bytes; it stops after a step."""
    command = [sys.executable, "-m", "cutaway", *words.split(), "--budget", "0s"]
    mapped = {**os.environ, "MALLOC_MMAP_THRESHOLD_": str(LARGE)}  # as `sparing` does
    with subprocess.Popen(command, env=mapped, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr
        said = process.stderr.read()
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    found = re.search(r"needs ([\d.]+) (GB|MB)", said)
    if process.returncode or not found:
        raise SystemExit(said)
    return float(found[1]) * {"GB": 1e9, "MB": MB}[found[2]], used.ru_maxrss * 1024.0


def commands() -> None:
    """Print a row for each run of `cutaway train`, begun and then resumed."""
    with TemporaryDirectory() as folder:
        for number, asked in enumerate(COMMANDS):
            levels = []
            rule = " ".join(asked.split()[:2])
            for name, sizes in (("least", f"{rule} {LEAST}"), ("full", asked)):
                place = Path(folder) / f"{number}-{name}"
                begun = commanded(f"{TRAIN} --out {place.parent} --name {place.name} {sizes}")
                levels.append((begun, commanded(f"train --resume {place}")))
            for what, (_, least), (planned, level) in zip(
                ("begun", "resumed"), *levels, strict=True
            ):
                took = level - least
                print(f"{asked}, {what}: {planned / MB:.0f} planned,", end=" ")
                print(f"{took / MB:.0f} taken ({planned / took - 1:+.1%})", flush=True)


def main() -> None:
    """Print a row for each job, and how many are within the bound."""
    print(*NAMES, "judged |", end=" ")
    print(
        "MB planned (weights gradients optimizer activations) took error | default | plan s, CPU s"
    )
    good, ratios, chosen = 0, [], jobs()
    for job in chosen:
        start = time.perf_counter()
        planned = plan(partial(gpt_job, **job))
        planning = time.perf_counter() - start
        (took, slow), (held, fast) = afresh(job, True), afresh(job, False)
        error, ratio = planned.total / took - 1, held / planned.total
        good += abs(planned.total - took) <= max(BOUND * took, SMALL)
        ratios.append(ratio)
        parts = " ".join(f"{one / MB:.1f}" for one in vars(planned).values())
        print(*job.values(), f"| {planned.total / MB:.1f} ({parts}) {took / MB:.1f}", end=" ")
        print(f"{error:+.1%} | {held / MB:.1f} {ratio:.2f}", end=" ")
        print(f"| {planning:.2f} s, {slow:.1f} and {fast:.1f} s", flush=True)
    print(f"{good} of {len(chosen)} within 15 % or 30 MB;", end=" ")
    print(f"by default {min(ratios):.2f} to {max(ratios):.2f} times the plan")


if __name__ == "__main__":
    if sys.argv[1:] not in ([], ["--command"]):
        print(json.dumps(measure(*json.loads(sys.argv[1]))))
    else:
        torch.set_num_threads(1)
        print(conditions(), flush=True)
        if not sys.argv[1:]:
            main()
        commands()
