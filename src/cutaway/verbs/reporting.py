"""The report of a run: one page with all that was measured, to open in a browser."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from cutaway.data.portrait import Portrait, portrait
from cutaway.data.prepared import prepare
from cutaway.errors import CutawayError
from cutaway.kit.receipts import Matrix
from cutaway.kit.results import read
from cutaway.kit.words import Lab
from cutaway.runs.disk import write_file
from cutaway.site.report import Entry, report


def write_report(
    measured: Sequence[tuple[Lab, Path]], path: Path, matrix: Matrix | None = None
) -> Path:
    """The path of a report on some labs, made from the folders that hold their results."""
    entries = [_entry(lab, folder, matrix) for lab, folder in measured]
    write_file(path, report(entries, ", ".join(lab.name for lab, _ in measured)))
    return path


def _entry(lab: Lab, folder: Path, matrix: Matrix | None) -> Entry:
    """What the report shows of a lab; receipts are its own, or the recorded ones, or the matrix."""
    found, recorded = read(lab, folder), read(lab)
    receipts: dict[str, Any] = recorded.receipts if recorded.fresh else {}
    return Entry(
        lab,
        found.tables,
        found.receipts or receipts or (matrix.content() if matrix else {}),
        found.manifest,
        quick=any(table.quick for table in found.tables.values()),
        warnings=tuple(found.problems.values()),
        texts=_texts(lab),
    )


def _texts(lab: Lab) -> dict[str, Portrait]:
    """What is known of the corpora that a lab opens, but for those that are not here."""
    found = {}
    for name in dict.fromkeys(name for one in lab.experiments for name in one.data):
        with suppress(CutawayError):
            found[name] = portrait(prepare(name))
    return found
