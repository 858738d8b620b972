"""The claims of this lab, judged on planted tables: an effect, its absence, chance, and gaps."""

import importlib
import itertools
import math
import random

import pytest

from cutaway.kit.credulity import credulous
from cutaway.kit.labs import APART, load
from cutaway.kit.tables import Table

lab = load("block")
interplay, names, stream, judging = (
    importlib.import_module(f"{APART}.block.lab_{name}")
    for name in ("interplay", "names", "stream", "judging")
)
SEEDS, ALL = 8, set(interplay.PARTS)
DEPTHS = [f"nats_{depth}" for depth in stream.DEPTHS]
ORDERS = [f"{at} {part}" for at in range(1, 5) for part in ("heads", "MLP")] + ["end"]
MEASURED = ("nats", *DEPTHS, "decades", "share", "rise", "later", "query", "key")


def lacks(*parts):
    """Whether a row's block has all parts but these."""
    return lambda row: set(row["parts"].split()) == ALL - set(parts)


def at(**equal):
    """Whether a row has these values."""
    return lambda row: equal.items() <= row.items()


def some(*values):
    """Whether a row begins in one of some ways, or was changed so."""
    return lambda row: {row.get("begin"), row.get("change")} & set(values)


def full(row):
    return set(row["parts"].split()) == ALL


def always(row):
    return True


BROKEN = at(fault="no_stream")
EVERY_DEPTH = [(name, 1.0, BROKEN) for name in DEPTHS]
TO_UNIGRAM = [(name, 1.3, BROKEN) for name in DEPTHS]
# By the words of a claim: effects under which it holds, and effects under which it does not.
PLANTED = {
    **{
        f"{on} the loss is higher without the {words}": ([("nats", 1.0, lacks(part))], [])
        for on in ("On a text", "In a task of looking up")
        for part, words in (
            ("heads", "heads"),
            ("mlp", "MLP"),
            ("stream", "residual path"),
            ("norms", "norms"),
        )
    },
    "On a text the four parts together": ([("nats", -1.0, full)], []),
    "looking up the four parts together": ([("nats", -1.0, full), ("nats", 0.9, always)], []),
    "norms are worth more": ([("nats", 1.0, lacks("norms", "stream"))], []),
    "MLP is worth more": ([("nats", 1.0, lacks("mlp"))], []),
    "heads are worth more": ([("nats", 1.0, lacks("heads"))], []),
    "path the loss is higher, from a start that": (EVERY_DEPTH, []),
    "path the loss is higher, from a start of": (EVERY_DEPTH, []),
    "and no more, from a start that": (TO_UNIGRAM, []),
    "and no more, from a start of": (TO_UNIGRAM, []),
    **{
        f"block as it is, from a start {start}": (
            [("decades", -2.0, BROKEN)],
            [("decades", -2.0, BROKEN), ("decades", -2.0, at(fault=None, block=0))],
        )
        for start in ("that", "of")
    },
    "back to the first block, from a start that": ([("decades", -2.0, BROKEN)], []),
    "back to the first block, from a start of": ([("decades", -2.0, BROKEN)], []),
    "stack of four": ([("nats_4", -0.5, at(fault=None))], []),
    "Four blocks look": ([("nats_1", 0.5, at(fault=None))], []),
    "less is looked up": (EVERY_DEPTH, []),
    "better after every part": (
        [("nats", -0.1 * order, at(order=order)) for order in range(len(ORDERS))],
        [],
    ),
    "smaller than the stream": ([], [("share", 1.0, always)]),
    "exchanged before training, the loss": ([], [("nats", 0.5, some(names.Q_AND_K))]),
    **{f"{name} in a trained model": ([("nats", 0.5, some(name))], []) for name in names.EXCHANGED},
    "emptied before training": ([], [("nats", 0.5, some("K empty"))]),
    "emptied in a trained model": ([("nats", 0.5, some(*names.EMPTIED))], []),
    "a model of pairs": ([("nats", 0.48, some("V empty"))], []),
    "without what its heads find": ([("nats", 0.48, at(fault="heads_dropped"))], []),
    "makes it good when": ([], [("later", 0.5, some("V empty"))]),
    "makes it good, when": ([], [("later", 0.5, some("V empty"))]),
    "exchanged or emptied": ([("nats", 0.5, some(*names.EXCHANGED, *names.EMPTIED))], []),
    "both empty neither": ([], [("query", 1e-9, some("Q and K empty"))]),
    **{
        f"{name} before training, training": ([("rise", 3.0, some(name))], [])
        for name in (names.Q_AND_K, "all empty", "all shared")
    },
    **{
        f"higher with {name.replace(' shared', '')} shared": ([("nats", 0.5, some(name))], [])
        for name in names.SHARED
    },
}
every = pytest.mark.parametrize("words", PLANTED)
EXACT = ("block as it is", "back to the first", "both empty neither", "training explodes")
LEARNT = [w for w in PLANTED if not any(one in w for one in EXACT) and "training, tr" not in w]


def claim(words):
    """The one claim with these words."""
    (found,) = [one for one in lab.claims if words in one.says]
    return found


def points(name):
    """The rows of an experiment but for what is measured: its grid, and what each cell holds."""
    (one,) = [one for one in lab.experiments if one.name == name]
    inner = {
        "gradient_by_block": [{"block": block} for block in range(9)],
        "stream_by_part": [{"part": part, "order": at} for at, part in enumerate(ORDERS)],
        "loss_by_change": [{"change": change} for change in names.CHANGES],
        "recall_by_change": [{"change": change} for change in names.CHANGES],
    }
    rows = next((rows for start, rows in inner.items() if name.startswith(start)), [{}])
    for values in itertools.product(*one.grid.values()):
        for row in rows:
            yield {**dict(zip(one.grid, values, strict=True)), **row}


def planted(words, effects, noise=0.002):
    """The table that a claim is about, effects planted in rows that are alike but for noise."""
    name, chance, rows = claim(words).experiment, random.Random(0), []
    recall = name.startswith("recall")
    for seed in range(SEEDS):
        for point in points(name):
            level = (0.2 if recall else 2.0) + seed / 200 + chance.gauss(0, noise)
            level += 0.1 * abs(math.log(point.get("rate", 0.01) / 0.01))
            found = dict.fromkeys(("nats", "later", *DEPTHS), level)
            found |= {"decades": chance.gauss(0, noise), "share": 0.5 + chance.gauss(0, noise)}
            found |= {"rise": 0.1 + chance.gauss(0, noise), "query": 0.0, "key": 0.0}
            row = {**point, "seed": seed}
            for column, shift, where in effects:
                if where(row):
                    found[column] += shift
            levels = {"chance": math.log(4) if recall else 3.3, "bigram": 2.48, "diverged": False}
            rows.append(row | found | levels)
    return Table.of(rows)


def gaps(table, seed, gap):
    """The table with gaps in all that was measured at a seed."""
    blank = dict.fromkeys(MEASURED, gap)
    rows = [{**row, **(blank if row["seed"] == seed else {})} for row in table.dicts()]
    return Table(tuple(rows[0]), tuple(tuple(row.values()) for row in rows))


def judged(words, table):
    """The word of the verdict on a claim."""
    return claim(words).holds(table).verdict


def test_every_claim_has_its_planted_table():
    assert len({claim(words).says for words in PLANTED}) == len(lab.claims)


@every
def test_a_claim_is_supported_where_its_effect_was_planted(words):
    assert judged(words, planted(words, PLANTED[words][0])) == "supported"


@every
def test_a_claim_is_refuted_where_its_effect_is_not_there(words):
    assert judged(words, planted(words, PLANTED[words][1])) == "refuted"


@pytest.mark.parametrize("words", LEARNT)
def test_a_claim_is_undecided_where_the_usual_arm_has_not_left_chance(words):
    lift = [(column, 2.6, always) for column in ("nats", "later", *DEPTHS)]
    assert judged(words, planted(words, [*PLANTED[words][0], *lift])) == "undecided"


@every
@pytest.mark.parametrize("gap", [None, math.nan])
def test_a_missing_value_leaves_a_claim_undecided(words, gap):
    assert judged(words, gaps(planted(words, PLANTED[words][0]), 5, gap)) == "undecided"


@every
def test_a_claim_is_undecided_where_nothing_was_measured(words):
    failed = [{"params": {}, "seed": seed, "error": "no memory"} for seed in range(SEEDS)]
    assert judged(words, Table.of([], failed)) == "undecided"


@every
def test_a_claim_is_not_credulous(words):
    assert list(credulous(claim(words), planted(words, PLANTED[words][0]))) == []


def test_runs_that_left_the_numbers_are_an_explosion():
    words = "all empty before training, training"
    rows = planted(words, []).dicts()
    for row in rows:
        if row["begin"] == "all empty" and row["rate"] == 0.1:
            row |= {"rise": None, "diverged": True}
    assert judged(words, Table.of(rows)) == "supported"
