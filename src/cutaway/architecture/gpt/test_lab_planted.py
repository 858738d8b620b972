"""Each claim of the lab is judged right on tables in which the answer was planted."""

import itertools
import random

import pytest

from cutaway.kit.credulity import shuffled
from cutaway.kit.tables import Table

from . import lab_breaks, lab_sizes, lab_start, lab_styles, lab_text
from .lab_small import RATES

SEEDS = range(8)
PARTS = (lab_sizes, lab_styles, lab_start, lab_text, lab_breaks)
CLAIMS = [c for part in PARTS for c in part.CLAIMS]

# A claim by some of its words, what its arms differ in, which arm it is about, which it is held
# against, a shift of the first for which it holds and one for which it does not.
CASES = [
    ("Llama's parts give a lower", "part", "llama", "gpt2", -0.1, 0.0),
    ("Turned queries and keys give", "part", "positions", "gpt2", -0.1, 0.1),
    ("A norm without a mean", "part", "norm", "gpt2", 0.0, 0.1),
    ("A gate gives a lower", "part", "gate", "gpt2", -0.1, 0.0),
    ("A model without biases", "part", "biases", "gpt2", 0.0, 0.1),
    ("loses nothing, at equal size", "part", "tie", "gpt2", 0.0, -0.1),
    ("Keys that two heads share", "part", "groups", "gpt2", 0.0, 0.1),
    ("Writers as wide as readers", "part", "writers", "gpt2", 0.0, 0.1),
    ("fifty times too wide", "std", 1.0, 0.02, 0.1, 0.0),
    ("A start ten times too wide", "std", 0.2, 0.02, 0.1, -0.1),
    ("ten times too narrow", "std", 0.002, 0.02, 0.0, 0.1),
    ("Writers that begin narrower", "fault", "writers_wide", None, 0.1, 0.0),
]
cases = pytest.mark.parametrize(("words", "key", "arm", "against", "yes", "no"), CASES)
OTHERS = (
    "as many numbers as are counted",
    "A head of its own",
    "all three end alike",
    "right more often",
    "thinks every token as likely",
    "no gradient to leave",
    "what looks like its corpus",
    "cannot be told from its corpus",
    "any two characters",
    "any three characters",
    "cannot be lost in silence",
    "moves its loss less",
)


def claim(words):
    (found,) = [one for one in CLAIMS if words in one.says]
    return found


def word(words, rows):
    return claim(words).holds(Table.of(rows)).verdict


def test_every_claim_has_its_planted_tables():
    assert len({*(claim(c[0]).says for c in CASES), *(claim(w).says for w in OTHERS)}) == len(
        CLAIMS
    )


def losses(key, arms, level=2.4, best=0.001):
    """The rows of an experiment over rates, whose arms are shifted and have a best rate inside."""
    chance = random.Random(0)
    for (arm, shift), rate, seed in itertools.product(arms.items(), RATES, SEEDS):
        bend = 0.2 * abs(RATES.index(rate) - RATES.index(best))
        loss = level + shift + bend + chance.gauss(0, 0.003)
        yield {key: arm, "rate": rate, "steps": 9, "seed": seed, "loss": loss, "unigram": 3.3}


@cases
def test_what_was_planted_is_found(words, key, arm, against, yes, no):
    for shift, verdict in ((yes, "supported"), (no, "refuted")):
        rows = losses(key, {arm: shift, against: 0.0})
        assert word(words, list(rows)) == verdict


@cases
def test_a_model_that_has_learnt_nothing_shows_nothing(words, key, arm, against, yes, no):
    for shift in (yes, no):
        rows = list(losses(key, {arm: shift, against: 0.0}, level=3.25))
        assert word(words, rows) == "undecided"


@cases
def test_a_loss_that_is_no_number_leaves_it_undecided(words, key, arm, against, yes, no):
    rows = list(losses(key, {arm: yes, against: 0.0}))
    for row in rows:
        row["loss"] = None if row["seed"] == 5 and row[key] == arm else row["loss"]
    assert word(words, rows) == "undecided"
    assert word(words, []) == "undecided"


@cases
def test_a_best_rate_at_the_end_of_the_grid_decides_nothing(words, key, arm, against, yes, no):
    for best in (RATES[0], RATES[-1]):
        rows = list(losses(key, {arm: yes, against: 0.0}, best=best))
        assert word(words, rows) == "undecided"


@pytest.mark.parametrize("words", ["Writers that begin narrower"])
def test_arms_exchanged_within_seeds_lose_their_support(words):
    rows = list(losses("fault", {"writers_wide": 0.1, None: 0.0}))
    found = [claim(words).holds(shuffled(Table.of(rows), one)) for one in range(4)]
    assert [one.verdict for one in found].count("supported") < 2


def test_a_head_of_its_own_is_judged_by_what_was_planted():
    words = "A head of its own"

    def rows(shift, level=2.4):
        found = losses("fault", {"untied": shift, None: 0.0}, level)
        return [row for row in found if row["rate"] == 0.001]

    assert word(words, rows(0.0)) == "supported"
    assert word(words, rows(0.1)) == "refuted" == word(words, rows(-0.1))
    assert word(words, rows(0.0, level=3.25)) == "undecided" == word(words, [])
    lost = [{**row, "loss": None if row["seed"] == 5 else row["loss"]} for row in rows(0.0)]
    assert word(words, lost) == "undecided"


def test_a_count_that_is_off_by_one_is_wrong():
    words, rows = "as many numbers as are counted", [{"model": "a", "whole": 7, "counted": 7}]
    assert word(words, rows) == "supported"
    assert word(words, [*rows, {"model": "b", "whole": 7, "counted": 8}]) == "refuted"
    lost = [*rows, {"model": "b", "whole": None, "counted": 8}]
    assert word(words, lost) == "undecided" == word(words, [])


def test_styles_that_end_alike_are_told_from_those_that_do_not():
    for shift, verdict in ((0.0, "supported"), (-0.3, "refuted"), (0.3, "refuted")):
        rows = losses("part", {"gpt2": 0.0, "llama": shift, "qwen3": shift / 2})
        assert word("all three end alike", list(rows)) == verdict
    rows = losses("part", {"gpt2": 0.0, "llama": 0.0, "qwen3": 0.0}, level=3.25)
    assert word("all three end alike", list(rows)) == "undecided"
    rows = list(losses("part", {"gpt2": 0.0, "llama": 0.0, "qwen3": 0.0}))
    rows = [{**row, "loss": None if row["seed"] == 3 else row["loss"]} for row in rows]
    assert word("all three end alike", rows) == "undecided"


def answers(shift, level=0.9, tasks=lab_styles.ASKED):
    """The rows of `answers_by_style`, Llama's accuracy shifted from GPT-2's."""
    chance = random.Random(0)
    for task, style, seed in itertools.product(tasks, ("gpt2", "llama"), SEEDS):
        gap = shift[task] if isinstance(shift, dict) else shift
        for rate in (0.001, 0.003, 0.01):
            found = level - gap * (style == "gpt2") - 0.1 * (rate != 0.003)
            found += chance.gauss(0, 0.005)
            place = {"task": task, "style": style, "rate": rate, "steps": 9, "seed": seed}
            yield {**place, "accuracy": found, "chance": 0.2}


def test_answers_are_judged_by_what_was_planted():
    words = "right more often"
    assert word(words, list(answers(0.3))) == "supported"
    assert word(words, list(answers(0.0))) == "refuted"
    assert word(words, list(answers(0.3, level=0.25))) == "undecided"
    some = {"recall": 0.3, "dyck": 0.0}
    assert word(words, list(answers(some))) == "conditional"
    lost = [{**row, "accuracy": None if row["seed"] == 4 else 0.9} for row in answers(0.3)]
    assert word(words, lost) == "undecided" == word(words, [])


def starts(above=0.01, slope=0.0):
    """The rows of `start_by_std`."""
    for std, depth, seed in itertools.product(lab_start.STDS, lab_start.DEPTHS, SEEDS):
        found = {"above": above if std == 0.02 else 9.0, "slope": 1.0 if std else slope}
        yield {"std": std, "depth": depth, "seed": seed, **found}


def test_the_beginning_is_judged_to_the_number():
    even, none = "thinks every token as likely", "no gradient to leave"
    assert word(even, starts()) == "supported" == word(none, starts())
    assert word(even, starts(above=-0.2)) == "refuted" == word(none, starts(slope=1e-9))
    assert word(even, starts(above=None)) == "undecided" == word(none, starts(slope=None))
    assert word(even, []) == "undecided" == word(none, [])


def texts(known=0.98, loss=1.8, before=0.1):
    """The rows of `text_by_step`: the model passes both rungs at step 400, if it ends below."""
    chance = random.Random(0)
    for seed in SEEDS:
        rungs = {"unigram": 3.3, "bigram": 2.5, "trigram": 2.0}
        for step in (0, 100, 400, 800):
            now = 4.1 if step == 0 else loss if step >= 400 else 2.6
            share = before if step == 0 else known
            row = {"who": "the model", "step": step, "loss": now, "operations": step * 1.5e9}
            yield {"seed": seed, **row, "known_3": share + chance.gauss(0, 0.002), **rungs}
        yield {"seed": seed, "who": "the corpus", "step": 800, "known_3": 0.98}


def test_what_is_written_is_judged_by_what_was_planted():
    like, same = "what looks like its corpus", "cannot be told from its corpus"
    assert word(like, texts()) == "supported" == word(same, texts())
    assert word(like, texts(known=0.1)) == "refuted" == word(same, texts(known=0.8))
    for rows in (texts(loss=3.2), texts(loss=None), []):
        rows = list(rows)
        assert word(like, rows) == "undecided" == word(same, rows)


def test_a_rung_is_passed_within_the_operations_or_it_is_not():
    two, three = "any two characters", "any three characters"
    assert word(three, texts()) == "supported" == word(two, texts())
    late = [{**row, "operations": row.get("operations", 0) * 2} for row in texts()]
    assert word(two, late) == "refuted" == word(three, texts(loss=2.2))
    short = [{**row, "operations": row.get("operations", 0) / 2} for row in texts(loss=2.2)]
    assert word(three, short) == "undecided"
    assert word(two, texts(loss=None)) == "undecided" == word(two, [])


def lines(silent=0.3, style=0.05, loud=20, clean=2.4):
    """The rows of `loss_by_line`: so many lines that stop a run, and three that do not."""
    chance = random.Random(0)
    for seed in SEEDS:
        at = {"seed": seed, "ends": "trained", "unigram": 3.3}
        for where, shift in (("nothing", 0.0), ("style", style), ("style", -style)):
            found = clean + shift + chance.gauss(0, 0.002)
            yield {"where": where, **at, "loss": found, "cut": found}
        for _ in range(3):
            found = clean + silent + chance.gauss(0, 0.002)
            yield {"where": "heads", **at, "loss": found, "cut": found}
        for _ in range(loud):
            yield {"where": "norm", **at, "ends": "at once", "loss": None, "cut": None}


def test_lines_are_judged_by_what_was_planted():
    most, less = "cannot be lost in silence", "moves its loss less"
    assert word(most, lines()) == "supported" == word(less, lines())
    assert word(most, lines(loud=1)) == "refuted" == word(less, lines(silent=0.0))
    assert word(less, lines(clean=3.2)) == "undecided" == word(most, [])
    lost = [{**row, "cut": None, "ends": None} for row in lines()]
    assert word(less, lost) == "undecided" == word(most, lost)
