"""The claims of this lab, judged on planted tables."""

import itertools
import math
import random

import pytest

from cutaway.kit.credulity import credulous
from cutaway.kit.labs import load
from cutaway.kit.tables import Table

from .lab_arms import (
    ARMS,
    BENDS,
    CALM,
    DEPTHS,
    NONE,
    POST,
    PRE,
    PRE_RMS,
    WARM_POST,
    WARM_PRE,
)
from .lab_gradients import WHERE
from .lab_rates import RATES
from .lab_sizes import ARMS as INSIDE

lab = load("norms")
UNIGRAM, SEEDS = 3.32, 8
SAFE = dict.fromkeys(ARMS, 3)


def runs(loss=None, reach=None, safe=None, best=2, unigram=UNIGRAM, noise=0.002):
    """Runs by rate, with what is added to the loss and the steps of some arms, by depth or not."""
    draws, rows = random.Random(0), []
    for arm, (at, rate), seed in itertools.product(ARMS, enumerate(RATES), range(SEEDS)):
        row = {"arm": arm, "rate": rate, "steps": 100, "seed": seed, "unigram": unigram}
        for depth in DEPTHS:
            more, later = ((one or {}).get(arm, 0) for one in (loss, reach))
            more, later = (
                one.get(depth, 0) if isinstance(one, dict) else one for one in (more, later)
            )
            steps = 50 + later + draws.randrange(3)
            value = 2.5 + 0.1 * abs(at - best) + seed / 100 + draws.gauss(0, noise) + more
            row |= {f"loss_{depth}": value, f"reach_{depth}": steps}
            row |= {f"learnt_{depth}": at <= (safe or SAFE)[arm]}
        rows.append(row)
    return Table.of(rows)


def bends(loss=None, best=1, unigram=UNIGRAM, noise=0.002):
    """Runs by bend, with what is added to the loss of some."""
    draws, rows = random.Random(0), []
    for bend, at, seed in itertools.product(BENDS, range(3), range(12)):
        row = {"bend": bend, "rate": (0.003, 0.01, 0.03)[at], "steps": 300, "seed": seed}
        value = 2.4 + 0.1 * abs(at - best) + seed / 100 + draws.gauss(0, noise)
        rows.append({**row, "loss": value + (loss or {}).get(bend, 0), "unigram": unigram})
    return Table.of(rows)


def inside(column="stream_start", doublings=None):
    """What is inside by layer, with the doublings of some arms from first to last."""
    draws, rows = random.Random(0), []
    for arm, seed, layer in itertools.product(INSIDE, range(SEEDS), range(13)):
        times = (doublings or {}).get(arm, 1) * layer / 12 + draws.gauss(0, 0.02)
        row = {"arm": arm, "depth": 12, "steps": 100, "seed": seed, "layer": layer}
        rows.append({**row, "stream_start": 2**times, "gradient_start": 2**times, column: 2**times})
    return Table.of(rows)


def angles(*changes):
    """Angles of gradients as the sources have them, with changes to all rows of an arm."""
    rows, faults = [], (None, "no_centre", "detached_mean", "detached_size")
    norms = ("LayerNorm", "RMSNorm", "none")
    names = [f"{where}_{what}" for where in WHERE for what in ("ones", "input", "output")]
    grid = itertools.product(faults, norms, (0.0, 1e-5), range(3), (0.02, 1))
    for fault, norm, epsilon, seed, scale in grid:
        row = {"fault": fault, "norm": norm, "epsilon": epsilon, "seed": seed, "scale": scale}
        row |= dict.fromkeys(names, 0.5)
        if norm == "LayerNorm" and fault is None:
            row["branch_ones"] = 1e-16
        if norm == "LayerNorm":
            row["branch_output"] = 0.01 if epsilon else 1e-16
        if norm == "RMSNorm" and fault is None and not epsilon:
            row["branch_input"] = 1e-16
        for arm, found in changes:
            row |= found if arm.items() <= row.items() else {}
        rows.append(row)
    return Table.of(rows)


def clean(*changes):
    """The same without faults."""
    rows = angles(*changes).where(fault=None).dicts()
    return Table.of([{name: row[name] for name in row if name != "fault"} for row in rows])


def errors(careful=1.0, careless=3.0):
    """Errors as multiples of torch's own."""
    rows = []
    grid = itertools.product((None, "half_squares", "late_single"), ("float16", "float32"))
    for (fault, dtype), seed in itertools.product(grid, range(3)):
        times = careless if fault and dtype == "float16" else careful
        row = {"fault": fault, "dtype": dtype, "scale": 1.0, "seed": seed}
        rows.append({**row, "norm": "RMSNorm", "times": times})
    return Table.of(rows)


def leaks(loss=0.0, gap=0.0, unigram=UNIGRAM):
    """Losses by fault, with what is added where a norm goes over tokens."""
    draws, rows = random.Random(0), []
    for fault in (None, "mean_over_tokens", "size_over_tokens", "no_bias"):
        for seed in range(SEEDS):
            leak = "over_tokens" in str(fault)
            found = {
                name: base + draws.gauss(0, 0.002) + (more if leak else 0)
                for name, base, more in (("loss", 2.9 + seed / 100, loss), ("gap", 0.0, gap))
            }
            rows.append({"fault": fault, "steps": 100, "seed": seed, **found, "unigram": unigram})
    return Table.of(rows)


LAYER, RMS = ({"norm": name} for name in ("LayerNorm", "RMSNorm"))
CLEAN = {**LAYER, "fault": None}
# By the words of a claim: a table under which it holds, and one under which it does not.
PLANTED = {
    "comes to a common loss": (runs(reach={POST: 30}), runs()),
    "ends at a lower loss than post-LN": (runs(loss={POST: 0.1}), runs()),
    "needs warm-up: without": (runs(loss={POST: 0.1}), runs()),
    "needs no warm-up": (runs(), runs(loss={WARM_PRE: -0.1})),
    "Remove the norms and retrain": (runs(loss={NONE: 0.1}), runs()),
    "start calmly": (runs(loss={CALM: 0.1}), runs(loss={CALM: -0.1})),
    "RMSNorm ends where": (runs(), runs(loss={PRE_RMS: 0.1})),
    "than with none": (runs(safe={**SAFE, PRE: 5}), runs(safe={**SAFE, NONE: 5})),
    "in another place": (runs(safe={**SAFE, PRE: 5}), runs(safe={**SAFE, POST: 5})),
    "safe for post-LN": (runs(safe={**SAFE, WARM_POST: 4}), runs(safe={**SAFE, POST: 5})),
    "SwiGLU ends at a lower": (bends({"SwiGLU": -0.1}), bends()),
    "SwiGLU ends where": (bends(), bends({"SwiGLU": -0.1})),
    "GELU by tanh ends where": (bends(), bends({"GELU by tanh": 0.1})),
    "Almost any bend": (bends(), bends(dict.fromkeys(("GELU by tanh", "SiLU", "ReLU"), 0.1))),
    "Remove the bend": (bends({"no bend": 0.1}), bends()),
    "the stream grows more": (inside(doublings={NONE: 5}), inside()),
    "next to no gradient": (inside("gradient_end", {POST: 5}), inside("gradient_end")),
    "than before them": (inside("gradient_start", {POST: 5}), inside("gradient_start")),
    "sum to zero": (angles(), angles((CLEAN, {"branch_ones": 0.1}))),
    "of the stream around it": (angles((CLEAN, {"stream_ones": 1e-16})), angles()),
    "the mean that centers": (angles(), angles(({"fault": "no_centre"}, {"branch_ones": 1e-16}))),
    "at right angles to the normed token": (clean(), clean((LAYER, {"branch_output": 1e-16}))),
    "at right angles to its input": (angles(), angles((RMS, {"branch_input": 0.1}))),
    "no more than twice torch": (errors(), errors(careful=2.5)),
    "must not square": (errors(), errors(careless=1.5)),
    "is a leak": (leaks(gap=0.1), leaks()),
    "looks like an improvement": (leaks(-0.1), leaks(0.1)),
}
each = pytest.mark.parametrize("words", PLANTED)
MEASURED = ("loss", "gap", "reach", "learnt", "unigram", "stream", "gradient")
MEASURED += ("branch", "times")
AGAINST_CHANCE = {
    **dict.fromkeys(list(PLANTED)[:7], lambda **how: runs({POST: 0.1, WARM_PRE: 0.1}, **how)),
    **dict.fromkeys(list(PLANTED)[10:15], bends),
    "is a leak": lambda **how: leaks(gap=0.1, **how),
    "looks like an improvement": lambda **how: leaks(-0.1, **how),
}


def claim(words):
    """The one claim with these words."""
    (found,) = [one for one in lab.claims if words in one.says]
    return found


def judged(words, table):
    """The word of the verdict on a claim."""
    return claim(words).holds(table).verdict


def gaps(table, gap, seed=None):
    """The table with gaps in all that was measured, or in what was at one seed."""
    rows = [
        {
            name: gap if name.startswith(MEASURED) and seed in (None, row["seed"]) else value
            for name, value in row.items()
        }
        for row in table.dicts()
    ]
    return Table(tuple(rows[0]), tuple(tuple(row.values()) for row in rows))


def test_every_claim_has_its_planted_table():
    assert len({claim(words).says for words in PLANTED}) == len(lab.claims)


@each
def test_a_claim_is_supported_where_its_effect_was_planted(words):
    assert judged(words, PLANTED[words][0]) == "supported"


@each
def test_a_claim_is_refuted_where_its_opposite_or_nothing_was_planted(words):
    assert judged(words, PLANTED[words][1]) == "refuted"


@each
@pytest.mark.parametrize("gap", [None, math.nan])
@pytest.mark.parametrize("seed", [None, 2])
def test_a_missing_value_leaves_a_claim_undecided(words, gap, seed):
    assert judged(words, gaps(PLANTED[words][0], gap, seed)) == "undecided"


@each
def test_a_claim_is_undecided_where_nothing_was_measured(words):
    failed = [{"params": {}, "seed": seed, "error": "no memory"} for seed in range(SEEDS)]
    assert judged(words, Table.of([], failed)) == "undecided"


@pytest.mark.parametrize("words", AGAINST_CHANCE)
def test_a_claim_is_undecided_where_the_control_has_not_left_chance(words):
    assert judged(words, AGAINST_CHANCE[words](unigram=2.5)) == "undecided"


@pytest.mark.parametrize("words", [*list(PLANTED)[:7], *list(PLANTED)[10:15]])
@pytest.mark.parametrize("end", [0, -1])
def test_a_best_rate_at_an_end_of_the_grid_decides_nothing(words, end):
    table = runs if claim(words).experiment == "loss_by_rate" else bends
    last = len(RATES) if table is runs else 3
    assert judged(words, table(best=end % last)) == "undecided"


@pytest.mark.parametrize("words", list(PLANTED)[:2])
def test_what_holds_at_some_depths_only_is_conditional(words):
    deep = {POST: {12: 30}} if "common" in words else {POST: {12: 0.1}}
    table = runs(reach=deep) if "common" in words else runs(loss=deep)
    assert judged(words, table) == "conditional"


def test_one_bend_that_differs_makes_the_claim_on_all_conditional():
    assert judged("Almost any bend", bends({"ReLU": 0.1})) == "conditional"


def test_an_arm_that_learnt_at_no_rate_shows_nothing_of_the_other():
    assert judged("than with none", runs(safe={**SAFE, PRE: -1})) == "undecided"


def test_the_seeds_that_chose_a_rate_do_not_judge():
    table = runs(loss={POST: 0.1}).dicts()
    rows = [{**row, "loss_12": 2.0} if row["seed"] in (0, 1) else row for row in table]
    said = claim("needs warm-up: without").holds(Table.of(rows))
    assert said.n == SEEDS - 2 or said.verdict == "undecided"


@each
def test_a_claim_is_not_credulous(words):
    assert list(credulous(claim(words), PLANTED[words][0])) == []
