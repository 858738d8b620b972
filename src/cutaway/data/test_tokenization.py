"""Tokenizations that need no training: whatever goes in comes out."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cutaway.errors import UsageError

from .corpora import Corpus, Document
from .tokenization import Bytes, Characters, Tokenization

TEXT = st.text(st.characters(exclude_categories=["Cs"]))


def of(*texts: str) -> Corpus:
    """A corpus of some texts."""
    return Corpus("x", tuple(Document(str(n), text) for n, text in enumerate(texts)))


@given(TEXT)
def test_any_text_comes_back_from_bytes_and_from_its_own_characters(text: str) -> None:
    for how in (Bytes(), Characters.of(of(text))):
        ids = how.encode(text)
        assert how.decode(ids) == text
        assert not len(ids) or 0 <= ids.min() <= ids.max() < how.vocab


def test_bytes_are_the_bytes_of_utf_8() -> None:
    assert Bytes().encode("aé").tolist() == [97, 0xC3, 0xA9]
    assert Bytes().decode([0xC3]) == "\ufffd"


def test_characters_are_numbered_in_the_order_of_their_code_points() -> None:
    how = Characters.of(of("cab", "é𝄞"))
    assert how.alphabet == "\nabcé𝄞" and how.vocab == 6
    assert how.encode("abc").tolist() == [1, 2, 3]
    assert how.separator.tolist() == [0, 0]


def test_a_large_alphabet_needs_more_than_a_byte() -> None:
    text = "".join(map(chr, range(0x4E00, 0x4E00 + 300)))
    how = Characters.of(of(text))
    assert how.encode(text).tolist() == list(range(1, 301))


@pytest.mark.parametrize("stranger", ["d", "\x00", "𝄞", "\U0010ffff"])
def test_a_character_that_the_corpus_lacks_is_named(stranger: str) -> None:
    with pytest.raises(UsageError, match="not in this alphabet of 4 characters"):
        Characters.of(of("abc")).encode(f"a{stranger}c")


def test_every_alphabet_has_a_digest_of_its_own() -> None:
    hows: list[Tokenization] = [Bytes(), Characters("ab"), Characters("abc"), Characters("")]
    assert len({how.digest for how in hows}) == len(hows)
    assert Characters("ab").digest == Characters("ab").digest


def test_tokens_are_whole_numbers_of_the_smallest_kind() -> None:
    assert Bytes().encode("a").dtype == Characters("ab").encode("a").dtype == np.uint8


def test_a_corpus_is_told_by_what_stands_in_it_and_by_nothing_else() -> None:
    one = Corpus("x", (Document("a", "b"),))
    assert one.digest == Corpus("y", (Document("a", "b"),), "there", "MIT").digest
    others = [of(), of("b"), Corpus("x", (Document("ab", ""),)), Corpus("x", (Document("", "ab"),))]
    assert len({one.digest, *(other.digest for other in others)}) == 5
    assert of("é", "b").size == 3
