"""A training run as one HTML page: its curves, its layers, what it wrote, and where it ran."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from typing import Any

from cutaway.errors import Unavailable
from cutaway.kit.drawing.figures import draw
from cutaway.kit.tables import Table
from cutaway.kit.words import Figure, Scalar

from .markup import Html, joined, number, tag
from .sheets import sheet

POINTS = 300  # of a curve: more cannot be seen, and their means are drawn
LAYERS = ("gradient", "weight", "ratio", "mean_square", "largest", "silent", "entropy")
Line = Mapping[str, Any]


def page(
    name: str,
    config: Mapping[str, Any],
    seen: Sequence[Line],
    samples: Mapping[int, str],
    rungs: Mapping[str, float],
) -> str:
    """The page of a run, from what was asked, seen and written, and the ladder of its text."""
    steps = [line for line in seen if line["kind"] == "step"]
    judged = [line for line in seen if line["kind"] == "judged"]
    layers = [line for line in seen if line["kind"] == "layers"]
    parts = (
        _part("What it lost", _losses(steps, judged), _ladder(judged, rungs)),
        _part("How long its gradients were", _gradients(steps)),
        _part("Its layers, when they were last looked at", _layers(layers)) if layers else None,
        _part("What it wrote", *_samples(samples)) if samples else None,
        _part("What was asked", _facts(config.get("settings", {}))),
        _part("Where it ran", _facts(config.get("environment", {}))),
    )
    return sheet(name, tag("main", *parts, class_="corpus"), _said(steps, judged))


def _part(title: str, *inside: object) -> Html:
    """A part of the page."""
    return tag("section", tag("h3", title), *inside, class_="part")


def _facts(facts: Mapping[str, Any]) -> Html:
    """Names and values."""
    return tag("dl", *[joined(tag("dt", key), tag("dd", facts[key])) for key in facts])


def _said(steps: Sequence[Line], judged: Sequence[Line]) -> str:
    """The run in a sentence."""
    if not steps or not judged:
        return "Nothing was learnt yet."
    done = steps[-1]["step"] + 1
    return f"After {done:,} steps a held-out token costs {judged[-1]['loss']:.3f} nats."


def thinned(points: Sequence[tuple[float, float]]) -> Iterable[tuple[float, float]]:
    """Some points as at most so many, each the mean of neighbours that are numbers."""
    known = [(x, y) for x, y in points if math.isfinite(y)]
    size = max(math.ceil(len(known) / POINTS), 1)
    for _, group in groupby(enumerate(known), lambda one: one[0] // size):
        some = [point for _, point in group]
        yield sum(x for x, _ in some) / len(some), sum(y for _, y in some) / len(some)


def _curves(figure: Figure, curves: Mapping[str, Sequence[tuple[float, float]]]) -> Html:
    """Some curves over the steps; a sentence where they cannot be drawn."""
    rows: list[dict[str, Scalar]] = [
        {"step": x, figure.y: y, "what": what}
        for what, points in curves.items()
        for x, y in thinned(points)
    ]
    if not rows:
        return tag("p", "There is nothing to draw yet.", class_="soft")
    try:
        drawn = Html(draw(figure, Table.of(rows)))
    except Unavailable as error:
        return tag("p", f"{error.what} {error.next_step}", class_="soft")
    return tag("figure", drawn, tag("figcaption", figure.title))


def _losses(steps: Sequence[Line], judged: Sequence[Line]) -> Html:
    """The losses of the run."""
    title = "What a token costs: on what is learnt from, and on held-out text"
    figure = Figure(
        "losses", "run", title, "step", "nats", "Two curves of the loss over the steps.", "what"
    )
    curves = {"learnt from": steps, "held out": judged}
    return _curves(
        figure, {what: [(_at(one), one["loss"]) for one in some] for what, some in curves.items()}
    )


def _gradients(steps: Sequence[Line]) -> Html:
    """The lengths of the gradients, and the limit."""
    title = "The length of the gradient before it is clipped, and the limit"
    figure = Figure(
        "gradients", "run", title, "step", "length", "A curve of lengths.", "what", log="y"
    )
    lengths = [(_at(one), one["norm"]) for one in steps]
    limits = [(_at(one), one.get("limit", math.inf)) for one in steps]
    return _curves(figure, {"gradient": lengths, "limit": limits})


def _at(line: Line) -> float:
    """How many steps were done."""
    return float(line["step"] + 1)


def _ladder(judged: Sequence[Line], rungs: Mapping[str, float]) -> Html | None:
    """The n-gram models of the text, and the run among them."""
    if not rungs or not judged:
        return None
    every = {**rungs, "this run": judged[-1]["loss"]}
    ordered = sorted(every, key=every.__getitem__, reverse=True)
    head = tag("tr", *[tag("th", word, scope="col") for word in ("model", "nats a token")])
    rows = [
        tag("tr", tag("th", name, scope="row"), tag("td", f"{every[name]:.3f}")) for name in ordered
    ]
    return tag("table", tag("thead", head), tag("tbody", *rows))


def _layers(layers: Sequence[Line]) -> Html:
    """What was seen of each part."""
    last = layers[-1]
    head = tag(
        "tr", *[tag("th", word.replace("_", " "), scope="col") for word in ("part", *LAYERS)]
    )
    rows = [
        tag("tr", tag("th", name, scope="row"), *[tag("td", _value(part.get(w))) for w in LAYERS])
        for name, part in last["parts"].items()
    ]
    said = f"After step {last['step'] + 1:,}."
    table = tag("table", tag("thead", head), tag("tbody", *rows))
    return joined(tag("p", said, class_="soft"), tag("div", table, class_="wide"))


def _value(value: Any) -> str:
    """A number, or the mean of several."""
    if isinstance(value, list):
        return number(sum(value) / len(value)) if value else "–"
    return number(value)


def _samples(samples: Mapping[int, str]) -> list[Html]:
    """What the model wrote, the last first."""
    found = sorted(samples.items(), reverse=True)
    return [joined(tag("h4", f"After step {step:,}"), tag("pre", text)) for step, text in found]
