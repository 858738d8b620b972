"""What the book adds to Sphinx: parts of a page, numbers in prose, formulas, a lab's opening."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

from docutils import nodes
from docutils.parsers.rst import directives
from myst_nb.core import render
from sphinx.application import Sphinx
from sphinx.highlighting import PygmentsBridge
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective, SphinxRole

from cutaway.errors import CutawayError, UsageError
from cutaway.kit.labs import place
from cutaway.site.markup import Html

from . import numbers
from .asked import Asked
from .formulas import Formulas
from .ink import Inked
from .opening import opening
from .parts import PARTS, wrapped
from .shelf import Volume
from .steady import joined, unstamped, whole_index

logger = logging.getLogger(__name__)
# Files that few pages need, by how their names begin, and what on a page is in need of them.
NEEDED_BY = {
    "a-demo.": "data-demo=",
    "front.": "cutaway front",
    "gallery.": "data-filter=",
}
LEFT_OVER = re.compile(r"```\{|\{(number|term)\}")


def lab_of(docname: str) -> str:
    """The lab that a page is of; other pages have none."""
    room, _, name = docname.rpartition("/")
    return name if room == "labs" else ""


class Shelf:
    """The labs of the book that is being built, by name, and what draws its formulas."""

    volumes: ClassVar[dict[str, Volume]] = {}
    formulas: ClassVar[Formulas] = Formulas()

    @classmethod
    def of(cls, docname: str) -> Volume:
        """The lab that a page is of."""
        name = lab_of(docname)
        if name not in cls.volumes:
            raise UsageError("Only the page of a lab has parts and numbers.")
        return cls.volumes[name]


class PartDirective(SphinxDirective):
    """A part of a lab's page."""

    has_content = True
    optional_arguments = 1
    final_argument_whitespace = True

    def run(self) -> list[nodes.Node]:
        """The part as HTML, around what stands inside of it."""
        try:
            return list(self._made())
        except CutawayError as error:
            warn(error, self.get_location())
            return []

    def _made(self) -> Iterator[nodes.Node]:
        """The nodes of the part."""
        volume = Shelf.of(self.env.docname)
        for path in sorted(place(volume.lab.name).results.glob("*.json")):
            self.env.note_dependency(str(path))
        count = self.env.new_serialno(f"part-{self.name}") + 1
        words = " ".join(self.arguments)
        body = "\n".join(self.content)
        asked = Asked(volume, words, self.options, body, count)
        before, after = PARTS[self.name].html(asked)
        if not after:
            yield raw(wrapped(before))
            return
        yield raw(before)  # not wrapped: what it hides are its own siblings
        yield from self.parse_content_to_nodes()
        yield raw(after)


class NumberRole(SphinxRole):
    """A number in prose."""

    def run(self) -> tuple[list[nodes.Node], list[nodes.system_message]]:
        """The number, looked up."""
        try:
            volume = Shelf.of(self.env.docname)
            experiment, column, fixed = numbers.asked(self.text)
            table = volume.table(experiment)
            found = numbers.looked_up(volume.lab, table, experiment, column, fixed)
            return [raw(numbers.html(volume.lab.name, found))], []
        except CutawayError as error:
            warn(error, self.get_location())
            return [], []


def warn(error: CutawayError, location: str) -> None:
    """Say what is wrong and where; a build with a warning fails."""
    said = " ".join(filter(None, (error.what, error.next_step)))
    logger.warning("%s", said, location=location)


def raw(html: Html) -> nodes.raw:
    """A node of finished HTML."""
    return nodes.raw("", html, format="html")


def unread(app: Sphinx, doctree: nodes.document) -> None:
    """Warn of a part, a number or a term that was not understood and stands there as text."""
    for text in doctree.findall(nodes.Text):
        finished = isinstance(text.parent, nodes.literal_block | nodes.raw)
        if LEFT_OVER.search(text) and not finished:
            logger.warning("%r is not understood", text[:60], location=text.parent)


def open_page(app: Sphinx, doctree: nodes.document) -> None:
    """Put what a reader wants to know first below the title of a lab's page."""
    name = lab_of(app.env.docname)
    for demo in [one for one in doctree.findall(nodes.raw) if "data-demo=" in one.astext()]:
        demo.replace_self(raw(wrapped(Html(demo.astext()))))
    title = next(iter(doctree.findall(nodes.title)), None)
    if name and title is not None:
        title.parent.insert(
            title.parent.index(title) + 1, raw(wrapped(opening(Shelf.volumes[name])))
        )


def own_files(app: Sphinx, page: str, _template: str, context: dict[str, Any], _: Any) -> None:
    """Load a lab's demo on its page, and of the others only what something on the page needs.

    No page needs two styles: that of notebooks, which the book's own replaces, and the theme's for
    advertisements, copy buttons and cards, of which there are none.
    """
    demo = f"demo-{lab_of(page)}.js"
    if (Path(app.config["html_static_path"][0]) / demo).is_file():
        app.add_js_file(demo, priority=900, defer="defer")  # after what demos share
    body = context.get("body", "")
    idle = (
        "mystnb.",
        "furo-extensions.",
        *[name for name, mark in NEEDED_BY.items() if mark not in body],
    )
    for kind in ("css_files", "script_files"):
        files = context[kind]
        context[kind] = [one for one in files if not Path(str(one.filename)).name.startswith(idle)]


def at_night(app: Sphinx) -> None:
    """Name the colours of code on dark paper, a setting that exists once the theme is there."""
    app.config["pygments_dark_style"] = "cutaway.site.book.ink.Night"


def setup(app: Sphinx) -> dict[str, Any]:
    """What Sphinx asks for."""
    for name, part in PARTS.items():
        options = dict.fromkeys(part.options, directives.unchanged)
        app.add_directive(
            name, type(f"{name.title()}Part", (PartDirective,), {"option_spec": options})
        )
    app.add_role("number", NumberRole())
    PygmentsBridge.html_formatter = Inked
    render.coalesce_streams = joined
    formulas = Shelf.formulas
    app.add_html_math_renderer("mathml", (formulas.inline, None), (formulas.block, None))
    app.connect("builder-inited", at_night, priority=100)
    app.connect("html-page-context", own_files)
    app.connect("doctree-read", unread)
    app.connect("doctree-read", open_page)
    app.connect("builder-inited", unstamped)
    app.connect("html-collect-pages", whole_index)
    return {"parallel_read_safe": False, "parallel_write_safe": False}
