"""The ladder: equal to its definition, normalised, and where theory says that it must be."""

from __future__ import annotations

import json
import math
import random
from collections import Counter, defaultdict
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cutaway.data import ladder as room
from cutaway.data.ladder import Rung, cached_ladder, ladder
from cutaway.errors import UsageError
from cutaway.runs.sealing import sealed

Texts = Sequence[Sequence[int]]


class Definition:
    """Interpolated Kneser-Ney with dictionaries, straight from the definition."""

    def __init__(self, train: Texts, vocab: int, orders: int) -> None:
        self.vocab, self.orders = vocab, orders
        raw: dict[int, Counter[tuple[int, ...]]] = defaultdict(Counter)
        left: dict[int, dict[tuple[int, ...], set[int | None]]] = defaultdict(
            lambda: defaultdict(set)
        )
        for document in map(list, train):
            for k in range(1, orders + 1):
                for start in range(len(document) - k + 1):
                    gram = tuple(document[start : start + k])
                    raw[k][gram] += 1
                    left[k][gram].add(document[start - 1] if start else None)
        self.raw = {k: dict(raw[k]) for k in range(1, orders + 1)}
        self.continued = {
            k: {gram: len(who) for gram, who in left[k].items()} for k in range(1, orders + 1)
        }
        self.cache: dict[tuple[bool, int], tuple[dict[tuple[int, ...], dict[int, int]], float]] = {}

    def _order(self, top: bool, k: int) -> tuple[dict[tuple[int, ...], dict[int, int]], float]:
        """The followers of each context at an order, and its discount."""
        if (top, k) not in self.cache:
            counts = self.raw[k] if top else self.continued[k]
            followers: dict[tuple[int, ...], dict[int, int]] = defaultdict(dict)
            for gram, count in counts.items():
                followers[gram[:-1]][gram[-1]] = count
            n1, n2 = (sum(c == wanted for c in counts.values()) for wanted in (1, 2))
            self.cache[top, k] = dict(followers), n1 / (n1 + 2 * n2) if n1 else 0.5
        return self.cache[top, k]

    def probability(self, token: int, context: tuple[int, ...], top: bool) -> float:
        """The probability of a token after a context of any length."""
        lower = self.probability(token, context[1:], False) if context else 1 / self.vocab
        followers, discount = self._order(top, len(context) + 1)
        known = followers.get(context)
        if not known:
            return lower
        total = sum(known.values())
        here = max(known.get(token, 0) - discount, 0) / total
        return here + discount * len(known) / total * lower

    def nats(self, held_out: Texts, n: int) -> float:
        """The cross-entropy of the held-out text at an order."""
        losses = []
        for document in map(list, held_out):
            for i, token in enumerate(document):
                context = tuple(document[max(0, i - n + 1) : i])
                losses.append(-math.log(self.probability(token, context, len(context) == n - 1)))
        return math.fsum(losses) / len(losses)


def conditional_entropy(train: Texts, n: int) -> float:
    """H(token | the up to n - 1 tokens before it) of a text's own distribution."""
    pairs = Counter(
        (tuple(document[max(0, i - n + 1) : i]), document[i])
        for document in map(list, train)
        for i in range(len(document))
    )
    contexts: Counter[tuple[int, ...]] = Counter()
    for (context, _), count in pairs.items():
        contexts[context] += count
    total = sum(pairs.values())
    return math.fsum(-c / total * math.log(c / contexts[h]) for (h, _), c in pairs.items())


def arrays(texts: Texts) -> list[np.ndarray]:
    """Texts as arrays of various types: a tokenization chooses its own."""
    kinds = (np.uint32, np.int64, np.uint64)
    return [np.array(text, kinds[i % 3]) for i, text in enumerate(texts)]


def equal(train: Texts, held_out: Texts, vocab: int, orders: int = 5) -> None:
    """Check every figure of a ladder against the definition."""
    truth = Definition(train, vocab, orders)
    rungs = ladder(arrays(train), arrays(held_out), vocab, orders)
    assert rungs[0] == Rung(0, "uniform", math.log(vocab), math.log(vocab))
    assert [rung.order for rung in rungs] == list(range(orders + 1))
    for rung in rungs[1:]:
        assert rung.nats == pytest.approx(truth.nats(held_out, rung.order), rel=1e-12, abs=1e-12)
        entropy = conditional_entropy(train, rung.order)
        assert rung.plug_in == pytest.approx(entropy, rel=1e-12, abs=1e-12)


def drawn(seed: int, documents: int, longest: int, vocab: int) -> list[list[int]]:
    """Documents of skewed random tokens, some of them empty."""
    draw = random.Random(seed)
    return [
        [min(int(draw.expovariate(5 / vocab)), vocab - 1) for _ in range(draw.randint(0, longest))]
        for _ in range(documents)
    ]


ABRA = [ord(one) - 97 for one in "abracadabraabracadabra"]
CASES: dict[str, tuple[Texts, Texts, int]] = {
    "random": (drawn(1, 9, 90, 6), drawn(2, 5, 40, 6), 6),
    "random, 50,000 tokens": (drawn(3, 9, 200, 50_000), drawn(4, 4, 90, 50_000), 50_000),
    "a million": ([[999_999, 0, 999_999, 0, 5]], [[0, 999_999, 7, 0]], 1_000_000),
    "the largest vocabulary": ([[2**32 - 1, 0, 2**32 - 1]], [[0, 2**32 - 1, 2**32 - 2]], 2**32),
    "repetitive": ([[0, 1] * 40, [1, 1, 1] * 9], [[0, 1] * 5, [1, 0, 0]], 2),
    "one token for ever": ([[3] * 50], [[3] * 7, [2, 3]], 4),
    "one document": ([ABRA], [ABRA[3:9], ABRA[::-1]], 20),
    "empty documents": ([[], ABRA, [], [], [1, 2], []], [[], [1, 2, 3], []], 20),
    "one-token documents": ([[0], [1], [0], [2]], [[0], [1, 0], [3]], 4),
    "younger than the order": ([[0, 1], [1, 0, 1], [2]], [[0, 1, 0], [0]], 3),
    "never seen": ([[0, 1, 2, 0, 1]], [[7, 8, 9, 7], [0, 7, 1]], 10),
    "larger than seen": ([[5, 6, 5, 6, 6]], [[5, 6, 5]], 300),
    "one token in all": ([[0]], [[0, 0]], 1),
    "nothing once": ([[0, 1, 0, 1, 0, 1], [0, 1, 0, 1, 0, 1]], [[0, 2, 1]], 3),
}


@pytest.mark.oracle
@pytest.mark.parametrize("case", CASES)
def test_every_rung_is_what_the_definition_says(case: str) -> None:
    train, held_out, vocab = CASES[case]
    equal(train, held_out, vocab)


@pytest.mark.oracle
@settings(max_examples=150, deadline=None)
@given(data=st.data(), vocab=st.integers(1, 4), orders=st.integers(1, 7))
def test_every_rung_of_any_text_is_what_the_definition_says(
    data: st.DataObject, vocab: int, orders: int
) -> None:
    texts = st.lists(st.lists(st.integers(0, vocab - 1), max_size=12), max_size=5).filter(any)
    equal(data.draw(texts), data.draw(texts), vocab, orders)


def surprise(train: Texts, text: Sequence[int], vocab: int, order: int) -> float:
    """The nats of a whole document."""
    return ladder(arrays(train), arrays([text]), vocab, order)[order].nats * len(text)


@pytest.mark.parametrize("order", range(1, 6))
@pytest.mark.parametrize("case", ["random", "one-token documents", "nothing once", "repetitive"])
def test_the_probabilities_after_any_context_sum_to_one(case: str, order: int) -> None:
    train, _, vocab = CASES[case]
    ends = [list(document[-4:]) for document in train if document]
    contexts = [[], [0], [vocab - 1] * 4, [0, 1, 0, 1], [1, 1, 0], *ends[:3]]
    for context in contexts:
        before = surprise(train, context, vocab, order) if context else 0.0
        after = [surprise(train, [*context, token], vocab, order) for token in range(vocab)]
        assert sum(math.exp(before - one) for one in after) == pytest.approx(1, abs=1e-12)


def test_no_token_is_impossible_where_nothing_occurs_once() -> None:
    train = [[0, 1] * 20]
    for rung in ladder(arrays(train), arrays([[2, 0, 2, 1]]), 3):
        assert math.isfinite(rung.nats)


def test_the_order_of_the_documents_is_nothing_to_the_ladder() -> None:
    train, held_out = drawn(5, 8, 30, 5), drawn(6, 8, 30, 5)
    one = ladder(arrays(train), arrays(held_out), 5)
    other = ladder(arrays(train[::-1]), arrays(held_out[::-1]), 5)
    for a, b in zip(one, other, strict=True):
        assert (a.nats, a.plug_in) == pytest.approx((b.nats, b.plug_in), rel=1e-12)


def test_a_markov_chain_of_known_entropy_is_read_at_the_rung_where_it_lives() -> None:
    draw = np.random.default_rng(0)
    step = np.array([[0.7, 0.1, 0.1, 0.1], [0.05, 0.05, 0.8, 0.1], [0.3] * 3 + [0.1], [0.25] * 4])
    values, vectors = np.linalg.eig(step.T)
    at_rest = np.real(vectors[:, np.argmax(np.real(values))])
    at_rest = at_rest / at_rest.sum()
    rate = -float(at_rest @ (step * np.log(step)).sum(1))
    alone = -float(at_rest @ np.log(at_rest))
    chain, uniform, borders = [0], draw.random(120_000), step.cumsum(1)
    for number in uniform:
        chain.append(min(int(np.searchsorted(borders[chain[-1]], number)), 3))
    rungs = ladder([np.array(chain[:80_000])], [np.array(chain[80_000:])], 4)
    # 40,000 tokens whose surprise has a deviation below 1 give a standard error of 0.005; what is
    # estimated, 12 numbers, costs 12 / (2 * 80,000) nats. Four standard errors are allowed.
    assert rungs[1].nats == pytest.approx(alone, abs=0.02)
    assert rungs[2].nats == pytest.approx(rate, abs=0.02)
    assert rungs[2].plug_in == pytest.approx(rate, abs=0.02)
    assert alone - rate > 0.1, "the chain must have something to learn"
    assert rungs[5].nats > rungs[2].nats - 0.002, "there is nothing to learn above the bigram"


def test_the_plug_in_entropy_of_a_text_falls_with_the_order_and_promises_too_much() -> None:
    text = np.random.default_rng(0).integers(0, 20, 3000)
    rungs = ladder([text[:2000]], [text[2000:]], 20)
    assert all(a.plug_in >= b.plug_in for a, b in pairwise(rungs))
    assert rungs[5].plug_in < 0.01 < math.log(20) - 0.1 < rungs[5].nats


def test_the_rungs_have_names() -> None:
    names = ["uniform", "unigram", "bigram", "trigram", "4-gram", "5-gram", "6-gram"]
    assert [rung.name for rung in ladder(arrays([[0]]), arrays([[0]]), 1, 6)] == names


def test_each_order_that_is_done_is_told() -> None:
    said: list[tuple[int, int | None]] = []
    ladder(arrays([[0]]), arrays([[0]]), 1, 3, lambda *done: said.append(done))
    assert said == [(1, 3), (2, 3), (3, 3)]


WRONG: dict[str, tuple[list[Any], list[Any], int, int, str]] = {
    "no training text": ([], [[0]], 2, 5, "training text has 0 tokens"),
    "an empty training text": ([[], []], [[0]], 2, 5, "training text has 0 tokens"),
    "no held-out text": ([[0]], [[]], 2, 5, "held-out text has 0 tokens"),
    "a token too many": ([[0, 2]], [[0]], 2, 5, "Token 2 is not"),
    "a held-out token too many": ([[0]], [[0, 2]], 2, 5, "Token 2 is not"),
    "a negative token": ([[0, -1, 1]], [[0]], 2, 5, "Token -1 is not"),
    "fractions": ([[0.5]], [[0]], 2, 5, "whole numbers"),
    "a table": ([[[0, 1], [1, 0]]], [[0]], 2, 5, "2 dimensions"),
    "no orders": ([[0]], [[0]], 2, 0, "at least one order"),
    "no vocabulary": ([[0]], [[0]], 0, 5, "vocabulary"),
    "too large a vocabulary": ([[0]], [[0]], 2**32 + 1, 5, "vocabulary"),
}


@pytest.mark.parametrize("case", WRONG)
def test_nonsense_is_refused_in_a_sentence(case: str) -> None:
    train, held_out, vocab, orders, says = WRONG[case]
    texts, other = ([np.array(one) for one in side] for side in (train, held_out))
    with pytest.raises(UsageError, match=says) as found:
        ladder(texts, other, vocab, orders)
    assert found.value.next_step


def test_a_text_too_long_for_its_numbers_is_refused_before_it_is_joined() -> None:
    endless = np.broadcast_to(np.zeros(1, np.uint8), (2**30,))
    with pytest.raises(UsageError, match=r"2,147,483,648 tokens"):
        ladder([endless, endless], [endless[:3]], 1)


SOME = [np.array([0, 1, 0, 0, 1, 2])]


def test_a_ladder_is_computed_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUTAWAY_HOME", str(tmp_path))
    first = cached_ladder(SOME, SOME, 3, "some")
    assert first == ladder(SOME, SOME, 3)
    monkeypatch.setattr(room, "ladder", None)
    assert cached_ladder(SOME, SOME, 3, "some") == first
    assert cached_ladder(SOME, SOME, 3, "some", orders=2) == first[:3]


def test_a_ladder_kept_for_something_else_is_computed_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CUTAWAY_HOME", str(tmp_path))
    cached_ladder(SOME, SOME, 3, "some", orders=2)
    assert cached_ladder(SOME, SOME, 3, "some", orders=3) == ladder(SOME, SOME, 3, 3)
    assert cached_ladder(SOME, SOME, 4, "some", orders=4) == ladder(SOME, SOME, 4, 4)
    assert cached_ladder(SOME, [SOME[0][::-1]], 3, "other") == ladder(SOME, [SOME[0][::-1]], 3)
    with pytest.raises(UsageError, match="at least one order"):
        cached_ladder(SOME, SOME, 4, "some", orders=0)


@pytest.mark.parametrize("damage", ["cut", "changed", "empty", "list", "resealed", "unsealed"])
def test_a_damaged_ladder_is_computed_anew(
    damage: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CUTAWAY_HOME", str(tmp_path))
    first = cached_ladder(SOME, SOME, 3, "some")
    (path,) = (tmp_path / "cache" / "data" / "ladders").glob("some-*.json")
    text = path.read_text()
    damaged = {
        "cut": text[:-20],
        "changed": text.replace('"nats":1.0', '"nats":0.0', 1),
        "empty": "",
        "list": "[]",
        "resealed": sealed({"vocab": 3, "rungs": [{"order": 1}] * 9}),
        "unsealed": json.dumps({"digest": "", "rungs": 3}),
    }[damage]
    assert damaged != text
    path.write_text(damaged)
    assert cached_ladder(SOME, SOME, 3, "some") == first
    assert path.read_text() == text


@pytest.mark.parametrize("key", ["", "../up", "a/b", ".hidden", "a\nb", "x" * 300])
def test_a_key_that_is_no_name_is_refused(key: str) -> None:
    with pytest.raises(UsageError, match="no name for a ladder"):
        cached_ladder(SOME, SOME, 3, key)
