"""Figures to test with, and what a drawing says: its words, its groups, where its points stand."""

from __future__ import annotations

import re
from dataclasses import replace
from xml.etree import ElementTree as Xml

import pytest

pytest.importorskip("matplotlib")

from cutaway.kit.tables import Table
from cutaway.kit.words import Figure

SVG = "{http://www.w3.org/2000/svg}"
LINE = Figure("loss_by_step", "e", "It falls", "step", "val_loss", "Two lines fall.")
BAR = replace(LINE, name="bars", x="fault", mark="bar")
HEAT = replace(LINE, name="heat", y="layer", color="weight", mark="heat")
HOSTILE = (
    "<script>alert(1)</script>",
    "$x_1^2$",
    "\"&'>",
    "_under",
    "#010203",
    "a b",
    "\x00\x1b[31m",
)
MARKS = [
    LINE,
    replace(LINE, mark="point"),
    replace(LINE, mark="bar"),
    BAR,
    replace(BAR, mark="point"),
]


def loss(at: int, step: int, seed: int) -> float:
    """A loss in which neither steps nor seeds stand evenly."""
    return 1 + at + step**2 / 100 + seed**2 * (step + 3) / 200


def measured(faults: tuple[str | None, ...] = (None, "no_scale"), seeds: int = 4) -> Table:
    """Losses that differ by fault, step and seed."""
    return Table.of(
        {"fault": fault, "seed": seed, "step": step, "val_loss": loss(at, step, seed)}
        for at, fault in enumerate(faults)
        for seed in range(seeds)
        for step in (0, 5, 10, 20)
    )


def matrix(values: list[list[float | None]]) -> Table:
    """A matrix as rows."""
    rows = [(x, y, value) for y, row in enumerate(values) for x, value in enumerate(row)]
    return Table(("step", "layer", "weight"), tuple(rows))


def parsed(svg: str) -> Xml.Element:
    """The drawing as a tree."""
    return Xml.fromstring(svg)


def words(element: Xml.Element) -> list[str]:
    """The texts that are drawn."""
    return [text.text or "" for text in element.iter(f"{SVG}text")]


def group(svg: str, name: str) -> Xml.Element:
    """The element with an id."""
    (found,) = [element for element in parsed(svg).iter() if element.get("id") == name]
    return found


def points(path: Xml.Element | None) -> list[tuple[float, float]]:
    """The corners of a path."""
    assert path is not None
    numbers = [float(number) for number in re.findall(r"-?[\d.]+", path.get("d", ""))]
    return list(zip(numbers[::2], numbers[1::2], strict=True))


def line(svg: str, name: str, dash: str = "none") -> list[tuple[float, float]]:
    """The corners of the line of a series."""
    paths = [p for p in group(svg, name).iter(f"{SVG}path") if "fill: none" in p.get("style", "")]
    return points(paths[0])


def assert_affine(drawn: list[float], true: list[float]) -> None:
    """Nothing, if one list is the other on another scale."""
    a = (drawn[-1] - drawn[0]) / (true[-1] - true[0])
    assert drawn == pytest.approx([drawn[0] + a * (value - true[0]) for value in true], abs=0.03)
