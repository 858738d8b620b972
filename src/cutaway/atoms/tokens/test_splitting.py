"""Where words end, one property a test. Relative imports: it also runs on broken copies."""

import random
import re
import sys
import unicodedata

import numpy as np
import pytest

pytest.importorskip("hypothesis")
pytest.importorskip("tiktoken")

import tiktoken
from hypothesis import given, settings
from hypothesis import strategies as st

from .characters import KINDS, LETTER, NUMBER, OTHER, SPACE
from .conftest import TIKTOKENS
from .splitting import CL100K, GPT2, PATTERNS, WHOLE, words
from .tokens import Vocabulary, encode_word

CUTTING = (GPT2, CL100K)
BYTES = [bytes([byte]) for byte in range(256)]
EVERY = "".join(chr(point) for point in range(0x110000) if not 0xD800 <= point < 0xE000)
TRICKY = [  # what the patterns tell apart, and what looks as if they might
    *" \t\n\r\v\f\x1c\x1d\x1e\x1f\x85\xa0\u1680\u2000\u2028\u2029\u200b\u2060\u3000\ufeff",
    *"aAzsStTdDmMlLvVrReEſKİıßéñ字あא가ªªʰₐ\u0301\u20dd\ufe0f",
    *"0123456789½²٣Ⅷ一〇",
    *"'’\"!?.,-_()[]{}<>|/\\@#$%^&*+=~`´\u200d\u200c😀👩🏽🇩🇪\x00\x7f\uffff\U0010ffff",
    *("'s", "'S", "'ſ", "'ll", "'LL", "'lL", "'ve", "'Re", "'re", "  ", "\n\n", "\r\n", "'\n"),
]
texts = st.lists(st.one_of(st.sampled_from(TRICKY), st.characters(codec="utf-8")), max_size=40)


def tiktokens_matches(pattern, text):
    """What a pattern of tiktoken matches in a text: what it does not match, it leaves out."""
    ranks = {byte: id for id, byte in enumerate(BYTES)}
    it = tiktoken.Encoding("it", pat_str=pattern, mergeable_ranks=ranks, special_tokens={})
    return it.decode_bytes(it.encode_ordinary(text)).decode()


@pytest.fixture(scope="module")
def visible():
    """By pattern: tiktoken's ids and ours in a vocabulary where most neighbours join.

    tiktoken does not tell where it cuts. But if every two bytes are a token, two bytes that it cut
    apart are two ids, and two that it did not are most often one.
    """
    twos = [one + two for one in BYTES for two in BYTES]
    random.Random(0).shuffle(twos)
    tokens = (*BYTES, *twos)
    vocabulary = Vocabulary(tokens, {(*token,): id for id, token in enumerate(tokens) if id > 255})
    ranks = {token: id for id, token in enumerate(tokens)}

    def ids(pattern, text):
        found = [encode_word(word.encode(), vocabulary) for word in words(text, pattern)]
        return theirs[pattern].encode_ordinary(text), [id for some in found for id in some]

    theirs = {
        name: tiktoken.Encoding("it", pat_str=text, mergeable_ranks=ranks, special_tokens={})
        for name, text in TIKTOKENS.items()
    }
    return ids


# The kinds


@pytest.mark.oracle
@pytest.mark.parametrize(
    ("kind", "pattern"), [(LETTER, r"\p{L}"), (NUMBER, r"\p{N}"), (SPACE, r"\s")]
)
def test_every_code_point_is_of_the_kind_that_tiktoken_takes_it_for(kind, pattern):
    of_kind = set(np.flatnonzero(kind == KINDS).tolist())
    assert {ord(one) for one in tiktokens_matches(pattern, EVERY)} == of_kind


@pytest.mark.oracle
@pytest.mark.skipif(sys.version_info >= (3, 15), reason="its Unicode is newer than 16.0")
def test_every_letter_and_number_that_python_knows_is_one():
    for point, kind in enumerate(KINDS.tolist()):
        category = unicodedata.category(chr(point))
        if category != "Cn":
            assert kind == {"L": LETTER, "N": NUMBER}.get(category[0], kind)
            assert (kind in (LETTER, NUMBER)) == (category[0] in "LN")


def test_separators_of_files_are_no_white_space_though_python_says_so():
    assert all(chr(point).isspace() and KINDS[point] == OTHER for point in range(0x1C, 0x20))


def test_separators_of_files_are_signs_and_no_white_space_in_a_text():
    for pattern in CUTTING:
        assert list(words("a\x1c\x1cb", pattern)) == ["a", "\x1c\x1c", "b"]


def test_half_a_character_is_of_no_kind():
    assert (KINDS[0xD800:0xE000] == OTHER).all()


# The patterns


@pytest.mark.parametrize("pattern", PATTERNS)
def test_words_side_by_side_are_the_text(pattern):
    assert "".join(words(EVERY, pattern)) == EVERY
    assert list(words("", pattern)) == []


@pytest.mark.parametrize("pattern", CUTTING)
def test_a_space_belongs_to_the_word_after_it(pattern):
    assert list(words("the dog runs", pattern)) == ["the", " dog", " runs"]


@pytest.mark.parametrize("pattern", CUTTING)
def test_of_many_spaces_the_last_belongs_to_the_word_after_them(pattern):
    assert list(words("a    b", pattern)) == ["a", "   ", " b"]


@pytest.mark.parametrize("pattern", CUTTING)
def test_spaces_at_the_end_are_one_word(pattern):
    assert list(words("a   ", pattern)) == ["a", "   "]


@pytest.mark.parametrize("pattern", CUTTING)
def test_letters_numbers_and_signs_are_words_apart(pattern):
    assert list(words("abc12?! x", pattern)) == ["abc", "12", "?!", " x"]


@pytest.mark.parametrize("pattern", CUTTING)
def test_letters_of_every_script_make_words(pattern):
    for word in ("дом", "字典", "कख", "بيت", "ᏣᎳᎩ", "𐐷𐑌"):
        assert list(words(f"{word} {word}", pattern)) == [word, f" {word}"]


@pytest.mark.parametrize("pattern", CUTTING)
def test_how_english_words_end_is_cut_off(pattern):
    for end in ("'s", "'d", "'m", "'t", "'ll", "'ve", "'re"):
        assert list(words(f"it{end} x", pattern)) == ["it", end, " x"]


def test_gpt2_cuts_off_no_ending_in_capitals_and_cl100k_does():
    assert list(words("IT'S", GPT2)) == ["IT", "'", "S"]
    assert list(words("IT'S", CL100K)) == ["IT", "'S"]


def test_the_long_s_is_an_s_to_cl100k():
    assert list(words("it'ſo", CL100K)) == ["it", "'ſ", "o"]
    assert list(words("it'ſo", GPT2)) == ["it", "'", "ſo"]


def test_cl100k_takes_three_digits_at_a_time_and_gpt2_all():
    assert list(words("1234567", CL100K)) == ["123", "456", "7"]
    assert list(words("1234567", GPT2)) == ["1234567"]


def test_cl100k_leaves_the_space_before_a_number_alone_and_gpt2_does_not():
    assert list(words("a 12", CL100K)) == ["a", " ", "12"]
    assert list(words("a 12", GPT2)) == ["a", " 12"]


def test_to_cl100k_a_sign_belongs_to_the_letters_after_it():
    assert list(words("(self", CL100K)) == ["(self"]
    assert list(words("(self", GPT2)) == ["(", "self"]


def test_to_cl100k_the_end_of_a_line_belongs_to_what_is_before_it():
    assert list(words("x);\n\n  y", CL100K)) == ["x", ");\n\n", " ", " y"]
    assert list(words("  \n  \n  y", CL100K)) == ["  \n  \n", " ", " y"]


def test_spaces_after_the_last_line_belong_to_its_end():
    """So in tiktoken since its patterns were made faster; the first pattern cut them off."""
    assert list(words("x\n\n  ", CL100K)) == ["x", "\n\n  "]
    assert list(words("x\n\n  y", CL100K)) == ["x", "\n\n", " ", " y"]


def test_without_cuts_a_text_is_one_word():
    assert list(words("one two\nthree", WHOLE)) == ["one two\nthree"]


def test_a_pattern_that_is_not_there_is_refused():
    with pytest.raises(ValueError, match=r"no pattern 'gpt9'.*gpt2, cl100k, whole"):
        list(words("a", "gpt9"))


# tiktoken's words


@pytest.mark.oracle
@pytest.mark.parametrize("pattern", CUTTING)
def test_after_a_quote_every_code_point_is_an_ending_or_none_as_for_tiktoken(pattern):
    text = "".join(f"'{one} 'l{one} '{one}l '{one}e '{one}E " for one in EVERY)
    theirs = TIKTOKENS[pattern][: TIKTOKENS[pattern].index(")") + 1]
    assert "".join(re.findall(PATTERNS[pattern][0], text)) == tiktokens_matches(theirs, text)


@pytest.mark.oracle
@pytest.mark.parametrize("pattern", CUTTING)
def test_among_others_a_code_point_is_cut_as_tiktoken_cuts_it(visible, pattern):
    """The first and the last of each run of a kind, and all that are frequent."""
    edges = [point for point in range(1, 0x110000) if KINDS[point] != KINDS[point - 1]]
    points = {*range(0x700), *range(0x1FF0, 0x2070), *edges, *(point - 1 for point in edges)}
    some = [chr(point) for point in sorted(points) if not 0xD800 <= point < 0xE000]
    text = "".join(f"a{one}b '{one}1{one}{one}\n{one} \t{one}'s  {one}\r" for one in some)
    theirs, ours = visible(pattern, text)
    assert ours == theirs


@pytest.mark.oracle
@pytest.mark.parametrize("pattern", PATTERNS)
@settings(max_examples=300, deadline=None)
@given(texts)
def test_a_text_of_tricky_characters_is_cut_as_tiktoken_cuts_it(visible, pattern, some):
    theirs, ours = visible(pattern, "".join(some))
    assert ours == theirs
