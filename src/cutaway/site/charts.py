"""The figures of a lab on its page, each with its numbers to look at and to take away."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import replace

from cutaway.errors import CutawayError
from cutaway.kit.drawing import draw
from cutaway.kit.tables import Table
from cutaway.kit.words import Figure, Lab

from .claims import badge
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
    shown = []
    for one in lab.figures:
        table = tables.get(one.experiment)
        beneath = None if table is None else _numbers(one.experiment, table)
        shown.append(chart(lab, one, _drawing(lab, one, table), quick and badge(), beneath))
    return tag("div", tag("h3", "What was measured"), *shown, class_="figures-column")


def chart(
    lab: Lab, figure: Figure, shown: Html, mark: object = None, beneath: object = None
) -> Html:
    """A figure as it is shown, with its finding as its caption, and what stands beneath."""
    along = "fault" in (figure.x, figure.y) and figure.color != "fault"
    said = "All breaks stand side by side here, this one among them."
    return tag(
        "figure",
        shown,
        tag("p", "Not measured for this break.", class_="unmeasured", hidden=True),
        tag("p", said, class_="beside", hidden=True) if along else None,
        tag("figcaption", figure.title, ".", mark and joined(" ", mark)),
        beneath,
        id=f"figure-{lab.name}-{figure.name}",
    )


def drawn(lab: Lab, figure: Figure, table: Table) -> Html:
    """A figure as an element of the page, under the name of its lab."""
    named = replace(figure, name=f"{lab.name}-{figure.name}")
    order = [fault.name for fault in lab.faults]
    return tag("div", Html(draw(named, table, order)), class_="drawing", tabindex=0)


def _drawing(lab: Lab, figure: Figure, table: Table | None) -> Html:
    """The drawing, or why there is none."""
    if table is None:
        return tag("p", f"{figure.experiment} was not measured.", class_="absent")
    try:
        return drawn(lab, figure, table)
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
