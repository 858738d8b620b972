"""What Sphinx is told of a page: whose it is, and what on it was not understood."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any, cast

import pytest

from cutaway.errors import UsageError

from . import extension
from .extension import Shelf, lab_of, open_page, own_files, raw, setup, unread
from .parts import PARTS
from .shelf import Volume

nodes = pytest.importorskip("docutils.nodes")


@pytest.fixture(autouse=True)
def shelf(volume: Volume) -> Iterator[None]:
    """The planted lab in the book."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(Shelf, "volumes", {"tiny": volume})
        yield


@pytest.mark.parametrize(
    ("docname", "lab"),
    [
        ("labs/tiny", "tiny"),
        ("index", ""),
        ("tiny", ""),
        ("reference/labs/tiny", ""),
        ("labs/more/tiny", ""),
        ("labs/", ""),
    ],
)
def test_a_page_of_a_lab_is_known_by_its_place(docname: str, lab: str) -> None:
    assert lab_of(docname) == lab
    if lab:
        assert Shelf.of(docname).lab.name == lab
    else:
        with pytest.raises(UsageError, match="Only the page of a lab"):
            Shelf.of(docname)


def test_the_page_of_an_unknown_lab_has_no_parts() -> None:
    with pytest.raises(UsageError, match="Only the page of a lab"):
        Shelf.of("labs/other")


class App:
    """What an extension asks of Sphinx, and what it was told."""

    def __init__(self, docname: str = "labs/tiny") -> None:
        self.env = SimpleNamespace(docname=docname)
        self.config: dict[str, Any] = {}
        self.directives: dict[str, Any] = {}
        self.told: list[str] = []

    def add_directive(self, name: str, made: Any) -> None:
        """Notes a directive."""
        self.directives[name] = made

    def __getattr__(self, name: str) -> Any:
        return lambda *_, **__: self.told.append(name)


def page(*inside: Any) -> Any:
    """A document with a title and more."""
    found = nodes.document("", "")
    section = nodes.section("", nodes.title("", "Tiny"), *inside)
    found += section
    return found


def test_every_part_is_a_directive_and_an_option_without_a_value_is_empty() -> None:
    app = App()
    assert setup(cast(Any, app)) == {"parallel_read_safe": False, "parallel_write_safe": False}
    assert set(app.directives) == set(PARTS)
    assert "add_role" in app.told and "add_html_math_renderer" in app.told
    for name, made in app.directives.items():
        assert set(made.option_spec) == set(PARTS[name].options)
        assert all(read(None) == "" and read("a b") == "a b" for read in made.option_spec.values())


def warnings(monkeypatch: pytest.MonkeyPatch, doctree: Any) -> list[str]:
    """What is said of a page."""
    said: list[str] = []
    monkeypatch.setattr(
        extension.logger, "warning", lambda text, *words, location: said.append(text % words)
    )
    unread(cast(Any, App()), doctree)
    return said


@pytest.mark.parametrize("text", ["{number}", "See {term}x here", "```{drawing} x", "a ```{b}"])
def test_what_was_not_understood_is_a_warning(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    assert len(warnings(monkeypatch, page(nodes.paragraph("", text)))) == 1
    code = nodes.literal_block(text, text)
    assert warnings(monkeypatch, page(nodes.paragraph("", "Well."), code)) == []


def test_a_page_opens_below_its_title_and_other_pages_are_left_alone() -> None:
    found = page(nodes.paragraph("", "Text."))
    open_page(cast(Any, App()), found)
    title, opened, text = found[0].children
    assert "Lab 1, atoms" in opened.astext() and (title.astext(), text.astext()) == (
        "Tiny",
        "Text.",
    )
    other = page(nodes.paragraph("", "Text."))
    open_page(cast(Any, App("index")), other)
    assert len(other[0].children) == 2
    empty = nodes.document("", "")
    open_page(cast(Any, App()), empty)
    assert empty.children == []


class Asset:
    """A file that a page may load."""

    def __init__(self, name: str) -> None:
        self.filename = f"_static/{name}"


BOOK = (
    "a-demo.js",
    "book.css",
    "book.js",
    "front.css",
    "gallery.css",
    "gallery.js",
    "furo-extensions.css",
    "mystnb.1.css",
)


@pytest.mark.parametrize(
    ("body", "loaded"),
    [
        ("<p>Words</p>", {"book.css", "book.js"}),
        ('<div data-demo="tiny"></div>', {"book.css", "book.js", "a-demo.js"}),
        ('<div class="cutaway front"></div>', {"book.css", "book.js", "front.css"}),
        ('<form data-filter="x"></form>', {"book.css", "book.js", "gallery.css", "gallery.js"}),
    ],
)
def test_a_page_loads_only_what_something_on_it_needs(body: str, loaded: set[str]) -> None:
    app = App()
    app.config["html_static_path"] = ["nowhere"]
    files = [Asset(name) for name in BOOK]
    context: dict[str, Any] = {"body": body, "css_files": files[1:], "script_files": files[:1]}
    own_files(cast(Any, app), "labs/tiny", "page.html", context, None)
    found = [one.filename for kind in ("css_files", "script_files") for one in context[kind]]
    assert {name.removeprefix("_static/") for name in found} == loaded


def test_code_has_elements_only_for_the_words_that_have_a_colour() -> None:
    pygments = pytest.importorskip("pygments")
    from pygments.lexers import PythonLexer

    from .ink import Day, Inked, Night

    made = pygments.highlight("x = f(1)  # <one>\n", PythonLexer(), Inked(style=Day, nowrap=True))
    assert made == 'x = f(1)  <span class="c"># &lt;one&gt;</span>\n'
    day, night = Inked(style=Day), Inked(style=Night)
    assert (day.shared, len(day.class2style)) == (night.shared, len(set(day.shared.values())))


def test_html_is_a_node_for_pages_and_for_nothing_else() -> None:
    from cutaway.site.markup import Html

    node = raw(Html("<b>"))
    assert node.astext() == "<b>" and node["format"] == "html"
