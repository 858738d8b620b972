"""The parts that a page is made of beside its prose, by name."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from cutaway.errors import UsageError
from cutaway.kit.notebook import figure_of
from cutaway.site.charts import chart, measured
from cutaway.site.claims import ledger
from cutaway.site.evidence import gallery, note
from cutaway.site.listing import listing
from cutaway.site.markup import Html, embedded, listed, tag

from . import drawings, predictions, questions
from .asked import Asked
from .cells import breaks_text, claims_text, code_cell, drawing_cell, question_text
from .means import means, means_text
from .shelf import Volume


@dataclass(frozen=True)
class Part:
    """A part: as HTML that stands around its body, and as the source of a notebook."""

    html: Callable[[Asked], tuple[Html, Html]]
    notebook: Callable[[Asked], str]
    options: Sequence[str] = ()


def code(asked: Asked) -> Html:
    """A component's source with its marks: the control panel."""
    entry = asked.volume.entry
    file = asked.volume.component(asked.words)
    return Html(entry.made(f"listing {file}", lambda: _listing(asked.volume, file)))


def _listing(volume: Volume, file: str) -> Html:
    """A component's source with its marks, made."""
    texts, found = volume.marked
    known = (volume.results.tables, volume.results.receipts)
    here = [one for one in found if one.fault.file == file]
    notes = {one.fault.name: note(volume.lab, one.fault, *known) for one in here}
    return listing(file, texts[file], here, notes)


def drawing(asked: Asked) -> Html:
    """A figure, with what can be taken away of it, and the breaks that its table has measured."""
    volume = asked.volume
    figure = figure_of(volume.lab, asked.words)
    table = volume.table(figure.experiment)
    known = embedded(
        measured(volume.lab, {figure.experiment: table})[f"{volume.lab.name}-{figure.name}"]
    )
    there = f"../downloads/{volume.lab.name}"
    files = ((f"{figure.name}.svg", "SVG"), (f"{figure.experiment}.csv", "CSV"))
    links = [tag("a", kind, href=f"{there}/{file}", download=file) for file, kind in files]
    away = tag("p", "Take it away: ", listed(links, " · "), class_="away")
    stale = volume.outdated(figure.experiment) and tag("span", "stale", class_="quick")
    svg = Html(drawings.drawing(volume.lab, figure, table))
    drawn = tag("div", svg, class_="drawing", tabindex=0)
    shown = chart(volume.lab, figure, drawn, stale or None, away)
    return tag("div", shown, data_measured=known, data_lab=volume.lab.name, data_name=figure.name)


def claims(asked: Asked) -> Html:
    """The claims that some experiments decide, or all of the lab."""
    return ledger(asked.volume.claims_on(asked.words.split()), quick=False)


def breaks(asked: Asked) -> Html:
    """Every break of the lab at a glance."""
    volume = asked.volume
    found = volume.marked[1]
    return gallery(volume.lab, found, volume.results.tables, volume.results.receipts)


def predict(asked: Asked) -> tuple[Html, Html]:
    """A question before its result, in two halves around its body."""
    question = questions.parse(asked.words, asked.options, asked.body)
    table = {question.experiment: asked.volume.table(question.experiment)}
    answer = predictions.answer(question, asked.volume.lab, table)
    return predictions.around(question, answer, asked.number, asked.volume.lab.name)


def _whole(made: Callable[[Asked], Html]) -> Callable[[Asked], tuple[Html, Html]]:
    """A part that has no body, as HTML with nothing after it."""

    def whole(asked: Asked) -> tuple[Html, Html]:
        """The part; what stands inside of it would be lost."""
        if asked.body.strip():
            raise UsageError(f"Nothing may stand inside of it: {asked.body.strip()[:40]!r}.")
        return made(asked), Html("")

    return whole


PARTS: dict[str, Part] = {
    "listing": Part(_whole(code), code_cell),
    "drawing": Part(_whole(drawing), drawing_cell),
    "means": Part(_whole(means), means_text),
    "claims": Part(_whole(claims), claims_text),
    "breaks": Part(_whole(breaks), breaks_text),
    "predict": Part(predict, question_text, tuple(questions.FIELDS)),
}


def wrapped(html: Any) -> Html:
    """A piece of the house's own on a page of the book, which has its own style."""
    return tag("div", html, class_="cutaway")
