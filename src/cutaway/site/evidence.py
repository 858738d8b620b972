"""What is known of each break, as pieces of a page."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from cutaway.kit.effects import Effect, effects
from cutaway.kit.tables import Table
from cutaway.kit.words import Experiment, Fault, Lab

from .listing import Mark
from .markup import Html, joined, number, signed, tag

MOST_CHANGED = 8  # observables that a note names


def note(lab: Lab, fault: Fault, tables: Mapping[str, Table], receipts: Mapping[str, Any]) -> Html:
    """What a fault says, what it costs and what proves it."""
    said = tag("p", tag("strong", fault.name), " ", fault.says + ".", class_="says")
    facts = (("What one sees:", fault.symptom), ("Inert, by proof.", fault.inert))
    told = [tag("p", tag("strong", what), f" {text}.") for what, text in facts if text]
    known = (_measured(lab, fault, tables), _receipt(fault, receipts))
    return tag("div", said, *told, *known, class_="note")


def _measured(lab: Lab, fault: Fault, tables: Mapping[str, Table]) -> Html:
    """The effects of a fault as a table: on each experiment's outcome and its other columns."""
    rows: list[Html] = []
    for experiment in lab.experiments:
        table = tables.get(experiment.name)
        if table is not None and fault.name in _faults(table):
            for one in _all(experiment, table, fault):
                outcome = one.column == experiment.outcome
                rows += [_row(one, outcome)] if outcome or _moved(one) else []
    if not rows:
        return tag("p", "Not measured for this break.", class_="soft")
    head = [tag("th", word, scope="col") for word in ("measured", "change", "95 % interval", "")]
    return tag("table", tag("thead", tag("tr", *head)), tag("tbody", *rows), class_="effects")


def _moved(one: Effect) -> bool:
    """Whether an effect was seen."""
    return one.found is not None and not one.found.low <= 0 <= one.found.high


def _faults(table: Table) -> list[Any]:
    """The faults that a table has rows or failed cells of."""
    rows = table.values("fault") if "fault" in table.columns else []
    return [*rows, *(failure["params"].get("fault") for failure in table.failed)]


def _all(experiment: Experiment, table: Table, fault: Fault) -> list[Effect]:
    """The effects on the outcome, then on every other column of numbers."""
    if experiment.outcome is None:
        return []
    fixed = {"seed", "fault", experiment.outcome, *experiment.grid}
    others = [name for name in table.columns if name not in fixed and _moves(table, name)]
    found = effects(experiment, table, fault.name)
    for name in others:
        found += effects(replace(experiment, outcome=name, margin=None), table, fault.name)
    return found


def _moves(table: Table, name: str) -> bool:
    """Whether a column was measured in numbers, and any break moves it: a floor is no effect."""
    if not any(isinstance(value, float) for value in table.column(name)):
        return False
    clean = table.where(fault=None).column(name)
    faults = [one for one in table.values("fault") if one is not None]
    return any(table.where(fault=one).column(name) != clean for one in faults)


def _row(one: Effect, outcome: bool) -> Html:
    """One effect as a row; the outcome's says how it compares with the smallest of interest."""
    name = tag("th", one.column + one.at, scope="row", class_="outcome" if outcome else None)
    if one.found is None:
        return tag("tr", name, tag("td", one.because, colspan=3))
    low, high = one.found.low, one.found.high
    cells = (tag("td", signed(one.found.mean)), tag("td", f"{signed(low)} to {signed(high)}"))
    return tag("tr", name, *cells, tag("td", _reading(one), class_="soft"))


def _reading(one: Effect) -> str:
    """An effect in a word."""
    if one.found is None:
        return one.because
    if one.equal:
        return f"less than {number(one.margin)} either way"
    if one.found.low <= 0 <= one.found.high:
        return "not seen with these seeds" if one.margin else ""
    return "higher" if one.found.mean > 0 else "lower"


def _receipt(fault: Fault, receipts: Mapping[str, Any]) -> Html:
    """The proof that a fault is one: the test that names it, and what it changed."""
    kept = receipts.get("faults", {}).get(fault.name)
    if kept is None:
        return tag("p", "No receipt was made in this run.", class_="soft")
    others = len(kept["failed"]) - (kept["killer"] in kept["failed"])
    name = tag("code", *_breakable(kept["killer"]))
    test = joined(name, f"; {others + 1} of {len(receipts['tests'])} tests fail")
    named = tag("p", "Named by ", test if kept["killer"] else f"no single test; {others} fail", ".")
    what = tag("p", f"Changed: {_changed(kept['changed']) or 'nothing'}.", class_="soft")
    return tag("div", named, what, class_="receipt")


def _breakable(name: str | None) -> list[Html]:
    """A long name that may go on in the next line after each underscore."""
    return [joined(part, tag("wbr")) for part in re.split("(?<=_)", name or "")]


def _sentence(test: str) -> str:
    """The name of a test as the sentence it is."""
    return test.removeprefix("test_").replace("_", " ")


def _changed(found: Mapping[str, Any]) -> str:
    """What a fault changed, and by how much; of many observables, those that it changed most."""
    most, rest = list(found.items()), len(found) - MOST_CHANGED
    if rest > 0:
        by = {name: x if isinstance(x, int | float) else math.inf for name, x in most}
        most = sorted(most, key=lambda one: -by[one[0]])[:MOST_CHANGED]
    said = ", ".join(f"{name} {_amount(value)}" for name, value in most)
    return f"{said}, and {rest} more" if rest > 0 else said


def _amount(value: Any) -> str:
    """By how much an observable changed, or in which way."""
    return f"by {number(value)}" if isinstance(value, int | float) else str(value)


def gallery(
    lab: Lab, marks: Sequence[Mark], tables: Mapping[str, Table], receipts: Mapping[str, Any]
) -> Html:
    """Every break of a lab in a table."""
    kept = receipts.get("faults", {})
    rows = []
    for mark in marks:
        fault = mark.fault
        found = [effect for one in lab.experiments for effect in _outcome(one, tables, fault)]
        killer = kept.get(fault.name, {}).get("killer")
        link = tag("a", fault.name, href=f"#{mark.anchor}")
        cells = (
            tag("td", mark.number, class_="mark"),
            tag("th", link, scope="row"),
            tag("td", fault.says, tag("span", " (inert)", class_="soft") if fault.inert else None),
            tag("td", *map(_brief, found), None if found else "not measured", class_="figures"),
            tag("td", _sentence(killer) if killer else "–", class_="killer", title=killer),
        )
        rows.append(tag("tr", *cells))
    words = ("", "break", "what it does", "change of the outcome (95 % interval)", "named by")
    head = tag("thead", tag("tr", *[tag("th", word, scope="col") for word in words]))
    return tag("table", head, tag("tbody", *rows), class_="gallery")


def _outcome(experiment: Experiment, tables: Mapping[str, Table], fault: Fault) -> list[Effect]:
    """The effects on the outcome of one experiment, if it was measured for a fault."""
    table = tables.get(experiment.name)
    if table is None or fault.name not in _faults(table):
        return []
    return effects(experiment, table, fault.name)


def _brief(one: Effect) -> Html:
    """An effect in a line."""
    if one.found is None:
        return tag("div", f"{one.column}{one.at}: {one.because}")
    low, high = signed(one.found.low), signed(one.found.high)
    ends = tag("span", f" ({low} to {high})", class_="soft")
    return tag("div", f"{one.column}{one.at} ", tag("strong", signed(one.found.mean)), ends)
