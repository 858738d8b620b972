"""Charts: lines, dots and bars of series along one axis."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..tables import Table
from ..words import Figure, Scalar
from .frames import draw_nothing, note, set_scale
from .keys import key
from .labels import CONTROL, column_title, tick, word
from .series import DOTS, Series, in_order, is_finite, series_of, values_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Sheet


@dataclass(frozen=True)
class Chart:
    """What a mark draws on and from: where each x stands, and whether x goes upwards."""

    axes: Axes
    figure: Figure
    series: Sequence[Series]
    place: Mapping[Scalar, float]
    sideways: bool

    def plot(self, at: Sequence[float], values: Sequence[float], **look: Any) -> None:
        """Lines or dots at places of x with values of y."""
        self.axes.plot(*((values, at) if self.sideways else (at, values)), **look)

    def summary(self, one: Series) -> tuple[list[float], ...]:
        """Of one series: the places in order, and there the means and the ends of the bands."""
        points = sorted((self.place[x], *one.summary(x)) for x in one.seeds)
        return tuple(list(column) for column in zip(*points, strict=True)) or ([], [], [], [])

    @property
    def most(self) -> float:
        """Where the scale of y ends; what is beyond is drawn there, as a mark that points on."""
        return math.inf if self.figure.most is None else self.figure.most

    def ended(self, one: Series) -> bool:
        """Whether something of a series is beyond the end of the scale."""
        return any(value > self.most for values in one.seeds.values() for value in values)

    def point_on(self, one: Series, at: Sequence[float]) -> None:
        """Mark places whose value is beyond the end of the scale."""
        look: dict[str, Any] = {"color": one.ink, "gid": one.gid, "clip_on": False}
        mark = ">" if self.sideways else "^"
        self.plot(at, [self.most] * len(at), ls="", marker=mark, ms=7, mew=0, **look)

    def slot(self, one: Series) -> tuple[float, float]:
        """How far a series stands from the middle of its place, and how wide it may be there."""
        if not self.sideways and self.figure.mark != "bar":
            return 0.0, 0.0
        if self.figure.x == self.figure.color:
            return 0.0, 0.6
        width = 0.8 / len(self.series)
        return (self.series.index(one) - (len(self.series) - 1) / 2) * width, 0.85 * width


def draw_chart(
    sheet: Sheet, figure: Figure, table: Table, order: Sequence[Scalar] = ()
) -> list[Series]:
    """The series of a line, point or bar figure, once drawn."""
    series = series_of(figure, table, order)
    if not any(any(one.seeds.values()) for one in series):
        return draw_nothing(sheet, series)
    xs = values_of(table, figure.x)
    numbers = all(is_finite(x) and not isinstance(x, bool) for x in xs)
    if figure.mark == "bar" or not numbers:
        place = {x: float(at) for at, x in enumerate(in_order(xs))}
    else:
        place = {x: float(x or 0) for x in xs}
    chart = Chart(sheet.add_subplot(), figure, series, place, figure.mark != "line" and not numbers)
    MARKS[figure.mark](chart)
    if any(map(chart.ended, series)):
        chart.axes.set(**{"xlim" if chart.sideways else "ylim": (None, chart.most)})
    _dress(chart, numbers)
    each = 0.34 if figure.x == figure.color else 0.14 + 0.18 * len(series)
    height = max(1.0 + 0.25 * len(series), 1.1 + each * len(place) if chart.sideways else 3.7)
    sheet.set_size_inches(6.4, height)
    if figure.x != figure.color and (len(series) > 1 or series[0].label != CONTROL):
        key(chart, 0.25 / (height - 0.9))
    note(sheet, figure, table, [n for one in series for n in map(len, one.seeds.values()) if n])
    return series


def _line(chart: Chart) -> None:
    """Draws the mean over seeds as a line in its 95 % band."""
    for one in chart.series:
        at, mean, low, high = chart.summary(one)
        known = [math.isnan(value) for value in (math.nan, *mean, math.nan)]
        alone = [i for i in range(len(mean)) if known[i] and known[i + 2]]
        dots = list(range(len(mean))) if len(mean) <= 12 else alone
        look: dict[str, Any] = {"color": one.ink, "gid": one.gid}
        width = 2.0 if one.name == CONTROL else 1.5
        chart.axes.fill_between(at, low, high, alpha=0.16, linewidth=0, **look)
        look |= {"marker": DOTS[one.dash], "ms": 3.4, "mew": 0, "markevery": dots}
        chart.plot(at, mean, ls=one.dash, lw=width, **look)


def _dots(chart: Chart, size: float = 4.2) -> None:
    """Draws every seed as a dot; side by side where x is a word."""
    for one in chart.series:
        offset, width = chart.slot(one)
        at, seen = [], []
        for x, values in one.seeds.items():
            step = 0.6 * width / max(1, len(values) - 1)
            for index, value in enumerate(values):
                if value <= chart.most:
                    at.append(chart.place[x] + offset + (index - (len(values) - 1) / 2) * step)
                    seen.append(value)
        look = {"color": one.ink, "gid": one.gid, "alpha": 0.8}
        chart.plot(at, seen, ls="", marker=DOTS[one.dash], ms=size, mew=0, **look)
        beyond = [x for x, values in one.seeds.items() if any(v > chart.most for v in values)]
        if beyond:
            chart.point_on(one, [chart.place[x] + offset for x in beyond])


def _bars(chart: Chart) -> None:
    """Draws means, whiskers and seeds; bars only where the axis has a 0 for them to start at."""
    axes = chart.axes
    for one in chart.series:
        offset, width = chart.slot(one)
        at, mean, low, high = chart.summary(one)
        at = [place + offset for place in at]
        look: dict[str, Any] = {"color": one.ink, "gid": one.gid}
        if "y" not in chart.figure.log:
            bars = axes.barh if chart.sideways else axes.bar
            bars(at, [min(one, chart.most) for one in mean], width, alpha=0.28, linewidth=0, **look)
        inside = [i for i, value in enumerate(mean) if not value > chart.most]
        at, mean, low, high = ([some[i] for i in inside] for some in (at, mean, low, high))
        (axes.hlines if chart.sideways else axes.vlines)(at, low, high, linewidth=1.3, **look)
        sides = [place - width / 2 for place in at], [place + width / 2 for place in at]
        (axes.vlines if chart.sideways else axes.hlines)(mean, *sides, linewidth=2.0, **look)
    _dots(chart, 2.8)


def _dress(chart: Chart, numbers: bool) -> None:
    """Gives axes their scales, few ticks, a light grid and the columns' names."""
    axes, figure = chart.axes, chart.figure
    along, up = (axes.yaxis, axes.xaxis) if chart.sideways else (axes.xaxis, axes.yaxis)
    if numbers and figure.mark != "bar":
        set_scale(along, "x" in figure.log, list(chart.place.values()))
    else:
        labels = {one.name: one.label for one in chart.series if figure.x == figure.color}
        words = [labels.get(word(x)) or tick(x) for x in chart.place]
        along.set_ticks(list(chart.place.values()), words)
        if not chart.sideways and sum(map(len, words)) > 60:
            axes.tick_params(axis="x", rotation=30)
        if chart.sideways:
            axes.set_ylim(len(chart.place) - 0.45, -0.55)
            axes.spines.bottom.set_visible(False)
            axes.spines.left.set_visible(figure.mark == "bar" and "y" not in figure.log)
    set_scale(up, "y" in figure.log, [])
    up.grid(True)
    below, left = (figure.y, figure.x) if chart.sideways else (figure.x, figure.y)
    axes.set_xlabel(column_title(below))
    axes.set_title(column_title(left), loc="left", size=9.5)


MARKS = {"line": _line, "point": _dots, "bar": _bars}
