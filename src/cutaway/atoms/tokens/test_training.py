"""Training on texts, one property a test. Relative imports: it also runs on broken copies."""

import sys
import tracemalloc
import warnings
from collections import Counter

import pytest

pytest.importorskip("hypothesis")

from hypothesis import given, settings

from . import training
from .fast_missing import without_numba
from .splitting import CL100K, GPT2, PATTERNS, WHOLE, words
from .test_splitting import CUTTING, TRICKY, texts
from .tokens import train as readable
from .training import apart, between_words, counted, last_cut, read, train

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


@pytest.mark.parametrize("text", ["", "a", " ", "?! \n!!", "字" * 50], ids=range(5))
def test_a_text_that_cannot_be_cut_is_kept_whole(text):
    assert last_cut(text) == 0


def test_a_text_of_numbers_is_cut_too():
    assert last_cut("1.5;-2 17") == len("1.5;-2")


@pytest.mark.parametrize("pattern", CUTTING)
@settings(max_examples=200, deadline=None)
@given(texts, texts)
def test_no_word_lies_in_two_pieces_of_what_comes_in_blocks(pattern, some, more):
    pieces = list(between_words([*some, *more]))
    assert all(pieces) and "".join(pieces) == "".join([*some, *more])
    apart = [word for piece in pieces for word in words(piece, pattern)]
    assert apart == list(words("".join(pieces), pattern))


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


@pytest.mark.parametrize("before", [0, 1, 7, 8192, 2**22 - 1, 2**23 + 3])
@pytest.mark.parametrize(
    ("data", "place"), [(b"ab\xff", 2), ("日本".encode()[:5], 3), (b"a\xed\xa0\x80", 1)]
)
def test_the_byte_that_begins_no_character_is_named(before, data, place, tmp_path):
    path = tmp_path / "it.txt"
    path.write_bytes((b"a " * before)[:before] + data)
    with pytest.raises(ValueError, match=f"at byte {before + place:,}[.]"):
        list(read(path))


def test_an_empty_file_has_no_text(tmp_path):
    path = tmp_path / "it.txt"
    path.touch()
    assert list(read(path)) == []


def test_a_text_without_an_end_of_a_word_is_refused_before_it_fills_memory(tmp_path):
    taken = []

    def one_word():
        for _ in range(8):
            taken.append(1)
            yield "a" * 2**22

    with pytest.raises(ValueError, match=r"within 16,777,216 characters.*give it in pieces"):
        list(between_words(one_word()))
    assert len(taken) == 5


def test_a_file_without_an_end_of_a_word_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(training, "MOST", 1000)
    path = tmp_path / "it.txt"
    path.write_text("字" * 1001)
    with pytest.raises(ValueError, match="within 1,000 characters"):
        list(read(path))
    path.write_text("字" * 1000)
    assert list(read(path)) == ["字" * 1000]


def test_what_is_kept_is_not_looked_through_again(monkeypatch):
    seen = []
    monkeypatch.setattr(training, "last_cut", lambda text: seen.append(len(text)) or 0)
    assert list(between_words(["字" * 9] * 1000)) == ["字" * 9000]
    assert sum(seen) < 10 * 1000 + 1


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


@pytest.mark.parametrize("texts", [[], [""], ["", ""], iter([])], ids=range(4))
def test_nothing_to_learn_from_is_refused(texts):
    with pytest.raises(ValueError, match="nothing to learn from"):
        train(texts, 300, GPT2)


@pytest.mark.oracle
def test_nothing_to_learn_from_is_refused_by_several_processes():
    with pytest.raises(ValueError, match="nothing to learn from"):
        train([""], 300, GPT2, processes=2)


def test_one_text_is_not_taken_for_several():
    with pytest.raises(TypeError, match=r"put one in a list, \[text\]"):
        train("the cat sat the cat", 300, GPT2)
    with pytest.raises(TypeError, match=r"put one in a list, \[special\]"):
        train(TEXTS, 300, GPT2, "<e>")


@pytest.mark.parametrize("text", [b"the cat", 3, None], ids=repr)
def test_nothing_is_learnt_from_what_is_no_text(text):
    with pytest.raises(TypeError, match=f"one of {type(text).__name__}"):
        train(["the cat", text], 300, GPT2)


def test_special_tokens_are_each_given_once_and_not_empty():
    with pytest.raises(ValueError, match="'<a>' is given twice"):
        train(TEXTS, 300, GPT2, ("<a>", "<b>", "<a>"))
    with pytest.raises(ValueError, match="empty text"):
        train(TEXTS, 300, GPT2, ("<a>", ""))


@pytest.mark.oracle
def test_without_numba_the_tokenizer_is_the_same_and_a_warning_says_how_to_get_it(monkeypatch):
    expected = train(TEXTS, 300, GPT2)
    for name in [name for name in sys.modules if name.startswith(f"{__package__}.fast_")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "numba", None)
    without_numba.cache_clear()
    with pytest.warns(UserWarning, match=r"pip install 'cutaway\[fast\]'"):
        assert train(TEXTS, 300, GPT2) == expected


PARTS = sys.modules[__package__]


def one():
    """A tokenizer that has encoded nothing yet."""
    return PARTS.Tokenizer(readable({b"the": 2}, 300), GPT2, {"<e>": 300})


FIRST = {
    "train": lambda: PARTS.train(["the the"], 300, GPT2),
    "a text": lambda: one().encode_array("a b"),
    "a special token": lambda: one().encode_array("a<e>b", "all"),
    "a row": lambda: PARTS.Rows(one(), "<e>").row(["a", "b"]),
}


@pytest.mark.oracle
@pytest.mark.parametrize("first", FIRST)
def test_without_numba_it_is_said_once_and_to_the_line_that_asked(first, monkeypatch):
    for name in [name for name in sys.modules if name.startswith(f"{__package__}.fast_")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "numba", None)
    without_numba.cache_clear()
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        for ask in (FIRST[first], *FIRST.values()):
            ask()
    assert [warned.lineno for warned in said] == [FIRST[first].__code__.co_firstlineno]
    assert said[0].filename == __file__


@pytest.mark.oracle
def test_the_order_of_the_texts_and_the_number_of_processes_do_not_matter():
    expected = train(TEXTS * 5, 300, GPT2)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert train(reversed(TEXTS * 5), 300, GPT2, processes=2) == expected
