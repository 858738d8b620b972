"""Series: what of a table a figure can draw, seed by seed, and in words what it cannot."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from cutaway.errors import UsageError

from ..statistics import FEWEST, HUGE, interval
from ..tables import Table
from ..words import Figure, Row, Scalar
from .labels import count_of, cut, word

# Distinct to colour-blind eyes, and at least 3:1 against white and against near-black.
PALETTE = ("#0a7cc4", "#d55e00", "#009e73", "#cc79a7", "#8f4bff", "#e5004c")
DASHES = ("-", "--", ":", "-.")  # after each turn of the palette
DOTS = dict(zip(DASHES, "os^D", strict=True))
INK = "#010203"  # drawn where the page's own text colour shall stand


@dataclass(frozen=True)
class Series:
    """One value of the colour column: at each x a number per seed, and in words what is missing.

    `ends` are those of a band that the table itself states.
    """

    name: str
    ink: str
    dash: str
    seeds: Mapping[Scalar, Sequence[float]]
    missing: str
    ends: Mapping[Scalar, tuple[float, float]] = field(default_factory=dict)

    @property
    def gid(self) -> str:
        """The end of the id by which a page finds this series."""
        return f"series-{quote(self.name, safe='')}"

    @property
    def label(self) -> str:
        """The name, cut if long, and what is missing, never cut."""
        return f"{cut(self.name)}: {self.missing}" if self.missing else cut(self.name)

    def summary(self, x: Scalar) -> tuple[float, float, float]:
        """The mean at an x, and the ends of the band there: the table's, or its 95 % interval."""
        mean, low, high = mean_of(self.seeds[x])
        return mean, *self.ends.get(x, (low, high))


def is_finite(value: Any) -> bool:
    """Whether something was measured and is a number."""
    return isinstance(value, bool | int | float) and abs(value) < HUGE


def has_diverged(row: Row, column: str) -> bool:
    """Whether a value is missing because it left the numbers, and not because none was taken."""
    return not is_finite(row[column]) and (row[column] is not None or bool(row.get("diverged")))


def per_seed(rows: Sequence[Row], y: str) -> list[float]:
    """One number for each seed, the mean of its rows; without seeds each row is one."""
    values: dict[Scalar, list[float]] = {}
    for index, row in enumerate(rows):
        if is_finite(row[y]):
            values.setdefault(row.get("seed", index), []).append(float(row[y]))
    return [math.fsum(some) / len(some) for some in values.values()]


def mean_of(values: Sequence[float]) -> tuple[float, float, float]:
    """The mean of some seeds and the ends of its 95 % interval; NaN where there is none."""
    if len(values) >= FEWEST:
        whole = interval(values)
        return whole.mean, whole.low, whole.high
    return (math.fsum(values) / len(values) if values else math.nan), math.nan, math.nan


def values_of(table: Table, column: str) -> list[Scalar]:
    """The distinct values of a column, in the rows and then in the cells that failed."""
    asked = [failure["params"] for failure in table.failed]
    return list(dict.fromkeys(row[column] for row in (*table.dicts(), *asked) if column in row))


def in_order(xs: Sequence[Any]) -> list[Any]:
    """Numbers by size, anything else in order of appearance."""
    return sorted(xs) if all(is_finite(x) for x in xs) else list(xs)


def _hidden(figure: Figure, x: Scalar, y: float) -> bool:
    """Whether a point has no place on a logarithmic axis."""
    left = "x" in figure.log and is_finite(x) and float(x or 0) <= 0
    return left or ("y" in figure.log and y <= 0)


def _seeds(rows: Sequence[Row], figure: Figure) -> tuple[dict[Scalar, list[float]], int]:
    """What of a series can be drawn, for each x a number per seed, and how many points cannot."""
    at: dict[Scalar, list[Row]] = {}
    for row in rows:
        at.setdefault(row[figure.x], []).append(row)
    seeds = {}
    hidden = 0
    for x, some in at.items():
        values = per_seed(some, figure.y)
        if figure.mark == "point":
            seeds[x] = [value for value in values if not _hidden(figure, x, value)]
            hidden += len(values) - len(seeds[x])
        else:
            out = _hidden(figure, x, mean_of(values)[0])
            seeds[x] = [] if out else values
            hidden += out
    return seeds, hidden


def missing_of(
    rows: Sequence[Row], places: Sequence[str], column: str, failed: int, hidden: int
) -> str:
    """What of a series is not drawn, in words; nothing if all is.

    A seed lacks a number at a place if none of its rows there has one: another may not apply.
    """
    each: dict[Any, list[Row]] = {}
    for at, row in enumerate(rows):
        each.setdefault((*(row[one] for one in places), row.get("seed", at)), []).append(row)
    lost = [some for some in each.values() if not any(is_finite(row[column]) for row in some)]
    diverged = sum(any(has_diverged(row, column) for row in some) for some in lost)
    if len(lost) == len(each):
        return "diverged" if diverged else "no number" if rows else "not measured"
    said = {
        f"{diverged} of {len(each)} diverged": diverged,
        f"{len(lost) - diverged} of {len(each)} no number": len(lost) - diverged,
        f"{count_of(failed, 'run')} not measured": failed,
        f"{hidden} at or below 0": hidden,
    }
    return ", ".join(words for words, count in said.items() if count)


def _ends(rows: Sequence[Row], figure: Figure) -> dict[Scalar, tuple[float, float]]:
    """What the columns `y_low` and `y_high` beside a column `y` say, where they are numbers."""
    sides = f"{figure.y}_low", f"{figure.y}_high"
    some = [row for row in rows if all(is_finite(row.get(side)) for side in sides)]
    return {row[figure.x]: (float(row[sides[0]]), float(row[sides[1]])) for row in some}


def _one(value: Scalar, look: tuple[str, str], figure: Figure, table: Table) -> Series:
    """The series of one value of the colour column."""
    column = figure.color
    rows = [row for row in table.dicts() if row.get(column) == value]
    failed = sum(1 for failure in table.failed if failure["params"].get(column) == value)
    seeds, hidden = _seeds(rows, figure)
    missing = missing_of(rows, [figure.x], figure.y, failed, hidden)
    return Series(word(value), *look, seeds, missing, _ends(rows, figure))


def series_of(figure: Figure, table: Table, order: Sequence[Scalar]) -> list[Series]:
    """The series in the order of the table: the control in ink, the others along the palette.

    A value that stands in `order` takes the colour of its place there, in every figure the same.
    """
    values = values_of(table, figure.color) or ([None] if len(table) or table.failed else [])
    if len({word(value) for value in values}) < len(values):
        same = f"Figure {figure.name} has two values of {figure.color!r} that read the same."
        raise UsageError(same, "Rename one of them; 'clean' is the control's.")
    looks: dict[Scalar, tuple[str, str]] = {None: (INK, DASHES[0])}
    coloured = dict.fromkeys([*order, *values])
    for index, value in enumerate(value for value in coloured if value is not None):
        turn, at = divmod(index, len(PALETTE))
        looks[value] = (PALETTE[at], DASHES[turn % len(DASHES)])
    return [_one(value, looks[value], figure, table) for value in values]
