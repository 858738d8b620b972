"""The manifest of recorded results: what they were measured on and with, and what they decided."""

from __future__ import annotations

import platform
import sys
from collections.abc import Mapping
from contextlib import suppress
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

from cutaway.data.opening import corpus
from cutaway.runs.disk import write_files
from cutaway.runs.sealing import digest, sealed

from .digests import experiment_inputs, receipt_inputs
from .pairs import correlation
from .receipts import Matrix
from .results import judge, verdicts
from .tables import Table
from .words import Experiment, Lab

KIND = ("torch", "system", "cpu", "capability", "threads")


def record(
    lab: Lab,
    tables: Mapping[str, Table],
    matrix: Matrix | None,
    folder: Path,
    wall: float,
    seconds: Mapping[str, float],
    elsewhere: Mapping[str, Mapping[str, Any]] = MappingProxyType({}),
) -> dict[str, Any]:
    """The manifest, written into a folder with the tables and receipts: all of them or none.

    `elsewhere` has the environments of experiments that were not measured in this one.
    """
    by_name = {experiment.name: experiment for experiment in lab.experiments}
    manifest: dict[str, Any] = {
        "lab": lab.name,
        "environment": environment(),
        "wall_seconds": round(wall, 1),
        "claims": verdicts(lab, judge(lab, tables)),
        "experiments": {
            name: {
                "inputs": experiment_inputs(lab, by_name[name]),
                "content": table.digest(),
                "exact": by_name[name].exact,
                "rows": len(table),
                "failed": len(table.failed),
                "quick": table.quick,
                "data": {one: corpus(one).digest for one in by_name[name].data},
                "seeds": _seeds(table),
                "seconds_a_cell": round(seconds[name], 3),
                "correlation": correlations(by_name[name], table),
                **({"environment": dict(elsewhere[name])} if _other(elsewhere.get(name)) else {}),
            }
            for name, table in tables.items()
        },
    }
    files = {f"{name}.json": table.to_json() for name, table in tables.items()}
    if matrix is not None:
        receipts = matrix.content()
        files["receipts.json"] = sealed(receipts)
        manifest["receipts"] = {"inputs": receipt_inputs(lab), "content": digest(receipts)}
    files["manifest.json"] = sealed(manifest)
    write_files({folder / name: text for name, text in files.items()})
    return manifest


def _other(where: Mapping[str, Any] | None) -> bool:
    """Whether an environment is another one than this."""
    return where is not None and where != environment()


def _seeds(table: Table) -> list[Any]:
    """The seeds that were measured."""
    return sorted(
        {*(table.values("seed") if table.rows else ()), *(f["seed"] for f in table.failed)}
    )


def correlations(experiment: Experiment, table: Table) -> dict[str, float]:
    """How well each fault's outcomes are paired with the control's, seed by seed."""
    if not experiment.outcome or set(experiment.grid) != {"fault"} or not table.rows:
        return {}
    found = {}
    for fault in table.values("fault"):
        if fault is not None:
            with suppress(ValueError):
                paired = correlation(table, experiment.outcome, {"fault": fault}, {"fault": None})
                found[str(fault)] = round(paired, 3)
    return found


@cache
def environment() -> dict[str, Any]:
    """What a result depends on besides its sources."""
    import numpy
    import torch

    return {
        "python": platform.python_version(),
        "torch": torch.__version__.partition("+")[0],
        "numpy": numpy.__version__,
        "system": f"{platform.system()} {platform.machine()}",
        "cpu": _cpu(),
        "capability": torch.backends.cpu.get_cpu_capability(),
        "threads": 1,
    }


def same_kind(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether two environments promise bit-equal results; two makers' processors do not."""
    return all(one.get(key) == other.get(key) for key in KIND)


def _cpu() -> str:
    """The processor's name."""
    if sys.platform == "linux":
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or "unknown"
