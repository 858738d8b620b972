"""Looks said once: whatever stands around whatever, each mark looks as it did and in its place."""

from __future__ import annotations

from xml.etree import ElementTree as Xml

import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("matplotlib")

from cutaway.kit.drawing.conftest import shapes
from cutaway.kit.drawing.looks import gather_alike, share
from cutaway.kit.drawing.marks import UNSAID

NAMESPACE = "http://www.w3.org/2000/svg"
MARK = st.fixed_dictionaries(
    {"stroke": st.sampled_from(["none", "#0a7cc4", "#d55e00"])},
    optional={
        "fill": st.sampled_from(["none", "currentColor", "#0a7cc4"]),
        "stroke-width": st.sampled_from(["1", "1.5"]),
        "fill-opacity": st.sampled_from(["1", ".8"]),
        "clip-path": st.just("url(#one-clip-1)"),
    },
)
GROUPS = st.lists(st.tuples(st.booleans(), st.lists(MARK, max_size=6)), max_size=4)


def page(groups: list[tuple[bool, list[dict[str, str]]]]) -> Xml.Element:
    """A drawing of marks, each with all that it needs, in series or in none."""
    root = Xml.Element("svg", {"xmlns": NAMESPACE, "style": "fill:currentColor"})
    clip = Xml.SubElement(root, "clipPath", id="one-clip-1")
    Xml.SubElement(clip, "rect", {"x": "0", "y": "0", "width": "9", "height": "9"})
    count = 0
    for at, (is_series, looks) in enumerate(groups):
        home = Xml.SubElement(root, "g", id=f"one-series-{at}") if is_series else root
        if is_series:
            Xml.SubElement(home, "title").text = "a series"
        for look in looks:
            Xml.SubElement(home, "path", {"d": f"M{count} 0h1v1", **look})
            count += 1
    return root


@given(GROUPS)
def test_every_mark_keeps_its_look_its_clip_and_its_place(
    groups: list[tuple[bool, list[dict[str, str]]]],
) -> None:
    plain = Xml.tostring(page(groups), "unicode")
    root = page(groups)
    gather_alike(root)
    share(root)
    short = Xml.tostring(root, "unicode")
    asked = [set(look) - {"clip-path"} for _, looks in groups for look in looks]
    for one, other, needs in zip(shapes(plain), shapes(short), asked, strict=True):
        assert (one.corners, one.series, one.clip) == (other.corners, other.series, other.clip)
        assert all(one.look[key] == {**UNSAID, **other.look}[key] for key in needs)
    assert "<g>" not in short and not {"fill", "stroke", "fill-opacity"} & set(root.attrib)


def test_neighbours_of_one_look_say_it_once() -> None:
    root = page([(True, [{"stroke": "#0a7cc4", "clip-path": "url(#one-clip-1)"}] * 3)])
    gather_alike(root)
    share(root)
    text = Xml.tostring(root, "unicode")
    assert text.count("#0a7cc4") == 1 and text.count("clip-path") == 1
    assert [child.tag for child in root] == ["clipPath", "g"]
    assert [child.tag for child in root[1]] == ["title", "g"] and len(root[1][1]) == 3
