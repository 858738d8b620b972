"""What can be taken away: every figure as a file, and as a picture of what is seen."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from PIL import Image
from playwright.sync_api import Browser, Locator

from cutaway.kit.results import read
from cutaway.kit.words import Lab
from web.conftest import page_of
from web.visits import Window, window


def downloaded(link: Locator) -> tuple[str, bytes]:
    """The name and the content of the file that a click saves."""
    with link.page.expect_download() as found:
        link.click()
    return found.value.suggested_filename, Path(found.value.path()).read_bytes()


def test_every_figure_offers_its_drawing_and_its_numbers(
    lab: Lab, desk: Window, address: str, book: Path
) -> None:
    desk.page.goto(address + page_of(lab))
    tables = read(lab).tables
    for figure in lab.figures:
        away = desk.page.locator(f"[data-name='{figure.name}'] .away")
        links = away.locator("a").evaluate_all("(all) => all.map((e) => e.getAttribute('href'))")
        svg, table = (book / "labs" / link for link in links)
        assert ElementTree.parse(svg).getroot().tag == "{http://www.w3.org/2000/svg}svg"
        rows = list(csv.reader(io.StringIO(table.read_text(encoding="utf-8"))))
        assert rows[0] == list(tables[figure.experiment].columns)
        assert len(rows) == len(tables[figure.experiment]) + 1


def test_a_click_saves_a_figure(lab: Lab, desk: Window, address: str, book: Path) -> None:
    desk.page.goto(address + page_of(lab))
    part = desk.page.locator("[data-measured]:visible").first
    (figure,) = (one for one in lab.figures if one.name == part.get_attribute("data-name"))
    for kind, file in (("SVG", f"{figure.name}.svg"), ("CSV", f"{figure.experiment}.csv")):
        name, content = downloaded(part.locator(".away").get_by_text(kind))
        assert name == file
        assert content == (book / "downloads" / lab.name / file).read_bytes()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_picture_is_what_is_seen(
    lab: Lab, browser: Browser, address: str, book: Path, scheme: Any
) -> None:
    path = (book / page_of(lab)).as_uri()
    with window(browser, color_scheme=scheme, viewport={"width": 1280, "height": 900}) as desk:
        for where in (address + page_of(lab), path):
            desk.page.goto(where)
            part = desk.page.locator("[data-measured]:visible").first
            name, content = downloaded(part.get_by_role("button", name="PNG"))
            assert name == f"{part.get_attribute('data-name')}.png"
            assert content[:8] == b"\x89PNG\r\n\x1a\n"
            with Image.open(io.BytesIO(content)) as picture:
                width, height = picture.size
                shades = picture.convert("L").histogram()
            assert 800 <= width <= 4000 and 300 <= height <= 4000
            assert sum(map(bool, shades)) > 20, "nothing is drawn"
            assert (shades.index(max(shades)) > 200) == (scheme == "light"), "on another paper"
