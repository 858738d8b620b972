"""A corpus as one HTML page: the ladder as a strip, histograms, frequent runs, near-duplicates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from cutaway.data.ladder import Rung
from cutaway.data.portrait import Bar, Portrait, seen

from .markup import Html, joined, number, tag
from .sheets import sheet

MANY = 40  # bars or pairs on the page


def page(name: str, tokens: str, facts: Mapping[str, str], found: Portrait) -> str:
    """The page of a corpus."""
    rows = [joined(tag("dt", key), tag("dd", value)) for key, value in facts.items()]
    parts = (
        _part("What it is", tag("dl", *rows)),
        _part(f"The ladder to read a loss against, in {tokens}", ladder(found)),
        _part("Lengths of documents, in bytes", bars("length", found.lengths)),
        _part("Kinds of bytes", bars("kind", found.bytes)),
        _part("Letters by script", bars("script", found.scripts)),
        _part("Most frequent in the training text", *_runs(found.runs)),
        _part("Near-duplicates", _pairs(found)),
    )
    return sheet(name, tag("main", *parts, class_="corpus"), "The text, before any model.")


def _part(title: str, *inside: object) -> Html:
    """A part of the page."""
    return tag("section", tag("h3", title), *inside, class_="part")


def ladder(found: Portrait) -> Html:
    """The models on one line, from nothing lost to knowing nothing, and their numbers."""
    top = max(rung.nats for rung in found.ladder) or 1.0
    marks = [
        tag(
            "span",
            tag("span", one.order, class_="high" if one.order % 2 else None),
            class_="rung",
            style=f"left:{one.nats / top:.4%}",
        )
        for one in found.ladder
    ]
    ends = (tag("span", "0", class_="from"), tag("span", f"{top:.2f} nats", class_="to"))
    words = ("", "model", "nats a token", "bits a byte", "plug-in, nats")
    head = tag("tr", *[tag("th", word, scope="col") for word in words])
    rows = [_rung(one, found) for one in found.ladder]
    said = (
        "Each model was counted on the training text (interpolated Kneser-Ney) and asked for the "
        "held-out text. The last column is another quantity, the entropy of the training text's "
        "own counts: it flatters, more so the longer the run."
    )
    strip = tag("div", *ends, *marks, class_="strip", aria_hidden="true")
    table = tag("table", tag("thead", head), tag("tbody", *rows), class_="ladder")
    return joined(strip, table, _soft(said))


def _rung(one: Rung, found: Portrait) -> Html:
    """A model as a row."""
    values = [tag("td", f"{value:.4f}") for value in (one.nats, found.bits(one.nats), one.plug_in)]
    return tag("tr", tag("td", one.order), tag("th", one.name, scope="row"), *values)


def bars(what: str, found: Sequence[Bar]) -> Html:
    """A histogram: a table whose rows carry bars."""
    most = max((bar.count for bar in found), default=1) or 1
    rows = [
        tag(
            "tr",
            tag("th", bar.name, scope="row"),
            tag("td", number(bar.count)),
            tag("td", _bar(bar.count / most) if bar.count else None),
        )
        for bar in found[:MANY]
    ]
    heads = [tag("th", word, scope="col") for word in (what, "count", "")]
    more = len(found) - len(rows)
    table = tag("table", tag("thead", tag("tr", *heads)), tag("tbody", *rows), class_="bars")
    return joined(table, _soft(f"And {more} more.") if more else None)


def _bar(share: float) -> Html:
    """A bar of some share of the longest."""
    return tag("span", class_="bar", style=f"width:{share:.2%}")


def _runs(ngrams: Mapping[str, Sequence[Bar]]) -> list[Html]:
    """The most frequent runs, a kind a line."""
    lines = []
    for name, found in ngrams.items():
        items = [tag("li", tag("code", seen(one.name)), f" {number(one.count)}") for one in found]
        lines.append(tag("div", tag("h4", name), tag("ol", *items, class_="runs")))
    return lines


def _pairs(found: Portrait) -> Html:
    """The pairs of documents that share much."""
    if not found.duplicates:
        return _soft("None: no two documents share half of their runs of 50 bytes.")
    words = ("shared", "document", "and document")
    head = tag("tr", *[tag("th", word, scope="col") for word in words])
    rows = [
        tag(
            "tr",
            tag("td", f"{pair.share:.0%}"),
            tag("td", seen(pair.one)),
            tag("td", seen(pair.other)),
        )
        for pair in found.duplicates[:MANY]
    ]
    more = len(found.duplicates) - len(rows)
    table = tag("table", tag("thead", head), tag("tbody", *rows))
    return joined(table, _soft(f"And {more} more.") if more else None)


def _soft(text: str) -> Html:
    """A remark."""
    return tag("p", text, class_="soft")
