"""Keys: which series is which, in words beside a chart."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from .series import DOTS

if TYPE_CHECKING:
    from .charts import Chart


def key(chart: Chart, gap: float) -> None:
    """Names each series beside the axes: a line at its end, anything else from the top."""
    axes = chart.axes
    fraction = axes.transData + axes.transAxes.inverted()
    axes.set(xlim=axes.get_xlim(), ylim=axes.get_ylim())
    ends = {}
    for one in chart.series if chart.figure.mark == "line" else ():
        at, mean, *_ = chart.summary(one)
        shown = [point for point in zip(at, mean, strict=True) if not math.isnan(point[1])]
        if shown:
            ends[one.name] = tuple(float(v) for v in fraction.transform(shown[-1]))
    top = 0.0 if ends else 1.0
    wanted = [ends.get(one.name, (0.0, top))[1] for one in chart.series]
    for one, y in zip(chart.series, spread(wanted, gap), strict=True):
        look: dict[str, Any] = {"color": one.ink, "transform": axes.transAxes, "clip_on": False}
        look["gid"] = one.gid
        if chart.figure.mark != "line":
            axes.plot([1.05], [y], DOTS[one.dash], ms=5, mew=0, **look)
        else:
            axes.plot([1.03, 1.07], [y, y], ls=one.dash, lw=2.0, **look)
        if one.name in ends and ends[one.name][0] > 0.9:
            x, end = ends[one.name]
            axes.plot([x, 1.03], [end, y], lw=0.6, alpha=0.5, **look)
        elif one.name in ends and one.missing:
            axes.plot(*ends[one.name], marker="x", ms=6, mew=1.5, **look)
        axes.text(1.085, y, one.label, va="center", transform=axes.transAxes, gid=one.gid)


def spread(wanted: Sequence[float], gap: float) -> list[float]:
    """Heights between 0 and 1 near the wanted ones, in their order, none closer than the gap."""
    order = sorted(range(len(wanted)), key=lambda index: -wanted[index])
    heights = list(wanted)
    ceiling = 1.0
    for index in order:
        heights[index] = min(heights[index], ceiling)
        ceiling = heights[index] - gap
    floor = 0.0
    for index in reversed(order):
        heights[index] = max(heights[index], floor)
        floor = heights[index] + gap
    return heights
