"""What is wrong with the book, in the words of its authors' files: page, line, failing cell."""

from __future__ import annotations

import re
from pathlib import Path

from cutaway.kit.labs import places

from .pages import page_path

COLOURS = re.compile(r"\x1b\[[0-9;]*m")
FAILED = re.compile(r".*?labs/(\w+)\.md: WARNING: Executing notebook failed.*")
CELL = re.compile(r"^-{5,}\n(.*?)\n-{5,}$", re.MULTILINE | re.DOTALL)
ERROR = re.compile(r"[\w.]*(Error|Exception|Interrupt|Exit)\b.*")


def mistakes(warnings: str, source: Path, html: Path) -> list[str]:
    """What Sphinx warned of, with the pages named where they are written."""
    said = []
    for line in COLOURS.sub("", warnings).splitlines():
        if hit := FAILED.fullmatch(line):
            said.append(_failed(page_path(hit[1]), html / "reports" / "labs" / f"{hit[1]}.err.log"))
        elif line.strip() and "Notebook exception traceback saved in" not in line:
            said.append(_renamed(line, source))
    return said


def _renamed(line: str, source: Path) -> str:
    """A line with the pages of labs named where they are written."""
    labs = rf"{re.escape(str(source))}/labs/({'|'.join(places())})\.md"
    return re.sub(labs, lambda hit: str(page_path(hit[1])), line).replace(f"{source}/", "")


def _failed(page: Path, log: Path) -> str:
    """Which cell of a page failed, by its line and its code, and what it said."""
    text = COLOURS.sub("", log.read_text(encoding="utf-8")) if log.is_file() else ""
    code = hit[1].strip() if (hit := CELL.search(text)) else ""
    before = page.read_text(encoding="utf-8").partition(f"\n{code}\n```")
    where = f"{page}:{before[0].count(chr(10)) + 2}" if code and before[1] else str(page)
    lines = [line for line in text.splitlines() if line.strip()] or ["it was not run"]
    said = next((line for line in reversed(lines) if ERROR.match(line)), lines[-1])
    return f"{where}: WARNING: the cell `{code.splitlines()[0] if code else '?'}` failed: {said}"
