"""The one break that the front page and the README show, with what was measured of it."""

from __future__ import annotations

import ast
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from cutaway.kit.faults import located
from cutaway.kit.pairs import values
from cutaway.kit.statistics import Interval, Undecidable, interval
from cutaway.kit.words import Experiment, Fault, Scalar
from cutaway.site.listing import Mark, marks, sources
from cutaway.site.report import Entry

from .measured import outcomes

LAB, FAULT, EXPERIMENT = "attention", "no_mask", "loss_by_fault"
COLUMNS = {
    "validation": ("validation loss", "what the log says"),
    "deployed": ("loss in use", "the same, from the past alone"),
}
LINES = 14  # of code around the break


@dataclass(frozen=True)
class Reading:
    """A column at which both arms were read, in words, with the mean of each over the seeds."""

    name: str
    says: str
    clean: Interval
    broken: Interval


@dataclass(frozen=True)
class Live:
    """A break of a lab, and what was read of it in an experiment."""

    entry: Entry
    fault: Fault
    experiment: Experiment
    readings: Sequence[Reading]


def live(entries: Sequence[Entry]) -> Live | None:
    """The break to show: the one named above, or else the first that was measured."""
    for entry in sorted(entries, key=lambda one: one.lab.name != LAB):
        for fault in sorted(entry.lab.faults, key=lambda one: one.name != FAULT):
            for one in outcomes(entry, fault):
                words = COLUMNS if one.experiment.name == EXPERIMENT else {}
                known = {**words, str(one.experiment.outcome): (one.effect.column, "")}
                columns = {**known, **words}
                readings = list(_readings(entry, fault, one.experiment, one.effect.point, columns))
                if readings:
                    return Live(entry, fault, one.experiment, readings)
    return None


def _readings(
    entry: Entry,
    fault: Fault,
    experiment: Experiment,
    point: Mapping[str, Scalar],
    columns: Mapping[str, tuple[str, str]],
) -> Iterable[Reading]:
    """What both arms read in each column that the table has, where that has an interval."""
    table = entry.tables[experiment.name]
    for column, (name, says) in columns.items():
        if column in table.columns:
            try:
                arms = [
                    interval(values(table, column, {**point, "fault": one}))
                    for one in (None, fault.name)
                ]
            except Undecidable:
                continue
            yield Reading(name, says, *arms)


def excerpt(shown: Live) -> tuple[str, Mark]:
    """The lines around the break, and its mark in them."""
    lab, fault = shown.entry.lab, shown.fault
    text = sources(lab)[fault.file]
    edit = located(fault, text)
    first, last = _around(text, edit.start, edit.end)
    part = textwrap.dedent("\n".join(text.split("\n")[first:last])) + "\n"
    alone = replace(lab, faults=(replace(fault, where=None),))
    (mark,) = marks(alone, {fault.file: part})[0]
    return part, mark


def _around(text: str, start: int, end: int) -> tuple[int, int]:
    """The lines of the function that holds some lines, or those nearest to them, from 0."""
    first, last = 0, text.count("\n")
    nodes = ast.walk(ast.parse(text))
    for node in (one for one in nodes if isinstance(one, ast.FunctionDef)):
        if node.lineno <= start + 1 and end <= (node.end_lineno or 0):
            first, last = node.lineno - 1, node.end_lineno or last
    if last - first > LINES:
        middle = (start + end) // 2
        first, last = max(first, middle - LINES // 2), min(last, middle + LINES // 2)
    return min(first, start), max(last, end)
