"""Windows with equal bytes have equal hashes wherever they stand, and others have others."""

from __future__ import annotations

import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from . import shingles
from .shingles import Shelf, windows


def thue_morse(length: int) -> bytes:
    """The word that collides under every polynomial modulo a power of two."""
    return bytes(97 + (number.bit_count() & 1) for number in range(length))


DRAWN = random.Random(3)
TEXTS = {
    "random": DRAWN.randbytes(5000),
    "two letters": bytes(DRAWN.choices(b"ab", k=5000)),
    "zeros": bytes(3000),
    "ones": b"\xff" * 3000,
    "period two": b"ab" * 1500,
    "thue-morse": thue_morse(2**13),
    "its complement": thue_morse(2**13).translate(bytes.maketrans(b"ab", b"ba")),
    "one bit": b"".join(bytes([0] * n + [1] + [0] * (199 - n)) for n in range(200)),
}


@pytest.mark.parametrize("width", [1, 2, 3, 31, 32, 50, 63, 1024])
def test_hashes_are_equal_exactly_where_the_bytes_are(width: int) -> None:
    for name, text in TEXTS.items():
        whole = text + TEXTS["random"][:100] + text
        hashes = windows(whole, width).tolist()
        slices = [whole[n : n + width] for n in range(len(whole) - width + 1)]
        assert len(hashes) == len(slices), name
        assert len(set(hashes)) == len(set(slices)) == len(set(zip(hashes, slices, strict=True)))


def test_words_that_fool_a_polynomial_do_not_fool_this_hash() -> None:
    word = thue_morse(2**11)
    other = word.translate(bytes.maketrans(b"ab", b"ba"))
    base = 0x9E3779B97F4A7C15
    weights = [pow(base, n, 2**64) for n in range(len(word))]
    first, second = (sum(map(int.__mul__, text, weights)) % 2**64 for text in (word, other))
    assert first == second
    assert windows(word, 2**11) != windows(other, 2**11)


@settings(max_examples=50, deadline=None)
@given(st.binary(max_size=200), st.integers(1, 60), st.integers(1, 40))
def test_blocks_change_nothing(data: bytes, width: int, block: int) -> None:
    whole = windows(data, width)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(shingles, "BLOCK", block)
        np.testing.assert_array_equal(windows(data, width), whole)
    assert len(whole) == max(0, len(data) - width + 1)


def test_the_low_bits_and_the_high_ones_are_spread_evenly() -> None:
    hashes = windows(bytes(DRAWN.choices(b"ab", k=40_000)))
    for bits in (hashes % np.uint64(64), hashes >> np.uint64(58)):
        counts = np.bincount(bits.astype(int), minlength=64)
        assert counts.min() > 0.75 * counts.mean()
        assert counts.max() < 1.25 * counts.mean()


@settings(max_examples=100, deadline=None)
@given(st.lists(st.binary(max_size=30), max_size=8), st.integers(1, 12), st.integers(1, 20))
def test_no_window_reaches_from_one_text_into_another(
    texts: list[bytes], width: int, block: int
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(shingles, "BLOCK", block)
        found = [
            (int(place), int(value))
            for places, hashes in Shelf(texts, width)
            for place, value in zip(places, hashes, strict=True)
        ]
    expected, start = [], 0
    for text in texts:
        values = windows(text, width).tolist()
        expected += [(start + place, value) for place, value in enumerate(values)]
        start += len(text)
    assert found == expected
