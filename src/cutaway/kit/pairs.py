"""What a table holds of two arms, seed by seed; incomplete arms are not compared."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from .statistics import FEWEST, Undecidable
from .tables import Table
from .words import Scalar

Arm = Mapping[str, Scalar]


def paired(table: Table, column: str, arm: Arm, against: Arm) -> list[float]:
    """The differences arm - against, by seed."""
    first, second = arms(table, column, arm, against)
    return [a - b for a, b in zip(first, second, strict=True)]


def correlation(table: Table, column: str, arm: Arm, against: Arm) -> float:
    """How well the pairs are paired: the correlation of the two arms over the seeds."""
    first, second = (_centred(values) for values in arms(table, column, arm, against))
    if not (any(first) and any(second)):
        raise Undecidable(f"{column} does not vary over the seeds, so nothing is correlated")
    cosine = sum(a * b for a, b in zip(first, second, strict=True))
    return max(-1.0, min(1.0, cosine))


def arms(table: Table, column: str, arm: Arm, against: Arm) -> tuple[list[float], list[float]]:
    """The values of two arms, both in the order of the seeds."""
    first, second = values(table, column, arm), values(table, column, against)
    if table.where(**arm).rows == table.where(**against).rows:
        raise ValueError(f"{_named(arm)} and {_named(against)} are the same arm")
    return first, second


def values(table: Table, column: str, arm: Arm) -> list[float]:
    """The values of one arm, in the order of the seeds: one for every seed of the table."""
    _check_columns(table, column, arm)
    rows = table.where(**arm)
    if rows.failed:
        seed, error = rows.failed[0]["seed"], rows.failed[0]["error"]
        raise Undecidable(f"{_named(arm)} failed in {len(rows.failed)} cells; seed {seed}: {error}")
    by_seed = _by_seed(rows, column, arm)
    every: set[Any] = {cell["seed"] for cell in (*table.dicts(), *table.failed)}
    if missing := sorted(every - by_seed.keys()):
        raise Undecidable(f"{_named(arm)} lacks the seeds {', '.join(map(str, missing))}")
    if len(by_seed) < FEWEST:
        raise Undecidable(f"{_named(arm)} has {len(by_seed)} seeds; {FEWEST} are the least")
    return [_number(by_seed[seed], column, arm, seed) for seed in sorted(by_seed)]


def _check_columns(table: Table, column: str, arm: Arm) -> None:
    """Nothing, if the columns exist (or if there is no row, since every cell failed)."""
    unknown = [name for name in (column, "seed", *arm) if name not in table.columns]
    if len(table) and unknown:
        raise ValueError(f"the table has no {unknown[0]}; it has {', '.join(table.columns)}")


def _by_seed(rows: Table, column: str, arm: Arm) -> dict[Any, Any]:
    """The value of each seed, where there is one row a seed."""
    by_seed = {row["seed"]: row[column] for row in rows.dicts()}
    if len(by_seed) < len(rows):
        vary = _varying(rows, column) or "nothing else (rows are repeated)"
        raise ValueError(
            f"{_named(arm)} has several rows a seed; what varies besides is {vary}. "
            "Name its value in the arm, or take table.where(...) first."
        )
    return by_seed


def _varying(rows: Table, column: str) -> str:
    """The columns that take the same several values at every seed: they make the rows differ."""
    per_seed = [rows.where(seed=seed) for seed in rows.values("seed")]
    names = [name for name in rows.columns if name not in (column, "seed")]
    vary = [name for name in names if any(len(part.values(name)) > 1 for part in per_seed)]
    alike = [name for name in vary if len({frozenset(part.values(name)) for part in per_seed}) == 1]
    return ", ".join(alike or vary)


def _number(value: Any, column: str, arm: Arm, seed: Any) -> float:
    """A measured value; words are a mistake, None and what is not finite a failed measurement."""
    if isinstance(value, str):
        raise ValueError(f"{column} holds words ({value!r}), and words have no differences")
    if value is None or not math.isfinite(value):
        what = "no number" if value is None else value
        raise Undecidable(f"{column} is {what} in {_named(arm)} at seed {seed}")
    return float(value)


def _centred(numbers: list[float]) -> list[float]:
    """The numbers less their mean, at length 1; zeros if they are all equal."""
    mean = math.fsum(numbers) / len(numbers)
    rest = [number - mean for number in numbers]
    length = math.hypot(*rest)
    equal = length <= 1e-12 * max(map(abs, numbers))
    return [0.0] * len(rest) if equal else [number / length for number in rest]


def _named(arm: Arm) -> str:
    """An arm as one would write it."""
    return ", ".join(f"{name}={value}" for name, value in arm.items()) or "the whole table"
