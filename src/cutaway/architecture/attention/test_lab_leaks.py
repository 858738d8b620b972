"""The claims on leaks, judged on planted tables: an effect, none, chance, and missing values."""

import importlib
import random

import pytest

from cutaway.kit.credulity import credulous, shuffled
from cutaway.kit.labs import APART, load
from cutaway.kit.statistics import Undecidable
from cutaway.kit.tables import Table

load("attention")
leaks = importlib.import_module(f"{APART}.attention.lab_leaks")
claims = importlib.import_module(f"{APART}.attention.lab_leaks_claims")
judging = importlib.import_module(f"{APART}.attention.lab_leaks_judging")

LOSSES = ("reported", "validation", "deployed", "leak", "spoken")
SCALE, MASK, SOFTMAX = claims.SABOTAGES
BOTH, SEEDS, TRAINED = leaks.BOTH, 8, 2.2
HEALTHY = {("future", "no_mask"): 3.0, ("future_untrained", "no_mask"): 1.0}
NAMED = {("spoken", SCALE): 1.0, ("reported", MASK): -1.0, ("deployed", SOFTMAX): 2.0}
LEAKS = {("validation", arm): -0.5 for arm in (SOFTMAX, "view_in", BOTH)}
FAILS = {("deployed", arm): 0.5 for arm in (SOFTMAX, "view_in", BOTH)}
TWICE = {("leak", "softmax_twice"): 0.3}

# By the words of a claim: effects under which it holds, and effects under which it does not. An
# effect is a shift of a column in an arm; an arm is a fault, or (below) what the experiment varies.
PLANTED = {
    "no score depends": (HEALTHY, {**HEALTHY, ("future", None): 1e-6}),
    "Changing the future finds": ({**TWICE, ("future", "softmax_twice"): 1.0}, TWICE),
    "below what the data allow": ({("reported", "no_mask"): -1.0}, {("reported", "no_mask"): 0.5}),
    "training loss on a text": ({("reported", "no_mask"): -1.0}, {}),
    "worse than the frequencies": ({("deployed", "no_mask"): 4.0}, {}),
    "last token of a model of one": ({("last_change", 1): 0.5}, {}),
    "the tokens before the last": ({("every", 1): 0.5}, {}),
    "model of two layers": ({("last", 2): 0.5}, {}),
    "model of three layers": ({("last", 3): 0.5}, {}),
    "tell them apart": (NAMED, {}),
    "told from a clean": (NAMED, {}),
    "not one step": ({("survived", "no_softmax"): -500}, {("survived", "no_softmax"): -499}),
    "under a mask of -10000, val": (LEAKS | FAILS, LEAKS),
    "view on the way in": (LEAKS | FAILS, FAILS),
    "view on both sides: val": (LEAKS | FAILS, {}),
    "that the heads divide": ({}, {("deployed", "divided"): 0.5}),
    "a border that no slice had crossed": ({("deployed", "crossing"): 0.5}, {}),
    "Softmax taken twice": (TWICE, {}),
    "to the last bit": (HEALTHY, {("spoken", "mask_10000"): 1e-9}),
    "mask of -10 costs": ({}, {("leak", "mask_10"): 0.5}),
    "two layers a mask of -5": ({("leak", "mask_5"): 0.5}, {}),
    "two layers a mask of -3": ({("leak", "mask_3"): 0.5}, {}),
    "one layer a mask of -3": ({("leak", "mask_3"): 0.5}, {}),
}
# What is not about a difference that noise could hide, but holds or does not.
EXACT = ("no score", "the future finds", "not one step", "last bit", "model of one layer")
every = pytest.mark.parametrize("words", PLANTED)


def claim(words):
    """The one claim with these words."""
    (found,) = [one for one in claims.CLAIMS if words in one.says]
    return found


def judged(words, table):
    """The word of the verdict on a claim."""
    return claim(words).holds(table).verdict


def planted(words, effects, trained=TRAINED, noise=0.002, swing=0.0):
    """The table that a claim is about, with effects planted in arms that are alike but for noise.

    With a swing every effect's arm is also larger in every other seed, and smaller in the others.
    """
    name = claim(words).experiment
    chance, rows = random.Random(0), []
    for seed in range(SEEDS):
        level = trained + seed / 100

        def value(column, arm, level=level, seed=seed):
            moved = effects.get((column, arm), 0.0)
            touched = (column, arm) in effects or (column, None) in effects
            return level + moved + chance.gauss(0, noise) + touched * swing * (-1) ** seed

        rows += MAKERS[name](seed, level, value, effects)
    return Table.of(rows)


def by_fault(seed, level, value, effects):
    """Rows of loss_by_fault: a mask of -10000 is the clean model again."""
    same = {column: value(column, None) for column in LOSSES}
    for fault in leaks.ARMS:
        twin = fault in (None, "mask_10000")
        row = {c: same[c] + effects.get((c, fault), 0) if twin else value(c, fault) for c in LOSSES}
        row["leak"] -= level
        row |= {c: effects.get((c, fault), 0.0) for c in ("future", "future_untrained")}
        survived = 500 + effects.get(("survived", fault), 0)
        row |= {"survived": survived, "diverged": survived < 500, "chance": 3.3}
        yield {"fault": fault, "steps": 500, "seed": seed, **row}


def by_entropy(seed, level, value, effects):
    """Rows of loss_above_entropy, where 0 is the entropy."""
    for fault in (None, "no_mask"):
        row = {column: value(column, fault) - TRAINED for column in ("reported", "deployed")}
        yield {"fault": fault, "steps": 200, "seed": seed, **row, "untrained": 1.0}


def by_mask(seed, level, value, effects):
    """Rows of mask_at_inference: an effect at a depth is what is seen there without the mask."""
    for depth in (1, 2, 3):
        for mask in ("causal", "none"):
            arm = depth if mask == "none" else "causal"
            row = {column: value(column, arm) for column in ("last", "every")}
            row["last_change"] = effects.get(("last_change", arm), 0.0)
            row["change"] = 0.0 if mask == "causal" else 2.0
            yield {"depth": depth, "steps": 400, "seed": seed, "mask": mask, **row, "chance": 3.3}


def by_rate(seed, level, value, effects):
    """Rows of finite_masks."""
    for fault in (None, "mask_10", "mask_5", "mask_3", "mask_1"):
        for rate in leaks.RATES:
            row = {"deployed": level, "leak": value("leak", fault) - level, "chance": 3.3}
            grid = {"fault": fault, "depth": 2, "rate": rate, "steps": 300}
            yield {**grid, "seed": seed, **row}


def by_slice(seed, level, value, effects):
    """Rows of loss_by_slice: an effect in a group of lengths is seen with both views."""
    for fault in (None, BOTH):
        for at in claims.LONG:
            inside = [group for group, lengths in claims.GROUPS.items() if at in lengths]
            hit = [g for g in inside if fault and ("deployed", g) in effects]
            deployed = value("deployed", hit[0] if hit else "no group")
            row = {"position": at, "validation": level, "deployed": deployed, "chance": 3.3}
            yield {"fault": fault, "steps": 500, "seed": seed, **row}


MAKERS = {
    "loss_by_fault": by_fault,
    "loss_above_entropy": by_entropy,
    "mask_at_inference": by_mask,
    "finite_masks": by_rate,
    "loss_by_slice": by_slice,
}


def test_every_claim_on_leaks_has_its_planted_table():
    assert len({claim(words).says for words in PLANTED}) == len(claims.CLAIMS)


@every
def test_a_claim_on_leaks_is_supported_where_its_effect_was_planted(words):
    assert judged(words, planted(words, PLANTED[words][0])) == "supported"


@every
def test_a_claim_on_leaks_is_refuted_where_the_opposite_was_planted(words):
    assert judged(words, planted(words, PLANTED[words][1])) in ("refuted", "undecided")


@every
def test_a_claim_on_leaks_needs_a_clean_model_that_has_learnt(words):
    table = planted(words, PLANTED[words][0], trained=3.25)
    if words != "not one step":
        assert judged(words, table) == "undecided"


@every
def test_a_missing_value_leaves_a_claim_on_leaks_undecided(words):
    rows = planted(words, PLANTED[words][0]).dicts()
    measured = [c for c in rows[0] if c not in ("fault", "seed", "rate", "depth", "steps", "mask")]
    measured = [c for c in measured if c != "position"]
    blank = [{**row, **(dict.fromkeys(measured) if row["seed"] == 3 else {})} for row in rows]
    assert judged(words, Table.of(blank)) == "undecided"


@every
def test_a_claim_on_leaks_is_undecided_where_only_the_clean_model_was_measured(words):
    rows = planted(words, PLANTED[words][0]).dicts()
    clean = [row for row in rows if row.get("fault") is None and row.get("mask") != "none"]
    assert judged(words, Table.of(clean)) == "undecided"


@every
def test_a_claim_on_leaks_is_not_credulous(words):
    table = planted(words, PLANTED[words][0])
    assert list(credulous(claim(words), table)) == []


@every
def test_noise_beyond_the_margin_does_not_support_a_claim_on_leaks(words):
    if not any(part in words for part in EXACT):
        table = planted(words, PLANTED[words][0], noise=30.0)
        assert judged(words, table) != "supported"


def test_a_leak_at_some_rates_only_is_conditional():
    rows = planted("two layers a mask of -5", {}).dicts()
    for row in rows:
        high = row["fault"] == "mask_5" and row["rate"] == max(leaks.RATES)
        row["leak"] += 0.5 if high else 0
    assert judged("two layers a mask of -5", Table.of(rows)) == "conditional"


def test_runs_that_are_sometimes_mistaken_are_told_apart_only_conditionally():
    rows = planted("told from a clean", NAMED).dicts()
    for row in rows:
        if row["fault"] == SCALE and row["seed"] == 5:
            row["spoken"] -= 1.0
    verdict = claim("told from a clean").holds(Table.of(rows))
    assert verdict.verdict == "conditional"
    assert "clean for no_scale (1)" in verdict.because


def test_the_slices_that_reach_over_a_border_are_the_lengths_just_beyond_one():
    assert [at for at in range(1, 65) if claims.crosses(at)] == [
        at for at in range(1, 65) if any(b > at - at / 4 for b in (16, 32, 48) if b < at)
    ]


def test_shuffled_runs_are_named_no_better_than_by_guessing():
    table = shuffled(planted("tell them apart", NAMED), 1)
    assert judged("tell them apart", table) in ("refuted", "undecided")


def test_without_any_leak_the_probe_has_nothing_to_find():
    with pytest.raises(Undecidable):
        claims.told_apart(planted("Changing the future finds", HEALTHY))


def test_runs_that_are_alike_refute_that_they_can_be_told_apart():
    assert judged("tell them apart", planted("tell them apart", {})) == "refuted"


def test_a_run_does_not_vote_on_its_own_name():
    runs = {"near": [(2.0,), (6.0,)], "far": [(9.0,), (9.0,)]}
    assert judging.named(runs, 1, (6.0,)) == "far"
