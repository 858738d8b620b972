"""What measuring must do: judge planted tables as they should be judged; and the shapes are true.

Unlike the other tests this one stays out of the broken copies: it may use the kit.
"""

import random

import pytest
import torch

from cutaway.kit.credulity import shuffled
from cutaway.kit.labs import load
from cutaway.kit.shapes import true_shapes
from cutaway.kit.statistics import Undecidable
from cutaway.kit.tables import Table

from . import bigram

LAB = load("bigram")
NOISE = 0.002

# A claim by its words, the arm and the column it is about, a shift for which it holds, and one for
# which it does not.
PLANTED = [
    ("deleted without any effect", "no_max", "excess", 0.0, 0.1),
    ("may see its target", "no_shift", "reported", -1.0, 0.0),
    ("predict backwards", "backwards", "reported", 1.0, 0.0),
    ("does not see which token", "one_row", "reported", 1.0, 0.0),
    ("averaged or summed", "summed", "excess", 0.0, 0.1),
]
about = pytest.mark.parametrize(("words", "arm", "column", "yes", "no"), PLANTED)


def holds(words):
    (claim,) = [claim for claim in LAB.claims if words in claim.says]
    return claim.holds


def planted(arm, column, shift, swing=0.0, untrained=1.0):
    """A table of arms that are alike, seed by seed, but for some noise and a shift of one of them.

    With a swing that arm is also larger in every other seed, and smaller in the others.
    """
    chance, rows = random.Random(0), []
    (experiment,) = [one for one in LAB.experiments if one.name == "loss_by_fault"]
    for fault in experiment.grid["fault"]:
        for seed in range(8):
            row = {name: seed / 100 + chance.gauss(0, NOISE) for name in ("reported", "excess")}
            row["untrained"] = untrained
            row[column] += shift + swing * (-1) ** seed if fault == arm else 0
            rows.append({"fault": fault, "seed": seed, **row})
    return Table.of(rows)


def overflowing(*bad):
    """The table of error_by_score in which these pairs of fault and score have no answer."""
    points = [(fault, score) for fault in (None, "no_max") for score in (0, 80, 90, 1000)]
    rows = [{"fault": f, "score": s, "seed": 0, "diverged": (f, s) in bad} for f, s in points]
    return Table.of(rows)


@about
def test_where_the_clean_model_has_learnt_nothing_no_claim_is_decided(words, arm, column, yes, no):
    for shift in (yes, no):
        table = planted(arm, column, shift, untrained=0.05)
        assert holds(words)(table).verdict == "undecided"


def test_without_a_measured_value_the_overflow_is_undecided():
    rows = [{**row, "diverged": None} for row in overflowing().dicts()]
    with pytest.raises(Undecidable):
        holds("float32")(Table.of(rows))


def test_every_claim_has_its_planted_table():
    assert len(PLANTED) + 1 == len(LAB.claims)


@about
def test_a_claim_is_supported_where_its_effect_was_planted(words, arm, column, yes, no):
    assert holds(words)(planted(arm, column, yes)).verdict == "supported"


@about
def test_a_claim_is_refuted_where_the_opposite_was_planted(words, arm, column, yes, no):
    assert holds(words)(planted(arm, column, no)).verdict == "refuted"


@about
def test_noise_larger_than_the_margin_leaves_a_claim_undecided(words, arm, column, yes, no):
    assert holds(words)(planted(arm, column, 0.0, swing=1.0)).verdict == "undecided"


@about
def test_a_seed_without_a_value_leaves_a_claim_undecided(words, arm, column, yes, no):
    rows = planted(arm, column, yes).dicts()
    for row in rows:
        row[column] = None if (row["fault"], row["seed"]) == (arm, 3) else row[column]
    assert holds(words)(Table.of(rows)).verdict == "undecided"


@about
def test_a_difference_is_not_found_where_the_arms_are_shuffled(words, arm, column, yes, no):
    table = planted(arm, column, yes or no)
    assert holds(words)(shuffled(table, 1)).verdict != ("supported" if yes else "refuted")


def test_the_overflow_is_believed_only_if_one_version_fails_and_beyond_88():
    believed = holds("no answer for scores beyond 88")
    broken = [("no_max", 90), ("no_max", 1000)]
    assert believed(overflowing(*broken)).verdict == "supported"
    for bad in ([], [*broken, (None, 1000)], [*broken, ("no_max", 80)], [("no_max", 1000)]):
        assert believed(overflowing(*bad)).verdict == "refuted"


def test_the_shape_comments_are_true():
    B, T, V = 2, 3, 5
    with true_shapes(bigram, B=B, T=T, V=V):
        model = bigram.Bigram(V)
        inputs, targets = bigram.shift(torch.randint(V, (B, T + 1)))
        bigram.cross_entropy(model(inputs), targets)
