"""Unigram and WordPiece, one property a test. Relative imports: it also runs on broken copies."""

import math
from collections import Counter
from itertools import combinations, pairwise

import pytest

pytest.importorskip("hypothesis")
pytest.importorskip("tokenizers")

import tokenizers
from hypothesis import given, settings
from hypothesis import strategies as st

from . import unigram, wordpiece
from .test_tokens import drawn
from .tokens import encode_word, train

ENGLISH = Counter({b"lower": 4, b"lowest": 3, b"newer": 5, b"newest": 2, b"wider": 3, b"new": 6})
WORDS = {word.decode(): times for word, times in ENGLISH.items()}


def ways(word):
    """All ways to cut a word into pieces."""
    for count in range(len(word)):
        for cuts in combinations(range(1, len(word)), count):
            ends = [0, *cuts, len(word)]
            yield [word[start:end] for start, end in pairwise(ends)]


def some_scores(seed):
    """Scores of bytes and of some pieces of words."""
    pieces = {
        piece for word in drawn(seed, words=6, longest=5) for way in ways(word) for piece in way
    }
    kept = [piece for at, piece in enumerate(sorted(pieces)) if len(piece) == 1 or at % 3]
    return unigram.normal({piece: 1 + 7 * at % 11 for at, piece in enumerate(kept)})


def total(way, scores):
    return sum(scores.get(piece, -math.inf) for piece in way)


def likelihood(words, scores):
    """The logarithm of the probability of words, each the sum over all ways to make it."""
    each = {word: sum(math.exp(total(way, scores)) for way in ways(word)) for word in words}
    return sum(times * math.log(each[word]) for word, times in words.items())


# Unigram


@pytest.mark.parametrize("seed", range(5))
def test_a_word_is_written_in_the_pieces_of_highest_sum(seed):
    scores = some_scores(seed)
    for word in drawn(seed, words=10, longest=9):
        best = max(total(way, scores) for way in ways(word))
        assert math.isclose(total(unigram.encode_word(word, scores), scores), best)


@pytest.mark.parametrize("seed", range(5))
def test_a_piece_is_expected_as_often_as_it_stands_in_all_ways_to_make_a_word(seed):
    scores = some_scores(seed)
    for word in drawn(seed, words=6, longest=8):
        odds = [(way, math.exp(total(way, scores))) for way in ways(word)]
        whole = sum(one for _, one in odds)
        counts = Counter()
        for way, one in odds:
            for piece in way:
                counts[piece] += one / whole
        found = unigram.expected(word, scores)
        assert found == pytest.approx({piece: n for piece, n in counts.items() if n}, rel=1e-9)


def test_fitting_never_makes_the_words_less_likely():
    scores = unigram.seeds(ENGLISH, 40)
    before = likelihood(ENGLISH, scores)
    for _ in range(6):
        scores = unigram.fitted(ENGLISH, scores)
        after = likelihood(ENGLISH, scores)
        assert after >= before - 1e-2  # of the little that bytes keep that were never needed
        before = after


def test_a_word_that_occurs_more_often_makes_its_pieces_more_likely():
    scores = unigram.fitted({b"a": 3, b"b": 1}, unigram.normal({b"a": 1, b"b": 1}))
    assert math.isclose(math.exp(scores[b"a"]), 3 / 4)


def test_the_probabilities_of_all_pieces_sum_to_one():
    scores = unigram.train(ENGLISH, 270)
    assert math.isclose(sum(map(math.exp, scores.values())), 1, rel_tol=1e-9)


def test_a_vocabulary_has_the_size_that_was_asked_and_every_byte():
    scores = unigram.train(ENGLISH, 262)
    assert len(scores) == 262
    assert all(bytes([byte]) in scores for byte in range(256))


def test_fewer_pieces_than_bytes_are_refused():
    with pytest.raises(ValueError, match="256"):
        unigram.train(ENGLISH, 255)


def test_frequent_pieces_are_kept_and_rare_ones_dropped():
    scores = unigram.train({b"qrst": 100, b"abcd": 2}, 257)
    assert b"qrst" in scores


def test_the_least_useful_piece_loses_least():
    scores = unigram.normal({b"a": 9, b"b": 9, b"ab": 9, b"ba": 1e-3})
    lost = unigram.losses({b"ab": 9}, scores)
    assert lost.keys() == {b"ab", b"ba"} and lost[b"ab"] > lost[b"ba"] == 0


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=40))
def test_any_word_is_its_pieces(word):
    assert b"".join(unigram.encode_word(word, SCORES)) == word


SCORES = unigram.train(ENGLISH, 270)


def test_with_as_many_tokens_it_writes_its_words_as_shortly_as_joins_do():
    joins = train(ENGLISH, 266)
    length = sum(n * len(encode_word(word, joins)) for word, n in ENGLISH.items())
    scores = unigram.train(ENGLISH, 266)
    pieces = sum(n * len(unigram.encode_word(word, scores)) for word, n in ENGLISH.items())
    assert pieces <= 1.1 * length


@pytest.mark.oracle
@pytest.mark.parametrize("seed", range(5))
def test_the_tokenizers_library_finds_pieces_of_the_same_sum(seed):
    scores = some_scores(seed)
    known = [(piece.decode("latin-1"), score) for piece, score in scores.items()]
    model = tokenizers.Tokenizer(tokenizers.models.Unigram(known))
    for word in drawn(seed, words=40, longest=20):
        theirs = [one.encode("latin-1") for one in model.encode(word.decode("latin-1")).tokens]
        ours = unigram.encode_word(word, scores)
        assert math.isclose(total(ours, scores), total(theirs, scores), rel_tol=1e-9)


# WordPiece


def test_a_word_is_written_longest_piece_first():
    pieces = {"new", "newe", "##er", "##r", "##s", "##t", "##est"}
    assert wordpiece.encode_word("newest", pieces) == ["newe", "##s", "##t"]


def test_a_piece_that_begins_a_word_does_not_go_on_with_one():
    assert wordpiece.encode_word("aa", {"a"}) == ["[UNK]"]
    assert wordpiece.encode_word("aa", {"a", "##a"}) == ["a", "##a"]


def test_a_word_with_a_character_that_is_unknown_is_unknown():
    pieces = set(wordpiece.train(WORDS, 60))
    assert wordpiece.encode_word("newë", pieces) == ["[UNK]"]


def test_what_was_trained_on_is_never_unknown():
    for vocab in (15, 30, 60):
        pieces = set(wordpiece.train(WORDS, vocab))
        for word in WORDS:
            found = wordpiece.encode_word(word, pieces)
            assert "".join(piece.removeprefix("##") for piece in found) == word


def test_a_pair_of_rare_pieces_that_belong_together_is_joined_before_a_frequent_one():
    words = {"qu": 3, "ee": 9, "xe": 20, "ex": 20}
    split = {word: wordpiece.begun(word) for word in words}
    assert wordpiece.best_pair(words, split) == ("q", "##u")


def test_no_pair_that_occurs_once_is_joined():
    assert wordpiece.train({"ab": 1}, 99) == ["[UNK]", "##b", "a"]


def test_the_first_piece_is_the_unknown_and_no_piece_stands_twice():
    pieces = wordpiece.train(WORDS, 25)
    assert pieces[0] == "[UNK]" and len(set(pieces)) == len(pieces) == 25


@pytest.mark.oracle
@settings(max_examples=100, deadline=None)
@given(st.lists(st.text("lowernstid é", min_size=1, max_size=12), max_size=8))
def test_the_tokenizers_library_writes_the_same_pieces(some):
    model = tokenizers.models.WordPiece(IDS, unk_token="[UNK]")
    theirs = tokenizers.Tokenizer(model)
    for word in some:
        assert wordpiece.encode_word(word, IDS) == theirs.encode(word).tokens


IDS = {piece: id for id, piece in enumerate(wordpiece.train(WORDS, 40))}
