"""Claims about heads are judged as their planted tables say: an effect, none, chance, no number."""

import itertools
import random

import pytest

from cutaway.kit.tables import Table

from .lab_broken import ARMS, BY_FAULT, ORDERS
from .lab_claims import BOTH, CLAIMS
from .lab_count import BY_HEADS, COUNTS, GROUPS, RATES, expected
from .lab_grid import OTHER
from .lab_roles import AFTER, ALL, BEFORE, OTHERS, SUM
from .lab_small import STEPS

SEEDS, CHANCE = range(8), {"text": 3.3, "induction": 2.1, "dyck": 1.4}
EXAMS = tuple(STEPS)


def noise(name, size=0.002):
    stream = random.Random(name)
    return lambda: stream.gauss(0, size)


def by_heads(effect=0.0, best=1, good=1.0, swing=0.0, rates=3):
    """Losses by heads and rate; eight heads differ from the others by an effect."""
    say = noise("heads")
    for exam, heads, at, seed in itertools.product(EXAMS, COUNTS, range(rates), SEEDS):
        off = 0.1 * abs(at - best)
        nats = good + off + seed / 100 + say() + (heads == 8) * (effect + swing * (-1) ** seed)
        yield {
            "exam": exam,
            "heads": heads,
            "rate": (*RATES[exam], 0.1)[at],
            "seed": seed,
            "nats": nats,
            "accuracy": 0.5,
            "steps": 100,
            "chance": CHANCE[exam],
        }


def by_rank(big=4, cost=0.1, small=0.001, whole=None, good=1.0):
    """Costs by rank: some heads are dear; all together cost what they do alone, or `whole`."""
    say = noise("rank", 0.0005)
    for exam, seed in itertools.product(BOTH, SEEDS):
        count = big + (seed % 4 == 0) * (big < 8) * (big > 0)
        worth = [(cost if rank < count else small) + say() for rank in range(8)]
        for rank, one in enumerate(worth):
            together = sum(worth[rank:]) if whole is None else whole + say()
            yield {
                "exam": exam,
                "seed": seed,
                "rank": rank + 1,
                "layer": 1,
                "cost": one,
                "low": one - 0.0005,
                "together": together,
                "nats": good + seed / 100 + say(),
                "chance": CHANCE[exam],
            }


def by_pair(two=0.0, before=0.0, good=1.0, swing=0.0):
    """What heads have in common; those of two models and before training by so much more."""
    say, more = (
        noise("pair"),
        {"of one model": 0.0, "of two models": two, "before training": before},
    )
    for exam, seed, (heads, extra), layer in itertools.product(BOTH, SEEDS, more.items(), (1, 2)):
        extra += swing * (-1) ** seed if heads != "of one model" else 0
        yield {
            "exam": exam,
            "seed": seed,
            "heads": heads,
            "layer": layer,
            "overlap": 0.4 + extra + say(),
            "nats": good + say(),
            "chance": CHANCE[exam],
        }


def by_step(score=lambda accuracy: accuracy, most=0.65):
    """A score that is a function of accuracy, and accuracy of the step."""
    say = noise("step")
    for seed, step in itertools.product(SEEDS, range(0, 625, 25)):
        accuracy = 0.12 + (most - 0.12) / (1 + 2.0 ** ((300 - step) / 30))
        found = {"accuracy": accuracy + say() / 10, AFTER: score(accuracy), BEFORE: 0.3}
        for what, value in found.items():
            yield {"seed": seed, "step": step, "what": what, "value": value}


def by_role(extra=0.0, good=1.0, swing=0.0):
    """Costs by role; those that are claimed to be larger are so by as much."""
    say, more = noise("role"), {**dict.fromkeys((AFTER, BEFORE, ALL), extra), OTHERS: 0.0, SUM: 0.0}
    for seed, (head, extra) in itertools.product(SEEDS, more.items()):
        extra += swing * (-1) ** seed if head not in (OTHERS, SUM) else 0
        yield {
            "seed": seed,
            "head": head,
            "cost": 0.05 + extra + say(),
            "nats": good + say(),
            "chance": CHANCE["induction"],
        }


def by_aim(lost=0.0, good=1.0, swing=0.0):
    """What the second layer gives to what came after; without one head it gives less."""
    say = noise("aim")
    for seed, gone in itertools.product(SEEDS, (BEFORE, OTHER)):
        less = (gone == BEFORE) * (lost + swing * (-1) ** seed)
        yield {
            "gone": gone,
            "seed": seed,
            "score": 0.6 - less + say(),
            "nats": good + say(),
            "chance": CHANCE["induction"],
        }


def by_groups(one=0.0, good=1.0, wrong=0, swing=0.0):
    """Losses by groups; one group costs so much."""
    say = noise("groups")
    for exam, groups, seed in itertools.product(BOTH, GROUPS, SEEDS):
        extra = (groups == 1) * (one + swing * (-1) ** seed)
        yield {
            "exam": exam,
            "groups": groups,
            "seed": seed,
            "nats": good + extra + say(),
            "bytes": expected(groups) + wrong,
            "chance": CHANCE[exam],
        }


def by_fault(effect=0.0, good=1.0, arms=ARMS["text"], swing=0.0, exams=BOTH):
    """Losses by fault: all are off by an effect, in the direction that is claimed."""
    say, low = noise("fault"), "viewed_in"
    for fault, exam, seed in itertools.product(arms, exams, SEEDS):
        extra = (fault is not None) * (effect + swing * (-1) ** seed)
        nats = good + (-extra if fault == low else extra) + say()
        yield {
            "fault": fault,
            "exam": exam,
            "seed": seed,
            "nats": nats,
            "leak": extra + say(),
            "chance": CHANCE[exam],
        }


def orders(**how):
    return by_fault(arms=(None, *ORDERS), exams=("text",), **how)


# What is planted for the claims of each experiment: an effect, none, one that is uncertain, and
# the same effect where nothing was learnt; the column that is measured; and the words for the
# first two. Where equality is claimed, none supports and an effect refutes.
YES, NO = "supported", "refuted"
PLANTED = {
    **dict.fromkeys(BY_HEADS.values(), (
        lambda: by_heads(-0.1), by_heads, lambda: by_heads(swing=0.5),
        lambda: by_heads(-0.1, good=9), "nats", (YES, NO),
    )),
    "overlap_by_pair": (
        lambda: by_pair(0.2, 0.2), by_pair, lambda: by_pair(swing=1.0),
        lambda: by_pair(0.2, 0.2, good=9), "overlap", (YES, NO),
    ),
    "scores_by_step": (
        by_step, lambda: by_step(lambda accuracy: 1 - accuracy), None,
        lambda: by_step(most=0.2), "value", (YES, NO),
    ),
    "cost_by_role": (
        lambda: by_role(0.3), by_role, lambda: by_role(swing=1.0),
        lambda: by_role(0.3, good=9), "cost", (YES, NO),
    ),
    "scores_without": (
        lambda: by_aim(0.3), by_aim, lambda: by_aim(swing=1.0),
        lambda: by_aim(0.3, good=9), "score", (YES, NO),
    ),
    **dict.fromkeys(BY_FAULT.values(), (
        lambda: by_fault(0.3), by_fault, lambda: by_fault(swing=1.0),
        lambda: by_fault(0.3, good=9), ("nats", "leak"), (YES, NO),
    )),
    "loss_by_order": (
        lambda: orders(effect=0.3), orders, lambda: orders(swing=0.5),
        lambda: orders(good=9), "nats", (NO, YES),
    ),
}  # fmt: skip
SAME = "costs next to nothing"
GROUPED = (
    lambda: by_groups(0.3), by_groups, lambda: by_groups(swing=0.5),
    lambda: by_groups(good=9), "nats", (NO, YES),
)  # fmt: skip


def planted_for(claim):
    return GROUPED if SAME in claim.says else PLANTED.get(claim.experiment)


cases = pytest.mark.parametrize(
    ("claim", "planted"),
    [
        pytest.param(claim, found, id=claim.says)
        for claim in CLAIMS
        if (found := planted_for(claim))
    ],
)
HALF, ADDED = "at least half of the heads", "add up to half"


def word(claim, rows):
    return claim.holds(Table.of(rows)).verdict


def claims(words):
    found = [claim for claim in CLAIMS if words in claim.says]
    assert found
    return found


def test_every_claim_has_its_planted_table():
    for claim in CLAIMS:
        apart = HALF in claim.says or ADDED in claim.says or "exactly so" in claim.says
        assert claim.experiment in PLANTED or SAME in claim.says or apart, claim.says


@cases
def test_what_was_planted_is_found(claim, planted):
    effect, none, uncertain, _, _, (one, other) = planted
    assert word(claim, effect()) == one
    assert word(claim, none()) == other
    if uncertain:
        assert word(claim, uncertain()) == "undecided"


@cases
def test_where_nothing_was_learnt_nothing_is_said(claim, planted):
    assert word(claim, planted[3]()) == "undecided"


@cases
def test_what_was_not_measured_is_not_judged(claim, planted):
    columns = planted[4] if isinstance(planted[4], tuple) else (planted[4],)
    rows = [{**row, **dict.fromkeys(columns)} if row["seed"] == 3 else row for row in planted[0]()]
    assert word(claim, rows) == "undecided"
    assert word(claim, []) == "undecided"


def test_arms_exchanged_within_seeds_show_nothing():
    chance = random.Random(5)
    for claim in claims("One head that all others repeat"):
        rows = list(by_fault(0.3))
        for seed, exam in itertools.product(SEEDS, BOTH):
            some = [row for row in rows if (row["seed"], row["exam"]) == (seed, exam)]
            names = [row["fault"] for row in some]
            chance.shuffle(names)
            for row, name in zip(some, names, strict=True):
                row["fault"] = name
        assert word(claim, rows) != "supported"


def test_a_best_rate_at_an_end_of_the_grid_decides_nothing():
    for claim in claims("Eight heads"):
        assert word(claim, by_heads(-0.1, best=0)) == "undecided"


def test_each_number_of_heads_is_judged_at_its_own_rate():
    """One head is worse at the rate that is best for eight, and better at the next one."""
    rows = list(by_heads(-0.1, rates=4))
    for row in rows:
        if row["heads"] == 1:
            row["nats"] -= 0.4 * (row["rate"] == RATES[row["exam"]][2])
    for claim in claims("Eight heads"):
        assert word(claim, rows) == "refuted"


@pytest.mark.parametrize(("big", "expected"), [(7, YES), (5, YES), (2, NO), (0, NO)])
def test_heads_that_matter_are_counted(big, expected):
    for claim in claims(HALF):
        assert word(claim, by_rank(big)) == expected


def test_a_head_whose_cost_is_not_sure_does_not_count():
    for claim in claims(HALF):
        assert word(claim, [{**row, "low": -0.01} for row in by_rank(7)]) == "refuted"


@pytest.mark.parametrize(("whole", "expected"), [(None, YES), (0.6, YES), (2.0, NO)])
def test_costs_are_added_up(whole, expected):
    for claim in claims(ADDED):
        assert word(claim, by_rank(4, whole=whole)) == expected


@pytest.mark.parametrize("words", [HALF, ADDED])
def test_of_models_that_learnt_nothing_no_head_is_judged(words):
    for claim in claims(words):
        assert word(claim, by_rank(7, good=9)) == "undecided"
        assert word(claim, by_rank(7, cost=0.0, whole=0.001)) in ("undecided", "refuted")
        rows = [{**row, "cost": None if row["seed"] == 3 else row["cost"]} for row in by_rank(7)]
        assert word(claim, rows) == "undecided"
        assert word(claim, []) == "undecided"


def test_bytes_are_those_that_one_counts():
    (claim,) = claims("exactly so")
    assert word(claim, by_groups()) == "supported"
    assert word(claim, by_groups(wrong=4)) == "refuted"
    assert word(claim, []) == "undecided"
    assert word(claim, [{**row, "bytes": None} for row in by_groups()]) == "undecided"
