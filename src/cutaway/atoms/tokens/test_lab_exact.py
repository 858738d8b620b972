"""The claims on merges and domains, judged on planted tables: effects, none, chance, and gaps."""

import importlib
import math
import random

import pytest

from cutaway.kit.credulity import credulous
from cutaway.kit.labs import APART, load
from cutaway.kit.tables import Table

load("tokens")
exact = importlib.import_module(f"{APART}.tokens.lab_exact")
judging = importlib.import_module(f"{APART}.tokens.lab_exact_judging")
domains = importlib.import_module(f"{APART}.tokens.lab_domains")
PLAYS, PROGRAMS, BOTH = exact.PLAYS, exact.PROGRAMS, exact.BOTH

SEEDS, LONGER = 8, ("tokens_per_byte", 0.2)
FROM_PROGRAMS, FROM_PLAYS = (
    {"trained": PROGRAMS, "read": PLAYS},
    {"trained": PLAYS, "read": PROGRAMS},
)
MIXED = {"pattern": "whole", "trained": PLAYS}
SHORT, SHORT_CODE = (
    ("tokens_per_byte", -0.1, {"pattern": "whole", "trained": one, "read": one})
    for one in (PLAYS, PROGRAMS)
)
BYTES = {"vocabulary": "bytes", "kind": "emoji"}

# By the words of a claim: effects under which it holds, and under which it does not. An effect is
# a column, how far it is moved, and the rows in which it is. Without any, all arms are alike.
PLANTED = {
    "called, training joins": ([], [("same", -1, {"names": "any order"})]),
    "keep the order of the old": ([], [("same", -1, {"names": "same order"})]),
    "up to the first tie": ([("same", -100, {})], [("same", -120, {})]),
    "counted in another order": ([], [("same", -1, {"pattern": "gpt2", "unit": "words"})]),
    "cut again": ([], [("same", -1, {"pattern": "gpt2", "unit": "text of words"})]),
    "Without cuts, too": ([], [("same", -1, {"pattern": "whole", "unit": "text of words"})]),
    "byte for byte": ([], [("returned", -0.1, BYTES)]),
    "is refused": ([], [("refused", -0.1, {"vocabulary": "bytes", "kind": "half"})]),
    "UTF-8 or not": ([], [("returned", -0.1, {})]),
    "vocabulary of the characters": (
        [],
        [("returned", -0.1, BYTES | {"vocabulary": "characters"})],
    ),
    "WordPiece": ([], [("returned", -0.1, BYTES | {"vocabulary": "wordpiece"})]),
    "cut anywhere": ([], [("torn", 0.5, BYTES)]),
    "Plays cost more": (
        [(*LONGER, FROM_PROGRAMS)],
        [(*LONGER, FROM_PROGRAMS | {"pattern": "gpt2"})],
    ),
    "Programs cost more": ([(*LONGER, FROM_PLAYS)], [(*LONGER, FROM_PLAYS | {"pattern": "gpt2"})]),
    "half plays, half programs": ([], [(*LONGER, {"trained": BOTH, "read": PLAYS})]),
    "without cuts plays need": ([SHORT], []),
    "without cuts programs need": ([SHORT_CODE], []),
    "free of signs": ([("mixed", 0.4, MIXED)], []),
    "a token, learnt from plays": (
        [],
        [("tokens", -1, {"trained": PLAYS, "spaces": 16, "seed": 3})],
    ),
    "a token, learnt from programs": ([], [("tokens", -1, {"trained": PROGRAMS, "spaces": 16})]),
    "more than nine of ten": ([], [("kept", -0.2, {})]),
    "the same id": ([], [("in_place", -0.3, {})]),
    "Another domain changes": ([], [("abroad", 0.55, {})]),
}
# Effects under which nothing has been learnt, or the control shows nothing.
CHANCE = {
    "joins_by_name": [("joins", -128, {}), ("same", -128, {})],
    "joins_by_order": [("same", 765, {"unit": "letters"})],
    "round_trips_of_bytes": [("utf8", 0.9, {})],
    "tokens_by_domain": [("tokens_per_byte", 0.55, {})],
}
# Two names of arms, or of columns, that are exchanged.
EXCHANGED = {
    "Plays cost more": (PLAYS, PROGRAMS),
    "Programs cost more": (PLAYS, PROGRAMS),
    "without cuts plays need": ("gpt2", "whole"),
    "without cuts programs need": ("gpt2", "whole"),
    "free of signs": ("gpt2", "whole"),
    "Another domain changes": ("kept", "abroad"),
}
EXACT = ("joins_by_name", "joins_by_order", "round_trips", "round_trips_of_bytes")
every = pytest.mark.parametrize("words", PLANTED)


def claim(words):
    """The one claim with these words."""
    (found,) = [one for one in exact.CLAIMS if words in one.says]
    return found


def judged(words, table):
    """The word of the verdict on a claim."""
    return claim(words).holds(table).verdict


def cells(name, chance, noise):
    """The rows of one seed of an experiment: what was varied, and what was measured."""
    if name == "joins_by_name":
        for names in ("any order", "same order"):
            yield {"names": names}, {"same": 128, "tie": 17, "greedy": 128, "joins": 128}
    if name == "joins_by_order":
        for pattern in ("gpt2", "whole"):
            for unit in ("documents", "words", "text of words", "letters"):
                same = 3 if unit == "letters" else 768
                yield {"pattern": pattern, "unit": unit}, {"same": same, "kept": 1.0, "joins": 768}
    if name == "round_trips":
        for kind in judging.KINDS:
            for vocabulary in ("bytes", "characters", "wordpiece"):
                half = kind == judging.HALF and vocabulary == "bytes"
                torn = 0.0 if vocabulary == "bytes" and not half else None
                found = {"returned": 1.0 - half, "refused": 1.0 * half, "torn": torn}
                yield {"kind": kind}, {"vocabulary": vocabulary, **found}
    if name == "round_trips_of_bytes":
        yield {"size": 60}, {"returned": 1.0, "utf8": 0.05}
    if name == "order_by_resampling":
        for corpus in (PLAYS, PROGRAMS):
            for first in judging.MOST:
                found = {"kept": 0.96, "in_place": 0.6, "abroad": 0.4}
                found = {column: one + chance.gauss(0, noise) for column, one in found.items()}
                yield {"corpus": corpus}, {"first": first, **found}
    if name in ("tokens_by_domain", "tokens_by_indent"):
        for pattern in judging.PATTERNS:
            for trained in (PLAYS, PROGRAMS, BOTH):
                grid = {"pattern": pattern, "trained": trained, "vocab": 2048}
                if name == "tokens_by_indent":
                    for spaces in judging.INDENTS:
                        yield grid, {"spaces": spaces, "tokens": spaces - 2}
                    continue
                for read in (PLAYS, PROGRAMS):
                    found = {"tokens_per_byte": 0.4 + chance.gauss(0, noise)}
                    yield grid, {"read": read, **found, "mixed": 0.1 + chance.gauss(0, noise)}


def planted(words, effects, noise=0.002):
    """The table that a claim is about, effects planted in rows that are alike but for noise."""
    rows, chance = [], random.Random(0)
    for seed in range(SEEDS):
        for grid, found in cells(claim(words).experiment, chance, noise):
            row = {**grid, "seed": seed, **found}
            for column, shift, arm in effects:
                if all(row[key] == value for key, value in arm.items()):
                    row[column] += shift
            rows.append(row)
    return Table.of(rows)


def measured(row):
    """The columns of a row that hold what came out, as numbers."""
    after = list(row)[list(row).index("seed") + 1 :]
    return [name for name in after if name not in ("vocabulary", "read", "spaces", "first")]


def exchanged(table, one, other):
    """The table with two names exchanged wherever they stand, but where it says what was read."""
    names = {one: other, other: one}
    return Table.of(
        {
            names.get(key, key): value if key == "read" else names.get(value, value)
            for key, value in r.items()
        }
        for r in table.dicts()
    )


def test_every_exact_claim_has_its_planted_table():
    assert len({claim(words).says for words in PLANTED}) == len(exact.CLAIMS)


@every
def test_an_exact_claim_is_supported_where_its_effect_was_planted(words):
    assert judged(words, planted(words, PLANTED[words][0])) == "supported"


@every
def test_an_exact_claim_is_refuted_where_its_opposite_was_planted(words):
    assert judged(words, planted(words, PLANTED[words][1])) == "refuted"


@every
def test_an_exact_claim_is_undecided_where_nothing_was_learnt(words):
    effects = CHANCE.get(claim(words).experiment)
    if effects:
        table = planted(words, [*PLANTED[words][0], *effects])
        assert judged(words, table) == "undecided"


@every
@pytest.mark.parametrize("gap", [None, math.nan])
def test_a_missing_value_leaves_an_exact_claim_undecided(words, gap):
    rows = planted(words, PLANTED[words][0]).dicts()
    blank = [row | (dict.fromkeys(measured(row), gap) if row["seed"] == 3 else {}) for row in rows]
    table = Table(tuple(rows[0]), tuple(tuple(row.values()) for row in blank))
    assert judged(words, table) == "undecided"


@every
def test_an_exact_claim_is_undecided_where_nothing_was_measured(words):
    failed = [{"params": {}, "seed": seed, "error": "no memory"} for seed in range(SEEDS)]
    assert judged(words, Table.of([], failed)) == "undecided"


@every
def test_two_seeds_do_not_decide_an_exact_claim(words):
    rows = [row for row in planted(words, PLANTED[words][0]).dicts() if row["seed"] < 2]
    assert judged(words, Table.of(rows)) == "undecided"


@pytest.mark.parametrize("words", EXCHANGED)
def test_exchanged_arms_do_not_support_a_claim_on_domains(words):
    table = planted(words, PLANTED[words][0])
    assert judged(words, exchanged(table, *EXCHANGED[words])) == "refuted"


@every
def test_an_exact_claim_is_not_credulous(words):
    assert list(credulous(claim(words), planted(words, PLANTED[words][0]))) == []


@every
def test_noise_beyond_the_margin_does_not_support_a_claim_on_domains(words):
    if claim(words).experiment not in (*EXACT, "tokens_by_indent"):
        assert judged(words, planted(words, PLANTED[words][0], noise=3.0)) != "supported"


def test_a_join_of_a_rarer_pair_refutes_that_only_ties_differ():
    words = "up to the first tie"
    assert judged(words, planted(words, [("greedy", -1, {"names": "any order"})])) == "refuted"


def test_texts_that_are_refused_for_nothing_are_not_handled():
    table = planted("is refused", [("refused", 0.1, BYTES)])
    assert judged("is refused", table) == "refuted"


def test_new_names_are_one_to_one_and_may_keep_their_order():
    used = [3, 9, 200]
    table = exact.new_names(used, "same order", random.Random(1))
    assert table[3] < table[9] < table[200]
    assert {table[0], table[255]} == {0, 255}
    tables = [exact.new_names(used, "any order", random.Random(seed)) for seed in range(9)]
    assert all(len({one[byte] for byte in used}) == 3 for one in tables)
    assert not all(one[3] < one[9] < one[200] for one in tables)


def test_rows_are_the_same_until_they_differ():
    assert [exact.same_until("abc", other) for other in ("abd", "abc", "ab", "x", "")] == [
        2,
        3,
        2,
        0,
        0,
    ]


def test_a_token_is_mixed_if_it_has_letters_and_something_else_but_a_first_space():
    assert [domains.mixed(token) for token in (b" the", b"the", b"'s", b"e.", b"e t", b"  a")] == [
        *(False, False, True, True, True, True)
    ]
    assert not any(map(domains.mixed, (b"12", b"  ", b".)", b" ")))
