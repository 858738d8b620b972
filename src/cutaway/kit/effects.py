"""What a break does to an experiment's outcome: an effect with its interval, at each grid point."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from .pairs import paired
from .statistics import Interval, Undecidable, equivalence_p, interval
from .tables import Table
from .words import Experiment, Scalar


@dataclass(frozen=True)
class Effect:
    """The difference that a break makes to one column, at one point of the grid."""

    column: str
    point: Mapping[str, Scalar]
    margin: float
    found: Interval | None
    equal: bool
    because: str
    at: str = ""  # the point in words, without what the whole grid has in common

    def __str__(self) -> str:
        """The effect in a sentence."""
        at = "".join(f", {name} {value}" for name, value in self.point.items())
        if self.found is None:
            return f"{self.column}{at}: not measurable: {self.because}"
        one = self.found
        if one.mean == one.sd == 0:
            return f"{self.column}{at}: no change at all, in any of {one.n} seeds"
        read = f"{one.mean:+.4g} (95 % interval {one.low:+.4g} to {one.high:+.4g}, {one.n} seeds)"
        if one.low <= 0 <= one.high or self.equal:
            kind = (
                f"no effect of {self.margin:g} or more"
                if self.equal
                else "no measurable effect at this power"
            )
            return f"{self.column}{at}: {kind}: {read}"
        return f"{self.column}{at}: {read}"


def effects(experiment: Experiment, table: Table, fault: str) -> list[Effect]:
    """The effect of a fault on an experiment's outcome, at each point of the rest of its grid."""
    if experiment.outcome is None:
        return []
    rest = [name for name in experiment.grid if name not in ("fault", "seed")]
    values = dict.fromkeys(tuple(row[name] for name in rest) for row in table.dicts())
    points = [dict(zip(rest, one, strict=True)) for one in values] or [{}]
    varies = [name for name in rest if len({str(point.get(name)) for point in points}) > 1]
    found = [_effect(experiment, table, fault, point) for point in points]
    words = ["".join(f", {name} {point[name]}" for name in varies) for point in points]
    return [replace(one, at=at) for one, at in zip(found, words, strict=True)]


def _effect(experiment: Experiment, table: Table, fault: str, point: dict[str, Scalar]) -> Effect:
    """The effect of a fault at one point."""
    column, margin = experiment.outcome or "", experiment.margin or 0.0
    here = table.where(**point)  # it may have more seeds than other points
    try:
        differences = paired(here, column, {**point, "fault": fault}, {**point, "fault": None})
        equal = margin > 0 and equivalence_p(differences, margin) < 0.05
        return Effect(column, point, margin, interval(differences), equal, "")
    except Undecidable as reason:
        return Effect(column, point, margin, None, False, str(reason))
