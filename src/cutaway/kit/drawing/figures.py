"""Figures: a result table as inline SVG that takes the colours of the page it stands in."""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Sequence

from cutaway.errors import Unavailable, UsageError

from ..tables import Table
from ..words import Figure, Scalar
from .charts import MARKS, draw_chart
from .heats import draw_heat
from .inline import inlined
from .series import INK

STYLE = {
    "text.color": INK,
    "text.parse_math": False,
    "font.size": 9.5,
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "axes.linewidth": 0.7,
    "axes.axisbelow": True,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.spines.left": False,
    "xtick.color": INK,
    "ytick.color": INK,
    "xtick.major.size": 0,
    "ytick.major.size": 0,
    "grid.color": INK,
    "grid.alpha": 0.15,
    "grid.linewidth": 0.6,
    "svg.fonttype": "none",
    "svg.hashsalt": "cutaway",
}


def draw(figure: Figure, table: Table, order: Sequence[Scalar] = ()) -> str:
    """The figure of a table: one SVG element, the same text for the same table.

    `order` gives each value of the colour column its colour in every figure of a lab.
    """
    try:
        from matplotlib import style
        from matplotlib.backends.backend_svg import FigureCanvasSVG
        from matplotlib.figure import Figure as Sheet
    except ModuleNotFoundError as error:
        missing = "Figures are drawn with matplotlib, which is not installed."
        raise Unavailable(missing, "pip install 'cutaway[plot]'") from error
    _check(figure, table)
    file = io.BytesIO()
    with style.context(["default", STYLE]), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing")  # the page's font draws it
        sheet = Sheet(figsize=(6.4, 3.7), layout="constrained")
        FigureCanvasSVG(sheet)
        heat = figure.mark == "heat"
        series = (
            draw_heat(sheet, figure, table) if heat else draw_chart(sheet, figure, table, order)
        )
        if table.quick:
            sheet.axes[0].set_title("quick", loc="right", style="italic", size=9.5)
        sheet.savefig(file, format="svg", metadata={"Date": None}, transparent=True)
    return inlined(file.getvalue().decode(), figure, series)


def _check(figure: Figure, table: Table) -> None:
    """Nothing, or an error that says what of a figure does not fit its table."""
    if figure.mark not in (*MARKS, "heat") or figure.log not in ("", "x", "y", "xy"):
        raise UsageError(
            f"Figure {figure.name} has the mark {figure.mark!r} and log {figure.log!r}.",
            f"Marks are {', '.join(MARKS)} and heat; log is '', 'x', 'y' or 'xy'.",
        )
    if not re.fullmatch(r"[A-Za-z][\w-]*", figure.name, re.ASCII):
        raise UsageError(
            f"{figure.name!r} cannot be part of an id.", "Name figures like loss_by_width."
        )
    drawn = [figure.x, figure.y, figure.color]
    wanted = drawn[:2] if figure.color in ("", "fault") and figure.mark != "heat" else drawn
    for name in wanted:
        if table.rows and name not in table.columns:
            raise UsageError(
                f"Figure {figure.name} wants a column {name!r}, which its table lacks.",
                f"The columns are {', '.join(table.columns)}.",
            )
    value = figure.color if figure.mark == "heat" else figure.y
    if table.rows and any(isinstance(one, str) for one in table.column(value)):
        raise UsageError(
            f"Figure {figure.name} measures with {value!r}, a column of words.",
            "Draw a column of numbers.",
        )
    if "fault" in table.columns and "fault" not in drawn and len(table.values("fault")) > 1:
        raise UsageError(
            f"Figure {figure.name} would average over faults, which says nothing.",
            "Give it one fault at a time, such as table.where(fault=None).",
        )
