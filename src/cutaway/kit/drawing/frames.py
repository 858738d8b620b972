"""Frames: what stands around the marks of a figure: scales, notes, and words where nothing is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ..statistics import FEWEST
from ..tables import Table
from ..words import Figure
from .labels import count_of, number_text
from .series import Series, is_finite

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Sheet


def set_scale(axis: Any, log: bool, measured: Sequence[float]) -> None:
    """Gives an axis of numbers its scale and a handful of ticks, at the measured values if few."""
    from matplotlib import ticker

    if log:
        axis.axes.set(**{f"{axis.axis_name}scale": "log"})
        low, high = axis.get_view_interval()
        if 0 < len(measured) <= 8:
            axis.set_major_locator(ticker.FixedLocator(sorted(measured)))
        elif high / low < 6:
            axis.set_major_locator(ticker.MaxNLocator(4))
        else:
            subs = [1.0, 2.0, 5.0] if high / low < 30 else [1.0, 3.0] if high / low < 900 else [1.0]
            axis.set_major_locator(ticker.LogLocator(subs=subs, numticks=6))
    else:
        whole = bool(measured) and all(value == int(value) for value in measured)
        axis.set_major_locator(ticker.MaxNLocator(5, steps=[1, 2, 2.5, 5, 10], integer=whole))
    axis.set_minor_locator(ticker.NullLocator())
    axis.set_major_formatter(ticker.FuncFormatter(number_text))


def note(sheet: Sheet, figure: Figure, table: Table, sizes: Sequence[int]) -> None:
    """Says below the axes what stands for what, and how many cells failed that have no series."""
    few, many = min(sizes), max(sizes)
    unit = "seed" if "seed" in table.columns else "row"
    count = (f"{few} to " if few < many else "") + count_of(many, unit)
    what = "mean and 95 % interval of " if many >= FEWEST else "without interval: mean of "
    said = [("mean of " if figure.mark == "heat" else what) + count]
    if unit == "row" and many == 1:
        said = []  # a row that is of no seed stands for itself
    if figure.mark == "point":
        said = [f"a dot is one {unit}"]
    if figure.most is not None and figure.mark in ("bar", "point"):
        beyond = [x for x in table.column(figure.y) if is_finite(x) and x > figure.most]
        said += [f"a triangle is beyond {figure.most:g}"] if beyond else []
    unnamed = [f for f in table.failed if figure.color not in f["params"]]
    if unnamed and figure.color in table.columns:
        said.append(f"{count_of(len(unnamed), 'run')} not measured")
    if figure.mark == "heat" and (
        table.failed or not all(map(is_finite, table.column(figure.color)))
    ):
        said.append("× diverged, – no number")
    if said:
        sheet.supxlabel("; ".join(said), x=0.99, ha="right", size=8, alpha=0.7)


def draw_nothing(sheet: Sheet, series: list[Series]) -> list[Series]:
    """The series of a figure that can show none, and says so."""
    axes = sheet.add_subplot()
    axes.set_axis_off()
    sheet.set_size_inches(6.4, 1.0 + 0.25 * len(series))
    said = "nothing to draw" if series else "nothing was measured"
    axes.text(0.5, 1.0, said, ha="center", va="top", size=11, style="italic")
    for at, one in enumerate(series, 1):
        y = 1 - at / (len(series) + 0.5)
        axes.text(0.5, y, one.label, ha="center", va="top", gid=one.gid)
    return series
