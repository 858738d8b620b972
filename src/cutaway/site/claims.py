"""What a run said of each claim, as pieces of a page."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from .markup import Html, joined, signed, tag

SIGNS = {"supported": "✓", "refuted": "✕", "conditional": "◐", "undecided": "?"}


def ledger(claims: Sequence[Mapping[str, Any]], quick: bool) -> Html:
    """The claims with what the measurement says of each; a regime is said once where it starts."""
    before = [None, *(claim["regime"] for claim in claims)]
    items = [
        _claim(one, quick, one["regime"] == last) for one, last in zip(claims, before, strict=False)
    ]
    return tag("ol", *items, class_="claims")


def _claim(claim: Mapping[str, Any], quick: bool, as_above: bool) -> Html:
    """One claim: the verdict in a sign and a word, the sentence, the effect and the reason."""
    word = claim["verdict"]
    sign = tag("span", SIGNS.get(word, "?"), class_="sign", aria_hidden="true")
    verdict = tag("span", sign, " ", word, class_=f"verdict {word}")
    said = tag("p", claim["says"], ".", class_="claim")
    where = "The full run is measured in" if quick else "Measured in"
    regime = "as above" if as_above else claim["regime"]
    measured = tag("p", f"{where}: {regime}. Claim {claim['source']}.", class_="soft")
    left = tag("p", verdict, quick and joined(" ", badge()))
    return tag("li", left, tag("div", said, _because(claim), measured))


def _because(claim: Mapping[str, Any]) -> Html:
    """The effect with its interval, if there is one, and the reason without repeating them."""
    because = reason(claim)
    if claim.get("effect") is None:
        return tag("p", because[:1].upper(), because[1:], ".", class_="because")
    ends = ""
    if claim.get("low") is not None:
        low, high = signed(claim["low"]), signed(claim["high"])
        ends = f" (95 % interval {low} to {high}, n = {claim['n']})"
    effect = tag("strong", signed(claim["effect"]))
    return tag("p", "Effect ", effect, ends, ": ", because, ".", class_="because")


def reason(claim: Mapping[str, Any]) -> str:
    """The reason of a verdict without the effect, which stands beside it."""
    return re.sub(r"the effect is [^()]*\([^()]*n = \d+\): ", "", str(claim["because"]), count=1)


def badge() -> Html:
    """The word that marks what is not for the record."""
    return tag("span", "quick", class_="quick", title="A quick run: not a verdict for the record")
