"""The ledger shows every claim once, with its verdict and the ways to check it."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

import pytest

from cutaway.kit.statistics import Verdict
from cutaway.kit.tables import Table
from cutaway.kit.words import Claim
from cutaway.site.report import Entry
from cutaway.site.test_report import HOSTILE, Page, entry

from . import ledger
from .test_gallery import RAW, html

FOUND = Verdict("supported", 0.5, 0.25, 0.75, 0.01, 8, "the effect is 0.5 (n = 8): not 0")


def always(verdict: Verdict) -> Callable[[Table], Verdict]:
    """What decides every table alike."""
    return lambda table: verdict


def claims(*found: Verdict, says: str = "It holds", source: str = "000-01") -> Entry:
    """The planted entry with claims that are judged as given."""
    made = entry()
    written = tuple(
        Claim(f"{says} {at}", source, "loss_by_fault", always(one), f"regime {at}")
        for at, one in enumerate(found)
    )
    return replace(made, lab=replace(made.lab, claims=written))


def items(page: Page) -> list[tuple[dict[str, str | None], str]]:
    """The claims on a page."""
    return [one for one in page.all("li") if "data-entry" in one[0]]


def test_every_claim_stands_there_once_with_all_that_is_known_of_it() -> None:
    page = html(ledger.page([claims(FOUND, Verdict("refuted", because="it is not so"))]))
    first, second = items(page)
    parts = ("✓ supported", "It holds 0.", "+0.5", "95 % interval +0.25 to +0.75, n = 8", "Not 0.")
    for part in (*parts, "regime 0.", "Claim 000-01", "loss_by_fault.csv"):
        assert part in first[1]
    assert "the effect is 0.5" not in first[1]
    assert "✕ refuted" in second[1] and "It is not so." in second[1] and "Effect" not in second[1]
    assert (second[0]["data-verdict"], second[0]["data-lab"]) == ("refuted", "bigram")


def test_what_holm_took_back_is_said() -> None:
    said = "supported alone, but among 9 claims p is 0.17 (Holm); the effect is 0.5 (n = 8): not 0"
    page = html(ledger.page([claims(replace(FOUND, verdict="undecided", because=said))]))
    [(_, item)] = items(page)
    assert "Supported alone, but among 9 claims p is 0.17 (Holm); not 0." in item


def test_the_claims_of_the_labs_are_all_there() -> None:
    made = entry()
    text = html(ledger.page([made]))
    shown = zip(made.lab.claims, items(text), strict=True)
    assert all(one.says in said for one, (_, said) in shown)
    assert len(items(text)) == len(made.lab.claims) > 0


def test_the_links_lead_to_the_lab_its_code_and_the_table() -> None:
    page = html(ledger.page([claims(FOUND)]))
    links = [attrs["href"] for attrs, _ in page.all("a")]
    there = "downloads/bigram/loss_by_fault.csv"
    assert links == ["labs/bigram.html", "reference/labs/bigram.html", there]
    without = html(ledger.page([replace(claims(FOUND), tables={})]))
    assert not [one for one in without.all("a") if "downloads" in (one[0]["href"] or "")]


def test_the_counts_are_of_the_claims_that_stand_there() -> None:
    kinds = ("supported", "refuted", "refuted", "undecided")
    page = html(ledger.page([claims(*[Verdict(kind) for kind in kinds])]))
    tally = [text for attrs, text in page.all("li") if "data-entry" not in attrs]
    assert tally == ["1 ✓ supported", "2 ✕ refuted", "1 ? undecided"]
    chosen = [text for _, text in page.all("option")]
    assert chosen == ["all", "supported", "refuted", "conditional", "undecided", "all", "bigram"]


@pytest.mark.parametrize("effect", [0.0, -1.0])
def test_an_effect_of_nothing_is_an_effect(effect: float) -> None:
    ((_, text),) = items(html(ledger.page([claims(Verdict("refuted", effect))])))
    assert re.search(rf"Effect{'0' if not effect else '−1'}", text)


def test_hostile_words_come_out_as_text() -> None:
    hostile = f"{HOSTILE} ``````` {{raw}}`x`"
    text = ledger.page(
        [claims(Verdict("undecided", because=hostile), says=hostile, source=hostile)]
    )
    page = html(text)
    assert items(page)[0][1].count("<script>alert(1)") == 3
    assert not page.all("script") and "<" not in RAW.sub("", text)
    assert not [one for one in page.all("a") if "javascript" in (one[0]["href"] or "")]


def test_no_lab_is_no_error() -> None:
    assert ledger.page([]).startswith("# Claims")
