"""What a page relies on: ids, colours, text that is only text, the same bytes every time."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

pytest.importorskip("matplotlib")

from cutaway.errors import Unavailable, UsageError
from cutaway.kit.drawing.conftest import (
    BAR,
    HEAT,
    HOSTILE,
    LINE,
    MARKS,
    SVG,
    group,
    matrix,
    measured,
    parsed,
    shapes,
    words,
)
from cutaway.kit.drawing.figures import draw
from cutaway.kit.drawing.inline import standalone
from cutaway.kit.drawing.series import PALETTE
from cutaway.kit.tables import Table
from cutaway.kit.words import Figure


@pytest.mark.parametrize("figure", [*MARKS, HEAT])
def test_a_page_can_take_it_as_it_is(figure: Figure) -> None:
    table = matrix([[0.1, -0.2]]) if figure is HEAT else measured((None, *HOSTILE[:-1], "z" * 50))
    svg = draw(figure, table)
    root = parsed(svg)
    assert svg.startswith("<svg ") and root.get("role") == "img" and root.get("viewBox")
    assert [root[0].text, root[1].text] == [figure.title, figure.alt]
    ids = [element.get("id", "") for element in root.iter() if "id" in element.attrib]
    assert len(set(ids)) == len(ids) and all(i.startswith(f"{figure.name}-") for i in ids)
    assert all(re.fullmatch(r"[\w.%~-]+", name) for name in ids)
    values = [value for e in root.iter() for key, value in e.attrib.items() if key != "id"]
    used = (
        re.findall(r"url\(#([^)]+)\)", " ".join(values)) + root.get("aria-labelledby", "").split()
    )
    assert used and set(used) <= set(ids)
    colours = {one.look[key] for one in shapes(svg) for key in ("fill", "stroke")}
    assert colours <= {*PALETTE, "currentColor", "none"}
    tags = {element.tag.removeprefix(SVG) for element in root.iter()}
    assert tags <= {
        "svg",
        "title",
        "desc",
        "g",
        "path",
        "circle",
        "text",
        "clipPath",
        "rect",
    }
    assert "http" not in svg.replace("http://www.w3.org/2000/svg", "")


def test_two_figures_of_one_page_share_no_id() -> None:
    one, two = (draw(replace(LINE, name=name), measured()) for name in ("one", "two"))
    ids = [set(re.findall(r'id="([^"]+)"', svg)) for svg in (one, two)]
    assert ids[0] and not ids[0] & ids[1]


@pytest.mark.parametrize("figure", [LINE, BAR])
def test_a_hostile_name_is_only_text(figure: Figure) -> None:
    svg = draw(replace(figure, title="<b>&", alt=HOSTILE[0]), measured((None, *HOSTILE)))
    assert {*HOSTILE[:-1], "\ufffd\ufffd[31m"} <= set(words(parsed(svg)))
    assert "<script" not in svg and parsed(svg)[0].text == "<b>&"
    assert group(svg, f"{figure.name}-series-%3Cscript%3Ealert%281%29%3C%2Fscript%3E") is not None


def test_the_page_finds_each_series_and_its_colour() -> None:
    table = measured((None, "b", "a", "no_run"))
    rows = tuple((*row[:3], None) if row[0] == "no_run" else row for row in table.rows)
    for figure in MARKS:
        svg = draw(figure, Table(table.columns, rows))
        for name, colour in (("clean", "currentColor"), ("b", PALETTE[0]), ("a", PALETTE[1])):
            inside = shapes(svg, name)
            assert {one.look["fill"] for one in inside if one.tag == "circle"} == {colour}
            assert {one.look["fill"] for one in inside if one.tag == "text"} <= {"currentColor"}
            assert {one.look["stroke"] for one in inside} <= {colour, "none"}
        assert group(svg, f"{figure.name}-series-no_run") is not None


def test_the_palette_is_readable_on_white_and_on_black() -> None:
    def luminance(colour: str) -> float:
        parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
        linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    for colour in PALETTE:
        assert 1.05 / (luminance(colour) + 0.05) >= 3
        assert (luminance(colour) + 0.05) / (luminance("#131416") + 0.05) >= 3


def test_only_a_quick_table_says_quick() -> None:
    full = measured()
    assert "quick" in words(parsed(draw(LINE, replace(full, quick=True))))
    assert "quick" not in draw(LINE, full)


@pytest.mark.parametrize(
    ("figure", "says"),
    [
        (replace(LINE, mark="pie"), "mark 'pie'"),
        (replace(LINE, log="z"), "log 'z'"),
        (replace(LINE, y="loss"), "column 'loss'"),
        (replace(LINE, color="falt"), "column 'falt'"),
        (replace(LINE, color="seed"), "average over faults"),
        (replace(LINE, y="fault"), "column of words"),
        (replace(LINE, name="a b"), "part of an id"),
    ],
)
def test_a_figure_that_does_not_fit_its_table_is_refused(figure: Figure, says: str) -> None:
    with pytest.raises(UsageError, match=says):
        draw(figure, measured())


def test_a_fault_cannot_pass_for_the_control() -> None:
    with pytest.raises(UsageError, match="read the same"):
        draw(LINE, measured((None, "clean")))


def test_without_matplotlib_the_next_step_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(Unavailable) as caught:
        draw(LINE, measured())
    assert caught.value.next_step == "pip install 'cutaway[plot]'"


def test_two_processes_draw_the_same_bytes(tmp_path: Path) -> None:
    (tmp_path / "matplotlibrc").write_text("axes.titlepad: 40\nfont.weight: bold\n")
    (tmp_path / "t.json").write_text(measured().to_json())
    program = (
        "import pathlib; from cutaway.kit.drawing.figures import *; import sys\n"
        f"sys.stdout.write(draw({LINE!r}, Table.load(pathlib.Path('t.json'))))\n"
        "assert 'matplotlib.pyplot' not in sys.modules"
    )
    drawn = []
    for seed in ("1", "2"):
        path = os.pathsep.join(map(os.path.abspath, sys.path))
        environment = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": path}
        run = [sys.executable, "-c", program]
        drawn.append(subprocess.check_output(run, cwd=tmp_path, env=environment, text=True))
    assert drawn[0] == drawn[1] == draw(LINE, measured())


def test_a_value_has_one_colour_in_every_figure_of_a_lab() -> None:
    table = Table.of([{"fault": "b", "seed": s, "x": 1, "y": float(s)} for s in range(4)])
    figure = Figure("one", "e", "t", "x", "y", "a", mark="point")
    alone, ordered = draw(figure, table), draw(figure, table, ["a", "b"])
    assert PALETTE[0] in alone and PALETTE[1] not in alone
    assert PALETTE[1] in ordered and PALETTE[0] not in ordered


@pytest.mark.parametrize("figure", [LINE, BAR, HEAT])
def test_a_file_of_its_own_has_a_size_an_ink_and_a_paper(figure: Figure) -> None:
    svg = draw(figure, matrix([[0.1, -0.2]]) if figure is HEAT else measured((None, *HOSTILE)))
    root = parsed(standalone(svg))
    width, height = parsed(svg).get("viewBox", "").split()[2:]
    assert (root.get("width"), root.get("height")) == (f"{width}pt", f"{height}pt")
    assert root.tag == f"{SVG}svg" and "max-width" not in root.get("style", "")
    rules = root[0].text or ""
    assert root[0].tag == f"{SVG}style" and re.findall(r"[#.\w-]+(?={c)", rules) == [
        f"#{root.get('id')}", f"#{root.get('id')}"
    ]  # fmt: skip
    looks = re.findall(r"color:(#\w+);background:(#\w+)", rules)
    assert looks == [("#1c1e21", "#fff"), ("#e4e6e8", "#131416")]
    assert rules.index(looks[0][0]) < rules.index("prefers-color-scheme:dark")
    assert words(root) == words(parsed(svg))
    assert [one.outlines for one in shapes(standalone(svg))] == [
        one.outlines for one in shapes(svg)
    ]
    ids = [e.get("id", "") for e in root.iter() if e.get("id")]
    assert len(set(ids)) == len(ids) and all(one.startswith(f"{figure.name}-") for one in ids)
