"""Near-duplicates: the pairs that comparing all with all finds, in bounded time."""

from __future__ import annotations

import random
import time
from itertools import combinations

import pytest

from cutaway.errors import UsageError

from ..corpora import Document
from . import duplicates
from .duplicates import Pair, near_duplicates


def documents(*texts: str) -> list[Document]:
    """Some texts as documents."""
    return [Document(f"d{n}", text) for n, text in enumerate(texts)]


def prose(seed: int, words: int) -> str:
    """A text that shares no passage with that of another seed."""
    drawn = random.Random(seed)
    return " ".join(f"{drawn.getrandbits(40):x}" for _ in range(words))


def shingles(text: str) -> set[bytes]:
    """Every 50 bytes of a text."""
    data = text.encode()
    return {data[n : n + 50] for n in range(len(data) - 49)}


def all_pairs(given: list[Document], least: float) -> set[Pair]:
    """The pairs of different texts that share at least so much, by comparing all with all."""
    found = set()
    for one, other in combinations(given, 2):
        a, b = shingles(one.text), shingles(other.text)
        share = len(a & b) / min(len(a), len(b)) if a and b else 0.0
        if share >= least:
            found.add(Pair(one.name, other.name, share))
    return found


def cut_and_pasted(seed: int, count: int) -> list[Document]:
    """Documents that took passages of one another."""
    drawn = random.Random(seed)
    passages = [prose(seed * 100 + n, drawn.randint(3, 60)) + "é" for n in range(count)]
    return documents(
        *("".join(drawn.sample(passages, drawn.randint(1, 3))) + f"{n:03}" for n in range(count))
    )


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("least", [0.05, 0.5, 1.0])
def test_it_finds_what_comparing_all_with_all_finds(seed: int, least: float) -> None:
    given = cut_and_pasted(seed, 9)
    found = near_duplicates(given, least)
    assert set(found) == all_pairs(given, least)
    assert [pair.share for pair in found] == sorted((pair.share for pair in found), reverse=True)


def test_the_texts_that_test_this_do_have_something_in_common() -> None:
    assert sum(len(all_pairs(cut_and_pasted(seed, 9), 0.5)) for seed in range(20)) > 50


def test_in_a_large_corpus_every_mth_window_finds_them_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(duplicates, "SKETCH", 2000)
    given = [one for seed in range(6) for one in cut_and_pasted(seed, 9)]
    given = [Document(f"{n}", one.text) for n, one in enumerate(given)]
    wanted = {pair for pair in all_pairs(given, 0.5) if len(pair.one)}
    found = set(near_duplicates(given, 0.5))
    assert found <= wanted
    assert len(found) > 0.9 * len(wanted)


def test_a_passage_within_a_much_longer_document_is_found() -> None:
    passage = prose(1, 40)
    [pair] = near_duplicates(documents(prose(2, 3000), passage, prose(3, 2000) + passage))
    assert pair == Pair("d1", "d2", 1.0)


def test_equal_documents_are_paired_with_the_first() -> None:
    given = documents("short", prose(1, 30), "short", prose(1, 30), "", "", "short")
    pairs = [("d0", "d2"), ("d0", "d6"), ("d1", "d3")]
    assert near_duplicates(given) == [Pair(one, other, 1.0) for one, other in pairs]


def test_pairs_are_named_rightly_behind_equal_documents() -> None:
    given = documents(prose(1, 30), prose(1, 30), prose(2, 30), prose(2, 30) + "more")
    assert near_duplicates(given) == [Pair("d0", "d1", 1.0), Pair("d2", "d3", 1.0)]


@pytest.mark.parametrize("given", [[], [""], ["a"], ["a", "b"], [prose(1, 30), prose(2, 30)]])
def test_where_nothing_is_shared_there_is_no_pair(given: list[str]) -> None:
    assert near_duplicates(documents(*given)) == []


@pytest.mark.parametrize("least", [0, -1, 1.1, float("nan")])
def test_a_share_that_is_none_is_refused(least: float) -> None:
    with pytest.raises(UsageError, match="no share"):
        near_duplicates([], least)


@pytest.mark.parametrize("own", [0, 1, 30])
def test_two_thousand_documents_of_boilerplate_take_bounded_time(own: int) -> None:
    boilerplate = prose(1, 100)
    given = documents(*(boilerplate + prose(n + 2, own) for n in range(2000)))
    start = time.perf_counter()
    found = near_duplicates(given)
    assert time.perf_counter() - start < 20
    assert 1999 <= len(found) <= 8 * 2000
    assert len({pair.other for pair in found}) == 1999


def test_progress_ends_with_all_of_it() -> None:
    told: list[tuple[int, int | None]] = []
    near_duplicates(cut_and_pasted(1, 9), told=lambda *one: told.append(one))
    assert told[-1][0] == told[-1][1] == len(told)
