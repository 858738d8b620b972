"""A table of means: as HTML, and as Markdown with the same numbers."""

from __future__ import annotations

from cutaway.errors import UsageError
from cutaway.kit.tables import Table
from cutaway.site.markup import Html, tag

from . import numbers
from .asked import Asked
from .cells import text


def means(asked: Asked) -> Html:
    """The means of some columns, a row for each value of another."""
    heads, rows = _means(asked)
    head = tag("tr", *[tag("th", name, scope="col") for name in heads])
    lines = [
        tag(
            "tr",
            tag("th", first, scope="row"),
            *[tag("td", cell) for cell in cells],
            data_row=first,
        )
        for first, *cells in rows
    ]
    return tag("table", tag("thead", head), tag("tbody", *lines), class_="means")


def means_text(asked: Asked) -> str:
    """The means as a table of Markdown."""
    heads, rows = _means(asked)
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join(f"| {' | '.join(map(text, line))} |" for line in lines)


def _means(asked: Asked) -> tuple[list[str], list[list[str]]]:
    """The headings and the rows of a table of means: EXPERIMENT BY COLUMN ... key=value ..."""
    bare, fixed = numbers.words(asked.words)
    if len(bare) < 3:
        said = f"{asked.words!r} does not name an experiment and two columns."
        raise UsageError(said, "Write EXPERIMENT BY COLUMN ...")
    experiment, by, *columns = bare
    table = asked.volume.table(experiment)
    if by not in table.columns:
        raise UsageError(f"{experiment} has no column {by!r}.", "Write EXPERIMENT BY COLUMN ...")
    names = ["clean" if value is None else str(value) for value in table.values(by)]
    return [by, *columns], [
        [
            name,
            *[_mean(asked, table, experiment, column, {**fixed, by: name}) for column in columns],
        ]
        for name in names
    ]


def _mean(asked: Asked, table: Table, experiment: str, column: str, at: dict[str, str]) -> str:
    """One mean as it is read."""
    return numbers.looked_up(asked.volume.lab, table, experiment, column, at).shown
