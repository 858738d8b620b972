"""A number in prose is the mean of one point of a recorded table, or an error that says why not."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from html.parser import HTMLParser
from statistics import fmean
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cutaway.errors import UsageError
from cutaway.kit.tables import Table
from cutaway.kit.words import Experiment, Fault, Lab, Scalar

from ..markup import number
from .numbers import Number, asked, html, looked_up, words

HOSTILE = "</span><script>alert(1)</script>\"' &#60; \u2028"
GRID: dict[str, Sequence[Scalar]] = {"fault": (None, "a", "b", "a+b"), "width": (8, 64)}


def unused(*_: Any, **__: Any) -> Any:
    """What no lookup calls."""
    raise AssertionError


def lab(grid: Mapping[str, Sequence[Scalar]] = GRID, faults: Sequence[str] = ("a", "b")) -> Lab:
    """A lab with one experiment over a grid, and some faults."""
    declared = [Fault(name, "f.py", "old", "new", "says") for name in faults]
    return Lab("x", 1, "lesson", unused, declared, [Experiment("e", unused, grid)])


def rows(**more: Any) -> list[dict[str, Any]]:
    """Two seeds at each point: the loss is the width and the seed, twice that when broken."""
    return [
        {"fault": f, "width": w, "seed": s, "loss": (w + s) * (1 if f is None else 2.0), **more}
        for f in (None, "a", "b", "a+b")
        for w in (8, 64)
        for s in (0, 1)
    ]


def found(text: str, table: Table, home: Lab | None = None) -> Number:
    """What a role shows."""
    experiment, column, fixed = asked(text)
    return looked_up(home or lab(), table, experiment, column, fixed)


TABLE = Table.of(rows(name="q", good=True))


def test_it_is_the_mean_over_the_seeds_of_the_clean_world() -> None:
    one = found("e loss width=64", TABLE)
    assert one.shown == number(fmean([64, 65])) and one.follows
    assert one.says == "e: loss, width 64, mean of 2 seeds"


def test_it_follows_single_declared_faults_and_no_others() -> None:
    table = Table.of([*rows(), {"fault": "gone", "width": 8, "seed": 0, "loss": 1.0}])
    assert found("e loss width=8", table).broken == {"a": "17", "b": "17"}
    home = lab(faults=("b", "a", "never_measured"))
    assert list(found("e loss width=8", table, home).broken) == ["a", "b"]


def test_one_that_names_a_fault_stays_what_it_is() -> None:
    for word, shown in (("a", "17"), ("a+b", "17"), ("clean", "8.5")):
        one = found(f"e loss width=8 fault={word}", TABLE)
        assert (one.shown, one.follows, one.broken) == (shown, False, {})
        assert f"fault {word}, mean" in one.says


def test_what_is_left_open_is_an_error_that_offers_a_value_which_is_then_understood() -> None:
    mixed = [{"fault": None, "depth": d, "seed": 0, "loss": 1.0} for d in (None, 0, 3)]
    home = lab({"fault": (None,), "depth": (None, 0, 3)})
    for text, table, where in (("e loss", TABLE, lab()), ("e loss", Table.of(mixed), home)):
        with pytest.raises(
            UsageError, match=r"several values of (width: 8, 64|depth: clean, 0, 3)"
        ) as e:
            found(text, table, where)
        word = e.value.next_step.removeprefix("Name one, such as ").removesuffix(".")
        assert found(f"{text} {word}", table, where).shown


def test_a_value_that_is_nothing_to_python_is_told_by_its_name() -> None:
    table = Table.of([{"fault": None, "depth": d, "seed": 0, "loss": 1.0} for d in (0, 1)])
    assert ", depth 0, " in found("e loss depth=0", table, lab({"depth": (0, 1)})).says


def test_a_mean_over_what_is_no_seed_is_an_error_that_names_what_varies() -> None:
    steps = [
        {"fault": f, "seed": s, "other": float(k), "loss": float(k), "step": k, "part": "p"}
        for f in (None, "a")
        for s in (0, 1)
        for k in (0, 100)
    ]
    home = lab({"fault": (None, "a")})
    with pytest.raises(UsageError, match="several values of step: 0, 100"):
        found("e loss", Table.of(steps), home)
    one = found("e loss step=100", Table.of(steps), home)
    assert (one.shown, one.broken) == ("100", {"a": "100"})
    twice = Table.of([{"fault": None, "seed": 0, "loss": 1.0}] * 2)
    with pytest.raises(UsageError, match="several rows for a seed"):
        found("e loss", twice, home)


def test_an_int_that_differs_from_seed_to_seed_is_no_point_of_the_grid() -> None:
    table = Table.of([{"fault": None, "seed": s, "best": 10 * s, "loss": 2.0} for s in (0, 1)])
    assert found("e loss", table, lab({"fault": (None,)})).shown == "2"


def test_the_broken_number_is_of_the_same_point_as_the_clean_one() -> None:
    table = Table.of([row for row in rows() if row["fault"] or row["width"] == 8])
    one = found("e loss", table)
    assert one.shown == "8.5" and one.broken == {"a": "17", "b": "17"}
    wide = [row for row in rows() if (row["fault"] == "a") == (row["width"] == 64)]
    assert "a" not in found("e loss", Table.of(wide)).broken


def test_what_is_not_finite_and_what_failed_is_said_and_never_averaged_over() -> None:
    some = [{**row, "loss": None if row["fault"] == "a" else row["loss"]} for row in rows()]
    some[-1] = {**rows()[0], "seed": 2}  # a third clean seed; of a+b one fewer
    failed = [{"params": {"fault": "b", "width": 8}, "seed": 1, "error": "no luck"}]
    one = found("e loss width=8", Table.of(some, failed))
    assert one.broken == {"a": "not finite", "b": "failed"} and one.shown == number(25 / 3)
    none = [row for row in rows() if row["fault"] != "b"]
    assert found("e loss width=8", Table.of(none, failed)).broken["b"] == "failed"
    assert "b" not in found("e loss width=64", Table.of(none, failed)).broken
    clean = [{"params": {"fault": None, "width": 8}, "seed": 9, "error": "no luck"}]
    assert found("e loss width=8", Table.of(rows(), clean)).shown == "failed"


def test_the_mean_of_ints_is_no_longer_an_int_and_of_giants_no_crash() -> None:
    home = lab({"fault": (None,)})
    ints = Table.of([{"fault": None, "seed": s, "n": n} for s, n in enumerate((1, 2))])
    assert found("e n", ints, home).shown == "1.5"
    for giant in (10**400, 1.7e308):
        table = Table.of([{"fault": None, "seed": s, "n": giant} for s in (0, 1)])
        assert found("e n", table, home).shown == "not finite"


WRONG = [
    ("", "does not name an experiment and a column"),
    ("e", "does not name an experiment and a column"),
    ("e loss more", "does not name an experiment and a column"),
    ("e 'loss", "cannot be read"),
    ("e loss width=8 width=64", "names a column twice"),
    ("e lost width=8", "no column 'lost'.*Did you mean loss"),
    ("e loss widht=8", "no column 'widht'.*Did you mean width"),
    ("e loss zzz=8", "no column 'zzz'.*There are fault, width"),
    ("e loss =8", "no column ''.*There are"),
    ("e loss width=9", "No row has width=9.*There are 64, 8"),
    ("e loss width=8 fault=c", "No row has fault=c.*There are a, a[+]b, b, clean"),
    ("e name width=8", "'name' is not a column of numbers"),
    ("e good width=8", "'good' is not a column of numbers"),
    ("e fault width=8", "'fault' is not a column of numbers"),
]


@pytest.mark.parametrize(("text", "says"), WRONG, ids=[text for text, _ in WRONG])
def test_a_mistake_in_a_role_is_an_error_that_says_which(text: str, says: str) -> None:
    with pytest.raises(UsageError) as error:
        found(text, TABLE)
    assert re.search(says, f"{error.value.what} {error.value.next_step}")


def test_a_table_without_a_clean_row_has_no_number() -> None:
    with pytest.raises(UsageError, match="no such row"):
        found("e loss width=8", Table.of([row for row in rows() if row["fault"]]))


def test_values_with_spaces_and_quotes_stand_in_quotes() -> None:
    table = Table.of([{"arm": a, "seed": 0, "loss": 1.0} for a in ("as learnt", 'say "so"', "=")])
    home = lab({"arm": ("as learnt", 'say "so"', "=")})
    for word in ("arm='as learnt'", "'arm=as learnt'", "arm='say \"so\"'", "arm=="):
        assert found(f"e loss {word}", table, home).shown == "1"


@settings(deadline=None)
@given(st.lists(st.tuples(st.text(), st.text()), max_size=4))
def test_whatever_is_asked_is_read_or_refused(pairs: list[tuple[str, str]]) -> None:
    text = " ".join(f"{name}={value}" for name, value in pairs)
    try:
        bare, fixed = words(f"a b {text}")
    except UsageError:
        return
    assert bare[:2] == ["a", "b"] and all("=" not in name for name in [*bare, *fixed])


class Span(HTMLParser):
    """The one element of a number: its attributes and its text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.seen: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, name: str, attrs: list[tuple[str, str | None]]) -> None:
        """Notes an element."""
        self.seen.append((name, dict(attrs)))

    def handle_data(self, data: str) -> None:
        """Notes text."""
        self.text += data


def test_whatever_a_number_says_is_text_and_data_on_the_page() -> None:
    one = Number(HOSTILE, HOSTILE, {"a": HOSTILE}, True)
    span = Span(html(HOSTILE, one))
    ((name, attributes),) = span.seen
    assert name == "span" and span.text == HOSTILE
    assert attributes["title"] == attributes["data-lab"] == HOSTILE
    assert json.loads(str(attributes["data-follows"])) == {"a": HOSTILE}


def test_only_a_number_that_follows_says_so() -> None:
    assert "data-follows" in html("x", Number("1", "one", {}, True))
    assert "data-follows" not in html("x", Number("1", "one", {}, False))
