"""The book is built the same way each time, or not at all: what is wrong is named by its place."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from cutaway.errors import CheckFailed, Unavailable
from cutaway.kit.labs import load

from . import building, ink
from .building import _alone, _environment, build
from .mistakes import mistakes
from .theme import DARK, FURO, LIGHT, THEME

Log = Callable[[str], None]


def test_what_is_stale_stops_the_book_before_anything_is_made(
    planted: Path, tmp_path: Path
) -> None:
    path = planted / "lab.py"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("seeds=3", "seeds=4").replace("seeds=2", "seeds=9"), "utf-8")
    load.cache_clear()
    told: list[str] = []
    with pytest.raises(CheckFailed) as error:
        build(tmp_path / "out", told=told.append)
    assert error.value.what == (
        "The book would show what is out of date. tiny: value_by_fault: its sources changed "
        "since it was measured. And 1 more."
    )
    assert (
        "cutaway run LAB --record" in error.value.next_step and "--stale" in error.value.next_step
    )
    assert told == ["reading what is recorded"] and not (tmp_path / "out").exists()


def test_what_is_damaged_stops_the_book_even_where_stale_results_are_allowed(
    planted: Path, tmp_path: Path
) -> None:
    (planted / "results" / "value_by_fault.json").write_text("{}")
    with pytest.raises(CheckFailed, match=r"tiny: .*value_by_fault\.json was cut short"):
        build(tmp_path / "out", stale=True)


def test_what_is_not_installed_is_named_and_nothing_else(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    needed = {"json": "JSON", "no_such": "Nothing", "no_such.inside": "Inside", "json.no": "No"}
    monkeypatch.setattr(building, "NEEDED", needed)
    with pytest.raises(Unavailable) as error:
        build(tmp_path / "out")
    assert "made with Nothing, Inside, No, not installed" in error.value.what
    assert "Everything else works" in error.value.what
    assert error.value.next_step == "pip install 'cutaway[book]'"


def left(home: Path) -> list[str]:
    """The folders that a build found from an earlier one."""
    return sorted(path.name for path in home.iterdir() if path.is_dir())


def used(home: Path, names: list[str], error: BaseException | None = None) -> list[str]:
    """A build that makes its folders and ends well, or in an error."""
    with _alone(home, names):
        found = left(home)
        for name in ("html", "trees", "source"):
            (home / name).mkdir(exist_ok=True)
        if error:
            raise error
    return found


def test_a_build_goes_on_from_one_that_ended_well_with_the_same_files(tmp_path: Path) -> None:
    home = tmp_path / "home"
    assert used(home, ["a", "b"]) == []
    assert used(home, ["b", "a"]) == ["html", "source", "trees"]
    for names in (["a"], ["a", "b"], ["a", "c"], ["a", "c", "c/d"]):
        assert used(home, names) == ["source"]


@pytest.mark.parametrize("error", [CheckFailed("no"), KeyboardInterrupt(), OSError()])
def test_what_a_build_left_that_did_not_end_well_is_not_used(
    tmp_path: Path, error: BaseException
) -> None:
    used(tmp_path, ["a"])
    for _ in range(2):
        with pytest.raises(type(error)):
            used(tmp_path, ["a"], error)
    assert used(tmp_path, ["a"]) == ["source"]
    assert used(tmp_path, ["a"]) == ["html", "source", "trees"]


def test_one_build_at_a_time_works_in_a_folder(tmp_path: Path) -> None:
    order: list[str] = []

    def other() -> None:
        with _alone(tmp_path, ["a"]):
            order.append("other")

    with _alone(tmp_path, ["a"]):
        thread = threading.Thread(target=other)
        thread.start()
        thread.join(0.2)
        order.append("first")
    thread.join(20)
    assert order == ["first", "other"]


def test_the_environment_is_as_before_whatever_happens(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KEPT", "1")
    monkeypatch.delenv("ADDED", raising=False)
    with pytest.raises(ValueError), _environment({"KEPT": "2", "ADDED": "3"}):
        assert (os.environ["KEPT"], os.environ["ADDED"]) == ("2", "3")
        raise ValueError
    assert os.environ["KEPT"] == "1" and "ADDED" not in os.environ


@pytest.fixture
def log(planted: Path, tmp_path: Path) -> Log:
    """A way to write what a failed page said."""
    path = tmp_path / "html" / "reports" / "labs" / "tiny.err.log"
    path.parent.mkdir(parents=True)
    return lambda text: (path.write_text(text, encoding="utf-8"), None)[1]


FAILED = "{source}/labs/tiny.md: WARNING: Executing notebook failed: CellExecutionError [x] [x]"
SAVED = "{source}/labs/tiny.md: WARNING: Notebook exception traceback saved in: /x.err.log [x]"
CELL = """Traceback (most recent call last):
nbclient.exceptions.CellExecutionError: An error occurred while executing the following cell:
------------------
{code}
------------------

\x1b[31mValueError\x1b[39m      Traceback (most recent call last)
\x1b[31mValueError\x1b[39m: no luck
"""


def said(tmp_path: Path, *lines: str) -> list[str]:
    """What is wrong with the book of the planted lab, if Sphinx warns so."""
    source = tmp_path / "source"
    return mistakes("\n".join(lines).format(source=source), source, tmp_path / "html")


def test_a_cell_that_failed_is_named_by_its_line_its_code_and_its_error(
    planted: Path, tmp_path: Path, log: Log
) -> None:
    page = planted / "page.md"
    text = page.read_text(encoding="utf-8")
    code = "x = 1\n\nraise ValueError('no luck')"
    page.write_text(f"{text}\nraise\n\n```{{code-cell}} ipython3\n{code}\n```\n", encoding="utf-8")
    log(CELL.format(code=code))
    line = text.count("\n") + 5
    (found,) = said(tmp_path, FAILED, SAVED)
    assert found == f"{page}:{line}: WARNING: the cell `x = 1` failed: ValueError: no luck"
    assert page.read_text(encoding="utf-8").splitlines()[line - 1] == "x = 1"


@pytest.mark.parametrize(
    ("text", "ends"),
    [
        ("", "the cell `?` failed: it was not run"),
        ("nbclient.exceptions.DeadKernelError: Kernel died", "DeadKernelError: Kernel died"),
        ("CellTimeoutError: 120 seconds.\nHere:\n------\nwhile 1:\n------\n", "120 seconds."),
        (CELL.format(code="not on the page"), "`not on the page` failed: ValueError: no luck"),
    ],
)
def test_a_failure_without_a_cell_still_names_the_page(
    planted: Path, tmp_path: Path, log: Log, text: str, ends: str
) -> None:
    log(text)
    (found,) = said(tmp_path, FAILED)
    assert found.startswith(f"{planted / 'page.md'}: WARNING: ") and found.endswith(ends)


def test_a_failure_of_which_nothing_is_kept_still_names_the_page(
    planted: Path, tmp_path: Path
) -> None:
    (found,) = said(tmp_path, FAILED)
    assert found == f"{planted / 'page.md'}: WARNING: the cell `?` failed: it was not run"


def test_every_other_warning_names_the_page_where_it_is_written(
    planted: Path, tmp_path: Path
) -> None:
    found = said(
        tmp_path,
        "\x1b[91m{source}/labs/tiny.md:12: WARNING: no\x1b[39;49;00m",
        "",
        "  ",
        "{source}/gallery.md:3: WARNING: see {source}/labs/tiny.md:4",
        "{source}/labs/tiny.md:3: WARNING: no file {source}/labs/nowhere.md",
        "WARNING: about nothing",
    )
    page = planted / "page.md"
    assert found == [
        f"{page}:12: WARNING: no",
        f"gallery.md:3: WARNING: see {page}:4",
        f"{page}:3: WARNING: no file labs/nowhere.md",
        "WARNING: about nothing",
    ]
    assert said(tmp_path, "") == []


def light(colour: str) -> float:
    """The relative luminance of a colour, as WCAG defines it."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """The contrast of two colours."""
    low, high = sorted((light(one), light(other)))
    return (high + 0.05) / (low + 0.05)


PAPERS: dict[str, tuple[str, ...]] = {
    "paper": ("ink", "soft", "broken", "new", "link", "key", "name")
}
PAPERS |= {"wash": PAPERS["paper"], "broken-wash": ("ink", "broken"), "new-wash": ("ink", "new")}


@pytest.mark.parametrize("colours", [LIGHT, DARK], ids=["light", "dark"])
def test_every_text_can_be_read_on_its_paper(colours: dict[str, str]) -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    found = {
        f"{text} on {paper}": contrast(colours[text], colours[paper])
        for paper, texts in PAPERS.items()
        for text in texts
    }
    assert {name: round(value, 2) for name, value in found.items() if value < 4.5} == {}


@pytest.mark.parametrize("style", [ink.Day, ink.Night])
def test_code_can_be_read_on_its_paper(style: Any) -> None:
    for kind, how in style:
        if how["color"]:
            assert contrast(f"#{how['color']}", style.background_color) >= 4.5, kind
    paper = (LIGHT if style is ink.Day else DARK)["wash"]
    assert style.background_color == paper


def test_light_and_dark_name_the_same_and_the_theme_has_all_of_it() -> None:
    assert LIGHT.keys() == DARK.keys() >= set(FURO.values())
    for colours, theme in ((LIGHT, "light_css_variables"), (DARK, "dark_css_variables")):
        assert all(THEME[theme][name] == colours[own] for name, own in FURO.items())
        assert THEME[theme]["paper"] == colours["paper"]
    assert all(a != b for a, b in pairwise([LIGHT, DARK]))
