"""The reference shows every public name, as the code defines it."""

from __future__ import annotations

import importlib
import re
from pathlib import Path

import pytest

import cutaway
from cutaway.errors import UsageError
from cutaway.kit.labs import PACKAGE, load, place, places
from cutaway.site.report import Entry

from . import defined, reference
from .defined import Defined, find, offered, public
from .reference import interface

PAGES = reference.pages([Entry(load(name), {}) for name in places()])
TARGET = re.compile(
    r"^```\{py:(function|class|data)\} (\w+).*\n:module: (.*)\n:no-typesetting:", re.M
)


def targets(path: str) -> list[tuple[str, str]]:
    """The names on a page with the module that one imports each from."""
    return [(hit[3], hit[2]) for hit in TARGET.finditer(PAGES[path])]


def test_every_name_that_a_lab_offers_stands_on_its_page_once() -> None:
    for name in places():
        module = f"cutaway.{place(name).module}"
        names = importlib.import_module(module).__all__
        assert sorted(targets(f"reference/labs/{name}.md")) == sorted((module, n) for n in names)


def test_every_name_that_the_package_and_its_texts_offer_stands_there_once() -> None:
    assert sorted(targets("reference/cutaway.md")) == [
        ("cutaway", n) for n in sorted(cutaway.__all__)
    ]
    for module in ("cutaway.data", "cutaway.data.tasks"):
        found = [name for home, name in targets("reference/data.md") if home == module]
        assert sorted(found) == sorted(importlib.import_module(module).__all__)


def test_every_public_name_of_the_kit_stands_on_one_page_once() -> None:
    found = targets("reference/kit.md") + targets("reference/machinery.md")
    files = [one for one in (PACKAGE / "kit").glob("*.py") if not one.name.startswith("test_")]
    wanted = [
        (one.module, one.name)
        for path in files
        for one in public(path)
        if one.path.stem != "conftest"
    ]
    assert sorted(found) == sorted(wanted)
    assert ("cutaway.kit.verdicts", "raises") in targets("reference/kit.md")
    assert ("cutaway.kit.launcher", "main") in found or ("cutaway.kit.receipts", "prove") in found


def test_the_index_leads_to_every_page() -> None:
    menu = re.findall(r"^[\w/]+$", PAGES["reference/index.md"], flags=re.MULTILINE)
    assert {f"reference/{name}.md" for name in menu} == PAGES.keys() - {"reference/index.md"}


def test_a_page_says_what_the_code_says() -> None:
    text = PAGES["reference/labs/attention.md"]
    assert "def attend(q: Tensor, k: Tensor, v: Tensor, mask: Mask) -> Tensor:" in text
    assert "weighted by how well their keys answer it" in text
    assert "[attention](../../labs/attention.md)" in text and "scores = q @ k.mT" in text
    assert " at 0x" not in "".join(PAGES.values())


def test_the_pages_are_the_same_each_time() -> None:
    assert reference.pages([Entry(load(name), {}) for name in places()]) == PAGES


@pytest.fixture
def planted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package of one file, whose words are hostile."""
    monkeypatch.setattr(defined, "PACKAGE", tmp_path)
    path = tmp_path / "odd.py"
    path.write_text(
        '__all__ = ["far", "Kind", "SIZE"]\n'
        "SIZE: int = 3\n"
        "@cache\n"
        "def near(a: int, *, b: str = '```') -> None:\n"
        '    """<script> [x](javascript:alert(1)) {raw}`<b>` `code`."""\n'
        "    return None\n"
        "class Kind(Base):\n"
        '    """A kind."""\n'
        "    size: int = 3\n"
        "    _hidden: int = 4\n"
        "    def __init__(self, a: int) -> None: ...\n"
        "    @property\n"
        "    def shown(\n        self,\n    ) -> int:\n"
        '        """What it shows."""\n'
        "        return 1\n"
        "    def _private(self) -> None: ...\n",
        encoding="utf-8",
    )
    return path


def test_an_interface_has_no_bodies_and_nothing_private(planted: Path) -> None:
    by_name = {one.name: one for one in public(planted)}
    assert list(by_name) == ["SIZE", "near", "Kind"]
    assert interface(by_name["near"]) == "@cache\ndef near(a: int, *, b: str = '```') -> None:"
    lines = interface(by_name["Kind"]).split("\n")
    assert lines[:2] == ["class Kind(Base):", "    size: int = 3"]
    assert '        """What it shows."""' in lines and "    @property" in lines
    assert not [
        line for line in lines if "hidden" in line or "_private" in line or "return" in line
    ]
    assert interface(by_name["SIZE"]) == "SIZE: int = 3"


def test_hostile_docstrings_come_out_as_text(planted: Path) -> None:
    near = next(one for one in public(planted) if one.name == "near")
    text = reference._entry("odd", near, True)
    outside = re.sub(r"^(`{3,}).*?^\1", "", text, flags=re.MULTILINE | re.DOTALL)
    assert r"\<script\> \[x\]\(javascript\:alert\(1\)\) \{raw\}`<b>` `code`\." in outside
    assert "````python\n@cache" in text


def test_a_name_that_nothing_defines_is_an_error_that_names_it(planted: Path) -> None:
    assert offered(planted) == ["far", "Kind", "SIZE"]
    assert isinstance(find("Kind", planted), Defined)
    with pytest.raises(UsageError, match=r"odd\.py offers 'far'"):
        find("far", planted)


def test_names_that_one_statement_defines_are_all_found(tmp_path: Path) -> None:
    path = tmp_path / "some.py"
    path.write_text("ONE, TWO = 1, 2\nTHREE = FOUR = 3\n")
    found = [find(name, path).source for name in ("ONE", "TWO", "FOUR")]
    assert found == ["ONE, TWO = 1, 2", "ONE, TWO = 1, 2", "THREE = FOUR = 3"]
