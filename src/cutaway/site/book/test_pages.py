"""The sources of the book: each lab's page with all that was measured, and what the pages load."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

from cutaway.errors import UsageError
from cutaway.kit.labs import load, place
from cutaway.kit.results import read

from .assets import assets
from .opening import opening
from .pages import CLAIMS, page_of, pages
from .shelf import Volume

PARTS = re.compile(r"^```\{(\w+)\} ?(.*)$", re.MULTILINE)


def written(planted: Path, volume: Volume, text: str) -> str:
    """The page of the planted lab, if its page.md says so."""
    (planted / "page.md").write_text(text, encoding="utf-8")
    return page_of(volume)


def test_what_a_page_does_not_show_stands_after_it(planted: Path, volume: Volume) -> None:
    found = written(planted, volume, "# Tiny\n\nText.")
    assert found.startswith("# Tiny\n\nText.\n\n## Measured as well\n")
    assert PARTS.findall(found) == [("drawing", "value_of_all"), ("claims", "value_by_fault")]
    assert "(../gallery.md)" in found and "(../claims.md)" in found
    assert re.findall("^## (.*)$", found, re.MULTILINE) == [
        "Measured as well",
        "Every break",
        "Every claim",
    ]


def test_what_a_page_shows_is_not_repeated(planted: Path, volume: Volume) -> None:
    whole = "# Tiny\n\n```{drawing} value_of_all\n```\n\n```{breaks}\n```\n\n```{claims}\n```\n"
    assert written(planted, volume, whole) == whole
    some = "# Tiny\n\n```{claims} value_by_fault\n```\n\n```{drawing} value_of_all_2\n```\n"
    found = written(planted, volume, some)
    assert PARTS.findall(found)[2:] == [("drawing", "value_of_all")]
    assert found.endswith(f"\n\n{CLAIMS}\n")


def test_the_claims_that_a_page_does_not_show_stand_after_it(planted: Path, volume: Volume) -> None:
    (claim,) = volume.lab.claims
    others = [replace(claim, experiment=name) for name in ("other", "unclaimed", "other")]
    more = replace(volume, lab=replace(volume.lab, claims=(claim, *others)))
    some = "# Tiny\n\n````{claims} value_by_fault unclaimed\n````\n"
    assert written(planted, more, some).endswith(f"{CLAIMS}\n\n```{{claims}} other\n\n```\n")


def test_a_lab_without_breaks_and_claims_has_no_empty_parts(planted: Path, volume: Volume) -> None:
    bare = replace(volume, lab=replace(volume.lab, faults=(), claims=(), figures=()))
    assert written(planted, bare, "# Tiny\n") == "# Tiny\n"


def test_a_page_keeps_its_lines_so_that_a_warning_names_the_right_one(
    planted: Path, volume: Volume
) -> None:
    text = (planted / "page.md").read_text(encoding="utf-8")
    assert page_of(volume).startswith(text)


def test_a_lab_without_a_page_is_named(planted: Path, volume: Volume) -> None:
    (planted / "page.md").unlink()
    with pytest.raises(UsageError, match="'tiny' has no page"):
        pages([volume])


FENCES = {
    "```": 3,
    "```\n\n````": 0,
    "````\n```": 3,
    "~~~\n```\n~~~": 0,
    "~~~\n```": 3,
    "```python\nx\n``` python": 3,
    "```\n   ```  ": 0,
    "```\n    ```": 3,
    "``` `x` ```": 0,
    "````{note}\n```\nx\n```\n````": 0,
    "    ```": 0,
    "```\nx\n```\n\n```text\nx": 7,
}


@pytest.mark.parametrize("text", FENCES)
def test_a_fence_that_is_never_closed_is_named_by_its_line(
    planted: Path, volume: Volume, text: str
) -> None:
    page = f"# Tiny\n\n{text}\n"
    if FENCES[text]:
        with pytest.raises(UsageError, match=rf"page\.md:{FENCES[text]}: this fence is never"):
            written(planted, volume, page)
    else:
        assert "## Every claim" in written(planted, volume, page)


def test_every_page_stands_once_in_the_menu(volume: Volume) -> None:
    found = pages([volume])
    assert {"index.md", "labs/tiny.md", "claims.md", "gallery.md", "glossary.md"} < set(found)
    menu = found["index.md"].partition("{toctree}\n")[2].partition("\n```")[0].split("\n")
    listed = [line for line in menu if line and not line.startswith(":")]
    top = {path.removesuffix(".md") for path in found if not path.startswith("reference/")}
    assert sorted(listed) == sorted((top - {"index"}) | {"reference/index"})
    assert listed[0] == "labs/tiny"


def test_the_pages_are_the_same_each_time(volume: Volume) -> None:
    again = Volume(load("tiny"), read(load("tiny")))
    assert pages([volume]) == pages([again])


class Page(HTMLParser):
    """The links of some HTML, and its text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.names: list[str] = []
        self.text = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, name: str, attrs: list[tuple[str, str | None]]) -> None:
        """Notes an element, and where it leads."""
        self.names.append(name)
        self.links += [str(value) for key, value in attrs if key == "href"]

    def handle_data(self, data: str) -> None:
        """Notes text."""
        self.text += data


def test_a_page_opens_with_its_place_and_its_lesson_as_text(volume: Volume) -> None:
    page = Page(opening(volume))
    assert "Lab 1, atoms: the smallest parts" in page.text
    assert "Numbers can be <doubled> and clipped." in page.text and "doubled" not in page.names
    assert "Nothing to read first. About 1 minutes to read." in page.text and page.links == []
    later = replace(volume, lab=replace(volume.lab, after=("one", "other")))
    page = Page(opening(later))
    assert page.links == ["one.html", "other.html"] and "Read first: one, other. " in page.text


def test_minutes_are_said_where_they_are_known(volume: Volume) -> None:
    volume.results.manifest["experiments"]["value_by_fault"]["seconds_a_cell"] = 20.0
    assert "4 of one core to measure again." in Page(opening(volume)).text


def test_the_pages_load_what_is_shared_before_what_uses_it(planted: Path, volume: Volume) -> None:
    assert not [name for name in assets([volume]) if name.startswith("demo-")]
    (planted / "demo.js").write_text('"use strict"; // é\n', encoding="utf-8")
    found = assets([volume])
    names = list(found)
    assert names == sorted(names) and found["demo-tiny.js"] == '"use strict"; // é\n'.encode()
    scripts = [name for name in names if name.endswith(".js")]
    demo = place("tiny").name
    shared = [name for name in scripts if b"Lab" in found[name] and "demo" in name]
    assert shared[0] == "a-demo.js" == scripts[0] and f"demo-{demo}.js" in scripts[1:]


def test_the_styles_of_the_report_reach_only_its_own_pieces(volume: Volume) -> None:
    text = assets([volume])["a-pieces.css"].decode()
    assert text.startswith(".cutaway {\n") and text.endswith("}\n")
    assert text.count("{") == text.count("}")
    assert ":root" not in text and "\nbody" not in text and "@import" not in text
