"""The claims ledger: every claim of every lab with its verdict, and where to check it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from cutaway.kit.statistics import VERDICTS
from cutaway.site.claims import SIGNS, reason
from cutaway.site.markup import Html, joined, signed, tag
from cutaway.site.report import Entry

from .fences import plain, raw
from .filtering import controls

INTRODUCTION = """
Every claim that a lab makes, and what a run said of it. The verdict is computed from the table
beside it: by paired seeds, against a stated smallest effect of interest, corrected for the number
of claims of the lab. [How results are made](made.md) says how. What turned out to be folklore is
printed as refuted.
"""


def page(entries: Sequence[Entry]) -> str:
    """The ledger."""
    judged = {one.lab.name: one.claims for one in entries}
    counts = Counter(claim["verdict"] for claims in judged.values() for claim in claims)
    labs = [name for name, claims in judged.items() if claims]
    form = controls("claims", "mask validation", {"verdict": VERDICTS, "lab": labs})
    sections = [
        f"## {plain(one.lab.name)}\n\n{raw(_claims(one, judged[one.lab.name]))}"
        for one in entries
        if judged[one.lab.name]
    ]
    top = raw(tag("div", tally(counts), form, class_="cutaway"))
    return "\n".join(["# Claims", INTRODUCTION, top, *sections])


def tally(counts: Mapping[str, int]) -> Html:
    """How many claims ended how, each verdict in a sign and a word."""
    words = [word for word in VERDICTS if counts.get(word)]
    items = [tag("li", tag("strong", counts[word]), " ", verdict(word)) for word in words]
    return tag("ul", *items, class_="tally")


def verdict(word: str) -> Html:
    """A verdict in a sign and a word."""
    sign = tag("span", SIGNS.get(word, "?"), class_="sign", aria_hidden="true")
    return tag("span", sign, " ", word, class_=f"verdict {word}")


def _claims(entry: Entry, claims: Sequence[Mapping[str, Any]]) -> Html:
    """The claims of a lab."""
    homes = [claim.experiment for claim in entry.lab.claims]
    items = [_claim(entry, one, home) for one, home in zip(claims, homes, strict=True)]
    return tag("div", tag("ol", *items, class_="claims checks"), class_="cutaway")


def _claim(entry: Entry, claim: Mapping[str, Any], experiment: str) -> Html:
    """A claim, its verdict, and the ways to its table and its code."""
    lab = entry.lab.name
    rows = (
        ("Effect", _effect(claim)),
        ("Because", _sentence(reason(claim))),
        ("Regime", tag("span", claim["regime"], ".", data_sought=True)),
    )
    facts = [joined(tag("dt", name), tag("dd", value)) for name, value in rows if value]
    page = tag("a", f"the lab {lab}", href=f"labs/{lab}.html")
    code = tag("a", "its code", href=f"reference/labs/{lab}.html")
    file = tag("a", f"{experiment}.csv", href=f"downloads/{lab}/{experiment}.csv", download=True)
    source = tag("span", f"Claim {claim['source']}", data_sought=True)
    table = file if experiment in entry.tables else tag("span", f"{experiment} (no table)")
    ways = tag("p", source, " · ", page, " · ", code, " · ", table, class_="ways")
    said = tag("p", claim["says"], ".", class_="claim", data_sought=True)
    word = claim["verdict"]
    return tag(
        "li",
        tag("p", verdict(word)),
        tag("div", said, tag("dl", *facts), ways),
        data_entry=True,
        data_lab=lab,
        data_verdict=word,
    )


def _effect(claim: Mapping[str, Any]) -> Html | None:
    """The effect with its interval and the number of pairs, if the claim has one."""
    if claim.get("effect") is None:
        return None
    effect = tag("strong", signed(claim["effect"]))
    if claim.get("low") is None:
        return effect
    ends = f"{signed(claim['low'])} to {signed(claim['high'])}"
    return joined(effect, f" (95 % interval {ends}, n = {claim['n']})")


def _sentence(text: str) -> str:
    """A reason as a sentence."""
    return f"{text[:1].upper()}{text[1:]}." if text else ""
