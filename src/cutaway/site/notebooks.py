"""A lab's page as a notebook: the lesson's own source stands in it as cells that run."""

from __future__ import annotations

import re

from cutaway.errors import Unavailable, UsageError
from cutaway.kit.labs import place
from cutaway.kit.words import Lab

LISTING = re.compile(r"^```\{literalinclude\} (?P<file>\S+)\n(?:[^`].*\n|\n)*```$", re.MULTILINE)


def notebook_of(lab: Lab) -> str:
    """The notebook as JSON text."""
    try:
        import jupytext
    except ImportError as error:
        what = "Notebooks are made with jupytext, which is not installed."
        raise Unavailable(what, "pip install 'cutaway[book]'") from error
    page = place(lab.name).folder / "page.md"
    if not page.is_file():
        raise UsageError(f"The lab {lab.name!r} has no page.", "Write its page.md first.")
    text = LISTING.sub(lambda hit: _cell(lab, hit["file"]), page.read_text(encoding="utf-8"))
    return str(jupytext.writes(jupytext.reads(text, fmt="md:myst"), fmt="ipynb"))


def _cell(lab: Lab, file: str) -> str:
    """The source of a component as a code cell; its relative imports become absolute ones."""
    here = place(lab.name)
    source = (here.folder / file).read_text(encoding="utf-8").rstrip()
    parents = ["", f"cutaway.{here.module}", f"cutaway.{here.wing}", "cutaway"]
    absolute = re.sub(
        r"^from (\.{1,3})([\w.]*) import",
        lambda hit: (
            f"from {'.'.join(part for part in (parents[len(hit[1])], hit[2]) if part)} import"
        ),
        source,
        flags=re.MULTILINE,
    )
    return f"```{{code-cell}} ipython3\n{absolute}\n```"
