"""The failure gallery: every break of every lab, to be found by what one sees when it happens."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Mapping, Sequence
from functools import partial

from cutaway.kit.faults import lines_of
from cutaway.kit.labs import place
from cutaway.kit.words import Fault
from cutaway.site.listing import Mark, coloured, indented, marks, sources
from cutaway.site.markup import Html, joined, tag
from cutaway.site.report import Entry

from .fences import fenced, plain, raw
from .filtering import controls
from .measured import Measured, brief, common, frequent, outcomes, phrases

Said = Mapping[str, Sequence[str]]  # what was measured of each break, in words

MOST = 350_000  # bytes of cards on one page; with more, each wing has its own
ADDRESS = re.compile(r"(https?://[^\s<>\"']*[^\s<>\"'.,;:!?)\]])")
INTRODUCTION = """
Every break of every lab: what it does, what someone sees who does not know it, what it changed
when it was measured, and the test that names it. Search by what you see in your own run.
"""


def page(entries: Sequence[Entry]) -> str:
    """The gallery; where it would be too long, its short form with a link to each wing's page."""
    return pages(entries)["gallery.md"]


def pages(entries: Sequence[Entry]) -> dict[str, str]:
    """The gallery's pages by path: one, or with many breaks an index and a page for each wing."""
    entries = [one for one in entries if one.lab.faults]
    said = {one.lab.name: one.made("phrases", partial(_said, one)) for one in entries}
    whole = {one.lab.name: _cards(one, said[one.lab.name], up="") for one in entries}
    if sum(len(text.encode()) for text in whole.values()) <= MOST:
        return {"gallery.md": _page("Failure gallery", entries, whole, said)}
    found = {}
    for wing in dict.fromkeys(place(one.lab.name).wing for one in entries):
        here = [one for one in entries if place(one.lab.name).wing == wing]
        cards = {one.lab.name: _cards(one, said[one.lab.name], up="../") for one in here}
        found[f"gallery/{wing}.md"] = _page(f"Failure gallery: {wing}", here, cards, said)
    short = {one.lab.name: _short(one, said[one.lab.name]) for one in entries}
    inside = "\n".join(path.removesuffix(".md") for path in found)
    menu = fenced("{toctree}", f":hidden:\n\n{inside}") if found else ""
    return {"gallery.md": _page("Failure gallery", entries, short, said) + menu, **found}


def _page(
    title: str, entries: Sequence[Entry], cards: Mapping[str, Html], said: Mapping[str, Said]
) -> str:
    """A page with a section for each lab that has breaks."""
    symptoms = [fault.symptom for one in entries for fault in one.lab.faults]
    seen = [words for one in entries for known in said[one.lab.name].values() for words in known]
    chips = dict.fromkeys([*common(symptoms), *frequent(seen)])
    labs = [one.lab.name for one in entries]
    form = controls("breaks", "loss too low", {"lab": labs}, list(chips))
    sections = [f"## {plain(lab)}\n\n{raw(cards[lab])}" for lab in labs]
    return "\n".join(
        [f"# {title}", INTRODUCTION, raw(tag("div", form, class_="cutaway")), *sections]
    )


def _said(entry: Entry) -> Said:
    """What was measured of each break of a lab, in words."""
    return {fault.name: phrases(entry, fault) for fault in entry.lab.faults}


def _cards(entry: Entry, said: Said, up: str) -> Html:
    """The cards of a lab's breaks; `up` leads from the page to the top of the book."""
    return Html(entry.made(f"cards {up}", lambda: _drawn(entry, said, up)))


def _drawn(entry: Entry, said: Said, up: str) -> Html:
    """The cards of a lab's breaks, made."""
    texts = sources(entry.lab)
    found, lost = marks(entry.lab, texts)
    edits = {mark.fault.name: _edit(mark, texts[mark.fault.file]) for mark in found}
    for fault in entry.lab.faults:
        if fault.name in lost:
            lines = _difference(lines_of(fault.old), lines_of(fault.new))
            edits[fault.name] = joined(tag("p", lost[fault.name]), lines)
    cards = [_card(entry, one, edits[one.name], said[one.name], up) for one in entry.lab.faults]
    return tag("div", _regimes(entry), *cards, class_="cutaway")


def _regimes(entry: Entry) -> Html | None:
    """What was trained, and how, in each experiment that measured a break."""
    found = [one.experiment for fault in entry.lab.faults for one in outcomes(entry, fault)]
    rows = []
    for one in {experiment.name: experiment for experiment in found}.values():
        said = dict.fromkeys(c.regime for c in entry.lab.claims if c.experiment == one.name)
        regimes = [tag("dd", regime, ".") for regime in said] or [
            tag("dd", "No claim rests on it.")
        ]
        rows.append(joined(tag("dt", one.name), *regimes))
    title = tag("summary", "Where the effects were measured")
    return tag("details", title, tag("dl", *rows), class_="regimes") if rows else None


def _card(entry: Entry, fault: Fault, edit: Html, said: Sequence[str], up: str) -> Html:
    """All that is known of a break."""
    found = outcomes(entry, fault)
    rows = (
        ("What one sees", _sought(linked(fault.symptom)) if fault.symptom else None),
        ("Where it happened", _sought(linked(fault.resembles)) if fault.resembles else None),
        ("The edit", edit),
        ("Measured", _effects(found)),
        ("In words", _sought("; ".join(said))),
        ("Named by the test", _killer(entry, fault)),
        ("Inert, by proof", fault.inert),
    )
    known = [joined(tag("dt", name), tag("dd", value)) for name, value in rows if value]
    return _article(entry, fault, f"{up}labs/{entry.lab.name}.html", tag("dl", *known))


def _short(entry: Entry, said: Said) -> Html:
    """The breaks of a lab in a few words each, linked to all that is known of them."""
    there = f"gallery/{place(entry.lab.name).wing}.html"
    cards = []
    for fault in entry.lab.faults:
        words = [fault.symptom, fault.resembles, "; ".join(said[fault.name])]
        shown = [tag("p", word, data_sought=True) for word in words if word]
        cards.append(_article(entry, fault, there, *shown))
    return tag("div", *cards, class_="cutaway")


def _article(entry: Entry, fault: Fault, there: str, *inside: object) -> Html:
    """The card of a break: its name, what it does, and more."""
    name = f"{entry.lab.name}.{fault.name}"
    anchor = name if there.startswith("gallery") else f"fault={name}"
    link = tag("a", tag("code", fault.name), href=f"{there}#{anchor}")
    home = tag("span", f" {entry.lab.name}", class_="soft")
    head = tag("h3", link, home, data_sought=True)
    says = tag("p", fault.says, ".", class_="says", data_sought=True)
    about: dict[str, object] = {"class_": "break", "data_entry": True, "data_lab": entry.lab.name}
    return tag("article", head, says, *inside, id=name, **about)


def _sought(inside: object) -> Html | None:
    """What can be searched, unless it is empty."""
    return tag("span", inside, data_sought=True) if inside else None


def linked(text: str) -> Html:
    """A text whose web addresses are links."""
    pieces = ADDRESS.split(text)
    return joined(
        *[
            tag("a", piece, href=piece, rel="noreferrer") if at % 2 else piece
            for at, piece in enumerate(pieces)
        ]
    )


def _edit(mark: Mark, text: str) -> Html:
    """The lines that go, struck, and those that come."""
    old = lines_of(text)[mark.edit.start : mark.edit.end]
    where = f"{mark.fault.file}, line {mark.edit.start + 1}"
    return joined(tag("span", where, class_="soft"), _difference(old, mark.edit.lines))


def _difference(old: Sequence[str], new: Sequence[str]) -> Html:
    """Lines struck and lines in their place, as code; long ones scroll."""
    lines = map(indented, coloured(textwrap.dedent("\n".join([*old, *new]))))
    kinds = ["del"] * len(old) + ["ins"] * len(new)
    marked = [joined(tag(kind, line), "\n") for kind, line in zip(kinds, lines, strict=True)]
    return tag("pre", tag("code", *marked), class_="diff", tabindex=0)


def _effects(found: Sequence[Measured]) -> Html:
    """The effects on the outcomes, or that there are none."""
    if not found:
        return tag("span", "not measured", class_="soft")
    return tag("ul", *[tag("li", brief(one)) for one in found])


def _killer(entry: Entry, fault: Fault) -> Html | None:
    """The test that names a break, as the sentence that it is."""
    kept = entry.receipts.get("faults", {}).get(fault.name)
    if kept is None:
        return None
    killer = kept["killer"] or "no single test"
    return tag("span", killer.removeprefix("test_").replace("_", " "), title=killer)
