"""What a reader can take away: every table as CSV, every figure as an SVG file of its own."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence

from cutaway.kit.drawing import standalone
from cutaway.kit.tables import Table
from cutaway.kit.words import Scalar

from .drawings import drawing
from .shelf import Volume

# What a spreadsheet would run starts so; an apostrophe is among them so that one can be taken off.
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "'")


def takeaways(volumes: Sequence[Volume]) -> dict[str, bytes]:
    """The files by their path in the book."""
    found: dict[str, bytes] = {}
    for one in volumes:
        for name, table in one.results.tables.items():
            found[f"downloads/{one.lab.name}/{name}.csv"] = as_csv(table).encode(errors="replace")
        for figure in one.lab.figures:
            svg = standalone(drawing(one.lab, figure, one.table(figure.experiment)))
            found[f"downloads/{one.lab.name}/{figure.name}.svg"] = svg.encode()
    return found


def as_csv(table: Table) -> str:
    """A table as CSV; what is missing is empty."""
    text = io.StringIO()
    rows = csv.writer(text)
    rows.writerows([_text(cell) for cell in row] for row in (table.columns, *table.rows))
    return text.getvalue()


def _text(cell: Scalar) -> Scalar:
    """A cell; text that a spreadsheet would run as a formula gets an apostrophe before it."""
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(FORMULA) else cell
