"""Training on texts, one property a test. Relative imports: it also runs on broken copies."""

import sys
import tracemalloc
import warnings
from collections import Counter

import pytest

pytest.importorskip("hypothesis")

from hypothesis import given, settings

from . import training
from .splitting import CL100K, GPT2, PATTERNS, WHOLE, words
from .test_splitting import CUTTING, TRICKY, texts
from .tokens import train as readable
from .training import apart, counted, last_cut, read, train

TEXTS = ["the dog's bone,  the dogs' bones\r\n\r\n" * 3, "", "a café, 日本語 123 🐕\n" * 3, "the"]


# Reading


@pytest.mark.parametrize("pattern", CUTTING)
@settings(max_examples=300, deadline=None)
@given(texts)
def test_no_word_goes_over_a_cut(pattern, some):
    text = "".join(some)
    cut = last_cut(text)
    apart = [*words(text[:cut], pattern), *words(text[cut:], pattern)]
    assert apart == list(words(text, pattern))


@pytest.mark.parametrize("text", ["", "a", " ", "123 456 !!", "字" * 50], ids=range(5))
def test_a_text_that_cannot_be_cut_is_kept_whole(text):
    assert last_cut(text) == 0


def test_a_text_is_cut_as_late_as_can_be():
    assert last_cut("the dog barks lou") == len("the dog barks")


@pytest.mark.parametrize("pattern", CUTTING)
@pytest.mark.parametrize("block", [1, 7, 64])
def test_the_words_of_a_file_do_not_depend_on_how_much_is_read_at_a_time(
    pattern, block, tmp_path, monkeypatch
):
    monkeypatch.setattr(training, "BLOCK", block)
    text = "".join([*TRICKY, *TEXTS, *reversed(TRICKY)])
    path = tmp_path / "it.txt"
    path.write_bytes(text.encode())
    pieces = list(read(path))
    assert "".join(pieces) == text
    assert [word for piece in pieces for word in words(piece, pattern)] == [*words(text, pattern)]


def test_a_long_file_is_read_in_pieces(tmp_path, monkeypatch):
    monkeypatch.setattr(training, "BLOCK", 1000)
    path = tmp_path / "it.txt"
    path.write_text("the dog barks " * 10_000)
    assert max(map(len, read(path))) < 2000


def test_a_file_that_is_not_utf8_is_refused_by_name(tmp_path):
    path = tmp_path / "latin.txt"
    path.write_bytes("café ".encode("latin-1") * 9)
    with pytest.raises(ValueError, match=r"latin\.txt is not UTF-8"):
        list(read(path))


# Counting


@pytest.mark.parametrize("pattern", PATTERNS)
def test_each_word_is_counted_as_often_as_it_occurs(pattern):
    every = [word.encode() for text in TEXTS for word in words(text, pattern)]
    assert counted(TEXTS, pattern) == Counter(every)


def test_no_word_goes_from_one_text_to_the_next():
    assert counted(["do", "g"], WHOLE) == {b"do": 1, b"g": 1}


def test_half_a_character_is_refused():
    with pytest.raises(ValueError, match="half a character"):
        counted(["a\ud800"], GPT2)


def test_texts_are_taken_as_they_come_and_not_kept():
    tracemalloc.start()
    try:
        counted(("dog " * 50_000 for _ in range(20)), GPT2)
        assert tracemalloc.get_traced_memory()[1] < 2_000_000
    finally:
        tracemalloc.stop()


@pytest.mark.oracle
def test_several_processes_count_what_one_does(monkeypatch):
    monkeypatch.setattr(training, "BLOCK", 40)
    parts = list(apart(counted, TEXTS * 9, GPT2, 2))
    assert len(parts) > 2 and sum(parts, Counter()) == counted(TEXTS * 9, GPT2)


# Training


@pytest.mark.parametrize("pattern", PATTERNS)
def test_the_vocabulary_is_that_of_the_readable_trainer(pattern):
    tokenizer = train(iter(TEXTS), 300, pattern)
    assert tokenizer.vocabulary == readable(counted(TEXTS, pattern), 300)
    assert tokenizer.pattern == pattern


def test_no_token_reaches_from_one_word_into_the_next():
    for token in train(TEXTS, 320, CL100K).vocabulary.tokens[256:]:
        assert len(list(words(token.decode(errors="replace"), CL100K))) == 1


def test_without_cuts_tokens_reach_over_words():
    tokens = train(["the dog barks. " * 20], 290, WHOLE).vocabulary.tokens
    assert any(b"e d" in token for token in tokens)


def test_special_tokens_have_the_ids_after_the_last_token():
    tokenizer = train(TEXTS, 260, GPT2, ("<a>", "<b>"))
    assert (tokenizer.specials, tokenizer.vocab) == ({"<a>": 258, "<b>": 259}, 260)
    short = train(["ab"], 400, GPT2, ("<a>",))
    assert (short.specials, short.vocab) == ({"<a>": 256}, 257)


def test_a_vocabulary_without_room_for_the_bytes_is_refused():
    with pytest.raises(ValueError, match="256 bytes, here with 1 special tokens: 256 is too few"):
        train(TEXTS, 256, GPT2, ("<a>",))


def test_training_needs_a_pattern_that_is_there():
    with pytest.raises(ValueError, match="no pattern"):
        train(TEXTS, 300, "gpt9")


def test_no_texts_make_a_vocabulary_of_bytes():
    assert train([], 300, GPT2).vocab == 256


@pytest.mark.oracle
def test_without_numba_the_tokenizer_is_the_same_and_a_warning_says_how_to_get_it(monkeypatch):
    expected = train(TEXTS, 300, GPT2)
    for name in [name for name in sys.modules if name.startswith(f"{__package__}.fast_")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "numba", None)
    with pytest.warns(UserWarning, match=r"pip install 'cutaway\[fast\]'"):
        assert train(TEXTS, 300, GPT2) == expected


@pytest.mark.oracle
def test_the_order_of_the_texts_and_the_number_of_processes_do_not_matter():
    expected = train(TEXTS * 5, 300, GPT2)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert train(reversed(TEXTS * 5), 300, GPT2, processes=2) == expected
