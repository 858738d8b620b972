"""How long a lab takes: to read, estimated from its length, and to measure, as it was measured."""

from __future__ import annotations

import re
from pathlib import Path

from cutaway.kit.grids import points
from cutaway.kit.labs import place
from cutaway.site.report import Entry

WORDS_A_MINUTE = 200
APART = re.compile(r"\A---\n.*?^---$|^(`{3,}|:{3,}).*?^\1", re.MULTILINE | re.DOTALL)


def to_read(entry: Entry) -> int | None:
    """The minutes that the prose of a lab's page takes, if it has a page."""
    page = place(entry.lab.name).folder / "page.md"
    return _minutes(page) if page.is_file() else None


def _minutes(page: Path) -> int:
    """The minutes of the words outside the front matter and the fences."""
    prose = APART.sub("", page.read_text(encoding="utf-8"))
    return max(1, round(len(prose.split()) / WORDS_A_MINUTE))


def to_measure(entry: Entry) -> int | None:
    """The minutes that all cells of a lab took on one core, if they are on record."""
    kept = entry.manifest.get("experiments", {})
    seconds = 0.0
    for one in entry.lab.experiments:
        cells = sum(seeds for _, seeds in points(one))
        seconds += cells * kept.get(one.name, {}).get("seconds_a_cell", 0.0)
    return max(1, round(seconds / 60)) if seconds else None
