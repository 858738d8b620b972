"""The contract can fail: for each of its rules there is a lab that breaks it, and is told so."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from .contract import _shown, problems
from .credulity import credulous, shuffled
from .labs import load
from .results import Results, read
from .tables import Table
from .verdicts import exactly, raises, unchanged
from .words import Claim, Fault, Lab

LAB = load("bigram")
CLEAN, BROKEN = {"fault": None}, {"fault": "one_row"}
Change = Callable[[Lab], Lab]


def told(lab: Lab, found: Results | None = None) -> str:
    """What a lab is told, in one text."""
    return "\n".join(problems(lab, found or read(lab)))


def one(kind: str, **changes: Any) -> Change:
    """A lab with its first fault, figure, claim or experiment changed."""

    def changed(lab: Lab) -> Lab:
        first, *others = getattr(lab, kind)
        whole: dict[str, Any] = {kind: (replace(first, **changes), *others)}
        return replace(lab, **whole)

    return changed


WRONG: list[tuple[Change, str]] = [
    (lambda lab: replace(lab, faults=()), "failure gallery: there is no fault"),
    (lambda lab: replace(lab, figures=()), "plots: there is no figure"),
    (lambda lab: replace(lab, lesson="Bigrams"), "is not a sentence"),
    (lambda lab: replace(lab, faults=(*lab.faults, lab.faults[0])), "two are called 'no_max'"),
    (one("faults", old="scores = scores"), "occurs not at all"),
    (one("faults", new="scores = ("), "cannot be imported|was never closed"),
    (one("faults", new="scores = scores"), "no `# BROKEN:` comment"),
    (one("faults", symptom=""), "its symptom is not said"),
    (one("faults", name="unproven"), "fault unproven: no receipt"),
    (one("faults", name="unproven"), "fault unproven: no test names it"),
    (one("figures", experiment="nowhere"), "there is no experiment 'nowhere'"),
    (one("figures", y="height"), "has no column 'height'"),
    (one("figures", alt=" "), "it has no alt text"),
    (one("claims", source="hearsay"), "needs a source such as 004-18"),
    (one("claims", regime=""), "names no regime"),
    (one("claims", experiment="nowhere"), "there is no experiment 'nowhere'"),
    (one("faults", name="no max"), "'no max' cannot name a fault"),
    (one("faults", name="control"), "'control' cannot name a fault"),
    (one("claims", holds=lambda t: exactly(False, "no")), "the recorded verdicts are not those"),
    (one("claims", holds=lambda t: t.nothing), "the claim cannot be judged"),
    (one("claims", holds=lambda t: exactly(True, "yes")), "without a single measured value"),
    (one("experiments", name="unwritten"), "page.md shows nothing of unwritten"),
    (one("experiments", seeds=9), "loss_by_fault: its sources changed"),
]


@pytest.mark.parametrize(("change", "says"), WRONG, ids=[says for _, says in WRONG])
def test_a_lab_that_breaks_a_rule_is_told_which(change: Change, says: str) -> None:
    found = told(change(LAB))
    assert any(part in found for part in says.split("|")), found


@pytest.mark.parametrize(
    ("page", "lacks"),
    [
        ("```{listing} a.py\n```\n\nCompiled: `fast_a.py`.", []),
        ("```{listing} a.py\n```\n", ["page.md does not name fast_a.py"]),
        ("As in `a.py` and `fast_a.py`.", ["page.md does not show a.py: ```{listing} a.py"]),
        ("```{listing} a.pyc\n```\n`fast_a.py`", ["page.md does not show a.py: ```{listing} a.py"]),
    ],
)
def test_a_page_shows_every_component_and_names_the_compiled_ones(
    page: str, lacks: list[str]
) -> None:
    found = _shown([Path("a.py"), Path("fast_a.py")], page)
    assert list(found) == [f"article: {one}" for one in lacks]


def test_a_fault_called_inert_must_be_measured_to_be() -> None:
    loud = [replace(f, inert="I say so") if f.name == "one_row" else f for f in LAB.faults]
    assert "fault one_row: it is called inert, and no experiment shows it" in told(
        replace(LAB, faults=tuple(loud))
    )


def test_a_better_sentence_makes_nothing_stale() -> None:
    better = replace(LAB.claims[0], says="It can be deleted, and training does not notice")
    assert told(replace(LAB, claims=(better, *LAB.claims[1:]))) == ""


def test_one_outcome_that_moves_is_enough_to_be_no_longer_inert() -> None:
    first, found = LAB.experiments[0], read(LAB)
    rows = [{**r, "excess": r["excess"] + (r["fault"] == "no_max")} for r in found_rows(found)]
    found.tables["second"] = Table.of(rows)
    lab = replace(LAB, experiments=(*LAB.experiments, replace(first, name="second")))
    assert "fault no_max: it is called inert, and no experiment shows it" in told(lab, found)


def found_rows(found: Results) -> list[dict[str, Any]]:
    """The recorded rows of the first experiment."""
    return found.tables["loss_by_fault"].dicts()


def test_a_lab_without_results_is_told_one_thing_about_them() -> None:
    assert told(LAB, Results()).splitlines() == [
        "results: nothing is measured yet: `cutaway run bigram --record`"
    ]


def test_a_quick_table_is_never_a_record() -> None:
    found = read(LAB)
    found.tables["loss_by_fault"] = replace(found.tables["loss_by_fault"], quick=True)
    assert "a quick table is recorded" in told(LAB, found)


def test_a_number_that_another_lab_has_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    other = replace(LAB, name="other")
    monkeypatch.setattr("cutaway.kit.declarations.labs", lambda: ([LAB, other], []))
    assert "number 1 is taken by other" in told(LAB)


@pytest.mark.parametrize("name", ["attention", "nothing", "bigram"])
def test_one_can_only_have_read_a_lab_that_comes_before(name: str) -> None:
    assert f"after: {name!r} is no lab that comes before" in told(replace(LAB, after=(name,)))
    assert "after" not in told(replace(load("attention"), after=("bigram",)))


def planted(shift: float) -> Table:
    """Eight seeds of a clean and a broken arm that lies higher."""
    rows = [
        {"fault": fault, "seed": seed, "loss": seed / 10 + seed % 3 / 100 + up}
        for fault, up in ((None, 0.0), ("one_row", shift))
        for seed in range(8)
    ]
    return Table.of(rows)


def claiming(holds: Any) -> Claim:
    """A claim that is judged so."""
    return Claim("It is so, they say", "004-18", "e", holds, "here")


def test_a_claim_that_rests_on_its_arms_is_not_credulous() -> None:
    sound = claiming(lambda t: raises(t, "loss", BROKEN, CLEAN, 0.1))
    assert sound.holds(planted(1.0)).verdict == "supported"
    assert list(credulous(sound, planted(1.0))) == []


def test_a_claim_that_two_arms_are_alike_keeps_its_support_and_is_not_credulous() -> None:
    """Also where a small effect is sure, as with many seeds."""
    alike = claiming(lambda t: unchanged(t, "loss", BROKEN, CLEAN, 0.1))
    sure = Table.of(
        [{**row, "loss": row["loss"] + row["seed"] / 1e4} for row in planted(0.02).dicts()]
    )
    assert alike.holds(sure).verdict == "supported" and (alike.holds(sure).low or 0) > 0
    assert list(credulous(alike, sure)) == []


def test_a_claim_that_looks_only_at_the_largest_value_is_credulous() -> None:
    gullible = claiming(lambda t: exactly(max(x or 0 for x in t.column("loss")) > 1, "large"))
    assert "even with its arms shuffled" in "\n".join(credulous(gullible, planted(1.0)))


def test_shuffling_moves_arms_within_their_seeds_only() -> None:
    table = planted(1.0)
    for seed in range(8):
        before, after = table.where(seed=seed), shuffled(table, 3).where(seed=seed)
        assert sorted(before.column("loss")) == sorted(after.column("loss"))
    assert shuffled(table, 3).digest() != table.digest()


def test_a_fault_may_be_added_only_with_its_receipt() -> None:
    new = Fault("new", "atoms/bigram/bigram.py", "return loss", "return loss  # BROKEN: no", "No.")
    assert "fault new: no receipt" in told(replace(LAB, faults=(*LAB.faults, new)))
