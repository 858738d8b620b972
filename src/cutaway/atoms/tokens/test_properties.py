"""What breaks when one line does, one property a test. Relative imports: it runs on copies."""

import base64
import json

import numpy as np
import pytest

from .huggingface import from_huggingface, to_huggingface
from .ranks import from_tiktoken
from .splitting import CL100K, GPT2, WHOLE, words
from .tokenizer import Tokenizer
from .tokens import Vocabulary, encode_word, train
from .training import batches, read

BYTES = tuple(bytes([byte]) for byte in range(256))
PLAIN = Tokenizer(Vocabulary(BYTES, {}), GPT2, {"<|a|>": 70_000})


# Training


def test_a_frequent_word_outweighs_many_rare_ones():
    frequent = {b"qz": 100, b"ab": 1, b"abc": 1, b"abd": 1}
    assert train(frequent, 257).tokens[256] == b"qz"


def test_a_pair_that_occurs_once_is_not_joined():
    assert train({b"ab": 1}, 300).joins == {}


def test_the_bytes_of_a_joined_token_stand_left_before_right():
    assert train({b"ab": 1, b"abc": 1}, 257).tokens[256] == b"ab"


def test_every_text_is_in_a_batch():
    assert [text for batch in batches(["a", "b", "c"]) for text in batch] == ["a", "b", "c"]


# Encoding


def test_no_byte_is_left_out():
    assert len(PLAIN.encode("日本 🐕")) == 11


def test_no_two_bytes_share_an_id():
    ids = PLAIN.encode("é")
    assert len(set(ids)) == len(ids)


def test_capitals_stay_capitals():
    assert PLAIN.encode("The Dog") == list(b"The Dog")


def test_an_odd_row_of_one_sign_leaves_the_last_one_apart():
    vocabulary = Vocabulary((*BYTES, b"--"), {(45, 45): 256})
    assert encode_word(b"-----", vocabulary) == [256, 256, 45]


def test_a_join_on_the_left_waits_for_one_that_was_learnt_before():
    vocabulary = Vocabulary((*BYTES, b"bc", b"ab"), {(98, 99): 256, (97, 98): 257})
    assert encode_word(b"abc", vocabulary) == [97, 256]


def test_a_join_that_was_learnt_late_waits_for_one_that_was_learnt_before():
    vocabulary = Vocabulary((*BYTES, b"ab", b"bc"), {(97, 98): 256, (98, 99): 257})
    assert encode_word(b"abc", vocabulary) == [256, 99]


def test_an_id_beyond_sixteen_bits_is_kept_in_an_array():
    tokenizer = Tokenizer(PLAIN.vocabulary, GPT2, {"<|a|>": 70_000})
    tokenizer.__dict__["fast"] = lambda data: np.array([*data], np.uint32)  # none is compiled
    assert tokenizer.encode_array("a<|a|>", allowed="all").tolist() == [97, 70_000]


def test_a_pair_of_surrogates_in_a_text_is_refused():
    with pytest.raises(ValueError, match="half a character"):
        PLAIN.encode("\ud83d\udc15")


# Decoding


def test_a_character_of_several_tokens_is_shown_whole():
    assert PLAIN.decode("日本 🐕".encode()) == "日本 🐕"


def test_nothing_stands_between_two_tokens():
    assert PLAIN.decode_bytes([97, 98]) == b"ab"


def test_half_a_character_leaves_a_trace():
    assert PLAIN.decode(b"a\xe6b") == "a\ufffdb"


# Cutting


@pytest.mark.parametrize("pattern", [GPT2, CL100K])
def test_an_accent_does_not_end_a_word(pattern):
    assert list(words("naïve", pattern)) == ["naïve"]


def test_no_join_goes_over_the_end_of_a_word():
    vocabulary = Vocabulary((*BYTES, b"e "), {(101, 32): 256})
    for pattern in (GPT2, CL100K):
        assert 256 not in Tokenizer(vocabulary, pattern, {}).encode("the dog")
    assert 256 in Tokenizer(vocabulary, WHOLE, {}).encode("the dog")


def test_an_ending_in_capitals_is_cut_off_inside_of_a_name():
    vocabulary = Vocabulary((*BYTES, b"EI"), {(69, 73): 256})
    assert 256 not in Tokenizer(vocabulary, CL100K, {}).encode("O'REILLY")


# Files


def test_ends_of_lines_are_read_as_they_stand(tmp_path):
    path = tmp_path / "it.txt"
    path.write_bytes(b"a\r\nb\rc\n")
    assert "".join(read(path)) == "a\r\nb\rc\n"


def test_merges_stand_in_the_order_of_training():
    vocabulary = Vocabulary((*BYTES, b"bc", b"ab"), {(98, 99): 256, (97, 98): 257})
    body = json.loads(to_huggingface(Tokenizer(vocabulary, GPT2, {})))
    assert body["model"]["merges"] == ["b c", "a b"]


def test_a_rank_is_the_id_wherever_its_line_stands():
    ranks = b"".join(base64.b64encode(BYTES[id]) + b" %d\n" % id for id in reversed(range(256)))
    assert from_tiktoken(ranks, GPT2, {}).vocabulary.tokens == BYTES


def test_a_token_has_the_same_id_in_a_file_of_others():
    assert from_huggingface(to_huggingface(PLAIN)).encode("ab") == [97, 98]
