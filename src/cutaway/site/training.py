"""A training run as one HTML page: its curves, its layers, what it wrote, and where it ran."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .markup import Html, joined, number, tag
from .sheets import sheet
from .training_curves import Line, Others, gradients, losses

LAYERS = ("gradient", "weight", "ratio", "mean_square", "largest", "silent", "entropy")
ALONE = Others()


def page(
    name: str,
    config: Mapping[str, Any],
    seen: Sequence[Line],
    samples: Mapping[int, str],
    rungs: Mapping[str, float],
    others: Others = ALONE,
) -> str:
    """The page of a run: what was asked, seen and written, beside the ladder and healthy runs."""
    steps = [line for line in seen if line["kind"] == "step"]
    judged = [line for line in seen if line["kind"] == "judged"]
    layers = [line for line in seen if line["kind"] == "layers"]
    parts = (
        _part("What it lost", losses(steps, judged, others), _ladder(judged, rungs)),
        _part("How long its gradients were", gradients(steps)),
        _part("Its layers, when they were last looked at", _layers(layers)) if layers else None,
        _part("What it wrote", *_samples(samples)) if samples else None,
        tag(
            "div",
            _part("What was asked", _facts(config.get("settings", {}))),
            _part("Where it ran", _facts(config.get("environment", {}))),
            class_="pair",
        ),
    )
    return sheet(name, tag("main", *parts, class_="corpus run"), _said(steps, judged))


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
    return joined(tag("p", said, class_="soft"), tag("div", table, class_="wide", tabindex=0))


def _value(value: Any) -> str:
    """A number, or the mean of several."""
    if isinstance(value, list):
        return number(sum(value) / len(value)) if value else "–"
    return number(value)


def _samples(samples: Mapping[int, str]) -> list[Html]:
    """What the model wrote, the last first."""
    found = sorted(samples.items(), reverse=True)
    return [joined(tag("h4", f"After step {step:,}"), tag("pre", text)) for step, text in found]
