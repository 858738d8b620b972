"""A question is answered by the table or refused by name; what tables hold stays text."""

from __future__ import annotations

import html as markup
import json
import math
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from cutaway.errors import UsageError
from cutaway.kit.tables import Table
from cutaway.kit.words import Experiment, Lab, Row, Scalar

from .predictions import Answer, answer, around, html, markdown, measured, parse

SEEDS = range(8)
HOSTILE = '<script>alert(1)</script>"](javascript:alert(1))\n```\n{raw} html'
FIELDS = {"experiment": "loss_by_fault", "column": "validation", "arms": "clean, no_mask"}


def measure() -> list[Row]:
    """Stands in for a measurement."""
    return []


def lab(margin: float | None = None, outcome: str = "validation") -> Lab:
    """A lab of one experiment."""
    one = Experiment("loss_by_fault", measure, {}, outcome=outcome, margin=margin)
    return Lab("lab", 1, "A lesson.", measure, experiments=[one])  # type: ignore[arg-type]


def rows(arms: Mapping[Any, float], spread: float = 0.1, **more: Scalar) -> list[dict[str, Any]]:
    """Rows in which each arm adds to what its seed gives, by more or less at each seed."""
    return [
        {"fault": arm, "seed": seed, "validation": seed + add + spread * (-1) ** seed * (add != 0)}
        | more
        for arm, add in arms.items()
        for seed in SEEDS
    ]


def answered(table: Table, where: Lab | None = None, /, **fields: str) -> Answer:
    """The answer of a table to a question."""
    return answer(parse("Which?", FIELDS | fields), where or lab(), {"loss_by_fault": table})


PLANTED = Table.of(rows({None: 0.0, "no_mask": -0.5, "no_scale": 2.0}))


def test_a_planted_effect_is_found_with_its_sign_its_size_and_its_interval() -> None:
    found = answered(PLANTED)
    assert (found.way, found.lower, found.names) == ("lower", "no_mask", ("clean", "no_mask"))
    assert found.differences == pytest.approx([-0.5 + 0.1 * (-1) ** seed for seed in SEEDS])
    half = 2.364624 * 0.1 * math.sqrt(8 / 7) / math.sqrt(8)  # t of 7 degrees, 97.5 %
    assert found.found.mean == pytest.approx(-0.5)
    assert (found.found.low, found.found.high) == pytest.approx((-0.5 - half, -0.5 + half))


def test_arms_the_other_way_round_give_the_answer_the_other_way_round() -> None:
    found = answered(PLANTED, arms="no_mask, clean")
    assert (found.way, found.lower) == ("higher", "no_mask")
    assert found.differences == pytest.approx([-one for one in answered(PLANTED).differences])


def test_a_planted_null_is_no_difference_seen_and_no_arm_is_lower() -> None:
    found = answered(Table.of(rows({None: 0.0, "no_mask": 1e-9}, spread=1.0)))
    assert (found.way, found.lower, found.equal) == ("same", None, False)
    assert "no difference that these seeds show" in measured(parse("Which?", FIELDS), found)


def test_arms_that_are_equal_at_every_seed_show_no_difference_at_all() -> None:
    twins = [row | {"fault": fault} for fault in (None, "no_mask") for row in rows({None: 0.0})]
    found = answered(Table.of(twins))
    said = measured(parse("Which?", FIELDS), found)
    assert (found.way, said) == ("same", "no difference at all, in any of 8 seeds")


def test_a_sure_difference_within_the_margin_of_the_outcome_is_no_difference() -> None:
    small = Table.of(rows({None: 0.0, "no_mask": 0.01}, spread=0.001))
    assert answered(small).way == "higher"
    within = answered(small, lab(margin=0.02))
    assert (within.way, within.equal) == ("same", True)
    assert "no difference of 0.02 or more: 0.01 " in measured(parse("Which?", FIELDS), within)
    assert answered(small, lab(margin=0.005)).way == "higher"
    assert answered(small, lab(margin=0.02, outcome="another")).way == "higher"


def test_arms_may_be_values_of_any_column_and_the_selection_is_read_as_the_table_writes() -> None:
    some = [
        {"fault": None, "width": width, "rate": rate, "tiled": tiled, "seed": seed}
        | {"validation": seed + width * rate * (1 + seed / 9) + tiled}
        for width in (8, 64)
        for rate in (0.004, 0.1)
        for tiled in (False, True)
        for seed in SEEDS
    ]
    fields = {"by": "width", "arms": "64.0, 8", "where": "rate=4e-3, tiled=true, fault=clean"}
    found = answered(Table.of(some), **fields)
    assert (found.way, found.lower, found.names) == ("lower", "width 8", ("width 64", "width 8"))
    assert found.differences == pytest.approx([-56 * 0.004 * (1 + seed / 9) for seed in SEEDS])
    with pytest.raises(UsageError, match=r":arms: .*several rows a seed; .* rate, tiled"):
        answered(Table.of(some), by="width", arms="8, 64")


def test_an_arm_with_a_comma_in_its_name_stands_in_quotes() -> None:
    table = Table.of(rows({"a, 1": 0.0, "b, 1": 1.0}))
    assert answered(table, arms='"a, 1", "b, 1"').names == ("a, 1", "b, 1")


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"experiment": "nothing"}, ":experiment: 'nothing' is no experiment of lab"),
        ({"column": "loss"}, ":column: loss_by_fault has no column 'loss'"),
        ({"by": "width"}, ":by: loss_by_fault has no column 'width'"),
        ({"where": "width=3"}, ":where: loss_by_fault has no column 'width'"),
        ({"arms": "clean, no_such"}, ":arms: fault is never 'no_such'"),
        ({"arms": "clean, none"}, ":arms: cannot be paired: .*the same arm"),
        ({"where": "seed=1"}, ":arms: cannot be paired: .*lacks the seeds"),
        ({"where": "seed=11"}, ":where: seed is never '11'"),
        ({"column": "fault"}, ":arms: cannot be paired: "),
    ],
)
def test_what_is_not_in_the_table_is_refused_by_the_name_of_its_field(
    fields: dict[str, str], says: str
) -> None:
    with pytest.raises(UsageError, match=says) as refused:
        answered(PLANTED, **fields)
    assert "Which?" in str(refused.value) and refused.value.next_step


@pytest.mark.parametrize(("missing", "said"), [(None, "no number"), (math.nan, "nan")])
def test_a_measurement_that_failed_is_not_compared(missing: float | None, said: str) -> None:
    at = PLANTED.columns.index("validation")
    broken = (*PLANTED.rows[8][:at], missing, *PLANTED.rows[8][at + 1 :])
    table = Table(PLANTED.columns, (*PLANTED.rows[:8], broken, *PLANTED.rows[9:]))
    with pytest.raises(UsageError, match=f"validation is {said} in fault=no_mask"):
        answered(table)


def test_an_arm_that_got_more_seeds_is_paired_on_those_that_both_have() -> None:
    (one,) = lab().experiments
    ragged = replace(lab(), experiments=[replace(one, at=({"fault": None},), more=8)])
    found = answered(Table.of(rows({None: 0.0, "no_mask": 1.0})[:-3]), ragged)
    assert len(found.differences) == 5


def test_an_arm_whose_cells_failed_or_whose_seeds_are_missing_is_not_compared() -> None:
    failure = {"params": {"fault": "no_mask"}, "seed": 0, "error": "it diverged"}
    with pytest.raises(UsageError, match="no_mask failed in 1 cells; seed 0: it diverged"):
        answered(Table.of(rows({None: 0.0}), [failure]))
    with pytest.raises(UsageError, match="lacks the seeds 7"):
        answered(Table.of(rows({None: 0.0, "no_mask": 1.0})[:-1]))
    with pytest.raises(UsageError, match=":experiment: no row of loss_by_fault is recorded"):
        answered(Table.of([], [failure]))


@pytest.mark.parametrize(
    ("title", "fields", "says"),
    [
        (" ", {}, "no question"),
        ("Which?", {"colum": "a"}, ":colum: is no field"),
        ("Which?", {"arms": " "}, ":arms: is missing"),
        ("Which?", {"arms": "clean"}, ":arms: names 1 arms"),
        ("Which?", {"arms": "a, b, c"}, ":arms: names 3 arms"),
        ("Which?", {"where": "width"}, ":where: is not a list of name=value"),
        ("Which?", {"where": "width=1, width=2"}, ":where: is not a list"),
        ("Which?", {"where": "fault=clean"}, ":where: is not a list"),
    ],
)
def test_a_directive_that_asks_nothing_clear_is_refused(
    title: str, fields: dict[str, str], says: str
) -> None:
    with pytest.raises(UsageError, match=says):
        parse(title, FIELDS | fields)


def test_a_directive_is_read_whole() -> None:
    options = {"by": "width", "where": "rate=0.1", "unit": "nats", "column": " loss "}
    found = parse("Which\n one?", FIELDS | options, "\nA body.\n")
    assert (found.question, found.by, found.where) == ("Which one?", "width", (("rate", "0.1"),))
    assert (found.column, found.unit, found.body) == ("loss", "nats", "A body.")


def data(section: str) -> dict[str, Any]:
    """What a section tells the page's script."""
    found = re.search(r"data-predict='([^']*)'", section)
    assert found
    return dict(json.loads(markup.unescape(found[1])))


def test_without_a_script_the_question_shows_and_the_answer_is_folded() -> None:
    asked = parse("Is `validation` lower?", FIELDS | {"unit": "nats"})
    section = html(asked, answered(PLANTED), 3, "lab")
    assert section.startswith('<section class="predict" id="predict-lab-3"')
    assert "Is <code>validation</code> lower?" in section
    shown = re.sub(r"<details>.*</details>", "", re.sub(r" data-predict='[^']*'", "", section))
    assert "<details><summary>" in section and "0.5" not in shown and "than with" not in shown
    said = "Measured: validation is lower with no_mask than with clean, by 0.5 nats "
    assert said + "(95 % interval 0.411 to 0.589, 8 seeds): clean 3.5, no_mask 3." in section


def test_the_script_learns_the_way_and_the_size_that_were_measured() -> None:
    told = data(html(parse("Which?", FIELDS), answered(PLANTED), 1, "lab"))
    assert (told["lab"], told["way"], told["size"]) == ("lab", "lower", pytest.approx(0.5))
    assert set(told["ways"]) == {"lower", "higher", "same"}
    null = answered(Table.of(rows({None: 0.0, "no_mask": 1e-9}, spread=1.0)))
    told = data(html(parse("Which?", FIELDS), null, 1, "lab"))
    assert (told["way"], told["size"]) == ("same", None)


def test_the_digest_names_the_answer_and_not_the_wording() -> None:
    first = answered(PLANTED).digest
    reworded = answer(
        parse("What else?", FIELDS | {"unit": "x"}), lab(), {"loss_by_fault": PLANTED}
    )
    assert re.fullmatch("[0-9a-f]{12}", first) and reworded.digest == first
    again = Table.of(rows({None: 0.0, "no_mask": -0.5000001}))
    others = [answered(again), answered(PLANTED, arms="clean, no_scale"), answered(PLANTED, lab(9))]
    assert len({first, *(one.digest for one in others)}) == 4


def test_a_quick_table_is_called_quick() -> None:
    quick = Table(PLANTED.columns, PLANTED.rows, quick=True)
    assert ", a quick run)" in html(parse("Which?", FIELDS), answered(quick), 1, "lab")


def test_hostile_names_stay_text_in_one_line_of_html() -> None:
    table = Table.of(rows({None: 0.0, HOSTILE: 1.0}))
    quoted = '"' + HOSTILE.replace('"', '""') + '"'
    asked = parse(f"Is {HOSTILE} lower?", FIELDS | {"arms": f"clean, {quoted}", "unit": HOSTILE})
    section = html(asked, answer(asked, lab(), {"loss_by_fault": table}), 1, "lab")
    assert "\n" not in section and "<script" not in section
    elements = ["section", "p", "span", "span", "details", "summary", "p"]
    assert re.findall(r"<(\w+)", section) == elements
    assert "<script>" in data(section)["ways"]["lower"]


def test_the_body_of_a_question_may_stand_inside_its_section() -> None:
    asked = parse("Which?", FIELDS)
    before, after = around(asked, answered(PLANTED), 1, "lab")
    assert before + after == html(asked, answered(PLANTED), 1, "lab")
    assert before.endswith("Which?</span></p>") and after.startswith("<details>")


def test_a_notebook_gets_the_question_and_nothing_of_the_answer() -> None:
    asked = parse("Is `no_mask` lower, at d_model = 4?", FIELDS, "Think of *leaks*.")
    said = "**Predict.** Is `no_mask` lower, at d_model = 4?\n\nThink of *leaks*."
    assert markdown(asked) == said
    assert markdown(parse("Which?", FIELDS)) == "**Predict.** Which?"


def test_a_notebook_shows_a_hostile_question_as_text() -> None:
    said = markdown(parse(f"Is {HOSTILE} $x$ _y_ \\(z\\) lower?", FIELDS))
    assert not re.search(r"[<>\[\]$`\\]|[*_]y", said.removeprefix("**Predict.** "))
    assert (
        markup.unescape(said)
        == f"**Predict.** Is {' '.join(HOSTILE.split())} $x$ _y_ \\(z\\) lower?"
    )
