"""Heat figures: a matrix of values as the opacity of its cells."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ..tables import Table
from ..words import Figure, Row, Scalar
from .frames import draw_nothing, note, set_scale
from .labels import column_title, number_text, tick
from .series import (
    DASHES,
    INK,
    PALETTE,
    Series,
    has_diverged,
    in_order,
    is_finite,
    mean_of,
    missing_of,
    per_seed,
    values_of,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Sheet


def draw_heat(sheet: Sheet, figure: Figure, table: Table) -> list[Series]:
    """The one series of a heat figure, once drawn: the first row on top, opacity for the value."""
    rows = table.dicts()
    lost = missing_of(rows, [figure.x, figure.y], figure.color, len(table.failed), 0)
    series = [Series(figure.color, INK, DASHES[0], {}, lost)] if rows or table.failed else []
    cells: dict[tuple[Scalar, Scalar], list[Row]] = {}
    for row in rows:
        cells.setdefault((row[figure.x], row[figure.y]), []).append(row)
    found = {place: per_seed(some, figure.color) for place, some in cells.items()}
    if not any(found.values()):
        return draw_nothing(sheet, series)
    xs, ys = (in_order(values_of(table, name)) for name in (figure.x, figure.y))
    means = [[mean_of(found.get((x, y), []))[0] for x in xs] for y in ys]
    row_height = 0.3 if len(ys) <= 16 else 0.21
    most = 6.0 if all(map(is_finite, ys)) else math.inf
    sheet.set_size_inches(6.4, min(most, 1.6 + 0.8 * _long(xs) + row_height * len(ys)))
    axes = sheet.add_subplot(xlabel=column_title(figure.x))
    axes.set_title(column_title(figure.y), loc="left", size=9.5)
    _cells(sheet, axes, means, series[0].gid, column_title(figure.color), figure.most)
    for axis, values, room in ((axes.xaxis, xs, 10), (axes.yaxis, ys, 16)):
        each = -(-len(values) // room) if all(map(is_finite, values)) else 1
        axis.set_ticks(range(0, len(values), each), [tick(one) for one in values[::each]])
    if _long(xs):
        axes.tick_params(axis="x", rotation=60)
    written = len(xs) <= 10 and len(xs) * len(ys) <= 80  # the numbers have room
    for down, row_of_means in enumerate(means):
        for along, mean in enumerate(row_of_means):
            here = cells.get((xs[along], ys[down]), [])
            word = "×" if any(has_diverged(row, figure.color) for row in here) else "–"
            if not math.isnan(mean):
                word = number_text(float(f"{mean:.3g}")) if written else ""
            axes.text(along, down, word, ha="center", va="center", size=8)
    note(sheet, figure, table, [len(values) for values in found.values() if values])
    return series


def _long(xs: Sequence[Scalar]) -> bool:
    """Whether names along the foot of a matrix, none of which is left out, have to stand up."""
    return not all(map(is_finite, xs)) and sum(len(tick(x)) for x in xs) > 60


def _cells(
    sheet: Sheet,
    axes: Axes,
    means: Sequence[Sequence[float]],
    gid: str,
    name: str,
    most: float | None,
) -> None:
    """Draws a matrix and its scale: one hue, or two where the values stand on both sides of 0.

    What is beyond `most` is as dark as that, and the scale ends in a point.
    """
    import numpy as np
    from matplotlib.colors import ListedColormap, Normalize, to_rgba

    known = [value for row in means for value in row if not math.isnan(value)]
    low, high = min(known), max(known)
    cut = most is not None and most < high
    high = most if most is not None and cut else high
    high = high if high > low else low + 1
    if low < 0 < high:
        low, high = -max(-low, high), max(-low, high)
        levels = [(PALETTE[at > 0], abs(at) / 12) for at in range(-12, 13)]
    else:
        levels = [(PALETTE[0], at / 24) for at in range(25)]
    shades = ListedColormap([to_rgba(hue, 0.03 + 0.75 * depth) for hue, depth in levels])
    look: dict[str, Any] = {"cmap": shades, "norm": Normalize(low, high)}
    edges = np.arange(len(means[0]) + 1) - 0.5, np.arange(len(means) + 1) - 0.5
    mesh = axes.pcolormesh(*edges, np.ma.masked_invalid(means), gid=gid, **look)
    axes.invert_yaxis()
    axes.spines[:].set_visible(False)
    bar = sheet.colorbar(
        mesh,
        ax=axes,
        aspect=max(18.0, 4 * sheet.get_figheight()),
        pad=0.03,
        extend="max" if cut else "neither",
    )
    bar.outline.set_visible(False)
    bar.set_label(name)
    set_scale(bar.ax.yaxis, False, [])
