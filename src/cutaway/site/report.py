"""The report: one HTML file that shows labs with all that was measured, and needs nothing else."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeVar

from cutaway.data.portrait import Portrait
from cutaway.kit.labs import place
from cutaway.kit.results import judge, verdicts
from cutaway.kit.tables import Table
from cutaway.kit.words import Lab

from .charts import charts, measured
from .claims import badge, ledger
from .evidence import gallery, note
from .listing import Mark, listing, marks, sources
from .markup import Html, embedded, inlined, joined, number, tag
from .sheets import asset, sheet
from .texts import ladder

Made = TypeVar("Made")


@dataclass(frozen=True)
class Entry:
    """What a report shows of one lab. `warnings` are shown above all else.

    `texts` are the corpora that it was measured on.
    """

    lab: Lab
    tables: Mapping[str, Table]
    receipts: Mapping[str, Any] = field(default_factory=dict)
    manifest: Mapping[str, Any] = field(default_factory=dict)
    quick: bool = False
    warnings: Sequence[str] = ()
    texts: Mapping[str, Portrait] = field(default_factory=dict)

    @cached_property
    def claims(self) -> list[dict[str, Any]]:
        """The claims of the lab with their verdicts."""
        return self.made("claims", lambda: verdicts(self.lab, judge(self.lab, self.tables)))

    def made(self, what: str, make: Callable[[], Made]) -> Made:
        """What is made of it, plain data: in a book, what was made before of the very same."""
        return make()


def report(entries: Sequence[Entry], title: str) -> str:
    """The report of some labs as one HTML document."""
    data: dict[str, Any] = {}
    sections = [_lab(entry, data) for entry in entries]
    links = [tag("li", tag("a", one.lab.name, href=f"#lab-{one.lab.name}")) for one in entries]
    menu = tag("nav", tag("ol", *links), aria_label="Labs") if len(entries) > 1 else None
    store = tag("script", embedded(data), type="application/json", id="report-data")
    demos = [one for one in map(_demo, entries) if one]
    shared = [asset("demo.js")] if demos else []
    code = [inlined(one) for one in (asset("report.js"), *shared, *demos)]
    main = joined(menu, tag("main", *sections), store)
    return sheet(title, main, "Build it. Break it. Measure it.", code)


def _demo(entry: Entry) -> str:
    """The interactive part of a lab, or nothing."""
    path = place(entry.lab.name).folder / "demo.js"
    return path.read_text(encoding="utf-8") if path.is_file() else ""


def _lab(entry: Entry, data: dict[str, Any]) -> Html:
    """One lab, from its lesson to its provenance; `data` learns what each figure has measured."""
    lab = entry.lab
    texts = sources(lab)
    found, lost = marks(lab, texts)
    data[lab.name] = measured(lab, entry.tables)
    head = tag("h2", f"{lab.number}  {lab.name}", id=f"lab-{lab.name}-title")
    unplaced = [f"{name} has no place: {why}" for name, why in lost.items()]
    warnings = [tag("p", said, class_="warning") for said in (*entry.warnings, *unplaced)]
    drawn = charts(lab, entry.tables, entry.quick)
    breaks = gallery(lab, found, entry.tables, entry.receipts) if found else None
    claims = ledger(entry.claims, entry.quick) if lab.claims else None
    inside = (
        head,
        tag("p", lab.lesson, class_="lesson"),
        _standing(entry),
        *warnings,
        tag("div", _code(entry, texts, found), drawn, class_="columns"),
        _part("Every break at a glance", breaks) if breaks else None,
        *_measured_on(entry),
        _try(entry),
        _part("Claims", claims) if claims else None,
        _provenance(entry),
    )
    where: dict[str, object] = {"id": f"lab-{lab.name}", "aria-labelledby": f"lab-{lab.name}-title"}
    return tag("section", *inside, class_="lab", data_lab=lab.name, **where)


def _standing(entry: Entry) -> Html | None:
    """Whether what follows is for the record."""
    if not entry.tables:
        return None
    if entry.quick:
        said = " Few seeds, to look at: not a verdict for the record."
        return tag("p", badge(), said, class_="standing")
    word = tag("span", "recorded", class_="recorded")
    return tag("p", word, " The full run, as it is on record.", class_="standing")


def _part(title: str, *inside: object) -> Html:
    """A part of a lab's section."""
    return tag("section", tag("h3", title), *inside, class_="part")


def _code(entry: Entry, texts: Mapping[str, str], found: Sequence[Mark]) -> Html:
    """The listings of a lab."""
    known = (entry.tables, entry.receipts)
    notes = {one.fault.name: note(entry.lab, one.fault, *known) for one in found}
    shown = [
        listing(file, text, [mark for mark in found if mark.fault.file == file], notes)
        for file, text in texts.items()
    ]
    said = "Numbered lines can be broken: open a number, and the line is struck and replaced."
    hint = tag("p", said, class_="soft") if found else None
    live = tag("p", class_="live", aria_live="polite")
    return tag("div", tag("h3", "The code"), hint, *shown, live)


def _measured_on(entry: Entry) -> list[Html]:
    """The corpora of a lab, each with the ladder to read its losses against."""
    texts = entry.texts.items()
    return [_part(f"What {name} lets one predict", ladder(one)) for name, one in texts]


def _try(entry: Entry) -> Html | None:
    """The place of a lab's demo, which fills it; without JavaScript it says where to look."""
    if not _demo(entry):
        return None
    still = "This part needs JavaScript. The figures above show the same breaks, measured."
    return _part("Try it", tag("div", tag("p", still, class_="soft"), data_demo=entry.lab.name))


def _provenance(entry: Entry) -> Html | None:
    """What the numbers rest on: versions, machine, digests."""
    where = entry.manifest.get("environment", {})
    rows = [joined(tag("dt", name), tag("dd", value)) for name, value in where.items()]
    if wall := entry.manifest.get("wall_seconds"):
        rows.append(joined(tag("dt", "took"), tag("dd", f"{number(wall)} s")))
    for name, table in entry.tables.items():
        kept = entry.manifest.get("experiments", {}).get(name, {})
        content = joined("content ", tag("code", table.digest()))
        inputs = joined(tag("br"), "inputs ", tag("code", kept["inputs"])) if kept else None
        place = kept.get("environment", {}).get("cpu")
        elsewhere = joined(tag("br"), f"measured on {place}") if place else None
        rows.append(joined(tag("dt", name), tag("dd", content, inputs, elsewhere)))
    title = tag("h3", "Where the numbers come from")
    return tag("footer", title, tag("dl", *rows)) if rows else None
