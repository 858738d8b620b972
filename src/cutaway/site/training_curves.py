"""The curves of a run as figures, with the band in which healthy runs of its settings lie."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

from cutaway.errors import Unavailable
from cutaway.kit.drawing import draw
from cutaway.kit.tables import Table
from cutaway.kit.words import Figure, Scalar

from .markup import Html, joined, tag

POINTS = 300  # of a curve: more cannot be seen, and their means are drawn
LEARNT, HELD, BAND = "learnt from", "held out", "healthy runs, 99 of 100"
Line = Mapping[str, Any]
Points = Sequence[tuple[float, float]]
Row = Mapping[str, Scalar]


@dataclass(frozen=True)
class Others:
    """Between which losses healthy runs lie, by the steps, and how this run lies, in words."""

    limits: Mapping[int, tuple[float, float]] = field(default_factory=dict)
    said: str | None = None


def losses(steps: Sequence[Line], judged: Sequence[Line], others: Others) -> Html:
    """The losses of the run, with the band of the others if there is one, and then from near."""
    title = "What a token costs: on what is learnt from, and on held-out text"
    curves = {LEARNT: points(steps, "loss"), HELD: points(judged, "loss")}
    alt = f"Two curves of the loss over the steps. {_ends(curves)}"
    if others.limits:
        title += ", where healthy runs lie"
        alt += f" Behind them a band: {BAND}. {others.said or ''}"
    figure = Figure("losses", "run", title, "step", "nats", alt.strip(), "what")
    shown = _drawn(figure, [*_band(others.limits, "nats"), *_rows(curves, "nats")])
    return tag("div", shown, _near(judged, others), class_="pair") if others.said else shown


def _near(judged: Sequence[Line], others: Others) -> Html:
    """The held-out loss less the middle of the band, on a scale on which the band is wide."""
    middles = {step: (low + high) / 2 for step, (low, high) in others.limits.items()}
    curve = [(x, y - middles[int(x)]) for x, y in points(judged, "loss") if x in middles]
    limits = {x: (low - middles[x], high - middles[x]) for x, (low, high) in others.limits.items()}
    title = "By how much held-out text costs more than in the middle of healthy runs"
    alt = f"A curve and a band. {others.said}"
    figure = Figure("near", "run", title, "step", "nats_more", alt, "what")
    rows = [*_band(limits, "nats_more"), *_rows({HELD: curve}, "nats_more")]
    return _drawn(figure, rows, others.said)


def gradients(steps: Sequence[Line]) -> Html:
    """The lengths of the gradients, and the limit."""
    title = "The length of the gradient before it is clipped, and the limit"
    curves = {"gradient": points(steps, "norm"), "limit": points(steps, "limit")}
    alt = f"The gradient's length over the steps. {_ends(curves)}"
    figure = Figure("gradients", "run", title, "step", "length", alt.strip(), "what", log="y")
    return _drawn(figure, _rows(curves, "length"))


def points(lines: Iterable[Line], name: str) -> Points:
    """A value of some lines by how many steps were done."""
    return [(float(one["step"] + 1), one.get(name, math.inf)) for one in lines]


def thinned(points: Points) -> Iterable[tuple[float, float]]:
    """Some points as at most so many, each the mean of neighbours that are numbers."""
    known = [(x, y) for x, y in points if math.isfinite(y)]
    size = max(math.ceil(len(known) / POINTS), 1)
    for _, group in groupby(enumerate(known), lambda one: one[0] // size):
        some = [point for _, point in group]
        yield sum(x for x, _ in some) / len(some), sum(y for _, y in some) / len(some)


def _rows(curves: Mapping[str, Points], y: str) -> list[Row]:
    """The rows of some curves."""
    return [
        {"step": at, y: value, "what": what}
        for what, points in curves.items()
        for at, value in thinned(points)
    ]


def _band(limits: Mapping[int, tuple[float, float]], y: str) -> list[Row]:
    """The rows of a band."""
    return [
        {"step": float(step), y: (low + high) / 2, "what": BAND, f"{y}_low": low, f"{y}_high": high}
        for step, (low, high) in limits.items()
    ]


def _ends(curves: Mapping[str, Points]) -> str:
    """Where some curves end, in words."""
    last = {what: one[-1] for what, some in curves.items() if (one := [*thinned(some)])}
    return " ".join(
        f"{what.capitalize()}: {y:.3g} at step {x:,.0f}." for what, (x, y) in last.items()
    )


def _drawn(figure: Figure, rows: Sequence[Row], said: str | None = None) -> Html:
    """A figure of some rows; a sentence where it cannot be drawn."""
    known = {row["what"] for row in rows} - {BAND}
    if not known:
        return tag("p", "There is nothing to draw yet.", class_="soft")
    order = (LEARNT, HELD, BAND) if HELD in known else ()
    try:
        drawn = Html(draw(figure, Table.of(rows), order))
    except Unavailable as error:
        return tag("p", f"{error.what} {error.next_step}", class_="soft")
    shown = tag("div", drawn, class_="drawing", tabindex=0)
    more = said and joined(" ", tag("span", said, class_="soft"))
    return tag("figure", shown, tag("figcaption", figure.title, ".", more))
