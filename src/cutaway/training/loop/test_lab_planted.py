"""Each claim of the lab is judged right on tables in which the answer was planted."""

import itertools
import random

import pytest

from cutaway.kit.tables import Table

from . import lab_lines, lab_parts, lab_precision, lab_rules, lab_signs, lab_start
from . import lab_tanked_claims as tanked
from .lab_rules import RATES
from .lab_start import DEPTHS, WARM

SEEDS = range(8)
PARTS = (tanked, lab_signs, lab_rules, lab_start, lab_precision, lab_parts, lab_lines)
CLAIMS = [one for part in PARTS for one in part.CLAIMS]

# A claim by some of its words, its two arms, a shift for which it holds and one for which not.
ADAMW, SGD, MUON = {"rule": "AdamW"}, {"rule": "SGD"}, {"rule": "Muon"}
BOTH, BARE = {"warm": WARM, "limited": True}, {"warm": 0, "limited": False}
COLD, LOOSE = {"warm": 0, "limited": True}, {"warm": WARM, "limited": False}
WHOLE, ROWS = {"fault": None, "most": 8}, {"fault": None, "most": 1}
CASES = [
    ("AdamW ends lower than plain", ADAMW, SGD, -0.1, 0.0),
    ("AdamW ends lower than momentum", ADAMW, {"rule": "momentum"}, -0.1, 0.1),
    ("Momentum ends lower", {"rule": "momentum"}, SGD, -0.1, 0.0),
    ("Muon ends lower", MUON, ADAMW, -0.1, 0.1),
    ("one rate for matrices and all else", {"times": 1.0}, {"times": 0.15}, 0.1, 0.0),
    ("Without a warm-up a run ends higher", COLD, BOTH, 0.1, -0.1),
    ("Without a warm-up a run at a high", COLD, BOTH, 0.1, 0.0),
    ("Without a limit to the gradient a run ends", LOOSE, BOTH, 0.1, -0.1),
    ("Without a limit to the gradient a run at a high", LOOSE, BOTH, 0.1, 0.0),
    ("Without either", BARE, BOTH, 0.1, 0.0),
    ("Products in bfloat16", {"held": "mixed"}, {"held": "single"}, 0.0, 0.1),
    ("Weights in bfloat16", {"held": "half"}, {"held": "single"}, 0.1, 0.0),
    ("ends alike however", ROWS, WHOLE, 0.0, 0.1),
    ("Means of means cost", {"fault": "mean_of_means", "most": 1}, ROWS, 0.1, 0.0),
]
cases = pytest.mark.parametrize(("words", "arm", "against", "yes", "no"), CASES)
OTHERS = (
    "At least four single lines",
    "shows in its training loss",
    "takes some sign",
    "forgives a wrong rate",
    "A gain of one",
    "add up to the gradient",
    "only where all parts are as long",
    "moves a run more",
    "More of the loop's lines",
)


def claim(words):
    (found,) = [one for one in CLAIMS if words in one.says]
    return found


def word(words, rows):
    return claim(words).holds(Table.of(rows)).verdict


def test_every_claim_has_its_planted_tables():
    told = {*(claim(c[0]).says for c in CASES), *(claim(w).says for w in OTHERS)}
    assert len(told) == len(CLAIMS)


def losses(arms, best=1.0, bend=0.2):
    """The rows of arms that are shifted, over rates and depths, each best at a rate inside."""
    chance = random.Random(0)
    for (arm, shift), rate, depth, seed in itertools.product(arms, RATES, DEPTHS, SEEDS):
        off = bend * abs(RATES.index(rate) - RATES.index(best))
        loss = 2.4 + shift + off + chance.gauss(0, 0.003)
        told = {"arm": "in words", "loss": loss, "unigram": 3.8}
        yield {**arm, "rate": rate, "depth": depth, "seed": seed, **told}


def rows_of(words, arms):
    """The rows that a claim of that table has: one depth and one rate, where it names neither."""
    rows = list(losses(arms))
    kept = claim(words).experiment
    if kept != "loss_by_rise":
        rows = [row for row in rows if row["depth"] == DEPTHS[0]]
    if kept == "loss_by_parts":
        rows = [row for row in rows if row["rate"] == 1.0]
    return rows


@cases
def test_what_was_planted_is_found(words, arm, against, yes, no):
    for shift, verdict in ((yes, "supported"), (no, "refuted")):
        assert word(words, rows_of(words, [(arm, shift), (against, 0.0)])) == verdict


@cases
def test_no_claim_is_decided_while_its_control_is_at_chance(words, arm, against, yes, no):
    rows = [row | {"unigram": 2.0} for row in rows_of(words, [(arm, yes), (against, 0.0)])]
    assert word(words, rows) == "undecided"


@cases
def test_no_claim_believes_arms_that_were_exchanged_by_chance(words, arm, against, yes, no):
    found = []
    for turn in range(20):
        chance = random.Random(turn)
        turned = {seed: chance.random() < 0.5 for seed in SEEDS}
        one, other = (rows_of(words, [each]) for each in ((arm, yes), (against, 0.0)))
        for row, pair in zip(one, other, strict=True):
            if turned[row["seed"]]:
                row["loss"], pair["loss"] = pair["loss"], row["loss"]
        found.append(word(words, one + other))
    assert found.count("supported") <= (20 if yes == 0.0 else 3)


def test_what_holds_at_one_depth_only_is_conditional():
    words = "Without a limit to the gradient a run ends"
    rows = rows_of(words, [(LOOSE, 0.0), (BOTH, 0.0)])
    for row in rows:
        row["loss"] += 0.1 * (row["limited"] is False) * (1 if row["depth"] == 2 else -1)
    assert word(words, rows) == "conditional"


@pytest.mark.parametrize(("steep", "verdict"), [(0.05, "supported"), (0.4, "refuted")])
def test_a_rule_forgives_if_the_rates_beside_its_best_cost_less(steep, verdict):
    def flat(arm, bend):
        return [row for row in losses([(arm, 0.0)], bend=bend) if row["depth"] == DEPTHS[0]]

    assert word("forgives a wrong rate", flat(ADAMW, steep) + flat(SGD, 0.2)) == verdict


def faults(told, true):
    """Runs of an unbroken loop, and of some faults: what they say, and what is so."""
    for fault, seed in itertools.product((None, *true), SEEDS):
        shift, said = true.get(fault, 0.0), told.get(fault, 0.0)
        noise = 0.001 * seed
        ends = {"loss": 2.5 + shift + noise, "last_loss": 2.4 + said + noise, "unigram": 3.3}
        yield {"fault": fault, "seed": seed, **ends}


@pytest.mark.parametrize(("lost", "verdict"), [("abcd", "supported"), ("abc", "refuted")])
def test_faults_that_leave_chance_are_not_counted(lost, verdict):
    true = {name: 2.0 if name in lost else 0.5 for name in "abcde"}
    assert word("At least four single lines", list(faults({}, true))) == verdict


@pytest.mark.parametrize(
    ("said", "verdict"), [(0.5, "supported"), (0.0, "refuted"), (-0.5, "refuted")]
)
def test_a_costly_fault_that_says_it_is_healthy_or_better_is_found(said, verdict):
    true = {"costly": 0.5, "harmless": 0.0}
    assert word("shows in its training loss", list(faults({"costly": said}, true))) == verdict


@pytest.mark.parametrize(("other", "verdict"), [(9.0, "supported"), (1.0, "refuted")])
def test_a_fault_shows_if_one_sign_leaves_the_band_at_every_seed(other, verdict):
    rows = [
        {"fault": fault, "sign": sign, "seed": seed, "value": value + 0.01 * seed}
        for fault, sign, value in (
            (None, "x", 1.0),
            (None, "y", 1.0),
            ("a", "x", 1.0),
            ("a", "y", other),
        )
        for seed in SEEDS
    ]
    assert word("takes some sign", rows) == verdict


RATCHET = {0.001: (0.0, 0.0), 0.003: (0.0, 0.5), 0.01: (0.5, 0.5)}


@pytest.mark.parametrize(
    ("wrong", "verdict"),
    [
        ({}, "supported"),
        ({0.001: (0.0, 0.1)}, "refuted"),
        ({0.003: (0.1, 0.5)}, "refuted"),
        ({0.003: (0.0, 0.0)}, "refuted"),
        ({0.01: (0.0, 0.5)}, "refuted"),
    ],
)
def test_a_ratchet_stands_then_falls_then_is_free(wrong, verdict):
    rows = [
        {"held": "half", "rate": rate, "seed": seed, "up": up, "down": down}
        for rate, (up, down) in (RATCHET | wrong).items()
        for seed in SEEDS
    ]
    assert word("A gain of one", rows) == verdict


def gradients(apart, fault=None, turned=0.5, short=0.5):
    """A row a part, all full or not; and full rows whose last part is a short one."""
    for even, seed in itertools.product((True, False), SEEDS):
        found = {"apart": apart, "turned": 0.0 if even else turned}
        yield {"fault": fault, "most": 1, "even": even, "seed": seed, **found}
        if fault and even:
            rest = {"apart": short, "turned": 0.0}
            yield {"fault": fault, "most": 3, "even": even, "seed": seed, **rest}


@pytest.mark.parametrize(("apart", "verdict"), [(1e-15, "supported"), (1e-9, "refuted")])
def test_parts_add_up_to_the_last_digits(apart, verdict):
    assert word("add up to the gradient", list(gradients(apart))) == verdict


@pytest.mark.parametrize(
    ("apart", "turned", "short", "verdict"),
    [
        (1e-15, 0.5, 0.5, "supported"),
        (0.1, 0.5, 0.5, "refuted"),
        (1e-15, 0.001, 0.5, "refuted"),
        (1e-15, 0.5, 1e-15, "refuted"),
    ],
)
def test_means_of_means_are_right_with_parts_as_long_and_only_there(apart, turned, short, verdict):
    rows = list(gradients(apart, "mean_of_means", turned, short))
    assert word("only where all parts are as long", rows) == verdict


def lines(loop, model, silent=2):
    """Four lines of each side, of which some are lost in silence, and by how much they move."""
    clean = {"loss": 2.5, "cut": 2.5, "unigram": 3.3}
    for seed in SEEDS:
        noise = 0.001 * seed
        yield {"where": "nothing", "side": "nothing", "seed": seed, **clean}
        for side, moves, many in (("loop", loop, silent), ("model", model, 2)):
            for line in range(4):
                cut = 2.5 + moves + noise if line < many else None
                yield {"where": side, "side": side, "line": line, "text": "", "seed": seed,
                       "loss": cut, "cut": cut, "unigram": 3.3}  # fmt: skip


@pytest.mark.parametrize(("loop", "verdict"), [(0.5, "supported"), (0.01, "refuted")])
def test_a_side_moves_more_if_its_median_line_does(loop, verdict):
    assert word("moves a run more", list(lines(loop, 0.1))) == verdict


@pytest.mark.parametrize(("silent", "verdict"), [(3, "supported"), (1, "refuted")])
def test_a_side_is_silent_if_more_of_its_lines_are(silent, verdict):
    assert word("More of the loop's lines", list(lines(0.1, 0.1, silent))) == verdict
