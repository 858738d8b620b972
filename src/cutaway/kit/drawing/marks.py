"""Marks: what Matplotlib drew, read back from its SVG as shapes and words with their looks."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from xml.etree import ElementTree as Xml

from .paths import (
    Step,
    apart,
    box,
    brief,
    is_straight,
    number,
    outlines,
    radius,
    steps,
    tenths,
    widened,
)
from .series import INK

# What a property is where nothing says it; the page's element says the first and the last itself.
UNSAID = {
    "fill": "currentColor",
    "fill-opacity": "1",
    "stroke": "none",
    "stroke-width": "1",
    "stroke-opacity": "1",
    "stroke-linecap": "butt",
    "stroke-dasharray": "none",
    "stroke-dashoffset": "0",
    "font-size": "medium",
    "font-style": "normal",
    "font-weight": "normal",
    "text-anchor": "start",
    "stroke-linejoin": "round",
}


@dataclass
class Mark:
    """One shape or one text: how it looks, where it stands, what clips it, who drew it."""

    tag: str
    look: dict[str, str]
    clip: str
    series: str  # the id of its series; "" if it is of none
    artist: Xml.Element  # the group that holds what was drawn at once, such as all lines of a grid
    place: dict[str, str] = field(default_factory=dict)
    path: list[Step] = field(default_factory=list)
    words: str | None = None
    alone: bool = True  # whether it may overlap others of its artist and shine through them

    def element(self) -> Xml.Element:
        """The mark as SVG, with every property on which its look depends."""
        if self.tag == "path":
            stroked = self.look["stroke"] != "none"
            self.place = {"d": brief(self.path if stroked else widened(self.path), stroked)}
        element = Xml.Element(self.tag, {**self.place, **self.needs()})
        element.text = self.words
        return element

    def needs(self) -> dict[str, str]:
        """The properties on which the look depends."""
        idle = ["font-", "text-"] if self.words is None else ["stroke-"]
        straight = bool(self.path) and is_straight(self.path)
        idle += ["fill"] if straight else ["fill-"] if self.look["fill"] == "none" else []
        idle += ["stroke-"] if self.look["stroke"] == "none" else []
        idle += ["stroke-linejoin"] if straight else []
        return {key: text for key, text in self.look.items() if not key.startswith(tuple(idle))}

    def is_seen(self) -> bool:
        """Whether it paints anything."""
        painted = {self.look["fill"], self.look["stroke"]} != {"none"}
        return painted and (self.words is not None or len(self.path) > 1)

    def may_join(self, other: Mark) -> bool:
        """Whether it can be of one path with a like mark, and all can be seen as before.

        What may overlap shines through only as a path of its own.
        """
        if not self.alone:
            return True
        if self.tag != "path" or self.look["stroke"] != "none":
            return False
        return all(apart(box(self.path), box(one)) for one in outlines(other.path))

    def fits(self, frame: Sequence[int]) -> bool:
        """Whether it lies in a frame, its strokes and their ends too."""
        if not self.path:
            return False
        wide = tenths(float(self.look["stroke-width"])) if self.look["stroke"] != "none" else 0
        left, top, right, bottom = box(self.path)
        inner = (left - wide, top - wide, -right - wide, -bottom - wide)
        outer = (frame[0], frame[1], -frame[2], -frame[3])
        return all(one >= other for one, other in zip(inner, outer, strict=True))


def marks(drawing: Xml.Element) -> Iterator[Mark]:
    """What is seen of a drawing, in the order in which it is painted."""
    defined = {e.get("id", ""): e for e in drawing.iter() if _tag(e) == "path"}
    for mark in _inside(drawing, Mark("", dict(UNSAID), "", "", drawing), defined):
        if mark.is_seen():
            yield mark


def frames(drawing: Xml.Element) -> dict[str, tuple[int, ...]]:
    """The frames that clip, by their ids: left, top, right and bottom in tenths."""
    found = {}
    for clip in drawing.iter():
        if _tag(clip) == "clipPath":
            sides = ("x", "y", "width", "height")
            x, y, width, height = (float(clip[0].get(side, "")) for side in sides)
            found[clip.get("id", "")] = tuple(map(tenths, (x, y, x + width, y + height)))
    return found


def _inside(group: Xml.Element, around: Mark, defined: Mapping[str, Xml.Element]) -> Iterator[Mark]:
    """The marks of a group, with what they have from around it."""
    for element in group:
        clip = element.get("clip-path", "")[5:-1] or around.clip
        look, artist = _styled(around.look, element), around.artist
        mark = Mark(_tag(element), look, clip, around.series, artist)
        if mark.tag == "g":
            name = element.get("id", "")
            mark.series = name if name.startswith("series-") else around.series
            is_axis = artist.get("id", "").startswith("matplotlib.axis")
            mark.artist = artist if is_axis else element
            yield from _inside(element, mark, defined)
        elif mark.tag == "path":
            mark.path, mark.alone = steps(element.get("d", "")), False
            yield mark
        elif mark.tag == "use":
            link = next(text for key, text in element.attrib.items() if key.endswith("href"))
            yield _used(mark, element, defined[link[1:]])
        elif mark.tag == "text":
            yield _text(mark, element)
        elif mark.tag not in ("defs", "metadata"):
            raise ValueError(f"Matplotlib drew a <{mark.tag}>, which no mark of a figure is.")


def _used(mark: Mark, use: Xml.Element, shape: Xml.Element) -> Mark:
    """A shape at the place where it is used: a circle if it is one."""
    x, y = float(use.get("x", 0)), float(use.get("y", 0))
    mark.path = steps(shape.get("d", ""), (x, y))
    wide = radius(steps(shape.get("d", "")))
    mark.tag = "path" if wide is None else "circle"
    if wide is not None:
        mark.place = {"cx": number(tenths(x)), "cy": number(tenths(y)), "r": number(wide)}
    return mark


def _text(mark: Mark, text: Xml.Element) -> Mark:
    """Words at a place, turned if they are."""
    mark.place = {key: number(tenths(float(text.get(key, 0)))) for key in ("x", "y")}
    turn = text.get("transform", "")
    if turn and not turn.startswith("rotate(-0 "):
        short = re.sub(r"-?\d+\.\d+", lambda found: number(tenths(float(found[0]))), turn)
        mark.place["transform"] = short
    mark.words = text.text
    return mark


def _styled(look: Mapping[str, str], element: Xml.Element) -> dict[str, str]:
    """A look once the style of an element is added, in the page's ink and font."""
    style = dict(re.findall(r"([\w-]+): *([^;]+)", element.get("style", "")))
    style.pop("font-family", None)
    return {**look, **{key: _short(text) for key, text in style.items()}}


def _short(text: str) -> str:
    """A value of a property without needless digits, units and spaces."""
    text = text.strip().replace(INK, "currentColor")
    if re.fullmatch(r"[\d.]+(px)?", text):
        text = f"{float(text.removesuffix('px')):.3f}".rstrip("0").rstrip(".")
        return text.removeprefix("0") if text.startswith("0.") else text
    return text


def _tag(element: Xml.Element) -> str:
    """The tag without its namespace."""
    return element.tag.rpartition("}")[2]
