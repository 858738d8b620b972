"""Several judgements together: as weak as the weakest, conditional where they differ."""

from __future__ import annotations

import pytest

from .judging import at_every, decided, every
from .statistics import Undecidable, Verdict
from .tables import Table


def test_several_verdicts_are_as_weak_as_the_weakest() -> None:
    good, better = Verdict("supported", p=0.04), Verdict("supported", p=0.001)
    assert every(good, better).p == every(better, good).p == 0.04
    for word in ("refuted", "undecided"):
        assert every(good, Verdict(word)).verdict == word
    assert every(Verdict("undecided"), Verdict("refuted")).verdict == "refuted"


def test_what_a_table_cannot_decide_is_undecided_and_says_why() -> None:
    def stumbles(table: Table) -> Verdict:
        raise Undecidable("there is no control")

    found = decided(stumbles)(Table.of([]))
    assert (found.verdict, found.because) == ("undecided", "there is no control")


@pytest.mark.parametrize(
    ("words", "together"),
    [
        (("supported", "supported"), "supported"),
        (("supported", "refuted"), "conditional"),
        (("supported", "undecided"), "undecided"),
        (("refuted", "undecided"), "refuted"),
    ],
)
def test_what_holds_at_some_values_only_is_conditional(
    words: tuple[str, str], together: str
) -> None:
    table = Table.of([{"rate": rate, "word": word} for rate, word in enumerate(words)])
    holds = at_every("rate", lambda rows: Verdict(rows.column("word")[0], p=0.01, because="so"))
    assert holds(table).verdict == together


def test_the_weakest_of_conditional_verdicts_names_each_value() -> None:
    table = Table.of([{"rate": 0.1, "word": "supported"}, {"rate": 0.2, "word": "refuted"}])
    holds = at_every("rate", lambda rows: Verdict(rows.column("word")[0], because="so"))
    assert holds(table).because == "at 0.1 supported: so; at 0.2 refuted: so"


def test_of_an_empty_table_nothing_is_decided() -> None:
    assert at_every("rate", lambda rows: Verdict("supported"))(Table.of([])).verdict == "undecided"
