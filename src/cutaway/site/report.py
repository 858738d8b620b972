"""The report: one HTML file that shows labs with all that was measured, and needs nothing else."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib.resources import files
from typing import Any

from cutaway.kit.labs import place
from cutaway.kit.results import judge, verdicts
from cutaway.kit.tables import Table
from cutaway.kit.words import Lab

from .charts import charts, measured
from .evidence import badge, gallery, ledger, note
from .listing import Mark, listing, marks, sources
from .markup import Html, embedded, inlined, joined, number, tag


@dataclass(frozen=True)
class Entry:
    """What a report shows of one lab. `warnings` are shown above all else."""

    lab: Lab
    tables: Mapping[str, Table]
    receipts: Mapping[str, Any] = field(default_factory=dict)
    manifest: Mapping[str, Any] = field(default_factory=dict)
    quick: bool = False
    warnings: Sequence[str] = ()


def report(entries: Sequence[Entry], title: str) -> str:
    """The report of some labs as one HTML document."""
    data: dict[str, Any] = {}
    sections = [_lab(entry, data) for entry in entries]
    links = [tag("li", tag("a", one.lab.name, href=f"#lab-{one.lab.name}")) for one in entries]
    menu = tag("nav", tag("ol", *links), aria_label="Labs") if len(entries) > 1 else None
    store = tag("script", embedded(data), type="application/json", id="report-data")
    demos = [one for one in map(_demo, entries) if one]
    shared = [_asset("demo.js")] if demos else []
    code = [inlined(one) for one in (_asset("report.js"), *shared, *demos)]
    main = joined(menu, tag("main", *sections), store)
    return sheet(title, main, "Build it. Break it. Measure it.", code)


def sheet(title: str, inside: Html, motto: str, code: Sequence[Html] = ()) -> str:
    """A page of the house as one HTML document: its head, its title, what stands in it."""
    said = tag("p", motto, class_="motto")
    header = tag("header", tag("p", "cutaway", class_="house"), tag("h1", title), said)
    body = tag("body", header, inside, *[tag("script", one) for one in code])
    return f"<!doctype html>\n{tag('html', tag('head', *_head(title, code)), body, lang='en')}\n"


def _head(title: str, code: Sequence[Html]) -> list[Html]:
    """The head: nothing may be fetched, and no script may run but those whose digests it names."""
    hashes = " ".join(f"'sha256-{_sha256(one)}'" for one in code)
    policy = f"default-src 'none'; style-src 'unsafe-inline'; img-src data:; script-src {hashes}"
    return [
        tag("meta", charset="utf-8"),
        tag("meta", http_equiv="Content-Security-Policy", content=policy),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="color-scheme", content="light dark"),
        tag("title", title),
        tag("style", Html(_asset("report.css"))),
    ]


def _sha256(code: str) -> str:
    """The digest of a script as a policy names it."""
    return base64.b64encode(hashlib.sha256(code.encode()).digest()).decode()


def _asset(name: str) -> str:
    """A file that stands beside this one."""
    return files("cutaway.site").joinpath(name).read_text(encoding="utf-8")


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
    claims = ledger(verdicts(lab, judge(lab, entry.tables)), entry.quick) if lab.claims else None
    inside = (
        head,
        tag("p", lab.lesson, class_="lesson"),
        _standing(entry.quick),
        *warnings,
        tag("div", _code(entry, texts, found), drawn, class_="columns"),
        _part("Every break at a glance", breaks) if breaks else None,
        _try(entry),
        _part("Claims", claims) if claims else None,
        _provenance(entry),
    )
    where: dict[str, object] = {"id": f"lab-{lab.name}", "aria-labelledby": f"lab-{lab.name}-title"}
    return tag("section", *inside, class_="lab", data_lab=lab.name, **where)


def _standing(quick: bool) -> Html:
    """Whether what follows is for the record."""
    if quick:
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
        rows.append(joined(tag("dt", name), tag("dd", content, inputs)))
    title = tag("h3", "Where the numbers come from")
    return tag("footer", title, tag("dl", *rows)) if rows else None
