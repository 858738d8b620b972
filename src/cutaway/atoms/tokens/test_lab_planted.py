"""The claims on faults, leaks, patterns, scripts and languages, judged on planted tables."""

import importlib
import itertools
import math
import random

import pytest

from cutaway.kit.credulity import credulous
from cutaway.kit.labs import APART, load
from cutaway.kit.tables import Table

lab = load("tokens")
faulted = importlib.import_module(f"{APART}.tokens.lab_faulted")
languages = importlib.import_module(f"{APART}.tokens.lab_languages")

SEEDS, BYTE, LETTER, TIMES = 8, "bits_per_byte", "bits_per_character", "times_english"
OURS = ("bits_by_fault", "bits_by_fault_abroad", "bits_by_leak", "bits_by_pattern")
OURS += ("bits_by_script", "bits_by_slight_fault", "tokens_by_language")
CLAIMS = [claim for claim in lab.claims if claim.experiment in OURS]
USE, BOTH = faulted.WHERE


def use(fault, shift):
    """A shift of the bits under a fault in use."""
    return (BYTE, shift, {"fault": fault, "where": USE})


def both(fault, shift):
    """A shift of the bits under a fault in training and use."""
    return (BYTE, shift, {"fault": fault, "where": BOTH})


GEORGIAN = {"script": "georgian"}
PLAYS, ALL = languages.ENGLISH, languages.ALL
SIGNS = [("characters_per_word", -3.0, {"language": name}) for name in ("Hindi", "Tamil", "Thai")]
# By the words of a claim: effects under which it holds, and effects under which it does not.
PLANTED = {
    "off by one": ([use("off_by_one", 5.0)], []),
    "not in training, cost bits": ([use("first_join", 0.3)], []),
    "alike cost a model nothing": ([], [both("first_join", 0.3)]),
    "not cut into words in use": ([use("no_cuts", 0.3)], []),
    "none if trained so": ([use("space_behind", 0.3)], []),
    "end twice": ([use("double_end", 0.3)], []),
    "capitals were made small": ([both("lowercase", -0.3)], []),
    "one unknown token": ([both("unknown_flood", -0.3)], []),
    "A vocabulary that was learnt from the held-out": ([(BYTE, -0.3, {"leak": "vocabulary"})], []),
    "A model that was trained on the held-out": ([(BYTE, -0.3, {"leak": "model"})], []),
    "as GPT-2 does saves": ([(BYTE, 0.3, {"pattern": "whole"})], []),
    "To a model of bytes": ([(LETTER, 0.3, {**GEORGIAN, "learnt": "nothing"})], []),
    "cost what they cost": ([], [(LETTER, 0.3, {**GEORGIAN, "learnt": "here"})]),
    "learnt from Latin letters": ([(LETTER, 0.3, {**GEORGIAN, "learnt": "latin"})], []),
    "in every other language": ([], [(TIMES, -2.0, {"language": "Greek", "learnt": PLAYS})]),
    "alike makes the dearest": ([(TIMES, 5.0, {"learnt": PLAYS, "language": "Thai"})], []),
    "vowels are signs": (SIGNS, []),
}
every = pytest.mark.parametrize("words", PLANTED)
BITS = [words for words in PLANTED if "language" not in words and "vowels" not in words]
BITS.remove("alike makes the dearest")


def claim(words):
    """The one claim with these words."""
    (found,) = [one for one in CLAIMS if words in one.says]
    return found


def grid(words):
    """The grid of the experiment that a claim is about, with the languages that it measures."""
    (found,) = [one for one in lab.experiments if one.name == claim(words).experiment]
    more = {"language": tuple(languages.LANGUAGES.values())} if "learnt" in found.grid else {}
    return dict(found.grid) | (more if found.name == "tokens_by_language" else {})


def planted(words, effects, noise=0.002):
    """The table that a claim is about, effects planted in rows that are alike but for noise."""
    chance, rows, axes = random.Random(0), [], grid(words)
    for seed in range(SEEDS):
        for point in itertools.product(*axes.values()):
            row = dict(zip(axes, point)) | {"seed": seed}
            found = {column: 3 + seed / 50 + chance.gauss(0, noise) for column in (BYTE, LETTER)}
            found |= {TIMES: 2 + chance.gauss(0, noise), "characters_per_word": 5.0, "chance": 4.8}
            for column, shift, arm in effects:
                if arm.items() <= row.items():
                    found[column] += shift
            rows.append(row | found)
    return Table.of(rows)


def gaps(table, seed, gap):
    """The table with gaps in all that was measured at a seed."""
    blank = dict.fromkeys((BYTE, LETTER, TIMES, "characters_per_word", "chance"), gap)
    rows = [{**row, **(blank if row["seed"] == seed else {})} for row in table.dicts()]
    return Table(tuple(rows[0]), tuple(tuple(row.values()) for row in rows))


def judged(words, table):
    """The word of the verdict on a claim."""
    return claim(words).holds(table).verdict


def test_every_claim_has_its_planted_table():
    assert len({claim(words).says for words in PLANTED}) == len(CLAIMS)


@every
def test_a_claim_is_supported_where_its_effect_was_planted(words):
    assert judged(words, planted(words, PLANTED[words][0])) == "supported"


@every
def test_a_claim_is_refuted_where_its_opposite_was_planted(words):
    assert judged(words, planted(words, PLANTED[words][1])) == "refuted"


@pytest.mark.parametrize("words", BITS)
def test_a_claim_is_undecided_where_the_clean_arm_has_not_left_chance(words):
    table = planted(words, [*PLANTED[words][0], (BYTE, 1.6, {})])
    assert judged(words, table) == "undecided"


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


@pytest.mark.parametrize("words", BITS)
def test_noise_beyond_the_margin_does_not_support_a_claim(words):
    assert judged(words, planted(words, PLANTED[words][0], noise=30.0)) != "supported"


@pytest.mark.parametrize("script", ["latin", "cyrillic", "georgian"])
def test_other_letters_are_as_many_and_of_more_bytes(script):
    model = importlib.import_module(f"{APART}.tokens.lab_model")
    text = "The Dog's\n BONE, 12 zebras"
    other = model.in_letters(text, script)
    letters = [(a, b) for a, b in zip(text, other, strict=True) if a.isalpha()]
    size = {"latin": 1, "cyrillic": 2, "georgian": 3}[script]
    assert all(b.isalpha() and len(b.encode()) == size for _, b in letters)
    assert len({b for _, b in letters}) == len({a for a, _ in letters})
    assert [b for a, b in zip(text, other, strict=True) if not a.isalpha()] == [
        a for a in text if not a.isalpha()
    ]


def test_what_is_learnt_from_a_language_is_not_what_is_read(monkeypatch):
    some = {"English": [f"e{at}" for at in range(90)], "Tamil": [f"t{at}" for at in range(60)]}
    monkeypatch.setattr(languages, "articles", lambda: some)
    learnt = set(languages.learnt_from(languages.ALL, 0))
    read = {one for paragraphs in some.values() for one in paragraphs[: languages.READ]}
    assert learnt and learnt.isdisjoint(read)
    assert {one[0] for one in learnt} == {"e", "t"}
