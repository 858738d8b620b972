"""Figures to test with, and what a drawing says: its words, its groups, where its points stand."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
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


Point = tuple[float, float]
SIZES = {"M": 2, "L": 2, "m": 2, "l": 2, "h": 1, "v": 1, "Q": 4, "q": 4, "C": 6, "c": 6}


def outlines(d: str) -> list[list[Point]]:
    """The corners of each outline of a path, however it is written."""
    found: list[list[Point]] = []
    here = 0.0, 0.0
    for command, rest in re.findall(r"([MLQCZmlhvqcz])([^MLQCZmlhvqcz]*)", d):
        values = [float(value) for value in re.findall(r"-?[\d.]+(?:e-?\d+)?", rest)]
        if command in "Zz":
            here = found[-1][0]
            continue
        assert values and len(values) % SIZES[command] == 0, d
        for at in range(0, len(values), SIZES[command]):
            ends = [0.0, *values[at : at + SIZES[command]], 0.0]
            x, y = ends[1:3] if command == "h" else ends[:2] if command == "v" else ends[-3:-1]
            here = (here[0] + x, here[1] + y) if command.islower() else (x, y)
            if command in "Mm" and at == 0:
                found.append([])
            found[-1].append(here)
    return found


@dataclass(frozen=True)
class Shape:
    """Something drawn: its look, with what it has from around it, and where it stands."""

    tag: str
    look: Mapping[str, str]
    outlines: list[list[Point]]
    words: str = ""
    series: str = ""
    clip: tuple[float, ...] = ()
    turn: str = ""

    @property
    def corners(self) -> list[Point]:
        """The corners of its first outline."""
        return self.outlines[0]

    @property
    def density(self) -> float:
        """The opacity of what is filled."""
        return float(self.look.get("opacity", 1)) * float(self.look.get("fill-opacity", 1))


PLAIN = {"fill": "black", "stroke": "none", "stroke-linejoin": "round", "stroke-linecap": "butt"}


def shapes(svg: str, series: str | None = None) -> list[Shape]:
    """What is painted of a drawing, or of one series, in its order."""
    root = parsed(svg)
    known = {e.get("id", ""): e for e in root.iter()}
    return [
        one for one in _painted(root, Shape("", PLAIN, []), known) if series in (None, one.series)
    ]


def _look(around: Mapping[str, str], place: Mapping[str, str]) -> dict[str, str]:
    """The look of an element, as its attributes and then its style say it."""
    said = {key: place[key] for key in place if re.match("fill|stroke|font-s|text-|opacity", key)}
    return {**around, **said, **dict(re.findall(r"([\w-]+): *([^;]+)", place.get("style", "")))}


def _painted(element: Xml.Element, around: Shape, known: dict[str, Xml.Element]) -> Iterator[Shape]:
    """What an element and those in it paint."""
    tag = element.tag.removeprefix(SVG)
    place = {key.rpartition("}")[2]: value for key, value in element.attrib.items()}
    look = _look(around.look, place)
    clip = around.clip
    if "clip-path" in place:
        rect = known[place["clip-path"][5:-1]][0]
        clip = tuple(float(rect.get(key, "")) for key in ("x", "y", "width", "height"))
    name = re.findall(r"(?:^|-)series-(.*)$", place.get("id", "")) if tag == "g" else []
    here = replace(around, tag=tag, look=look, clip=clip, series=(name or [around.series])[0])
    at = float(place.get("x", 0)), float(place.get("y", 0))
    if tag in ("svg", "g"):
        for child in element:
            yield from _painted(child, here, known)
    elif tag == "text":
        said = replace(here, outlines=[[at]], words=element.text or "")
        turn, *pivot = map(float, re.findall(r"-?[\d.]+", place.get("transform", "0")))
        turned = [[at, *zip(pivot[::2], pivot[1::2], strict=True)]]
        yield replace(said, turn=f"{turn:g}", outlines=turned) if turn else said
    elif tag == "circle":
        x, y, r = (float(place[key]) for key in ("cx", "cy", "r"))
        yield replace(here, outlines=[[(x, y), (x + r, y + r)]])
    elif tag == "use":
        (shape,) = _painted(known[place["href"][1:]], replace(here, clip=()), known)
        moved = [[(x + at[0], y + at[1]) for x, y in one] for one in shape.outlines]
        yield replace(shape, outlines=moved, clip=clip)
    elif tag == "path" and "C" in place.get("d", "").upper():
        (ends,) = [list(zip(*one, strict=True)) for one in outlines(place["d"])]
        middle = ((max(ends[0]) + min(ends[0])) / 2, (max(ends[1]) + min(ends[1])) / 2)
        yield replace(here, tag="circle", outlines=[[middle, (max(ends[0]), max(ends[1]))]])
    elif tag == "path":
        yield replace(here, outlines=outlines(place.get("d", "")))


def line(svg: str, series: str) -> list[Point]:
    """The corners of the line of a series."""
    found = [
        one
        for one in shapes(svg, series)
        if one.look["stroke"] != "none" and one.look["fill"] == "none"
    ]
    return found[0].corners


def assert_affine(drawn: list[float], true: list[float]) -> None:
    """Nothing, if one list is the other on another scale."""
    a = (drawn[-1] - drawn[0]) / (true[-1] - true[0])
    assert drawn == pytest.approx([drawn[0] + a * (value - true[0]) for value in true], abs=0.101)
