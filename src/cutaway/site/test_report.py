"""What a report must be: one file that needs nothing, shows all, and runs only our scripts."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import sys
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser
from itertools import pairwise
from typing import Any

import pytest

from cutaway.data.ladder import Rung
from cutaway.data.portrait import Portrait
from cutaway.kit.labs import load
from cutaway.kit.statistics import Verdict
from cutaway.kit.tables import Table
from cutaway.kit.words import Claim, Fault, Lab

from .claims import SIGNS, ledger
from .evidence import note
from .listing import coloured, indented, listing, marks, sources
from .markup import Html, tag
from .report import Entry, report

VOID = {"meta", "br", "wbr", "input"}
HOSTILE = "</script><script>alert(1)</script>\"'&\x00\ud800 [x](javascript:alert(1)) <!-- \u2028"


class Page(HTMLParser):
    """A parsed page: its elements with attributes and text, well nested or an error."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[int] = []
        self.inside: dict[int, str] = {}
        self.feed(text)
        self.close()
        assert not self.open

    def handle_starttag(self, name: str, attrs: list[tuple[str, str | None]]) -> None:
        """Notes an element."""
        self.elements.append((name, dict(attrs)))
        self.inside[len(self.elements) - 1] = ""
        if name not in VOID:
            self.open.append(len(self.elements) - 1)

    def handle_startendtag(self, name: str, attrs: list[tuple[str, str | None]]) -> None:
        """Notes an SVG element that closes itself."""
        self.elements.append((name, dict(attrs)))

    def handle_endtag(self, name: str) -> None:
        """Closes the element that is open."""
        at = self.open.pop()
        assert self.elements[at][0] == name

    def handle_data(self, text: str) -> None:
        """Adds text to every open element."""
        for at in self.open:
            self.inside[at] += text

    def all(self, name: str, **attributes: str) -> list[tuple[dict[str, str | None], str]]:
        """The elements of a name with some attributes, each with its text."""
        wanted = {key.strip("_"): value for key, value in attributes.items()}
        return [
            (attrs, self.inside.get(at, ""))
            for at, (found, attrs) in enumerate(self.elements)
            if found == name
            and all(value in (attrs.get(k) or "").split() for k, value in wanted.items())
        ]


def table(shift: float = 0.5) -> Table:
    """A table with a planted effect of no_shift, and a stuck that was measured and did nothing."""
    arms = {None: 0.0, "no_shift": shift, "stuck": 0.0}
    return Table.of(
        {
            "fault": fault,
            "seed": seed,
            "excess": 1 + 0.01 * seed + by * (1 + 0.02 * seed),
            "reported": 1.0 - by,
        }
        for fault, by in arms.items()
        for seed in range(8)
    )


RECEIPTS = {
    "tests": ["test_a", "test_b", "test_c"],
    "blunt": [],
    "faults": {
        "no_shift": {"changed": {"loss": 0.25}, "failed": ["test_a", "test_b"], "killer": "test_a"}
    },
}


def entry(**changes: Any) -> Entry:
    """The bigram with two of its experiments measured."""
    steps = Table.of(
        {"fault": None, "seed": s, "step": t, "reported": 1.0} for s in (0, 1) for t in (1, 2)
    )
    made = Entry(load("bigram"), {"loss_by_fault": table(), "loss_by_step": steps}, RECEIPTS)
    return replace(made, **changes)


@pytest.fixture(scope="module")
def page() -> Page:
    """A report that many tests read."""
    return Page(report([entry()], "A title"))


def page_note(page: Page, name: str) -> str:
    """The text of a fault's mark."""
    return next(text for attrs, text in page.all("details") if attrs.get("data-fault") == name)


def test_nothing_is_fetched_from_anywhere(page: Page) -> None:
    reaching = {"src", "srcset", "href", "action", "data", "poster", "xlink:href"}
    for name, attrs in page.elements:
        for key in reaching & attrs.keys():
            assert re.match("#|data:application/json;base64,", attrs[key] or ""), (
                name,
                key,
                attrs[key],
            )
    style = page.all("style")[0][1]
    assert "url(" not in style and "@import" not in style


def test_only_the_scripts_that_the_policy_names_can_run(page: Page) -> None:
    policy = page.all("meta", **{"http-equiv": "Content-Security-Policy"})[0][0]["content"] or ""
    runs = [text for attrs, text in page.all("script") if "type" not in attrs]
    hashes = [base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in runs]
    assert runs and re.findall(r"'sha256-(.+?)'", policy) == hashes
    assert "default-src 'none'" in policy and "script-src 'sha256" in policy
    assert not any(key.startswith("on") for _, attrs in page.elements for key in attrs)


def test_ids_are_unique_and_every_link_inside_the_page_leads_somewhere(page: Page) -> None:
    ids = [attrs["id"] for _, attrs in page.elements if "id" in attrs]
    assert len(ids) == len(set(ids))
    for attrs, _ in page.all("a"):
        if (attrs["href"] or "").startswith("#"):
            assert (attrs["href"] or "")[1:] in ids
    for _, attrs in page.elements:
        for name in (attrs.get("aria-labelledby") or "").split():
            assert name in ids


def test_headings_go_down_one_level_at_a_time(page: Page) -> None:
    levels = [int(name[1]) for name, _ in page.elements if re.fullmatch("h[1-6]", name)]
    assert levels[0] == 1 and levels.count(1) == 1
    assert all(b <= a + 1 for a, b in pairwise(levels))


def test_the_listing_is_the_source_line_by_line() -> None:
    for text in sources(load("bigram")).values():
        shown = [Page(tag("p", line)).inside[0] for line in coloured(text)]
        assert shown == text.split("\n")


def test_a_listing_counts_every_line_of_the_source_once_and_none_that_is_new() -> None:
    lab = load("bigram")
    texts = sources(lab)
    notes = {fault.name: Html("") for fault in lab.faults}
    for file, text in texts.items():
        here = [one for one in marks(lab, texts)[0] if one.fault.file == file]
        whole = listing(file, text, here, notes)
        found = re.findall("(?s)<code.*?</code>", re.sub("(?s)<details.*?</details>", "", whole))[
            1:
        ]
        shown = [Page(line).inside[0].rstrip("\n") for line in found]
        assert shown == text.rstrip("\n").split("\n")
        new = sum(len(one.edit.lines) for one in here)
        assert len(re.findall("<code", whole)) == 1 + len(found) + new
        struck = [line for line in found if 'class="o' in line]
        assert struck and all(re.match("<code[^>]*>(<w->|[^ ])", line) for line in struck)


def test_a_line_goes_on_below_its_own_indentation() -> None:
    text = 'def f():\n    return 1  # one\n\nx = """\n  a"""\n'
    found = re.findall("(?s)<code.*?</code>", listing("f.py", text, [], {}))[1:]
    assert found == [
        "<code><k->def</k-> <f->f</f->():</code>",
        '<code style="--i:4">    <k->return</k-> 1<w->  </w-><c-># one</c-></code>',
        "<code>\n</code>",
        '<code>x = <s->"""</s-></code>',
        '<code style="--i:2">  <s->a"""</s-></code>',
    ]
    assert indented(Html("    <k->return</k->")) == "<w->    </w-><k->return</k->"
    assert indented(Html("x")) == "x" and indented(Html("")) == ""


def test_every_fault_has_a_mark_with_its_replacement(page: Page) -> None:
    for fault in load("bigram").faults:
        said = page_note(page, fault.name)
        assert fault.says in said and fault.new.strip() in said
    assert len(page.all("summary")) >= len(load("bigram").faults)


def test_a_note_tells_the_effect_with_its_interval_and_the_test_that_names_it(page: Page) -> None:
    said = page_note(page, "no_shift")
    assert "+0.535" in said and "+0.515 to +0.555" in said
    assert "test_a" in said and "2 of 3 tests fail" in said and "loss by 0.25" in said


def test_what_was_measured_without_effect_and_what_was_not_measured_read_differently(
    page: Page,
) -> None:
    assert "less than 0.02 either way" in page_note(page, "stuck")
    assert "Not measured for this break" in page_note(page, "columns")
    assert "No receipt" in page_note(page, "columns")


def test_the_page_knows_which_breaks_each_figure_has_measured(page: Page) -> None:
    data = json.loads(page.all("script", id="report-data")[0][1])
    assert data["bigram"]["bigram-excess_by_fault"] == ["no_shift", "stuck"]
    assert (
        data["bigram"]["bigram-reported_by_step"] == data["bigram"]["bigram-error_by_score"] == []
    )
    ids = {attrs.get("id") for _, attrs in page.elements}
    assert {"bigram-excess_by_fault-series-no_shift", "figure-bigram-excess_by_fault"} <= ids


def test_an_experiment_without_results_is_said_to_be_missing(page: Page) -> None:
    figure = next(t for a, t in page.all("figure") if a["id"] == "figure-bigram-error_by_score")
    assert "error_by_score was not measured" in figure


def test_the_table_can_be_taken_away_as_it_is(page: Page) -> None:
    link = next(a for a, _ in page.all("a") if a.get("download") == "loss_by_fault.json")
    taken = base64.b64decode((link["href"] or "").partition(",")[2]).decode()
    assert taken == table().to_json()


@pytest.mark.parametrize("quick", [True, False])
def test_quick_is_said_of_quick_results_and_of_no_others(quick: bool) -> None:
    found = Page(report([entry(quick=quick)], "t"))
    badges = found.all("span", class_="quick")
    claims = len(load("bigram").claims)
    assert (len(badges) > claims) if quick else not badges
    assert bool(found.all("span", class_="recorded")) is not quick


def test_warnings_are_shown() -> None:
    found = Page(report([entry(warnings=["loss_by_fault: <stale>"])], "t"))
    assert ("loss_by_fault: <stale>") in [text for _, text in found.all("p", class_="warning")]


def test_without_matplotlib_the_report_says_so_where_a_figure_would_stand(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    found = Page(report([entry()], "t"))
    assert not found.all("svg")
    absent = [text for _, text in found.all("p", class_="absent")]
    assert sum("matplotlib" in text and "pip install" in text for text in absent) == 2


def test_each_verdict_has_a_word_and_a_sign_of_its_own() -> None:
    assert len(set(SIGNS.values())) == 4
    common = {"says": "S", "source": "1-1", "regime": "R", "n": 8}
    for word, sign in SIGNS.items():
        claim = {**common, "verdict": word, "effect": 0.5, "low": 0.4, "high": 0.6, "because": "b"}
        said = Page(ledger([claim], False)).inside[0]
        assert word in said and sign in said and "+0.4 to +0.6" in said and "1-1" in said


def hostile_lab() -> Lab:
    """A lab whose every text attacks the page."""
    lab = load("bigram")
    first, *rest = lab.faults
    holds: Callable[[Table], Verdict] = lambda t: Verdict("undecided", because=HOSTILE)  # noqa: E731
    fault: Fault = replace(first, says=HOSTILE, new=f"# {HOSTILE.splitlines()[0]}", inert=HOSTILE)
    claim = Claim(HOSTILE, HOSTILE, "loss_by_fault", holds, HOSTILE)
    figures = [replace(one, title=HOSTILE, alt=HOSTILE) for one in lab.figures]
    return replace(lab, lesson=HOSTILE, faults=(fault, *rest), claims=(claim,), figures=figures)


def test_hostile_text_appears_as_text_and_adds_no_element() -> None:
    rows = [{**row, "said": HOSTILE.replace("\ud800", "")} for row in table().dicts()]
    failed = [{"params": {"fault": HOSTILE}, "seed": 0, "error": HOSTILE}]
    tables = {"loss_by_fault": Table.of(rows), "error_by_score": Table.of([], failed)}
    receipts = {
        **RECEIPTS,
        "faults": {
            "no_max": {"changed": {HOSTILE: HOSTILE}, "failed": [HOSTILE], "killer": HOSTILE}
        },
    }
    manifest = {"environment": {HOSTILE: HOSTILE}}
    made = Entry(hostile_lab(), tables, receipts, manifest, warnings=[HOSTILE])
    text = report([made], HOSTILE)
    found, plain = Page(text), Page(report([entry()], "t"))
    assert len(found.all("script")) == len(plain.all("script"))
    assert "alert(1)" in found.all("title")[0][1] and "alert(1)" in found.all("h1")[0][1]
    assert not any("javascript:" in (a.get("href") or "") for a, _ in found.all("a"))
    assert "\x00" not in text and text.encode()


def test_the_same_results_give_the_same_report() -> None:
    assert report([entry()], "t") == report([entry()], "t")


def test_several_labs_have_a_menu_and_one_has_none(page: Page) -> None:
    menu = Page(report([entry(), entry()], "t")).all("nav")
    assert len(menu) == 1 and not page.all("nav")


def test_a_lab_that_opens_a_corpus_shows_the_ladder_that_its_losses_are_read_against() -> None:
    rungs = [Rung(0, "uniform", 4.0, 4.0), Rung(1, "unigram", 1.25, 3.0)]
    seen = Portrait([], [], [], {}, [], rungs, 1.0)
    page = report([Entry(load("bigram"), {}, texts={"shakespeare": seen})], "x")
    assert "What shakespeare lets one predict" in page and "<td>1.2500</td>" in page
    assert "lets one predict" not in report([Entry(load("bigram"), {})], "x")


def test_of_many_observables_a_note_names_those_that_changed_most() -> None:
    lab = load("bigram")
    changed: dict[str, Any] = {f"number {at}": float(at) for at in range(20)}
    kept = {"killer": "test_a", "failed": ["test_a"], "changed": {**changed, "words": "turned"}}
    receipts = {"tests": ["test_a"], "faults": {lab.faults[0].name: kept}}
    said = str(note(lab, lab.faults[0], {}, receipts))
    assert "Changed: words turned, number 19 by 19, number 18 by 18" in said
    assert "number 13 by 13, and 13 more." in said and "number 12" not in said
    kept["changed"] = {"small": 0.1, "large": 9.0}
    assert "Changed: small by 0.1, large by 9." in note(lab, lab.faults[0], {}, receipts)
