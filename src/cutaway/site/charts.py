"""The figures of a lab on its page, each with its numbers to look at and to take away."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import replace

from cutaway.errors import CutawayError
from cutaway.kit.drawing import draw
from cutaway.kit.tables import Table
from cutaway.kit.words import Figure, Lab

from .evidence import badge
from .markup import Html, joined, number, tag

ROWS = 40  # of a table that the page shows; the download has them all


def measured(lab: Lab, tables: Mapping[str, Table]) -> dict[str, list[str]]:
    """The faults that each figure's table has measured, by the name of the figure on the page."""
    found = {}
    for figure in lab.figures:
        table = tables.get(figure.experiment)
        known = table is not None and "fault" in table.columns
        faults = table.values("fault") if table is not None and known else []
        found[f"{lab.name}-{figure.name}"] = [str(fault) for fault in faults if fault is not None]
    return found


def charts(lab: Lab, tables: Mapping[str, Table], quick: bool) -> Html | None:
    """The figures of a lab."""
    if not lab.figures:
        return None
    order = [fault.name for fault in lab.faults]
    named = [replace(one, name=f"{lab.name}-{one.name}") for one in lab.figures]
    shown = [_figure(one, tables, order, quick) for one in named]
    return tag("div", tag("h3", "What was measured"), *shown, class_="figures-column")


def _figure(figure: Figure, tables: Mapping[str, Table], order: Sequence[str], quick: bool) -> Html:
    """A figure, its finding as its caption, and its table; or why it is not there."""
    table = tables.get(figure.experiment)
    return tag(
        "figure",
        _drawing(figure, table, order),
        tag("p", "Not measured for this break.", class_="unmeasured", hidden=True),
        tag("figcaption", figure.title, ".", quick and joined(" ", badge())),
        None if table is None else _numbers(figure.experiment, table),
        id=f"figure-{figure.name}",
    )


def _drawing(figure: Figure, table: Table | None, order: Sequence[str]) -> Html:
    """The drawing, or why there is none."""
    if table is None:
        return tag("p", f"{figure.experiment} was not measured.", class_="absent")
    try:
        return tag("div", Html(draw(figure, table, order)), class_="drawing", tabindex=0)
    except CutawayError as error:
        return tag("p", f"No figure here: {error.what} {error.next_step}", class_="absent")


def _numbers(name: str, table: Table) -> Html:
    """The numbers of a table."""
    file = base64.b64encode(table.to_json().encode()).decode()
    where = f"data:application/json;base64,{file}"
    take = tag("a", f"{name}.json", download=f"{name}.json", href=where)
    head = tag("tr", *[tag("th", column, scope="col") for column in table.columns])
    rows = [tag("tr", *[tag("td", number(cell)) for cell in row]) for row in table.rows[:ROWS]]
    some = f"the first {ROWS} of " if len(table) > ROWS else ""
    grid = tag("table", tag("thead", head), tag("tbody", *rows))
    failed = [
        tag("p", f"Failed: {one['params']}, seed {one['seed']}: {one['error']}")
        for one in table.failed
    ]
    return tag(
        "details",
        tag("summary", "The numbers"),
        tag("p", take, f" ({some}{len(table)} rows)"),
        tag("div", grid, class_="scroll", tabindex=0),
        *failed,
        class_="numbers",
    )
