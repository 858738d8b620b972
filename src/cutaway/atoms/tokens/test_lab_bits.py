"""The claims on bits a byte and on letters, judged on planted tables."""

import importlib
import math
import random

import pytest

from cutaway.kit.credulity import credulous
from cutaway.kit.labs import APART, load
from cutaway.kit.tables import Table

load("tokens")
bits = importlib.import_module(f"{APART}.tokens.lab_bits")
small = importlib.import_module(f"{APART}.tokens.lab_model")
claims = importlib.import_module(f"{APART}.tokens.lab_bits_claims")
PLAYS, PROGRAMS = bits.PLAYS, bits.PROGRAMS

SEEDS, BYTE = 8, "bits_per_byte"
BEST, LARGE = claims.RATES[1], claims.VOCABS[-1]
TURN = [(BYTE, 0.3, {"vocab": 256}), (BYTE, 0.3, {"vocab": LARGE})]
FOREIGN = {"vocab": 1024, "trained": PROGRAMS}

# By the words of a claim: effects under which it holds, and under which it does not. An effect is
# a column, how far it is moved, and the rows in which it is. Without any, all arms are alike.
PLANTED = {
    "in fewer tokens": ([], [("tokens_per_byte", 0.1, {"vocab": 1024})]),
    "silently decides": ([(BYTE, 0.3, {"vocab": 256})], []),
    "The loss a token": (
        [("bits_per_token", 3.0, {"vocab": 2048}), (BYTE, -0.3, {"vocab": 2048})],
        [(BYTE, -0.3, {"vocab": 2048})],
    ),
    "is a trade-off": (TURN, TURN[:1]),
    "At equal work the": (TURN, TURN[1:]),
    "At equal work, too": ([(BYTE, 0.3, {"vocab": 256})], []),
    "costs a model of plays": ([(BYTE, 0.3, FOREIGN)], []),
    "better with bytes": ([(BYTE, 0.3, FOREIGN)], [(BYTE, 0.3, {"vocab": 256})]),
    "Tokens hide letters": ([("unseen", -0.1, {"vocab": 4096})], []),
    "With 512 tokens": ([("unseen", -0.1, {"vocab": 512})], []),
    "one token": ([], [("single_right", 0.2, {"vocab": 4096})]),
}
CHANCE = [(BYTE, 1.6, {}), ("unseen", -0.5, {})]
EXCHANGED = {
    "silently decides": (256, 512),
    "The loss a token": (256, 2048),
    "is a trade-off": (256, 1024),
    "At equal work the": (LARGE, 1024),
    "At equal work, too": (256, 512),
    "costs a model of plays": (PLAYS, PROGRAMS),
    "better with bytes": (256, 1024),
    "Tokens hide letters": (256, 4096),
    "With 512 tokens": (256, 512),
}
every = pytest.mark.parametrize("words", PLANTED)
MEASURED = (
    *(BYTE, "bits_per_token", "tokens_per_byte", "chance"),
    *("seen", "unseen", "single_right", "single_chance"),
)


def claim(words):
    """The one claim with these words."""
    (found,) = [one for one in claims.CLAIMS if words in one.says]
    return found


def experiment(words):
    """The experiment that a claim is about."""
    (found,) = [one for one in bits.EXPERIMENTS if one.name == claim(words).experiment]
    return found


def judged(words, table):
    """The word of the verdict on a claim."""
    return claim(words).holds(table).verdict


def measured(name, row, level, stray):
    """What was measured in one row where the arms are alike; the middle rate is the best."""
    if name == "letters_by_vocab":
        right = {"seen": 1.0, "unseen": 0.97 + stray()}
        return {**right, "chance": 0.45, "single_right": 0.5 + stray(), "single_chance": 0.5}
    worse = 0.0 if row["rate"] == BEST else 0.1
    length = 1 - math.log(row["vocab"] / 256) / 10
    found = {column: level + worse + stray() for column in (BYTE, "bits_per_token")}
    return {**found, "tokens_per_byte": length, "chance": 4.8}


def planted(words, effects, noise=0.002):
    """The table that a claim is about, effects planted in rows that are alike but for noise."""
    grid, chance, rows = experiment(words).grid, random.Random(0), []
    for seed in range(SEEDS):
        for vocab in grid["vocab"]:
            for rate in grid["rate"]:
                for trained in grid.get("trained", (None,)):
                    row = {"vocab": vocab, "trained": trained, "rate": rate, "seed": seed}
                    found = measured(
                        experiment(words).name,
                        row,
                        3 + seed / 50,
                        lambda: chance.gauss(0, noise),
                    )
                    for column, shift, arm in effects:
                        if column in found and arm.items() <= row.items():
                            found[column] += shift
                    rows.append(row | found)
    return Table.of(rows)


def gaps(table, seed, gap):
    """The table with gaps in all that was measured at a seed."""
    rows = [
        row | ({c: gap for c in MEASURED if c in row} if row["seed"] == seed else {})
        for row in table.dicts()
    ]
    return Table(table.columns, tuple(tuple(row.values()) for row in rows))


def test_every_claim_on_bits_has_its_planted_table():
    elsewhere = ("bits_by_pattern", "bits_by_script")  # in test_lab_planted
    ours = [one for one in claims.CLAIMS if one.experiment not in elsewhere]
    assert len({claim(words).says for words in PLANTED}) == len(ours)


@every
def test_a_claim_on_bits_is_supported_where_its_effect_was_planted(words):
    assert judged(words, planted(words, PLANTED[words][0])) == "supported"


@every
def test_a_claim_on_bits_is_refuted_where_its_opposite_was_planted(words):
    assert judged(words, planted(words, PLANTED[words][1])) == "refuted"


@every
def test_a_claim_on_bits_is_undecided_where_the_model_of_bytes_has_not_learnt(words):
    table = planted(words, [*PLANTED[words][0], *CHANCE])
    if words != "in fewer tokens":  # which no model decides
        assert judged(words, table) == "undecided"


@every
@pytest.mark.parametrize("gap", [None, math.nan])
@pytest.mark.parametrize("seed", [0, 5])
def test_a_missing_value_leaves_a_claim_on_bits_undecided(words, seed, gap):
    if words != "in fewer tokens" or seed:  # the seeds that choose a rate are not judged
        assert judged(words, gaps(planted(words, PLANTED[words][0]), seed, gap)) == "undecided"


@every
def test_a_claim_on_bits_is_undecided_where_nothing_was_measured(words):
    failed = [{"params": {}, "seed": seed, "error": "no memory"} for seed in range(SEEDS)]
    assert judged(words, Table.of([], failed)) == "undecided"


@pytest.mark.parametrize("words", EXCHANGED)
def test_exchanged_arms_do_not_support_a_claim_on_bits(words):
    one, other = EXCHANGED[words]
    names = {one: other, other: one}
    rows = planted(words, PLANTED[words][0]).dicts()
    keys = ("vocab", "trained")
    table = Table.of({**r, **{key: names.get(r[key], r[key]) for key in keys}} for r in rows)
    assert judged(words, table) in ("refuted", "undecided")


@every
def test_a_claim_on_bits_is_not_credulous(words):
    assert list(credulous(claim(words), planted(words, PLANTED[words][0]))) == []


@every
def test_noise_beyond_the_margin_does_not_support_a_claim_on_bits(words):
    if words != "in fewer tokens":
        assert judged(words, planted(words, PLANTED[words][0], noise=3.0)) != "supported"


def test_an_effect_at_one_rate_of_letters_only_is_conditional():
    high = {"vocab": 4096, "rate": max(claims.LETTER_RATES)}
    table = planted("Tokens hide letters", [("unseen", -0.1, high)])
    assert judged("Tokens hide letters", table) == "conditional"


def test_each_vocabulary_is_judged_at_the_rate_that_was_best_for_it_on_other_seeds():
    low = [(BYTE, -0.5, {"vocab": 512, "rate": min(claims.RATES)})]
    table = claims.tuned(planted("silently decides", low))
    rates = {row["vocab"]: row["rate"] for row in table.dicts()}
    assert rates == {v: min(claims.RATES) if v == 512 else BEST for v in claims.VOCABS}
    assert table.values("seed") == list(range(claims.CHOOSING, SEEDS))


def test_an_effect_at_a_rate_that_nobody_would_choose_decides_nothing():
    high = [(BYTE, 5.0, {"vocab": 256, "rate": max(claims.RATES)})]
    assert judged("silently decides", planted("silently decides", high)) == "refuted"


def test_the_multiplications_of_a_token_are_those_of_the_gates_and_of_the_head():
    import torch

    net = small.model(256, 300, seed=0)
    matrices = [p for name, p in net.named_parameters() if p.dim() > 1 and "embedding" not in name]
    assert small.multiplications(300) == sum(p.numel() for p in matrices)
    tokens = torch.randint(256, (3, 8))
    assert small.surprise(small.model(256, 256, 0), tokens).item() == pytest.approx(
        math.log(256), 0.05
    )


def test_the_bits_of_a_model_that_knows_nothing_are_eight_a_byte():
    import numpy as np
    import torch

    net = small.model(256, 256, seed=0)
    with torch.no_grad():
        for parameter in net["head"].parameters():
            parameter.zero_()
    text = np.arange(100) % 7
    assert small.held_out_bits(net, text, 16) == pytest.approx(99 * 8, rel=1e-5)


def test_the_commonest_answer_is_the_chance_of_a_guess():
    import torch

    assert bits.commonest(torch.tensor([0, 2, 2, 1])) == 0.5
