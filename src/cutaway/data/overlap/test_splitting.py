"""The two sides of a split share no 50 bytes, and nothing is removed but what was shared."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cutaway.errors import CutawayError, Refused, UsageError
from cutaway.runs.sealing import digest, sealed

from ..corpora import Corpus, Document
from . import shared, splitting
from .shared import kept_spans
from .splitting import Split, cached_split, split

WORDS = ["the ", "größe ", "東京", "𝄞", "a", " of no use\n", "0123456789" * 3]


def corpus(*texts: str) -> Corpus:
    """Some texts as a corpus."""
    return Corpus("mine", tuple(Document(f"d{n}", text) for n, text in enumerate(texts)))


def shingles(text: bytes) -> set[bytes]:
    """Every 50 bytes of a text."""
    return {text[n : n + 50] for n in range(len(text) - 49)}


def prose(seed: int, words: int) -> str:
    """A text that shares no passage with that of another seed."""
    drawn = random.Random(seed)
    return " ".join(f"{drawn.getrandbits(40):x}" for _ in range(words))


def of_passages(seed: int, count: int, passages: int = 12) -> list[str]:
    """Texts put together from the same few passages and from some that are their own."""
    drawn = random.Random(seed)
    known = ["".join(drawn.choices(WORDS, k=drawn.randint(2, 20))) for _ in range(passages)]
    return [
        "".join(
            drawn.choice(known) if drawn.random() < 0.5 else prose(drawn.getrandbits(30), 8) + "é"
            for _ in range(drawn.randint(1, 12))
        )
        for _ in range(count)
    ]


def covered(text: bytes, known: set[bytes]) -> list[bool]:
    """Which bytes of a text lie in known 50 bytes, out to whole characters: one after another."""
    marks = [False] * len(text)
    for n in range(len(text) - 49):
        if text[n : n + 50] in known:
            marks[n : n + 50] = [True] * 50
    start = 0
    for character in text.decode():
        end = start + len(character.encode())
        marks[start:end] = [any(marks[start:end])] * (end - start)
        start = end
    return marks


def expected(text: bytes, known: set[bytes]) -> list[bytes]:
    """The pieces of a text that a split must keep."""
    marks = covered(text, known)
    if not any(marks):
        return [text]
    kept = bytes(0xFF if mark else byte for byte, mark in zip(text, marks, strict=True))
    return [piece for piece in kept.split(b"\xff") if len(piece) >= 50]


def held_at_first(whole: Corpus, found: Split) -> list[Document]:
    """The documents that were held out before anything was removed of them."""
    return [one for one in whole.documents if one.text and one not in found.train]


def checked(whole: Corpus, found: Split) -> None:
    """Nothing, if a split is exactly what it must be."""
    known = set[bytes]().union(*(shingles(one.text.encode()) for one in found.train))
    pieces = [one.text.encode() for one in found.held_out]
    assert not any(shingles(piece) & known for piece in pieces)
    first = held_at_first(whole, found)
    wanted = [piece for one in first for piece in expected(one.text.encode(), known)]
    assert sorted(pieces) == sorted(wanted)
    size = sum(len(one.text.encode()) for one in first)
    assert found.removed_bytes == size - sum(map(len, pieces))
    assert found.removed == found.removed_bytes / size
    assert found.train
    assert found.held_out


@pytest.mark.parametrize("seed", range(30))
@pytest.mark.parametrize("parts", [1, 7])
def test_the_sides_share_nothing_and_nothing_else_is_removed(
    seed: int, parts: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = corpus(*of_passages(seed, 12))
    if parts > 1:
        monkeypatch.setattr(shared, "AT_ONCE", 400)
    try:
        found = split(whole, 0.3)
    except Refused:
        pytest.fail("there is always text of its own in these")
    checked(whole, found)


def test_the_texts_that_test_this_do_share_passages() -> None:
    found = [split(corpus(*of_passages(seed, 12)), 0.3) for seed in range(30)]
    assert sum(one.removed > 0.1 for one in found) > 10
    assert any("#2" in piece.name for one in found for piece in one.held_out)


BLOCKS = st.lists(
    st.sampled_from(["a" * 24, "é" * 9, "è", "ĩ", "東" * 7, "𝄞a" * 4, "b", "é"]), max_size=14
)


@settings(max_examples=300, deadline=None)
@given(st.lists(BLOCKS, max_size=3), BLOCKS)
def test_every_piece_is_one_of_whole_characters_that_shares_nothing(
    others: list[list[str]], text: list[str]
) -> None:
    mine, theirs = "".join(text).encode(), ["".join(one).encode() for one in others]
    known = set[bytes]().union(*map(shingles, theirs))
    pieces = [mine[start:end] for _, start, end in kept_spans([mine], theirs)]
    assert pieces == expected(mine, known)


def test_a_window_across_two_documents_is_no_window() -> None:
    one, other = prose(1, 30).encode(), prose(2, 30).encode()
    assert kept_spans([one + other], [one[-40:], other[:40]]) == [(0, 0, len(one + other))]
    assert kept_spans([one[-40:], other[:40]], [one + other]) == [(0, 0, 40), (1, 0, 40)]


def test_forty_nine_shared_bytes_stay_and_fifty_go() -> None:
    mine = (prose(1, 20) + prose(2, 20)).encode()
    for width, pieces in ((49, 1), (50, 2)):
        other = b"<" + mine[150 : 150 + width] + b">"
        assert len(kept_spans([mine], [other])) == pieces
    assert kept_spans([mine], [other]) == [(0, 0, 150), (0, 200, len(mine))]


def test_a_window_at_the_very_end_or_beginning_is_removed() -> None:
    mine = prose(1, 30).encode()
    assert kept_spans([mine], [mine[-50:], mine[:50]]) == [(0, 50, len(mine) - 50)]


def test_a_piece_of_fifty_bytes_stays_and_one_of_forty_nine_goes() -> None:
    before, after = prose(1, 10).encode(), prose(2, 10).encode()
    for width, pieces in ((49, []), (50, [(0, len(before), len(before) + 50)])):
        between = prose(3, 10).encode()[: width - 2].join([b"<", b">"])
        assert kept_spans([before + between + after], [before + b"(", b")" + after]) == pieces


def test_a_character_that_is_half_shared_is_removed_whole() -> None:
    before, between, after = (prose(n, 20) for n in range(3))
    mine = f"{before}é{between}é{after}".encode()
    others = [f"{before}è".encode(), f"ĩ{after}".encode()]  # C3 A9 is no C3 A8 and no C4 A9
    start = len(before) + 2
    assert kept_spans([mine], others) == [(0, start, start + len(between))]


def test_names_and_order_do_not_matter() -> None:
    texts = of_passages(5, 14)
    first = split(corpus(*texts), 0.2)
    random.Random(1).shuffle(texts)
    renamed = tuple(Document(f"other {n}", text) for n, text in enumerate(texts))
    second = split(Corpus("another", renamed), 0.2)
    for side in ("train", "held_out"):
        a, b = ([one.text for one in getattr(found, side)] for found in (first, second))
        assert a == b


def test_equal_texts_are_on_one_side() -> None:
    for seed in range(20):
        texts = [prose(seed * 50 + n % 6, 40) for n in range(18)]
        found = split(corpus(*texts), 0.3)
        assert not {one.text for one in found.train} & {one.text for one in found.held_out}
        assert not found.removed_bytes
        assert len(found.train) + len(found.held_out) == 18


@pytest.mark.parametrize("share", [0.02, 0.1, 0.5])
def test_about_the_share_that_was_asked_for_is_held_out(share: float) -> None:
    for seed in range(5):
        drawn = random.Random(seed)
        whole = corpus(*(prose(seed * 1000 + n, drawn.randint(5, 150)) for n in range(200)))
        found = split(whole, share)
        held = sum(len(one.text.encode()) for one in found.held_out) / whole.size
        assert share <= held <= 1.5 * share


def test_one_document_that_is_most_of_the_corpus_is_trained_on() -> None:
    for seed in range(10):
        whole = corpus(prose(seed, 5000), *(prose(100 + seed * 50 + n, 60) for n in range(20)))
        found = split(whole)
        assert whole.documents[0] in found.train
        assert 0.05 < 1 - sum(len(one.text) for one in found.train) / whole.size <= 0.15


def test_of_a_few_large_documents_and_a_crumb_a_large_one_is_held_out() -> None:
    for seed in range(10):
        found = split(corpus("crumb", *(prose(seed * 9 + n, 100) for n in range(3))))
        assert max(len(one.text) for one in found.held_out) > 500
        assert max(len(one.text) for one in found.train) > 500


def test_short_documents_that_share_nothing_stay_whole() -> None:
    found = split(corpus(*(f"name {n}" for n in range(100))))
    assert found.removed == 0
    assert len(found.held_out) >= 10


@pytest.mark.parametrize(
    ("texts", "kind", "words"),
    [
        ([prose(1, 50)], UsageError, "only one document"),
        ([prose(1, 50), ""], UsageError, "only one document"),
        ([], UsageError, "only one document"),
        ([prose(1, 50)] * 3, UsageError, "one text, over and over"),
        ([prose(1, 50) + "!" * n for n in range(2)], Refused, "all repeated"),
    ],
)
def test_what_cannot_be_split_is_refused(
    texts: list[str], kind: type[CutawayError], words: str
) -> None:
    with pytest.raises(kind, match=words) as caught:
        split(corpus(*texts))
    assert caught.value.next_step


@pytest.mark.parametrize("share", [0.5, 0.9, 0.999])
def test_something_is_left_to_train_on_however_much_is_held_out(share: float) -> None:
    for count in (2, 3, 10):
        found = split(corpus(*(prose(n, 40) for n in range(count))), share)
        assert found.train
        assert found.held_out


@pytest.mark.parametrize("share", [0, 1, -0.1, 2, float("nan")])
def test_a_share_that_is_none_is_refused(share: float) -> None:
    with pytest.raises(UsageError, match="cannot be held out"):
        split(corpus("a", "b"), share)


def test_progress_goes_up_to_all_of_the_training_text() -> None:
    told: list[tuple[int, int | None]] = []
    split(corpus(*of_passages(1, 20)), told=lambda done, total: told.append((done, total)))
    assert told
    assert told == sorted(told)
    assert all(total and done <= total for done, total in told)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder for what is kept."""
    monkeypatch.setenv("CUTAWAY_HOME", str(tmp_path))
    return tmp_path / "cache" / "data" / "splits"


def never(*_: Any) -> Any:
    """What must not be called."""
    raise AssertionError("it was computed again")


def test_a_split_is_computed_once(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = corpus(*of_passages(3, 20))
    first = cached_split(whole)
    assert first == split(whole)
    assert [path.name for path in home.iterdir()] == [f"{whole.digest}-0.1-1.json"]
    monkeypatch.setattr(splitting, "kept_spans", never)
    assert cached_split(whole) == first
    for other in (corpus(*of_passages(4, 20)), whole):
        with pytest.raises(AssertionError, match="again"):
            cached_split(other, 0.1 if other is not whole else 0.2)


def test_a_split_of_another_recipe_is_not_used(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = corpus(*of_passages(3, 20))
    cached_split(whole)
    monkeypatch.setattr(splitting, "RECIPE", 2)
    monkeypatch.setattr(splitting, "kept_spans", never)
    with pytest.raises(AssertionError, match="again"):
        cached_split(whole)


@pytest.mark.parametrize(
    "damage", ["cut", "empty", "edited", "binary", "another's", "more", "a list"]
)
def test_a_damaged_copy_is_replaced(home: Path, damage: str) -> None:
    whole = corpus(*of_passages(3, 20))
    other = corpus(*(one.text.swapcase() for one in whole.documents))
    assert whole.size == other.size
    first = cached_split(whole)
    [path] = home.iterdir()
    good = path.read_text()
    data = json.loads(good)
    data.pop("digest")
    for one, share in ((other, 0.1), (whole, 0.4)):
        cached_split(one, share)
    theirs = (home / f"{other.digest}-0.1-1.json").read_text()
    more = (home / f"{whole.digest}-0.4-1.json").read_text()
    bad = {
        "cut": good[: len(good) // 2],
        "empty": "",
        "edited": good.replace('"train": [\n', '"train": [\n  0,', 1),
        "binary": "\0\0\0",
        "another's": theirs,
        "more": more,
        "a list": sealed(data | {"held_out": [[99, 0, 1]], "corpus": whole.digest}),
    }[damage]
    assert bad != good
    path.write_text(bad)
    assert cached_split(whole) == first
    assert path.read_text() == good
    assert digest(data) in good


def test_without_a_place_to_keep_it_a_split_is_still_a_split(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("CUTAWAY_HOME", str(tmp_path / "file"))
    whole = corpus(*of_passages(3, 20))
    assert cached_split(whole) == split(whole)
