"""What a vocabulary must do, one property a test; it also runs on broken copies."""

import random
from collections import Counter
from itertools import pairwise

import pytest

pytest.importorskip("hypothesis")
pytest.importorskip("rustbpe")
pytest.importorskip("tokenizers")

import rustbpe
import tokenizers
from hypothesis import given, settings
from hypothesis import strategies as st

from .tokens import Vocabulary, count, decode, encode_word, join, train

BYTES = tuple(bytes([byte]) for byte in range(256))
WORDS = {b"low": 5, b"lower": 2, b"newest": 6, b"widest": 3}  # of Sennrich et al., 2016
FEW = st.dictionaries(
    st.lists(st.sampled_from(b"ab"), min_size=1, max_size=12).map(bytes), st.integers(1, 9)
)


def made(*pairs):
    """The vocabulary of the bytes and of some joins, in the order in which they come."""
    tokens, joins = list(BYTES), {}
    for left, right in pairs:
        joins[tokens.index(left), tokens.index(right)] = len(tokens)
        tokens.append(left + right)
    return Vocabulary(tuple(tokens), joins)


def drawn(seed, letters=b"abc", words=40, longest=14):
    """Words at random, so few letters that the same ones come again and again."""
    draw = random.Random(seed)
    made = (bytes(draw.choices(letters, k=draw.randint(1, longest))) for _ in range(words))
    return Counter({word: draw.randint(1, 6) for word in made})


def parts(word, vocabulary):
    return [vocabulary.tokens[id] for id in encode_word(word, vocabulary)]


# Counting


def test_a_pair_counts_as_often_as_its_word_occurs():
    assert count({b"ab": 3, b"abab": 2}, {b"ab": [0, 1], b"abab": [0, 1, 0, 1]}) == {
        (0, 1): 7,
        (1, 0): 2,
    }


def test_pairs_that_overlap_are_all_counted():
    assert count({b"aaa": 1}, {b"aaa": [7, 7, 7]}) == {(7, 7): 2}


def test_no_pair_goes_from_one_word_to_the_next():
    assert not count({b"a": 5, b"b": 5}, {b"a": [0], b"b": [1]})


# Joining


def test_a_pair_is_joined_wherever_it_stands():
    assert join([1, 2, 3, 1, 2], (1, 2), 9) == [9, 3, 9]


def test_pairs_that_overlap_are_joined_from_the_left():
    assert join([7, 7, 7], (7, 7), 9) == [9, 7]
    assert join([7, 7, 7, 7], (7, 7), 9) == [9, 9]


# Training


def test_the_most_frequent_pair_is_joined_first():
    assert train({b"ab": 3, b"bc": 4}, 257).tokens[256] == b"bc"


def test_of_equal_pairs_the_one_with_the_lowest_ids_is_joined():
    assert train({b"zb": 2, b"ab": 2, b"ac": 2}, 257).tokens[256] == b"ab"


def test_a_join_may_be_of_joins():
    assert train({b"abab": 9}, 258).tokens[256:] == (b"ab", b"abab")


def test_every_byte_is_a_token_whether_it_occurred_or_not():
    assert train(WORDS, 300).tokens[:256] == BYTES


def test_the_vocabulary_is_as_large_as_was_asked():
    for vocab in (256, 257, 262):
        assert len(train(WORDS, vocab).tokens) == vocab


def test_training_ends_where_no_pair_occurs_twice():
    assert len(train({b"ab": 1, b"cd": 1}, 300).tokens) == 256
    assert train({b"abc": 2}, 300).tokens[256:] == (b"ab", b"abc")
    assert train({}, 300).tokens == BYTES


def test_each_token_is_the_bytes_of_the_pair_that_it_was_joined_from():
    vocabulary = train(drawn(1), 300)
    for (left, right), id in vocabulary.joins.items():
        assert vocabulary.tokens[left] + vocabulary.tokens[right] == vocabulary.tokens[id]


def test_no_token_is_made_twice():
    for seed in range(8):
        tokens = train(drawn(seed, b"ab", 60, 20), 400).tokens
        assert len(set(tokens)) == len(tokens)


def test_the_order_of_the_words_does_not_matter():
    words = drawn(2)
    assert train(dict(reversed(words.items())), 300) == train(words, 300)


def test_words_said_many_times_are_words_that_occur_many_times():
    text = [word for word, times in drawn(3).items() for _ in range(times)]
    assert train(Counter(text), 300) == train(drawn(3), 300)


# Encoding


def test_of_the_pairs_that_join_the_one_that_came_first_in_training_is_joined():
    assert parts(b"abc", made((b"a", b"b"), (b"b", b"c"))) == [b"ab", b"c"]
    assert parts(b"abc", made((b"b", b"c"), (b"a", b"b"))) == [b"a", b"bc"]


def test_a_join_that_only_became_possible_waits_for_its_turn():
    vocabulary = made((b"a", b"b"), (b"c", b"d"), (b"ab", b"c"))
    assert parts(b"abcd", vocabulary) == [b"ab", b"cd"]


def test_a_run_is_joined_from_the_left():
    assert parts(b"aaa", made((b"a", b"a"))) == [b"aa", b"a"]


def test_tokens_that_no_pair_joins_to_stand_apart():
    assert parts(b"ab", Vocabulary((*BYTES, b"ab"), {})) == [b"a", b"b"]


def test_every_byte_has_an_id():
    vocabulary = train(WORDS, 262)
    for byte in range(256):
        assert decode(encode_word(bytes([byte]), vocabulary), vocabulary) == bytes([byte])


def test_the_ids_of_bytes_are_those_of_the_vocabulary_and_not_their_numbers():
    turned = BYTES[::-1]
    assert encode_word(b"\x00a", Vocabulary(turned, {})) == [255, 255 - ord("a")]


def test_an_empty_word_has_no_ids():
    assert encode_word(b"", train(WORDS, 262)) == []


def test_what_was_trained_on_is_encoded_as_training_left_it():
    words = drawn(4)
    vocabulary = train(words, 290)
    split = {word: list(word) for word in words}
    for pair, id in vocabulary.joins.items():
        split = {word: join(ids, pair, id) for word, ids in split.items()}
    assert {word: encode_word(word, vocabulary) for word in words} == split


def test_a_word_that_is_a_token_is_one_id():
    vocabulary = train(drawn(5), 300)
    for id, token in enumerate(vocabulary.tokens):
        assert encode_word(token, vocabulary) == [id]


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=60), FEW)
def test_a_word_comes_back_byte_for_byte(word, words):
    vocabulary = train(words, 270)
    assert decode(encode_word(word, vocabulary), vocabulary) == word


@pytest.mark.parametrize("id", [-1, 256, 10**4000], ids=["-1", "256", "huge"])
def test_the_plain_page_refuses_an_id_that_no_token_has(id):
    with pytest.raises(ValueError, match="No token has the id") as found:
        decode(iter([97, id]), made())
    assert len(str(found.value)) < 100


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from(b"ab"), max_size=40).map(bytes), FEW)
def test_nothing_that_joins_is_left_apart(word, words):
    vocabulary = train(words, 270)
    ids = encode_word(word, vocabulary)
    assert not set(pairwise(ids)) & vocabulary.joins.keys()


# Others' implementations


def theirs(words, vocab):
    """The tokens that Hugging Face's trainer makes; a byte is written as the letter 256 beyond it.

    So its ids of bytes are in the order of bytes, and its ties fall as ours do. A letter that
    occurs once, alone, is in the text for each byte: it joins with nothing.
    """
    trainer = tokenizers.trainers.BpeTrainer(
        vocab_size=vocab,
        min_frequency=2,
        show_progress=False,
        initial_alphabet=[chr(256 + byte) for byte in range(256)],
    )
    model = tokenizers.Tokenizer(tokenizers.models.BPE())
    model.pre_tokenizer = tokenizers.pre_tokenizers.WhitespaceSplit()
    text = (" ".join(["".join(chr(256 + b) for b in word)] * n) for word, n in words.items())
    model.train_from_iterator(text, trainer)
    ids = sorted((id, token) for token, id in model.get_vocab().items())
    return tuple(bytes(ord(letter) - 256 for letter in token) for _, token in ids)


@pytest.mark.oracle
@pytest.mark.parametrize("seed", range(12))
def test_training_makes_the_tokens_of_hugging_faces_trainer(seed):
    letters = (b"ab", b"abc", bytes(range(97, 123)), bytes(range(256)))[seed % 4]
    words = drawn(seed, letters, words=60, longest=25)
    assert train(words, 340).tokens == theirs(words, 340)


@pytest.mark.oracle
@pytest.mark.parametrize("seed", range(12))
def test_training_makes_the_tokens_of_rustbpe(seed):
    """It joins pairs that occur once, where ours has ended; it takes text, so bytes are ASCII."""
    words = drawn(seed, (b"ab", b"abc", bytes(range(97, 123)))[seed % 3], words=60, longest=25)
    tokenizer = rustbpe.Tokenizer()
    text = (" ".join([word.decode()] * times) for word, times in words.items())
    tokenizer.train_from_iterator(text, 330, pattern=r"\w+")
    ours = train(words, 330).tokens
    ranks = tokenizer.get_mergeable_ranks()
    assert tuple(bytes(token) for token, _ in ranks[: len(ours)]) == ours
