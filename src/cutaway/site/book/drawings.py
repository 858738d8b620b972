"""The figures of the book: drawn once, and again only where a table or the pen changed."""

from __future__ import annotations

import hashlib
from dataclasses import asdict, replace
from functools import cache
from importlib.metadata import version

from cutaway.kit.drawing import draw
from cutaway.kit.labs import PACKAGE
from cutaway.kit.tables import Table
from cutaway.kit.words import Figure, Lab
from cutaway.runs.keeping import kept


def drawing(lab: Lab, figure: Figure, table: Table) -> str:
    """A figure under the name of its lab, as an element for a page."""
    named = replace(figure, name=f"{lab.name}-{figure.name}")
    order = [fault.name for fault in lab.faults]
    rests_on = [_pen(), asdict(named), order, table.content()]
    return kept(f"figure {named.name}", rests_on, lambda: draw(named, table, order))


@cache
def _pen() -> str:
    """The digest of what draws."""
    files = sorted((PACKAGE / "kit" / "drawing").glob("*.py"))
    code = b"".join(path.read_bytes() for path in files)
    return hashlib.sha256(code + version("matplotlib").encode()).hexdigest()
