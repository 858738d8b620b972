"""A number in prose: looked up in a recorded table, one for the clean world and one a break."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from statistics import fmean
from typing import Any

from cutaway.errors import UsageError
from cutaway.kit.labs import nearest
from cutaway.kit.tables import Table
from cutaway.kit.words import Lab, Scalar
from cutaway.site.markup import Html, embedded, number, tag


@dataclass(frozen=True)
class Number:
    """A mean over seeds, as it is read; `broken` has those of the breaks that were measured."""

    shown: str
    says: str
    broken: Mapping[str, str] = field(default_factory=dict)
    follows: bool = False


def words(text: str) -> tuple[list[str], dict[str, str]]:
    """The names in `NAME NAME key=value ...`, and what is fixed; a value may stand in quotes."""
    try:
        found = shlex.split(text)
    except ValueError as error:
        raise UsageError(f"{text!r} cannot be read: {error}.") from error
    fixed = [word.split("=", 1) for word in found if "=" in word]
    if len({name for name, _ in fixed}) < len(fixed):
        raise UsageError(f"{text!r} names a column twice.", "Name each once.")
    return [word for word in found if "=" not in word], dict(fixed)


def asked(text: str) -> tuple[str, str, dict[str, str]]:
    """What a role asks for, `EXPERIMENT COLUMN key=value ...`: the two names and what is fixed."""
    bare, fixed = words(text)
    if len(bare) != 2:
        said = f"{text!r} does not name an experiment and a column."
        raise UsageError(said, "Write EXPERIMENT COLUMN key=value ...")
    return bare[0], bare[1], fixed


def looked_up(
    lab: Lab, table: Table, experiment: str, column: str, fixed: Mapping[str, str]
) -> Number:
    """The number of a table at a point of its grid; one that names no fault follows the break."""
    for name in (column, *fixed):
        if name not in table.columns:
            there = f"There are {', '.join(table.columns)}."
            close = nearest(name, table.columns, "")
            step = close if close.startswith("Did") else there
            raise UsageError(f"{experiment} has no column {name!r}.", step)
    point = {name: _value(table, name, word) for name, word in fixed.items()}
    follows = "fault" in table.columns and "fault" not in fixed
    clean = table.where(**point, **({"fault": None} if follows else {}))
    grid = next(one.grid for one in lab.experiments if one.name == experiment)
    _one_point(clean, experiment, column, [name for name in grid if name not in point], point)
    at = "".join(f", {name} {_word(value)}" for name, value in point.items())
    says = f"{experiment}: {column}{at}, mean of {len(clean.values('seed'))} seeds"
    here = point | {name: clean.values(name)[0] for name in grid if name != "fault"}
    tried = {*table.values("fault"), *_failed(table, "fault")} if follows else set()
    known = sorted({fault.name for fault in lab.faults} & tried)
    arms = {name: table.where(**{**here, "fault": name}) for name in known}
    broken = {name: _mean(rows, column) for name, rows in arms.items() if rows.rows or rows.failed}
    return Number(_mean(clean, column), says, broken, follows)


def _word(value: Scalar) -> str:
    """A value as one writes it."""
    return "clean" if value is None else str(value)


def _failed(table: Table, name: str) -> list[Scalar]:
    """The values that a parameter had in cells that failed."""
    return [cell["params"].get(name) for cell in table.failed]


def _value(table: Table, name: str, word: str) -> Scalar:
    """The value of a column that is written so."""
    values: dict[str, Scalar] = {_word(value): value for value in table.values(name)}
    if word not in values:
        raise UsageError(f"No row has {name}={word}.", f"There are {', '.join(sorted(values))}.")
    return values[word]


def _one_point(
    rows: Table, experiment: str, column: str, free: Sequence[str], point: Mapping[str, Any]
) -> None:
    """An error unless there are rows, all of one point of the grid, and one for a seed."""
    if not rows.rows:
        raise UsageError(f"{experiment} has no such row.")
    if len(rows) > len(rows.values("seed")):
        others = [name for name in rows.columns if name not in {"seed", column, *point, *free}]
        free = [*free, *(name for name in others if not _measured(rows.column(name)))]
    for name in free:
        values = [_word(value) for value in rows.values(name)]
        if len(values) > 1:
            said = f"{experiment} has several values of {name}: {', '.join(values)}."
            raise UsageError(said, f"Name one, such as {name}={values[0]}.")
    if len(rows) > len(rows.values("seed")):
        raise UsageError(
            f"{experiment} has several rows for a seed.", "Name what tells them apart."
        )


def _measured(values: Sequence[Scalar]) -> bool:
    """Whether a column was measured, and does not name what was."""
    return any(isinstance(value, float) for value in values)


def _mean(rows: Table, column: str) -> str:
    """The mean of a column as one reads it; an arm that lacks a seed has none."""
    found = rows.column(column)
    if any(isinstance(value, str | bool) for value in found):
        raise UsageError(f"{column!r} is not a column of numbers.")
    if rows.failed:
        return "failed"
    try:
        return "not finite" if None in found else number(float(fmean(found)))
    except OverflowError:
        return "not finite"


def html(lab: str, one: Number) -> Html:
    """The number as it stands in a sentence of the book."""
    follows = embedded(dict(one.broken)) if one.follows else None
    return tag(
        "span", one.shown, class_="looked-up", title=one.says, data_lab=lab, data_follows=follows
    )
