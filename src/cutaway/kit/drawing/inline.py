"""Inline SVG: a drawing of Matplotlib as an element that a page can take as it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from xml.etree import ElementTree as Xml

from ..words import Figure
from .labels import word
from .looks import gather_alike, share
from .marks import Mark, frames, marks
from .paths import number
from .series import Series

FONT = "font-family:system-ui,sans-serif;fill:currentColor"
# A file has a paper too: an image in a light page is asked for dark where the screen is dark.
INKS = (
    "#{0}{{color:#1c1e21;background:#fff}}"
    "@media(prefers-color-scheme:dark){{#{0}{{color:#e4e6e8;background:#131416}}}}"
)


def inlined(svg: str, figure: Figure, series: Sequence[Series]) -> str:
    """A drawing as an element for a page: ids of its own, the page's ink, no rule of style."""
    drawing = Xml.fromstring(svg)
    name, box = figure.name, drawing.get("viewBox", "")
    root = Xml.Element(
        "svg",
        {"xmlns": "http://www.w3.org/2000/svg", "viewBox": box, "width": "100%"}
        | {"style": f"max-width:42rem;height:auto;{FONT}", "stroke-linejoin": "round"}
        | {"role": "img", "aria-labelledby": f"{name}-title {name}-desc"},
    )
    if figure.mark == "heat":
        root.set("shape-rendering", "crispEdges")  # or seams show between the cells
    for tag, text in {"title": figure.title, "desc": figure.alt}.items():
        Xml.SubElement(root, tag, id=f"{name}-{tag}").text = word(text)
    found = _together(drawing)
    _frame(root, found, frames(drawing), name)
    _draw(root, found, name, series)
    gather_alike(root)
    share(root)
    root.text = "\n"
    for child in root:
        child.tail = "\n"
    return _written(root)


def standalone(svg: str) -> str:
    """A drawing as a file of its own: with a size, and ink and paper for light and for dark."""
    root = Xml.fromstring(svg)
    for element in root.iter():
        element.tag = element.tag.rpartition("}")[2]
    name = root[0].get("id", "").removesuffix("-title") + "-file"
    width, height = root.get("viewBox", "").split()[2:]
    size = {"width": f"{width}pt", "height": f"{height}pt", "style": FONT}
    said = {"xmlns": "http://www.w3.org/2000/svg", **root.attrib, **size, "id": name}
    root.attrib.clear()
    root.attrib.update(said)
    style = Xml.Element("style")
    style.text, style.tail = INKS.format(name), "\n"
    root.insert(0, style)
    return _written(root)


def _written(root: Xml.Element) -> str:
    """The text of an element."""
    return Xml.tostring(root, encoding="unicode").replace(" />", "/>") + "\n"


def _together(drawing: Xml.Element) -> list[Mark]:
    """The marks to draw: few for the like paths of an artist, none with a needless clip."""
    found: list[Mark] = []
    alike: dict[object, list[Mark]] = {}
    clips = frames(drawing)
    for mark in marks(drawing):
        if mark.clip and mark.fits(clips[mark.clip]):
            mark.clip = ""
        homes = alike.setdefault((id(mark.artist), mark.clip, *mark.needs().items()), [])
        home = next((one for one in homes if mark.may_join(one)), None)
        if home:
            home.path += mark.path
        else:
            homes.append(mark)
            found.append(mark)
    return found


def _frame(
    root: Xml.Element, found: Sequence[Mark], clips: Mapping[str, Sequence[int]], name: str
) -> None:
    """Defines what clips marks, and makes them refer to it."""
    used = dict.fromkeys(mark.clip for mark in found if mark.clip)
    for at, old in enumerate(used, 1):
        left, top, right, bottom = clips[old]
        sides = {"x": left, "y": top, "width": right - left, "height": bottom - top}
        path = Xml.SubElement(root, "clipPath", id=f"{name}-clip-{at}")
        Xml.SubElement(path, "rect", {side: number(length) for side, length in sides.items()})
        for mark in found:
            if mark.clip == old:
                mark.clip = f"{name}-clip-{at}"


def _draw(root: Xml.Element, found: Sequence[Mark], name: str, series: Sequence[Series]) -> None:
    """Draws marks, those of a series in one group, which says on hovering what it is."""
    labels = {one.gid: one.label for one in series}
    homes = {"": root}
    for mark in found:
        if mark.series not in homes:
            homes[mark.series] = _home(root, f"{name}-{mark.series}", labels.pop(mark.series))
        element = mark.element()
        if mark.clip:
            element.set("clip-path", f"url(#{mark.clip})")
        homes[mark.series].append(element)
    for gid, label in labels.items():
        _home(root, f"{name}-{gid}", label)


def _home(root: Xml.Element, name: str, label: str) -> Xml.Element:
    """The group of a series."""
    group = Xml.SubElement(root, "g", id=name)
    Xml.SubElement(group, "title").text = word(label)
    return group
