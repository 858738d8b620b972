"""What is measured of retrieval is what it is called, and planted tables are judged as they are.

Unlike the other tests this one stays out of the broken copies: it may use the kit.
"""

import itertools
import random

import pytest
import torch

from cutaway.kit.credulity import shuffled
from cutaway.kit.tables import Table
from cutaway.kit.worlds import CLEAN

from . import lab_recall
from .lab_retrieval import CLAIMS, ranks

SEEDS, STEPS = range(8), range(0, 220, 20)
TOGETHER, WITHIN = "rise together", "Half-way through learning"

# A claim by its words, the arm and the column it is about, a shift for which it holds, and one for
# which it does not.
STEERED = [
    ("Without the weight of the right", "the right pair removed", "accuracy", -0.8, 0.0),
    ("Without the weight of another", "another pair removed", "probability", 0.0, -0.3),
    ("all the weight on the right", "the right pair alone", "probability", 0.0, -0.3),
    ("all the weight on another", "another pair alone", "misled", 0.8, 0.0),
]
steered = pytest.mark.parametrize(("words", "arm", "column", "yes", "no"), STEERED)


def holds(words):
    (claim,) = [claim for claim in CLAIMS if words in claim.says]
    return claim.holds


def word(words, rows):
    return holds(words)(Table.of(rows)).verdict


def taught(mass=None, right=0.6, wrong=0.2, most=1.0):
    """The rows of `retrieval`, in which mass is a function of accuracy, and accuracy of the step.

    Half-way, the questions answered right and wrong have these masses.
    """
    chance = random.Random(0)
    for seed in SEEDS:
        for step in STEPS:
            accuracy = most / (1 + 2.0 ** ((100 - step) / 10)) + chance.gauss(0, 0.002)
            found = {"accuracy": accuracy, "mass on the right pair": (mass or float)(accuracy)}
            found["mass where answered right"] = right + chance.gauss(0, 0.01)
            found["mass where answered wrong"] = wrong + chance.gauss(0, 0.01)
            for what, share in found.items():
                yield {"seed": seed, "step": step, "what": what, "share": share}


def changed(arm, column, shift, swing=0.0, usual=0.95):
    """The rows of `intervention`: arms that are alike but for noise and a shift of one of them."""
    chance, names = random.Random(0), {"as learnt", *(case[1] for case in STEERED)}
    for weights, seed in itertools.product(sorted(names), SEEDS):
        row = {name: usual - seed / 200 + chance.gauss(0, 0.002) for name in ("accuracy",)}
        row["probability"] = row["accuracy"] + chance.gauss(0, 0.002)
        row["misled"] = 0.12 + chance.gauss(0, 0.002)
        row[column] += shift + swing * (-1) ** seed if weights == arm else 0
        yield {"seed": seed, "weights": weights, **row}


def by_fault(uniform=0.4, clean=1.0):
    """The rows of `retrieval_by_fault`."""
    chance = random.Random(0)
    for fault, share in ((None, clean), ("uniform", uniform), ("no_scale", clean)):
        for seed in SEEDS:
            yield {"fault": fault, "seed": seed, "accuracy": share + chance.gauss(0, 0.01)}


def test_every_claim_about_retrieval_has_its_planted_table():
    words = [TOGETHER, WITHIN, "all alike", *(case[0] for case in STEERED)]
    assert [holds(one) for one in words] and len(words) == len(CLAIMS)


def test_mass_and_accuracy_that_rise_together_are_found_to():
    assert word(TOGETHER, taught()) == "supported"
    assert word(TOGETHER, taught(lambda accuracy: accuracy**3 / 2)) == "supported"


def test_equal_values_share_their_rank():
    assert ranks([5, 1, 1, 2]) == [3.5, 1.0, 1.0, 2.5]


def test_mass_without_relation_to_accuracy_is_refuted_and_a_constant_one_undecided():
    chance = random.Random(1)
    assert word(TOGETHER, taught(lambda accuracy: chance.random())) == "refuted"
    assert word(TOGETHER, taught(lambda accuracy: 1 - accuracy)) == "refuted"
    assert word(TOGETHER, taught(lambda accuracy: 0.5)) == "undecided"


def test_mass_shuffled_over_the_steps_does_not_rise_with_accuracy():
    rows, chance = list(taught()), random.Random(2)
    mass = [row for row in rows if row["what"] == "mass on the right pair"]
    shares = [row["share"] for row in mass]
    chance.shuffle(shares)
    for row, share in zip(mass, shares, strict=True):
        row["share"] = share
    assert word(TOGETHER, rows) != "supported"


def test_right_answers_with_more_weight_are_found_and_those_with_as_much_are_not():
    assert word(WITHIN, taught()) == "supported"
    assert word(WITHIN, taught(wrong=0.6)) == "refuted"
    assert word(WITHIN, taught(right=0.2, wrong=0.6)) == "refuted"


@pytest.mark.parametrize(("step", "verdict"), [(100, "refuted"), (120, "supported")])
def test_only_the_step_nearest_to_half_way_counts(step, verdict):
    rows = list(taught())
    for row in rows:
        if row["what"].startswith("mass where") and row["step"] != step:
            row["share"] = 0.3 + row["share"] / 1000
    assert word(WITHIN, rows) == verdict


def test_right_and_wrong_exchanged_at_random_show_no_weight():
    chance, names = random.Random(3), ("mass where answered right", "mass where answered wrong")
    rows = list(taught())
    for seed in SEEDS:
        if chance.random() < 0.5:
            for row in rows:
                if row["seed"] == seed and row["what"] in names:
                    row["what"] = names[1 - names.index(row["what"])]
    assert word(WITHIN, rows) != "supported"


@pytest.mark.parametrize("words", [TOGETHER, WITHIN])
def test_where_training_stays_at_chance_nothing_is_said_of_mass(words):
    assert word(words, taught(most=0.4)) == "undecided"


@pytest.mark.parametrize("words", [TOGETHER, WITHIN])
@pytest.mark.parametrize("missing", ["accuracy", "mass"])
def test_mass_or_accuracy_that_was_not_measured_leaves_it_undecided(words, missing):
    rows = list(taught())
    for row in rows:
        if row["seed"] == 3 and row["what"].startswith(missing):
            row["share"] = None
    assert word(words, rows) == "undecided"
    left = [row for row in rows if row["share"] is not None]
    assert word(words, left) == "undecided"


@steered
def test_a_change_of_weights_is_judged_by_what_was_planted(words, arm, column, yes, no):
    assert word(words, changed(arm, column, yes)) == "supported"
    assert word(words, changed(arm, column, no)) == "refuted"
    assert word(words, changed(arm, column, 0.0, swing=1.0)) == "undecided"


@steered
def test_a_reader_that_learnt_nothing_shows_nothing(words, arm, column, yes, no):
    for shift in (yes, no):
        assert word(words, changed(arm, column, shift, usual=0.42)) == "undecided"


@steered
def test_an_answer_that_was_not_measured_leaves_it_undecided(words, arm, column, yes, no):
    rows = list(changed(arm, column, yes))
    for row in rows:
        row[column] = None if (row["weights"], row["seed"]) == (arm, 3) else row[column]
    assert word(words, rows) == "undecided"


@steered
def test_weights_shuffled_within_seeds_show_no_effect(words, arm, column, yes, no):
    rows, chance = list(changed(arm, column, yes or no)), random.Random(5)
    for seed in SEEDS:
        some = [row for row in rows if row["seed"] == seed]
        names = [row["weights"] for row in some]
        chance.shuffle(names)
        for row, name in zip(some, names, strict=True):
            row["weights"] = name
    assert word(words, rows) != ("supported" if yes else "refuted")


def test_uniform_weights_are_judged_by_what_was_planted():
    assert word("all alike", by_fault()) == "supported"
    assert word("all alike", by_fault(uniform=1.0)) == "refuted"
    assert word("all alike", by_fault(uniform=0.2, clean=0.45)) == "undecided"
    rows = [{**row, "accuracy": None if row["seed"] == 2 else 1.0} for row in by_fault()]
    assert word("all alike", rows) == "undecided"
    assert holds("all alike")(shuffled(Table.of(by_fault()), 1)).verdict != "supported"


def test_chance_is_that_of_one_who_names_the_most_frequent_value():
    exam = lab_recall.exam_of(0)
    values = (exam.rows[:, : lab_recall.PAIRS] - lab_recall.KEYS) % lab_recall.VALUES
    often = torch.nn.functional.one_hot(values, lab_recall.VALUES).sum(1).argmax(-1)
    right = (often + lab_recall.KEYS == exam.rows[:, -1]).float().mean().item()
    assert right == pytest.approx(lab_recall.chance(), abs=0.05)


def test_the_right_pair_holds_the_answer_and_the_other_is_another():
    exam = lab_recall.exam_of(1)
    pairs = exam.rows.gather(1, torch.stack([exam.right, exam.other], 1))
    key, value = (pairs - 16) // 8, 8 + (pairs - 16) % 8
    assert (key[:, 0] == exam.rows[:, -2]).all() and (value[:, 0] == exam.rows[:, -1]).all()
    assert (key[:, 1] != exam.rows[:, -2]).all()
    assert len(exam.other.unique()) == lab_recall.PAIRS


def test_no_row_of_the_exam_was_trained_on_in_that_order_of_draws():
    first = lab_recall.drawn(0, 0, 1024)
    assert not torch.equal(first, lab_recall.exam_of(0).rows)


def test_a_reader_steered_by_its_own_weights_answers_as_before():
    exam = lab_recall.exam_of(0)
    model = lab_recall.reader(CLEAN, 0, 1.0)
    plain = lab_recall.answered(model, exam)
    with lab_recall.steered(CLEAN, model, lambda weights: weights):
        same = lab_recall.answered(model, exam)
    with lab_recall.steered(CLEAN, model, lambda weights: weights * 0):
        other = lab_recall.answered(model, exam)
    assert torch.allclose(plain, same, atol=1e-6) and not torch.allclose(plain, other, atol=1e-3)
    assert torch.equal(lab_recall.answered(model, exam), plain)


def test_changed_weights_are_what_their_names_say():
    exam = lab_recall.exam_of(0)
    length, rows = exam.rows.shape[1], torch.arange(len(exam.rows))
    before = torch.rand(len(rows), 1, length, length, generator=torch.Generator().manual_seed(0))
    before = (before.tril() / before.tril().sum(-1, keepdim=True)).requires_grad_(False)
    after = {name: change(before) for name, change in lab_recall.changes(exam).items()}
    asked = {name: weights[:, 0, -2] for name, weights in after.items()}
    for name, weights in after.items():
        assert torch.equal(weights[:, :, [*range(length - 2), -1]], before[:, :, [*range(4), -1]])
        assert torch.allclose(asked[name].sum(-1), torch.ones(len(rows))), name
        assert (asked[name][:, -1] == 0).all(), "the question does not see its answer"
    assert torch.equal(after["as learnt"], before)
    assert (asked["the right pair alone"][rows, exam.right] == 1).all()
    assert (asked["another pair alone"][rows, exam.other] == 1).all()
    assert (asked["the right pair removed"][rows, exam.right] == 0).all()
    assert (asked["another pair removed"][rows, exam.other] == 0).all()
    assert (asked["another pair removed"][rows, exam.right] > before[rows, 0, -2, exam.right]).all()
    assert torch.allclose(asked["all alike"][:, :5], torch.tensor(0.2))


def test_a_reader_learns_to_retrieve_and_is_read_while_it_does():
    rows = Table.of({"seed": 0, **row} for row in lab_recall.retrieval(CLEAN, seed=0))
    accuracy, mass = (rows.where(what=one).column("share") for one in ("accuracy", lab_recall.MASS))
    assert accuracy[0] < 0.3 and mass[0] == pytest.approx(0.2, abs=0.05)
    assert accuracy[-1] > 0.95 and mass[-1] > 0.8
