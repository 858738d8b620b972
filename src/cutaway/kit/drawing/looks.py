"""Looks: each property said once, on the group where that takes the fewest characters."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from xml.etree import ElementTree as Xml

from .marks import UNSAID

PLACE = {"d", "x", "y", "cx", "cy", "r", "transform"}
PAINT = {"fill", "fill-opacity", "stroke", "stroke-opacity"}  # the page's, on the whole drawing


def gather_alike(group: Xml.Element) -> None:
    """Puts neighbours of one look into a group of their own, and what clips them all on it."""
    for child in group:
        if child.tag == "g":
            gather_alike(child)
    runs = [list(run) for _, run in groupby(list(group), _look)]
    for run in runs:
        if len(run) > 1 and run[0].tag not in ("g", "title", "desc"):
            alike = Xml.Element("g")
            group.insert(list(group).index(run[0]), alike)
            for child in run:
                group.remove(child)
                alike.append(child)
                if "clip-path" in child.attrib:
                    alike.set("clip-path", child.attrib.pop("clip-path"))


def share(root: Xml.Element) -> None:
    """Says each property where it costs least; a group that then says nothing is dissolved."""
    for name, given in UNSAID.items():
        for element in root if name in PAINT else [root]:
            _say(element, name, given)
    for parent in list(root.iter()):
        for child in [child for child in parent if child.tag == "g" and not child.attrib]:
            at = list(parent).index(child)
            parent.remove(child)
            for offset, grandchild in enumerate(child):
                parent.insert(at + offset, grandchild)


def _look(element: Xml.Element) -> Sequence[object]:
    """What neighbours must have in common to stand in one group."""
    return element.tag, {key: text for key, text in element.attrib.items() if key not in PLACE}


def _say(element: Xml.Element, name: str, given: str) -> None:
    """Sets a property on an element and below it, where `given` is what comes from above."""
    if element.tag not in ("svg", "g"):
        if element.get(name) == given:
            del element.attrib[name]
        return
    best = min(_choices(element, name, given), key=lambda one: _cost(element, name, given, one))
    if best != given:
        element.set(name, best)
    for child in element:
        _say(child, name, best)


def _choices(element: Xml.Element, name: str, given: str) -> list[str]:
    """What a group could say of a property: what comes from above, or what is wanted below."""
    return list(dict.fromkeys([given, *[e.attrib[name] for e in element.iter() if e.get(name)]]))


def _cost(element: Xml.Element, name: str, given: str, said: str) -> int:
    """The characters that a property takes on an element and below, if the element says this."""
    cost = 0 if said == given else len(f' {name}="{said}"')
    for child in element:
        if child.tag == "g":
            cost += min(_cost(child, name, said, one) for one in _choices(child, name, said))
        elif child.get(name, said) != said:
            cost += len(f' {name}="{child.attrib[name]}"')
    return cost
