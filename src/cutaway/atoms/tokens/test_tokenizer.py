"""A text as ids and back, one property a test. Relative imports: it also runs on broken copies."""

import copy
import sys
import unicodedata
import warnings
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import numpy as np
import pytest

pytest.importorskip("hypothesis")

from hypothesis import given, settings
from hypothesis import strategies as st

from .conftest import END, tiktokens
from .fast_missing import without_numba
from .splitting import CL100K, GPT2, PATTERNS, WHOLE
from .test_splitting import EVERY, TRICKY, texts
from .tokenizer import Tokenizer, either, utf8
from .tokens import Vocabulary, train

TEXT = "the dog, the dog's bone and the other dog: naïve café, 日本語 123 👩🏽‍🚀\n\n"
SPECIALS = {END: 300, "<|start|>": 301}
WORDS = {word.encode(): 9 for word in ("the", " the", " dog", "the dog", " bone", "é")}
mixed = st.lists(
    st.one_of(
        st.sampled_from([END, "<|start|>", "<|", "|>", "<|end", "of", *TRICKY]),
        st.characters(codec="utf-8"),
    ),
    max_size=20,
).map("".join)


@pytest.fixture(scope="module", params=PATTERNS)
def tokenizer(request):
    return Tokenizer(train(WORDS, 280), request.param, SPECIALS)


@pytest.fixture(scope="module", params=["gpt2", "cl100k"])
def real(request):
    """GPT-2's and GPT-4's tokenizers, with tiktoken's."""
    ours = request.getfixturevalue(request.param)
    return ours, tiktokens(ours)


# There and back


def test_a_text_comes_back(tokenizer):
    assert tokenizer.decode(tokenizer.encode(TEXT)) == TEXT


@settings(max_examples=100, deadline=None)
@given(st.text(st.characters(codec="utf-8"), max_size=40))
def test_any_text_comes_back(tokenizer, text):
    assert tokenizer.decode_bytes(tokenizer.encode(text, refused=())) == text.encode()


def test_texts_that_look_alike_stay_apart(tokenizer):
    composed, apart = "café", unicodedata.normalize("NFD", "café")
    assert composed != apart and tokenizer.encode(composed) != tokenizer.encode(apart)
    assert tokenizer.decode(tokenizer.encode(apart)) == apart


def test_an_empty_text_has_no_ids(tokenizer):
    assert tokenizer.encode("") == [] and tokenizer.decode([]) == ""
    assert tokenizer.encode_array("").tolist() == []


def test_every_byte_comes_back(tokenizer):
    ids = [tokenizer.vocabulary.ids[bytes([byte])] for byte in range(256)]
    assert tokenizer.decode_bytes(ids) == bytes(range(256))


def test_part_of_a_character_is_shown_as_what_is_no_character(tokenizer):
    one, two = tokenizer.vocabulary.ids[b"\xe6"], tokenizer.vocabulary.ids[b"a"]
    assert tokenizer.decode([two, one, two]) == "a\ufffda"


def test_a_token_may_end_inside_a_character(tokenizer):
    ids = tokenizer.encode("日本")
    assert len(ids) > 2 and tokenizer.decode(ids) == "日本"


@pytest.mark.parametrize("id", [-1, 280, 302, 10**12])
def test_an_id_that_no_token_has_is_refused(tokenizer, id):
    with pytest.raises(ValueError, match=f"No token has the id {id}"):
        tokenizer.decode([id])


def test_half_a_character_is_refused_with_its_place(tokenizer):
    for encode in (tokenizer.encode, tokenizer.encode_array):
        with pytest.raises(ValueError, match=r"U\+D83D, at position 2"):
            encode("ab\ud83d c")


def test_a_pair_of_surrogates_is_no_character_either():
    with pytest.raises(ValueError, match=r"U\+D83D, at position 0"):
        utf8("\ud83d\ude00")


def test_a_number_of_ids_is_one_more_than_the_highest(tokenizer):
    assert tokenizer.vocab == 302
    assert Tokenizer(tokenizer.vocabulary, GPT2, {}).vocab == len(tokenizer.vocabulary.tokens)


# Special tokens


def test_a_special_token_that_is_allowed_is_one_id(tokenizer):
    ids = tokenizer.encode(f"the{END}the", allowed={END})
    assert ids.count(300) == 1 and tokenizer.decode(ids) == f"the{END}the"


def test_a_special_token_that_is_not_allowed_is_refused_with_its_place(tokenizer):
    with pytest.raises(ValueError, match=r"'<\|endoftext\|>', at position 3"):
        tokenizer.encode(f"the{END}")


def test_a_special_token_that_is_not_refused_is_text(tokenizer):
    ids = tokenizer.encode(f"the{END}", refused=())
    assert 300 not in ids and tokenizer.decode(ids) == f"the{END}"


def test_of_two_special_tokens_one_may_be_allowed_and_one_text(tokenizer):
    ids = tokenizer.encode(f"{END}<|start|>", allowed={END}, refused=())
    assert 300 in ids and 301 not in ids


def test_of_two_special_tokens_one_may_be_allowed_and_one_refused(tokenizer):
    with pytest.raises(ValueError, match="start"):
        tokenizer.encode(f"{END}<|start|>", allowed={END})
    assert tokenizer.encode(END, allowed={END}, refused={"<|start|>"}) == [300]


def test_a_special_token_that_is_both_allowed_and_refused_is_refused(tokenizer):
    with pytest.raises(ValueError, match="contains the special token"):
        tokenizer.encode(END, allowed="all", refused={END})


def test_all_special_tokens_may_be_allowed(tokenizer):
    assert tokenizer.encode(f"{END}<|start|>{END}", allowed="all") == [300, 301, 300]


def test_no_word_goes_over_a_special_token(tokenizer):
    ids = tokenizer.encode(f"the {END} dog", allowed="all")
    at = ids.index(300)
    assert (ids[:at], ids[at + 1 :]) == (tokenizer.encode("the "), tokenizer.encode(" dog"))


def test_of_special_tokens_that_begin_alike_the_longest_is_taken():
    assert either(["<a>", "<a><b>", "<a"]).split("x<a><b><a>") == ["x", "<a><b>", "", "<a>", ""]
    assert either(["."]).split("ab.") == ["ab", ".", ""]


def test_what_is_no_special_token_cannot_be_allowed(tokenizer):
    with pytest.raises(ValueError, match="'dog' is no special token"):
        tokenizer.encode("the dog", allowed={"dog"})


def test_an_id_of_a_token_or_of_another_special_token_is_refused(tokenizer):
    for specials in ({END: 5}, {END: -1}, {END: 2**32}, {"a": 300, "b": 300}, {"": 300}):
        with pytest.raises(ValueError):
            Tokenizer(tokenizer.vocabulary, GPT2, specials)


def test_a_special_token_may_have_an_id_that_the_vocabulary_left_free():
    vocabulary = Vocabulary((b"", *(bytes([byte]) for byte in range(256))), {})
    tokenizer = Tokenizer(vocabulary, GPT2, {END: 0})
    assert tokenizer.encode(f"a{END}", allowed="all") == [98, 0]
    assert tokenizer.decode([98, 0]) == f"a{END}" and tokenizer.vocab == 257


def test_one_special_token_is_not_taken_for_several(tokenizer):
    for words in ({"allowed": END}, {"refused": END}, {"allowed": "", "refused": ()}):
        for encode in (tokenizer.encode, tokenizer.encode_array):
            with pytest.raises(TypeError, match="is one text: give a set"):
                encode("the dog", **words)


@pytest.mark.parametrize("text", [b"the dog", 3, None], ids=repr)
def test_what_is_no_text_is_refused_with_its_kind(tokenizer, text):
    for encode in (tokenizer.encode, tokenizer.encode_array):
        with pytest.raises(TypeError, match=f"one of {type(text).__name__}"):
            encode(text)


def test_a_vocabulary_without_a_byte_is_refused():
    vocabulary = Vocabulary(tuple(bytes([byte]) for byte in range(255)), {})
    with pytest.raises(ValueError, match="no token for the byte 0xff"):
        Tokenizer(vocabulary, GPT2, {})


def test_a_long_name_is_not_repeated_in_full(tokenizer):
    name = "<" * 10**6
    long = Tokenizer(tokenizer.vocabulary, GPT2, {name: 300})
    for encode in (lambda: long.encode(name), lambda: tokenizer.encode("a", allowed={name})):
        with pytest.raises(ValueError) as found:
            encode()
        assert len(str(found.value)) < 300


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy])
def test_a_copy_of_a_tokenizer_in_use_is_the_same_tokenizer(tokenizer, copied):
    ids = tokenizer.encode_array(TEXT).tolist()
    again = copied(tokenizer)
    assert again == tokenizer and again.named == tokenizer.named and "fast" not in vars(again)
    assert again.encode(TEXT) == ids == again.encode_array(TEXT).tolist()


@pytest.mark.oracle
def test_a_tokenizer_in_use_encodes_in_another_process(tokenizer):
    texts = [TEXT, "the dog", ""]
    expected = [tokenizer.encode_array(text).tolist() for text in texts]
    with ProcessPoolExecutor(1, get_context("spawn")) as pool:
        assert [ids.tolist() for ids in pool.map(tokenizer.encode_array, texts)] == expected


def test_a_tokenizer_needs_a_pattern_that_is_there(tokenizer):
    with pytest.raises(ValueError, match="no pattern"):
        Tokenizer(tokenizer.vocabulary, "gpt9", {})


# The fast path


@pytest.mark.oracle
@settings(max_examples=100, deadline=None)
@given(mixed)
def test_the_array_is_the_list(tokenizer, text):
    for words in ({"allowed": "all"}, {"refused": ()}, {"allowed": {END}, "refused": ()}):
        array = tokenizer.encode_array(text, **words)
        assert array.dtype == np.uint32 and array.tolist() == tokenizer.encode(text, **words)


@pytest.mark.oracle
def test_without_numba_the_array_is_the_same_and_a_warning_says_how_to_get_it(monkeypatch):
    for name in [name for name in sys.modules if name.startswith(f"{__package__}.fast_")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "numba", None)
    without_numba.cache_clear()
    tokenizer = Tokenizer(train(WORDS, 280), GPT2, SPECIALS)
    with pytest.warns(UserWarning, match=r"pip install 'cutaway\[fast\]'"):
        assert tokenizer.encode_array(TEXT).tolist() == tokenizer.encode(TEXT)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        tokenizer.encode_array(TEXT)


# tiktoken


@pytest.mark.oracle
@pytest.mark.parametrize("allowed", [set(), {END}, "all"], ids=str)
@pytest.mark.parametrize("refused", [set(), {END}, "all"], ids=str)
@settings(max_examples=40, deadline=None)
@given(mixed)
def test_special_tokens_are_taken_as_tiktoken_takes_them(tokenizer, allowed, refused, text):
    try:
        expected = tiktokens(tokenizer).encode(
            text, allowed_special=allowed, disallowed_special=refused
        )
    except ValueError:
        with pytest.raises(ValueError, match="contains the special token"):
            tokenizer.encode(text, allowed, refused)
    else:
        assert tokenizer.encode(text, allowed, refused) == expected


@pytest.mark.oracle
@settings(max_examples=300, deadline=None)
@given(texts)
def test_fuzzed_text_has_tiktokens_ids(real, some):
    ours, theirs = real
    text = "".join(some)
    assert ours.encode(text, refused=()) == theirs.encode_ordinary(text)


@pytest.mark.oracle
@settings(max_examples=100, deadline=None)
@given(st.text(st.sampled_from("aA 's\n1é.-"), max_size=200))
def test_text_of_few_letters_has_tiktokens_ids(real, text):
    ours, theirs = real
    assert ours.encode(text) == theirs.encode_ordinary(text)


@pytest.mark.oracle
def test_the_bytes_of_every_id_are_tiktokens(real):
    ours, theirs = real
    ids = [
        id for id in range(ours.vocab) if id in ours.named or ours.vocabulary.tokens[id : id + 1]
    ]
    assert [ours.token(id) for id in ids] == list(map(theirs.decode_single_token_bytes, ids))
    assert len(ids) >= 50257


@pytest.mark.oracle
def test_many_code_points_have_tiktokens_ids(real, step=97):
    ours, theirs = real
    text = " ".join(EVERY[::step]) + "\n".join(EVERY[::-step])
    assert ours.encode(text) == theirs.encode_ordinary(text)


@pytest.mark.oracle
@pytest.mark.slow
def test_every_code_point_has_tiktokens_ids(real):
    test_many_code_points_have_tiktokens_ids(real, 1)


@pytest.mark.oracle
@pytest.mark.parametrize("letters", ["a", "ab", " ", "é日", "\n", "1", "-", "👩\u200d"])
def test_a_long_word_has_tiktokens_ids(real, letters):
    """The readable path takes the square of the length: the fast one is tried on a megabyte."""
    ours, theirs = real
    text = letters * (1000 // len(letters))
    assert ours.encode(text) == theirs.encode_ordinary(text)


@pytest.mark.oracle
@pytest.mark.parametrize("pattern", [GPT2, CL100K, WHOLE])
def test_an_own_vocabulary_gives_tiktoken_the_same_ids(pattern):
    ours = Tokenizer(train(WORDS, 300), pattern, {})
    assert ours.encode(TEXT * 3) == tiktokens(ours).encode_ordinary(TEXT * 3)
