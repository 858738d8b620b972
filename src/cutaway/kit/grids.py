"""The points of an experiment's grid, and how many seeds each of them gets."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from cutaway.errors import UsageError

from .words import Experiment, Scalar


def form(experiment: Experiment, quick: bool) -> tuple[dict[str, Sequence[Scalar]], int]:
    """The grid and the number of seeds, full or quick."""
    changed = dict(experiment.quick) if quick else {}
    seeds = int(changed.pop("seeds", experiment.seeds))
    return {**experiment.grid, **changed}, seeds


def points(
    experiment: Experiment, quick: bool = False, faults: Sequence[Scalar] | None = None
) -> list[tuple[dict[str, Scalar], int]]:
    """The points of a grid, each with the number of its seeds; other faults may be asked for."""
    grid, seeds = form(experiment, quick)
    grid = {**grid, "fault": faults} if faults else grid
    every = [dict(zip(grid, point, strict=True)) for point in itertools.product(*grid.values())]
    if quick or faults:
        return [(params, seeds) for params in every]
    for wanted in experiment.at:
        if not any(wanted.items() <= params.items() for params in every):
            what = f"The experiment {experiment.name!r} asks for more seeds at {dict(wanted)}"
            raise UsageError(f"{what}, which its grid does not have.", "Correct `at`.")
    more = max(seeds, experiment.more)
    deep = [any(wanted.items() <= params.items() for wanted in experiment.at) for params in every]
    return [(params, more if chosen else seeds) for params, chosen in zip(every, deep, strict=True)]
