"""Healthy runs of the settings that many will take, which `cutaway train` holds a run against.

    python benchmarks/healthy.py [--family NAME ...] [--seeds N] [--folder FOLDER] [--at-once N]
        [--out FILE]

Each is a run of `cutaway train` in a process and a folder of its own, on one thread, and is judged
often, so that runs judged at other steps have some in common with it. Called again after it was
stopped, this goes on with the runs in the folder. In the end it names the runs that are not in the
band of their family's others, of which there should be few, and writes the file.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from statistics import fmean, stdev

from cutaway.runs.disk import write_file
from cutaway.verbs.training import healthy
from cutaway.verbs.training.healthy import Family
from cutaway.verbs.training.kin import judged
from cutaway.verbs.training.normal import Normal, band

SEEDS, EVERY = 8, 50
FAMILIES = {
    "default": "",
    "bf16": "--precision bf16",
    "gpt2": "--style gpt2",
    "qwen3": "--style qwen3",
    "muon": "--optimizer muon",
    "fast": "--style qwen3 --optimizer muon --precision bf16",
}
KEEPING = ("--threads", "1", "--judge-every", str(EVERY), "--sample-every", "0", "--keep", "1")


def command(run: Path, asked: str, seed: int) -> list[str]:
    """How a run is begun, or gone on with."""
    train = [sys.executable, "-m", "cutaway", "train"]
    if (run / "config.json").is_file():
        return [*train, "--resume", str(run)]
    where = ("--out", str(run.parent), "--name", run.name)
    return [*train, "shakespeare", *asked.split(), "--seed", str(seed), *KEEPING, *where]


def is_done(run: Path) -> bool:
    """Whether a run is there and was done."""
    return (run / "telemetry.jsonl").is_file() and judged(run)[1]


def trained(run: Path, asked: str, seed: int) -> float:
    """The seconds that a run took now."""
    start = time.monotonic()
    if not is_done(run):
        run.parent.mkdir(parents=True, exist_ok=True)
        one_thread = {**os.environ, "OMP_NUM_THREADS": "1"}
        with (run.parent / f"{run.name}.log").open("a", encoding="utf-8") as log:
            subprocess.run(
                command(run, asked, seed), check=True, stdout=log, stderr=log, env=one_thread
            )
    return time.monotonic() - start


def families(
    folder: Path, asked: Mapping[str, str], seeds: Sequence[int], at_once: int
) -> dict[str, Family]:
    """The families that are asked for, once all of their runs are done."""
    todo = {folder / name / f"seed-{seed}": (name, seed) for name in asked for seed in seeds}
    start = time.monotonic()
    with ThreadPoolExecutor(at_once) as pool:
        begun = {
            pool.submit(trained, run, asked[name], seed): run for run, (name, seed) in todo.items()
        }
        try:
            for count, one in enumerate(as_completed(begun), 1):
                took, passed, run = one.result(), time.monotonic() - start, begun[one]
                last = judged(run)[0].popitem()[1]
                print(f"{count:3} of {len(todo)}: {run.parent.name} {run.name}", end=" ")
                print(f"{last:.4f} nats, {took:.0f} s; {passed / 60:.1f} min in all", flush=True)
        except BaseException:
            pool.shutdown(wait=True, cancel_futures=True)
            raise
    return {
        name: healthy.family([run for run, (its, _) in todo.items() if its == name])
        for name in asked
    }


def told(name: str, family: Family) -> None:
    """Print where a family ended, and which of it are not in the band of the others."""
    curves = family.curves
    last = [curve[max(curve)] for curve in curves.values()]
    print(f"{name}: {fmean(last):.4f} nats, deviation {stdev(last):.4f}, {len(last)} runs")
    for seed, curve in curves.items():
        others = [one for other, one in curves.items() if other != seed]
        odd = Normal(band(others, curve.keys()), f"the {len(others)} others").odd(curve)
        if odd:
            print(f"  seed {seed}: {odd}")


def main(
    folder: Path,
    out: Path,
    seeds: int = SEEDS,
    at_once: int = 2,
    asked: Mapping[str, str] = FAMILIES,
) -> None:
    """Train what is lacking, and write the file."""
    found = families(folder, asked, range(seeds), at_once)
    for name, family in found.items():
        told(name, family)
    raw = healthy.written(found.values())
    write_file(out, raw)
    print(f"{out}: {len(raw):,} bytes")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--family", nargs="+", choices=FAMILIES, default=list(FAMILIES))
    parser.add_argument("--seeds", type=int, default=SEEDS)
    parser.add_argument("--folder", type=Path, default=Path("runs") / "healthy")
    parser.add_argument("--at-once", type=int, default=min(os.cpu_count() or 1, 2))
    parser.add_argument("--out", type=Path, default=Path(str(healthy.FILE)))
    given = parser.parse_args()
    asked = {name: FAMILIES[name] for name in given.family}
    main(given.folder, given.out, given.seeds, given.at_once, asked)
