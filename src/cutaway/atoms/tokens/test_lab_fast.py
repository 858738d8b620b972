"""The fast path gives what the readable one gives, for every text; and what tiktoken gives.

It stays out of broken copies: for each it would be compiled anew.
"""

import random
import time
from collections import Counter
from functools import cache

import numpy as np
import pytest

pytest.importorskip("hypothesis")

from hypothesis import given, settings
from hypothesis import strategies as st

from .splitting import CL100K, GPT2, WHOLE, words
from .tokens import Vocabulary, encode_word
from .tokens import train as train_readably

pytest.importorskip("numba", reason="the fast path is an extra: pip install 'cutaway[fast]'")

from . import fast_encoding, fast_joining
from .fast_counting import Counts
from .fast_encoding import LINKS, LONGEST, MEMO, POOL, USED, Encoder
from .fast_training import counted as counted_fast
from .fast_training import learnt

PATTERNS = (GPT2, CL100K, WHOLE)
SIGNS = "' 's 'S 'ſ 'll 'LL 've 'rE 'd 1 12 ½ २ 😀 \u200b \u200d . ( (( _ @ [ ` { \x7f \x00"
LETTERS = "a Z é 한국 ß a\u0301 the and abcdefg abcdefgh abcdefghi antidisestablishmentarianism"
SPACES = [" ", " ", " ", "  ", "\n", "\n", "\r\n", "\t", "\u00a0", "\u3000", "\x85", "\u2028"]
PIECES = [*SIGNS.split(" "), *LETTERS.split(" "), *SPACES, "-" * 16, "=" * 17, " " * 20]
BYTES = [bytes([byte]) for byte in range(256)]
each_pattern = pytest.mark.parametrize("pattern", PATTERNS)


def texts(seed, count, most=16):
    draw = random.Random(seed)
    return ["".join(draw.choices(PIECES, k=draw.randint(0, most))) for _ in range(count)]


def readably(text, vocabulary, pattern):
    return [id for word in words(text, pattern) for id in encode_word(word.encode(), vocabulary)]


def counted(documents, pattern):
    return Counter(word.encode() for text in documents for word in words(text, pattern))


@cache
def trained(pattern, vocab=400):
    return train_readably(counted(texts(0, 400), pattern), vocab)


def shuffled(vocabulary, seed=0):
    """The same vocabulary with the bytes at other ids."""
    order = random.Random(seed).sample(range(256), 256) + list(range(256, len(vocabulary.tokens)))
    tokens = [b""] * len(order)
    for id, token in enumerate(vocabulary.tokens):
        tokens[order[id]] = token
    joins = {(order[a], order[b]): order[c] for (a, b), c in vocabulary.joins.items()}
    return Vocabulary(tuple(tokens), joins)


# Words


@each_pattern
def test_words_end_where_the_pattern_ends_them(pattern):
    single = Encoder(Vocabulary(tuple(BYTES), {}), pattern)
    for text in texts(1, 400):
        counts = Counts(pattern).read([text.encode()])
        assert dict(counts.items()) == counted([text], pattern), text
        assert (
            single.encode(text.encode()).tobytes() == np.array(list(text.encode()), "u4").tobytes()
        )


@each_pattern
@settings(max_examples=200, deadline=None)
@given(documents=st.lists(st.text(st.characters(exclude_categories=["Cs"])), max_size=4))
def test_any_documents_have_the_counts_of_the_readable_path(pattern, documents):
    found = Counts(pattern).read([text.encode() for text in documents])
    assert dict(found.items()) == counted(documents, pattern)


def test_every_character_has_its_kind():
    points = [point for point in range(0x110000) if not 0xD800 <= point < 0xE000]
    text = "".join(
        f"a{chr(point)}1{chr(point)}{chr(point)} {chr(point)}." for point in points[::17]
    )
    assert dict(Counts(GPT2).read([text.encode()]).items()) == counted([text], GPT2)


@pytest.mark.parametrize("signs", ["'sdmtlvre", " \n\t'a", "a1. '\n", "ab é.'", "Az'` [{@/:09"])
def test_words_start_alike_wherever_they_are_in_64_bytes(signs):
    draw = random.Random(signs)
    for _ in range(400):
        documents = ["".join(draw.choices(signs, k=draw.randint(0, 150))) for _ in range(3)]
        found = Counts(GPT2).read([text.encode() for text in documents])
        assert dict(found.items()) == counted(documents, GPT2), documents


def test_every_ascii_character_starts_words_as_the_pattern_has_it():
    signs = [chr(point) for point in range(128)]
    for sign in signs:
        text = "".join(f"a{sign}{other}{sign} {other}" for other in signs)
        assert dict(Counts(GPT2).read([text.encode()]).items()) == counted([text], GPT2), sign


# Encoding


@each_pattern
def test_ids_are_those_of_the_readable_path(pattern):
    for vocabulary in (trained(pattern), shuffled(trained(pattern))):
        encoder = Encoder(vocabulary, pattern)
        for text in texts(2, 500):
            assert encoder.encode(text.encode()).tolist() == readably(text, vocabulary, pattern), (
                text
            )


@settings(max_examples=200, deadline=None)
@given(text=st.text(st.characters(exclude_categories=["Cs"])), seed=st.integers(0, 3))
def test_any_text_has_the_ids_of_the_readable_path(text, seed):
    vocabulary = shuffled(trained(CL100K, 300), seed)
    found = Encoder(vocabulary, CL100K).encode(text.encode())
    assert found.dtype == np.uint32 and found.tolist() == readably(text, vocabulary, CL100K)


@settings(max_examples=100, deadline=None)
@given(word=st.text("ab", min_size=1, max_size=200), data=st.data())
def test_any_order_of_joins_is_kept_in_short_and_in_long_words(word, data):
    """Also joins that training would never order so: here a token may be made in several ways."""
    pairs = [b"ab", b"ba", b"aa", b"bb", b"aba", b"abab", b"bab", b"aab", b"aaaa", b"baab"]
    tokens = BYTES + data.draw(st.permutations(pairs))
    ids = {token: id for id, token in enumerate(tokens)}
    joins = {
        (ids[t[:cut]], ids[t[cut:]]): ids[t]
        for t in pairs
        for cut in range(1, len(t))
        if t[:cut] in ids and t[cut:] in ids
    }
    vocabulary = Vocabulary(tuple(tokens), joins)
    found = Encoder(vocabulary, WHOLE).encode(word.encode())
    assert found.tolist() == encode_word(word.encode(), vocabulary)


@pytest.mark.oracle
@pytest.mark.parametrize("pattern", [GPT2, CL100K])
def test_ids_are_those_of_tiktoken(pattern):
    tiktoken = pytest.importorskip("tiktoken", reason="an oracle, of the benchmarks")
    public = pytest.importorskip("tiktoken_ext.openai_public", reason="its patterns")
    vocabulary = trained(pattern, 1000)
    constants = public.cl100k_base.__code__.co_consts
    cut = {
        GPT2: public.r50k_pat_str,
        CL100K: next(c for c in constants if isinstance(c, str) and "p{L}" in c),
    }[pattern]
    peer = tiktoken.Encoding("peer", pat_str=cut, mergeable_ranks=vocabulary.ids, special_tokens={})
    encoder = Encoder(vocabulary, pattern)
    for text in texts(4, 3000, 30):
        assert encoder.encode(text.encode()).tolist() == peer.encode_ordinary(text), text


def test_a_window_cuts_no_word(monkeypatch):
    monkeypatch.setattr(fast_encoding, "WINDOW", 24)
    for pattern in PATTERNS:
        vocabulary = trained(pattern)
        encoder = Encoder(vocabulary, pattern)
        for text in texts(3, 300, 60):
            assert encoder.encode(text.encode()).tolist() == readably(text, vocabulary, pattern), (
                text
            )


@pytest.mark.parametrize("pattern", PATTERNS)
def test_a_window_cuts_no_character(pattern, monkeypatch):
    """What half a character is taken for may decide where a word ends before it."""
    monkeypatch.setattr(fast_encoding, "WINDOW", 32)
    vocabulary = Vocabulary((*BYTES, b"\n "), {(10, 32): 256})
    encoder = Encoder(vocabulary, pattern)
    for before in range(40):
        for end in ("\u3000\n", "é'll", "👩\u200d🌾 1", "日本 1日"):
            text = "a" * before + "\n" + " " * 20 + end
            assert encoder.encode(text.encode()).tolist() == readably(text, vocabulary, pattern)


def test_a_memo_that_grows_and_forgets_changes_no_id(monkeypatch):
    monkeypatch.setattr(fast_encoding, "MOST", 1 << 15)
    vocabulary = trained(GPT2)
    encoder, plain = Encoder(vocabulary, GPT2), random.Random(5)
    text = " ".join("".join(plain.choices("abcdeé", k=plain.randint(1, 30))) for _ in range(40_000))
    assert encoder.encode(text.encode()).tolist() == readably(text, vocabulary, GPT2)
    assert encoder.book[USED] == np.count_nonzero(encoder.held[MEMO][1::4])


def test_a_small_window_leaves_room_for_a_long_token(monkeypatch):
    """Compiled code writes where it is told to, also beyond an end."""
    monkeypatch.setattr(fast_encoding, "WINDOW", 24)
    tokens = (*BYTES, b"a" * LONGEST)
    encoder = Encoder(Vocabulary(tokens, {}), WHOLE)
    assert len(encoder.ids) >= LONGEST and len(encoder.held[LINKS]) >= 6 * LONGEST
    assert encoder.encode(tokens[-1]).tolist() == [97] * LONGEST


def test_a_word_with_the_hash_of_another_is_not_taken_for_it():
    """The ids and the bytes of another word are put where the hash of this one leads."""
    vocabulary = trained(WHOLE)
    encoder, word = Encoder(vocabulary, WHOLE), b"a word of more than 15 bytes " * 3
    expected = encoder.encode(word).tolist()
    rows, pool = encoder.held[MEMO].reshape(-1, 4), encoder.held[POOL]
    (row,) = (rows[:, 1] == (255 << 56 | len(word))).nonzero()[0]
    count, start = int(rows[row, 2]) & 0x7FFFFFFF, int(rows[row, 2]) >> 32
    pool[start : start + count] = 65
    assert encoder.encode(word).tolist() == [65] * count  # the memo is asked
    pool.view(np.uint8)[4 * (start + count)] = 65
    assert encoder.encode(word).tolist() == expected == encode_word(word, vocabulary)


def mixed(number):
    """What the hash of a word has made of its length and its first eight bytes (fast_words)."""
    number = number * 0x9E3779B97F4A7C15 % 2**64
    return (number ^ number >> 32).to_bytes(8, "little")


def test_two_words_with_the_same_hash_are_two_words():
    one, first = b"a" * 8 + b"b" * 16, b"c" * 8
    states = [mixed(24 ^ int.from_bytes(start, "little")) for start in (one[:8], first)]
    second = bytes(a ^ b ^ ord("b") for a, b in zip(*states, strict=True))
    other = first + second + b"b" * 8
    assert dict(Counts(WHOLE).read([one, other, one]).items()) == {one: 2, other: 1}
    encoder = Encoder(Vocabulary(tuple(BYTES), {}), WHOLE)
    for word in (one, other, one):
        assert encoder.encode(word).tolist() == list(word)
    assert encoder.book[USED] == 1  # so they do have the same


def test_a_word_of_a_megabyte_takes_no_quadratic_time():
    vocabulary = trained(WHOLE)
    encoder, draw = Encoder(vocabulary, WHOLE), random.Random(7)
    data = bytes(draw.choices(b"the and", k=2**20))
    encoder.encode(data[:100])
    start = time.process_time()
    ids = encoder.encode(data)
    assert time.process_time() - start < 5
    assert b"".join(vocabulary.tokens[id] for id in ids.tolist()) == data
    few = fast_joining.FEW
    assert encoder.encode(data[: few + 9]).tolist() == encode_word(data[: few + 9], vocabulary)


def test_the_compiled_code_refuses_a_vocabulary_without_a_byte():
    with pytest.raises(ValueError, match="no token for the byte 0xff"):
        Encoder(Vocabulary(tuple(BYTES[:255]), {}), GPT2)


# Training


@each_pattern
def test_training_learns_what_the_readable_path_learns(pattern):
    draw = random.Random(11)
    for _ in range(60):
        letters = draw.choice(["ab", "abc d", "aé한 ", "abcdefgh \n"])
        documents = ["".join(draw.choices(letters, k=draw.randint(0, 120))) for _ in range(4)]
        vocab = draw.randint(0, 340)
        expected = train_readably(counted(documents, pattern), max(vocab, 256))
        assert learnt(counted_fast(documents, pattern), vocab) == expected, documents


@settings(max_examples=100, deadline=None)
@given(documents=st.lists(st.text("ab c", max_size=60), max_size=5), vocab=st.integers(256, 320))
def test_any_documents_are_learnt_as_the_readable_path_learns_them(documents, vocab):
    expected = train_readably(counted(documents, GPT2), vocab)
    assert learnt(counted_fast(documents, GPT2), vocab) == expected


def test_counts_made_apart_and_added_are_counts_made_at_once():
    documents = [text.encode() for text in texts(13, 300, 40)]
    whole, one, other = (Counts(CL100K) for _ in range(3))
    whole.read(documents)
    one.read(documents[:100])
    one += other.read(documents[100:])
    assert dict(one.items()) == dict(whole.items())
    assert learnt(one, 400) == learnt(whole, 400)


def test_tables_that_grow_lose_no_word():
    draw = random.Random(17)
    documents = [
        " ".join("".join(draw.choices("abcdef", k=draw.randint(1, 24))) for _ in range(30_000))
    ]
    found = Counts(GPT2).read([documents[0].encode()])
    assert dict(found.items()) == counted(documents, GPT2)


@pytest.mark.oracle
def test_pairs_that_outgrow_their_room_are_learnt_alike():
    rustbpe = pytest.importorskip("rustbpe", reason="an oracle for many joins, of the benchmarks")
    draw = random.Random(19)
    text = " ".join(
        "".join(draw.choices("abcdefghijklmnop", k=draw.randint(1, 9))) for _ in range(60_000)
    )
    peer = rustbpe.Tokenizer()
    peer.train_from_iterator([text], 3000)
    found = learnt(counted_fast([text], CL100K), 3000)
    assert len(found.tokens) == 3000 == len(peer.get_mergeable_ranks())
