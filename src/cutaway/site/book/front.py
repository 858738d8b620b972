"""The front page: what cutaway is, one break live, and the labs by wing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from cutaway.kit.labs import WINGS, place
from cutaway.kit.statistics import VERDICTS, Interval
from cutaway.site.claims import SIGNS
from cutaway.site.listing import listing
from cutaway.site.markup import Html, joined, number, tag
from cutaway.site.report import Entry

from .fences import plain, raw
from .live import Live, Reading, excerpt, live
from .minutes import to_measure, to_read

OPENING = """---
hide-toc: true
---

# cutaway
"""
SENTENCE = "A large language model that can be taken apart."
MORE = (
    " Every part is written from scratch and short enough to read, every line can be broken on "
    "purpose, every consequence is measured, and every claim is checked by a run."
)
ELSEWHERE = """
## Across all labs

- [Failure gallery](gallery.md): every break, to be searched by what one sees in a run
- [Claims](claims.md): every claim with its verdict, effect and interval
- [Glossary](glossary.md): every term, and where it is built
- [Reference](reference/index.md): every function and class, from the code
- [How results are made](made.md): why a number here can be believed
"""


def front(entries: Sequence[Entry]) -> str:
    """The front page."""
    shown = live(entries)
    motto = tag("p", "Build it. Break it. Measure it.", class_="motto")
    said = tag("p", tag("strong", SENTENCE), MORE, class_="sentence")
    top = joined(said, motto, _live(shown) if shown else None)
    wings = [_wing(wing, entries) for wing in WINGS]
    score = raw(tag("div", data_calibration=True))
    parts = [
        OPENING,
        raw(tag("div", top, class_="cutaway front")),
        *filter(None, wings),
        ELSEWHERE,
        score,
    ]
    return "\n".join(parts)


def _live(shown: Live) -> Html:
    """A few lines with one mark, and two readings that follow it."""
    text, mark = excerpt(shown)
    notes = {mark.fault.name: _note(shown)}
    lab = shown.entry.lab.name
    code = listing(mark.fault.file, text, [mark], notes)
    said = "Guess what the marked line does for these numbers. Then open the mark and lose it."
    ask = tag("p", said, class_="ask")
    most = max(1e-9, *[max(one.clean.high, one.broken.high) for one in shown.readings])
    meters = [_meter(one, most) for one in shown.readings]
    n = shown.readings[0].clean.n
    link = tag("a", f"the lab {lab}", href=f"labs/{lab}.html", data_lab_link=lab)
    where = ("Means of ", n, " models trained alike, with 95 % intervals: ", shown.experiment.name)
    caption = tag("figcaption", *where, " in ", link, ".")
    inside = tag("div", *meters, aria_live="polite")
    figure = tag("figure", inside, caption, class_="readings")
    return tag("section", ask, code, figure, class_="live-break", aria_label="A break")


def _note(shown: Live) -> Html:
    """What the break says and what it measured, for those who see nothing move."""
    items = [
        tag("li", one.name, " ", tag("strong", number(one.broken.mean)), _ends(one.broken))
        for one in shown.readings
    ]
    said = tag("p", shown.fault.says, ".", class_="says")
    return tag("div", said, tag("ul", *items), class_="note")


def _meter(one: Reading, most: float) -> Html:
    """A reading of both arms; the one that is not shown takes no place."""
    says = tag("span", f" {one.says}", class_="soft") if one.says else None
    arms = {"clean": one.clean, "broken": one.broken}
    numbers = [
        tag("p", tag("strong", number(arm.mean)), _ends(arm), class_=f"value when-{name}")
        for name, arm in arms.items()
    ]
    shares = [f"--{name}-share: {max(0.0, arm.mean) / most:.4f}" for name, arm in arms.items()]
    bar = tag("div", class_="meter", style="; ".join(shares), aria_hidden="true")
    return tag("div", tag("p", one.name, says, class_="what"), *numbers, bar, class_="reading")


def _ends(one: Interval) -> Html:
    """An interval, softly."""
    return tag("span", f" ({number(one.low)} to {number(one.high)})", class_="soft")


def _wing(wing: str, entries: Sequence[Entry]) -> str:
    """A wing with its labs, or nothing if it has none."""
    here = [one for one in entries if place(one.lab.name).wing == wing]
    if not here:
        return ""
    items = [_lab(one) for one in sorted(here, key=lambda one: one.lab.number)]
    wrote = tag("p", f"{WINGS[wing][:1].upper()}{WINGS[wing][1:]}.", class_="wing-says")
    listed = tag("div", wrote, tag("ol", *items, class_="labs"), class_="cutaway")
    return f"## {plain(wing.capitalize())}\n\n{raw(listed)}"


def _lab(entry: Entry) -> Html:
    """A lab in three lines: its name, its lesson, and what it holds."""
    lab = entry.lab
    link = tag("a", lab.name, href=f"labs/{lab.name}.html", data_lab_link=lab.name)
    head = tag("p", tag("span", lab.number, class_="no"), " ", link, class_="name")
    facts = [*_verdicts(entry), _count(len(lab.faults), "break"), *_minutes(entry)]
    row = tag("ul", *[tag("li", one) for one in facts if one], class_="facts")
    return tag("li", head, tag("p", lab.lesson, class_="lesson"), row)


def _verdicts(entry: Entry) -> list[Html]:
    """How many claims of a lab ended how, each in a sign and a word."""
    counts = Counter(one["verdict"] for one in entry.claims)
    return [
        joined(
            tag("span", SIGNS[word], class_="sign", aria_hidden="true"), f" {counts[word]} {word}"
        )
        for word in VERDICTS
        if counts[word]
    ]


def _count(how_many: int, what: str) -> str:
    """A number of things, or nothing if there is none."""
    return f"{how_many} {what}{'s' if how_many > 1 else ''}" if how_many else ""


def _minutes(entry: Entry) -> list[str]:
    """How long a lab takes, as far as it is known."""
    read, measure = to_read(entry), to_measure(entry)
    known = ((read, "min to read"), (measure, "min to measure on one core"))
    return [f"{minutes} {what}" for minutes, what in known if minutes]
