"""Inline SVG: a drawing of Matplotlib as an element that a page can take as it is."""

from __future__ import annotations

import re
from collections.abc import Sequence
from xml.etree import ElementTree as Xml

from ..words import Figure
from .labels import word
from .series import INK, Series


def inlined(svg: str, figure: Figure, series: Sequence[Series]) -> str:
    """A drawing as an element for a page: ids of its own, the page's ink, no rule of style."""
    root = Xml.fromstring(svg)
    for element in root.iter():
        _plain(element)
    _rename(root, figure.name, {one.gid for one in series})
    for one in series:
        _gather(root, f"{figure.name}-{one.gid}", one.label)
    for at, (tag, text) in enumerate({"title": figure.title, "desc": figure.alt}.items()):
        root.insert(at, Xml.Element(tag, id=f"{figure.name}-{tag}"))
        root[at].text = word(text)
    look = "max-width: 42rem; height: auto; font-family: system-ui, sans-serif; fill: currentColor"
    box = root.get("viewBox", "")
    root.attrib.clear()
    root.attrib.update({"xmlns": "http://www.w3.org/2000/svg", "viewBox": box, "width": "100%"})
    root.attrib.update({"style": look, "stroke-linejoin": "round", "role": "img"})
    root.set("aria-labelledby", f"{figure.name}-title {figure.name}-desc")
    if figure.mark == "heat":
        root.set("shape-rendering", "crispEdges")  # or seams show between the cells
    Xml.indent(root, " ")
    return Xml.tostring(root, encoding="unicode") + "\n"


def _plain(element: Xml.Element) -> None:
    """Rids an element of namespaces, metadata, rules of style, fonts and needless digits."""
    element.tag = element.tag.rpartition("}")[2]
    for name in list(element.attrib):
        value = element.attrib.pop(name)
        if name == "style":
            value = re.sub(r"font-family: [^;]*;? ?", "", value).replace(INK, "currentColor")
        elif name != "id":
            value = re.sub(r"\d+\.\d{3,}", lambda found: f"{float(found[0]):.2f}", value)
        if not value.startswith("rotate(-0 "):
            element.set(name.rpartition("}")[2], " ".join(value.split()))
    for child in list(element):
        if child.tag.endswith(("metadata", "style")):
            element.remove(child)
    element.tail = None
    if element.text and not element.text.strip():
        element.text = None


def _rename(root: Xml.Element, prefix: str, kept: set[str]) -> None:
    """Prefixes the ids that are of use, with what refers to them, and drops the others."""
    pattern = re.compile(r"(?<=url\(#)[^)]+|(?<=^#).+")
    used = {found for e in root.iter() for v in e.attrib.values() for found in pattern.findall(v)}
    for element in root.iter():
        name = element.attrib.pop("id", None)
        for key, value in element.attrib.items():
            element.set(key, pattern.sub(lambda found: f"{prefix}-{found[0]}", value))
        if name in used | kept:
            element.set("id", f"{prefix}-{name}")


def _gather(root: Xml.Element, name: str, label: str) -> None:
    """Brings what was drawn of a series into one group, which says on hovering what it is."""
    group = Xml.Element("g", id=name)
    Xml.SubElement(group, "title").text = word(label)
    parts = [(e, part) for e in root.iter() for part in e if part.get("id") == name]
    parent, first = parts[0] if parts else (root, None)
    parent.insert(len(parent) if first is None else list(parent).index(first), group)
    for parent, part in parts:
        parent.remove(part)
        del part.attrib["id"]
        group.append(part)
