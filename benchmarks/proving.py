"""Proving a fault: its named killer on its broken copy, forked from one launcher or started afresh.

    python benchmarks/proving.py

The two are interleaved, one job at a time, and only their ratio is worth carrying elsewhere.
"""

from __future__ import annotations

import os
import time
from statistics import median

from cutaway.kit.executor import job, local
from cutaway.kit.jobs import spec
from cutaway.kit.labs import load
from cutaway.kit.results import read

LAB = "bigram"


def main() -> None:
    """Print the median seconds of a fault by either way, and their ratio."""
    lab = load(LAB)
    killers = {name: one["killer"] for name, one in read(lab).receipts["faults"].items()}
    os.environ["CUTAWAY_PROCESSES"] = "1"
    jobs = [
        job("test", lab=LAB, fault=f.name, faults=spec([f]), tests=[killers[f.name]])
        for f in lab.faults
    ]
    taken: dict[str, list[float]] = {"1": [], "0": []}
    forked = local(jobs)
    for one in jobs:
        start = time.perf_counter()
        next(forked)
        middle = time.perf_counter()
        os.environ["CUTAWAY_FORK"] = "0"
        list(local([one]))
        os.environ["CUTAWAY_FORK"] = "1"
        taken["1"].append(middle - start)
        taken["0"].append(time.perf_counter() - middle)
    fork, fresh = median(taken["1"]), median(taken["0"])
    print(f"{len(jobs)} faults of {LAB}: {fork:.2f} s forked, {fresh:.2f} s in a fresh process")
    print(f"ratio {fresh / fork:.1f}")


if __name__ == "__main__":
    main()
