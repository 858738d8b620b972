"""Rows read as a reader reads them, formulas of the literature, and what is refused."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pytest

from cutaway.data.tasks import (
    TASKS,
    Addition,
    Copy,
    Counting,
    Dyck,
    Grammar,
    Induction,
    MarkovSource,
    Needle,
    Recall,
    Task,
)
from cutaway.data.tasks.examples import ladder
from cutaway.errors import UsageError


def texts(task: Task, count: int = 300) -> list[str]:
    """Some rows of a task, as text."""
    return [task.show(row) for row in task.draw(5, 0, count).tokens]


def answers(task: Task) -> list[str]:
    """The scored tokens of the same rows, as numbers."""
    drawn = task.draw(5, 0, 300)
    return [
        " ".join(str(token) for token in row[marks])
        for row, marks in zip(drawn.tokens, drawn.scored, strict=True)
    ]


@pytest.mark.parametrize("digits", [1, 3, 18])
def test_sums_are_right_in_either_order(digits: int) -> None:
    for reverse in (False, True):
        task = Addition(digits, reverse=reverse)
        for text, answer in zip(texts(task), answers(task), strict=True):
            a, b, total = re.split(r"[+=]", text)
            assert len(a) == len(b) == digits == len(total) - 1
            assert answer.split() == list(total)
            assert int(a) + int(b) == int(total[::-1] if reverse else total)


def test_a_copy_is_the_same_word_and_a_reversal_the_same_backwards() -> None:
    for text in texts(Copy(30, 5)):
        word, again = text.split(" | ")
        assert again == word and len(word.split()) == 5
    for text in texts(Copy(26, 5, reverse=True)):
        word, again = text.split(" | ")
        assert again == word[::-1]


@pytest.mark.parametrize("joined", [False, True])
def test_what_recall_asks_was_said_and_each_key_said_and_asked_once(joined: bool) -> None:
    task = Recall(keys=9, values=7, pairs=5, queries=3, joined=joined)
    asked_at = set()
    for text, answer in zip(texts(task), answers(task), strict=True):
        said, asked = (re.findall(r"([a-i])([0-6])", part) for part in text.split("?"))
        assert len(dict(said)) == len(said) == 5
        assert len(dict(asked)) == len(asked) == 3
        assert set(asked) <= set(said)
        assert answer.split() == [str(9 + int(value)) for _, value in asked]
        asked_at |= {(at, said.index(one)) for at, one in enumerate(asked)}
    assert len(asked_at) == 3 * 5  # any pair may be asked at any place


def test_joined_recall_says_the_same_in_fewer_tokens() -> None:
    apart, joined = Recall(), Recall(joined=True)
    assert joined.length == apart.length - apart.pairs
    assert joined.exact.nats.sum() == pytest.approx(apart.exact.nats.sum())


def test_the_needle_lies_once_at_any_depth_and_is_what_is_asked() -> None:
    task, depths = Needle(size=6), set()
    for text, answer in zip(texts(task), answers(task), strict=True):
        hay, asked = text.split(" ? ")
        (needle,) = re.findall(r"[A-Z]\d", hay)
        assert needle == asked and answer == str(8 + 4 + int(asked[1]))
        assert len(hay.split()) == 6 + 1
        depths.add(hay.split().index(needle))
    assert depths == set(range(7))


def test_letters_are_counted() -> None:
    task = Counting(letters=3, size=9)
    for text, answer in zip(texts(task), answers(task), strict=True):
        ((word, asked, count),) = re.findall(r"^(.*) \? (.) (\d)$", text)
        assert word.split().count(asked) == int(count) == int(answer) - 3


@pytest.mark.parametrize("kinds", [1, 2, 3])
def test_brackets_close_in_order_and_their_entropy_is_catalan(kinds: int) -> None:
    task = Dyck(kinds, 9)
    for text in texts(task):
        for _ in range(9):
            text = re.sub(r"\(\)|\[\]|\{\}", "", text)
        assert text == ""
    catalan = math.comb(18, 9) // 10
    assert task.exact.nats.sum() == pytest.approx(math.log(catalan * kinds**9), abs=1e-10)


def test_many_kinds_of_brackets_are_numbered() -> None:
    assert Dyck(12, 2).show(np.array([10, 3, 15, 22])) == "(10 (3 3) 10)"


@pytest.mark.parametrize("pairs", [40, 500])
def test_long_words_of_brackets_lose_nothing(pairs: int) -> None:
    catalan = math.comb(2 * pairs, pairs) // (pairs + 1)
    total = math.log(catalan) + pairs * math.log(2)
    assert Dyck(2, pairs).exact.nats.sum() == pytest.approx(total, rel=1e-12)


def test_what_followed_before_follows_again() -> None:
    for row in Induction(5, 40, repeat=1).draw(0, 0, 50).tokens.tolist():
        last: dict[int, int] = {}
        for before, token in pairwise(row):
            assert last.get(before, token) == token
            last[before] = token


def test_without_repeating_there_is_nothing_to_find() -> None:
    exact = Induction(5, 40, repeat=0).exact
    assert exact.nats == pytest.approx(math.log(5))
    assert exact.accuracy == pytest.approx(exact.chance) == pytest.approx(1 / 5)


def test_a_markov_source_has_its_entropy_rate_at_every_scored_place() -> None:
    source = MarkovSource([[0.9, 0.1], [0.4, 0.6]], 12)
    rate = 0.8 * -(0.9 * math.log(0.9) + 0.1 * math.log(0.1))
    rate += 0.2 * -(0.4 * math.log(0.4) + 0.6 * math.log(0.6))
    assert source.stationary == pytest.approx([0.8, 0.2])
    assert source.exact.nats[1:] == pytest.approx(rate)
    assert source.exact.accuracy == pytest.approx(0.8 * 0.9 + 0.2 * 0.6)
    assert source.exact.chance == pytest.approx(0.8)


def test_a_chain_may_turn_in_a_circle_or_leave_states_for_ever() -> None:
    circle = MarkovSource([[0, 1, 0], [0, 0, 1], [1, 0, 0]], 9)
    assert circle.exact.entropy == 0 and circle.exact.accuracy == 1
    left = MarkovSource([[0.5, 0.5, 0], [0, 0.5, 0.5], [0, 0.5, 0.5]], 9)
    assert left.stationary == pytest.approx([0, 0.5, 0.5])
    assert left.draw(0, 0, 500).tokens.min() == 1
    long = np.roll(np.eye(40), 1, axis=1)  # from each state 39 steps to the farthest
    assert MarkovSource(long.tolist(), 3).stationary == pytest.approx(1 / 40)


def test_every_verb_agrees_with_its_noun_however_far_apart() -> None:
    deepest = 0
    for sentence in (one for text in texts(Grammar()) for one in text.split(" . ")[:-1]):
        words, plural = sentence.split(), list[bool]()  # of the nouns that wait for a verb
        for at, word in enumerate(words):
            if word.startswith(("dog", "cat")):
                assert words[at - 1] == ("two" if word.endswith("s") else "one")
                if at == 1 or words[at - 2] == "that":  # all others are objects
                    plural.append(word.endswith("s"))
                deepest = max(deepest, len(plural))
            elif word.startswith(("sleep", "see", "hear")):
                assert plural.pop() != word.endswith("s")
        assert not plural
    assert deepest >= 3


ONE_OR_MORE = "s = 0.75 a s | 0.25 b"


def test_the_entropy_of_a_sentence_solves_the_linear_system() -> None:
    nats, words = Grammar(ONE_OR_MORE).sentence  # a geometric number of a, then b
    assert words == pytest.approx(4)
    assert nats == pytest.approx(-4 * (0.75 * math.log(0.75) + 0.25 * math.log(0.25)))
    nested = Grammar("s = 0.3 a s s | 0.7 b")  # L = 1 + 0.6 L
    assert nested.sentence[1] == pytest.approx(1 / 0.4)
    assert nested.sentence[0] == pytest.approx(nested.sentence[1] * nested.exact.entropy)


def test_a_long_stream_nears_the_entropy_of_a_sentence_per_word() -> None:
    grammar = Grammar(length=400)
    nats, words = grammar.sentence
    assert grammar.exact.nats[200:].mean() == pytest.approx(nats / words, rel=1e-4)


def test_sentences_of_a_stream_come_as_often_as_the_rules_say() -> None:
    task = Grammar(ONE_OR_MORE, 5000)
    stream = task.show(task.draw(0, 0, 1).tokens[0])
    lengths = Counter(len(one.split()) for one in stream.split("b")[:-1])
    total = sum(lengths.values())
    for length in range(4):
        share = 0.25 * 0.75**length
        error = math.sqrt(share * (1 - share) / total)
        assert lengths[length] / total == pytest.approx(share, abs=5 * error)


def test_chances_that_are_written_down_roughly_are_taken_as_meant() -> None:
    third = 0.3333333333  # three of them lack 1e-10, which one in 10 ** 10 draws would notice
    grammar = Grammar(f"s = {third} a | {third} b | {third} c", 3)
    chain = MarkovSource([[third] * 3] * 3, 3)
    for task in (grammar, chain):
        assert task.exact.nats == pytest.approx(math.log(3), rel=1e-13)
    assert np.full(10, 0.1).cumsum()[-1] < 1 == ladder(np.full(10, 0.1))[-1]


NONSENSE: dict[str, Callable[[], object]] = {
    "a matrix that is not square": lambda: MarkovSource([[0.5, 0.5]]),
    "a matrix of one state": lambda: MarkovSource([[1.0]]),
    "a row that adds up to less": lambda: MarkovSource([[0.5, 0.4], [0.5, 0.5]]),
    "a negative chance": lambda: MarkovSource([[1.5, -0.5], [0.5, 0.5]]),
    "a chance that is no number": lambda: MarkovSource([[math.nan, 1], [0.5, 0.5]]),
    "two chains in one": lambda: MarkovSource([[1, 0], [0, 1]]),
    "a row of one token": lambda: MarkovSource([[0.5, 0.5], [0.5, 0.5]], 1),
    "a random source of one state": lambda: MarkovSource.random(1),
    "a spread of nothing": lambda: MarkovSource.random(4, spread=0),
    "one symbol": lambda: Induction(symbols=1),
    "a length of one": lambda: Induction(length=1),
    "a repeat above 1": lambda: Induction(repeat=1.1),
    "a repeat that is no number": lambda: Induction(repeat=math.nan),
    "no kinds": lambda: Dyck(kinds=0),
    "no pairs": lambda: Dyck(pairs=0),
    "half a pair": lambda: Dyck(pairs=0.5),  # type: ignore[arg-type]
    "a number of True": lambda: Dyck(pairs=True),
    "no digits": lambda: Addition(digits=0),
    "digits beyond 64 bits": lambda: Addition(digits=19),
    "an alphabet of one": lambda: Copy(symbols=1),
    "an empty word": lambda: Copy(size=0),
    "no keys": lambda: Recall(keys=0),
    "one value": lambda: Recall(values=1),
    "more pairs than keys": lambda: Recall(keys=3, pairs=4),
    "more queries than pairs": lambda: Recall(pairs=3, queries=4),
    "no queries": lambda: Recall(queries=0),
    "no filler": lambda: Needle(filler=0),
    "no keys to hide": lambda: Needle(keys=0),
    "one value to hide": lambda: Needle(values=1),
    "less than no haystack": lambda: Needle(size=-1),
    "one letter": lambda: Counting(letters=1),
    "an empty word to count in": lambda: Counting(size=0),
    "a grammar without rules": lambda: Grammar(" \n "),
    "a grammar of one word": lambda: Grammar(length=1),
    "a rule without a side": lambda: Grammar("s"),
    "a rule of two symbols": lambda: Grammar("s t = 1 a"),
    "a symbol with two lines": lambda: Grammar("s = 1 a\ns = 1 b"),
    "a side without a chance": lambda: Grammar("s = a"),
    "a side without a word": lambda: Grammar("s = 1"),
    "an empty side": lambda: Grammar("s = 1 a |"),
    "a side that never comes": lambda: Grammar("s = 1 a | 0 b"),
    "chances that add up to more": lambda: Grammar("s = 0.6 a | 0.6 b"),
    "a side that begins with a symbol": lambda: Grammar("s = 1 t\nt = 1 a"),
    "two sides that begin alike": lambda: Grammar("s = 0.5 a | 0.5 a b"),
    "sentences without end": lambda: Grammar("s = 1 a s"),
    "sentences without end on average": lambda: Grammar("s = 0.5 a s s | 0.5 b"),
    "sentences that may not end": lambda: Grammar("s = 0.6 a s s | 0.4 b"),
}


@pytest.mark.parametrize("what", NONSENSE)
def test_nonsense_is_refused_with_what_to_do(what: str) -> None:
    with pytest.raises(UsageError) as refusal:
        NONSENSE[what]()
    assert refusal.value.what.endswith(".") and refusal.value.next_step.endswith(".")


@pytest.mark.parametrize("name", TASKS)
@pytest.mark.parametrize("wrong", [(-1, 0, 1), (0, -1, 1), (0, 0, 0), (0, 0.5, 1), (0, 0, True)])
def test_a_draw_of_nonsense_is_refused(name: str, wrong: tuple[int, int, int]) -> None:
    with pytest.raises(UsageError):
        TASKS[name].draw(*wrong)


def test_a_sentence_just_short_of_infinite_is_taken() -> None:
    assert Grammar("s = 0.499 a s s | 0.501 b").sentence[1] == pytest.approx(500)


@pytest.mark.parametrize("name", TASKS)
def test_a_row_is_shown_on_one_line(name: str) -> None:
    for text in texts(TASKS[name], 20):
        assert text.isprintable() and text.strip() == text and text
