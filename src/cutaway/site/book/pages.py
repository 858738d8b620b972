"""The sources of the book: the labs' pages as they are written, and the pages made from results."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from cutaway.errors import UsageError
from cutaway.kit.digests import code
from cutaway.kit.labs import place
from cutaway.kit.words import Lab
from cutaway.runs.keeping import kept
from cutaway.site.report import Entry

from . import front, gallery, glossary, ledger, reference
from .fences import fenced
from .shelf import Volume, entries

FENCE = re.compile(r" {0,3}(`{3,}(?=[^`]*$)|~{3,})[ \t]*(.*?)[ \t]*")
BREAKS = """## Every break

All stand in the [failure gallery](../gallery.md), to be searched by what one sees in a run."""
CLAIMS = """## Every claim

All stand in the [list of claims](../claims.md), with the ways to check them."""
SHOWN = re.compile(r"^`{3,}\{claims\}(.*)$", re.MULTILINE)


def pages(volumes: Sequence[Volume]) -> dict[str, str]:
    """Every page of the book, by its path."""
    known = entries(volumes)
    written = {one.lab.name: page_of(one) for one in volumes}
    made = Path(__file__).with_name("made.md").read_text(encoding="utf-8")
    found = {
        **{f"labs/{name}.md": text for name, text in written.items()},
        **gallery.pages(known),
        "claims.md": ledger.page(known),
        "glossary.md": glossary.page(written),
        "made.md": made,
        **_reference(known),
    }
    return {"index.md": f"{front.front(known)}\n{_menu(found)}", **found}


def _reference(known: Sequence[Entry]) -> dict[str, str]:
    """The pages of the reference, or those that were made of the very same code."""
    rests_on = [code(), [one.lab.name for one in known]]
    return kept("reference", rests_on, lambda: reference.pages(known))


def page_of(volume: Volume) -> str:
    """The page of a lab as it is written, and after it whatever was not shown on it."""
    path = page_path(volume.lab.name)
    if not path.is_file():
        raise UsageError(f"The lab {volume.lab.name!r} has no page.", "Write its page.md first.")
    text = path.read_text(encoding="utf-8").rstrip("\n")
    if at := _unclosed(text):
        raise UsageError(f"{path}:{at}: this fence is never closed.", "Close it.")
    left = [
        fenced(f"{{drawing}} {one.name}", "")
        for one in volume.lab.figures
        if f"{{drawing}} {one.name}\n" not in text
    ]
    parts = ["\n".join(["## Measured as well\n", *left])] if left else []
    parts += [BREAKS] if volume.lab.faults and "```{breaks}\n" not in text else []
    parts += _claims(volume.lab, text) if volume.lab.claims else []
    return "\n\n".join([text, *parts]) + "\n"


def _claims(lab: Lab, text: str) -> list[str]:
    """What stands after a page of its lab's claims: those that it does not show yet."""
    shown = [words.split() for words in SHOWN.findall(text)]
    if [] in shown:
        return []
    known = {name for names in shown for name in names}
    left = dict.fromkeys(one.experiment for one in lab.claims if one.experiment not in known)
    return [CLAIMS, *([fenced(f"{{claims}} {' '.join(left)}", "").rstrip()] if left else [])]


def _unclosed(text: str) -> int:
    """The line of a fence that goes on to the end of a page, or 0; the rest would be inside."""
    ticks, start = "", 0
    for at, line in enumerate(text.split("\n"), 1):
        if ticks and (hit := FENCE.fullmatch(line)) and hit[1].startswith(ticks) and not hit[2]:
            ticks, start = "", 0
        elif not ticks and (hit := FENCE.fullmatch(line)):
            ticks, start = hit[1], at
    return start


def page_path(lab: str) -> Path:
    """Where the page of a lab is written."""
    return place(lab).folder / "page.md"


def _menu(found: Mapping[str, str]) -> str:
    """The order of the book, for its navigation."""
    top = [path for path in found if "/" not in path or path.startswith("labs/")]
    names = [*[path.removesuffix(".md") for path in top], "reference/index"]
    return fenced("{toctree}", "\n".join([":hidden:", "", *names]))
