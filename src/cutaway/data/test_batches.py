"""Batches: a pure function of the step, every window once an epoch, and nobody's work twice."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from cutaway.data.batches import _epoch, batch, windows
from cutaway.data.shards import read_tokens, write_tokens
from cutaway.data.tokenization import Bytes
from cutaway.errors import UsageError


def numbered(count: int) -> np.ndarray:
    """Tokens that say where they stand."""
    return np.arange(count, dtype=np.uint16)


def steps(count: int, seed: int, first: int, last: int, size: int, context: int) -> np.ndarray:
    """The batches of some steps, one under the other."""
    tokens = numbered(count)
    found = [batch(tokens, seed, step, size=size, context=context) for step in range(first, last)]
    return np.concatenate(found)


shapes = st.tuples(st.integers(1, 9), st.integers(1, 12))  # size, context
seeds = st.integers(0, 2**64 - 1)


@settings(deadline=None)
@given(shape=shapes, seed=seeds, step=st.integers(0, 2**59), more=st.integers(0, 90))
def test_a_row_is_a_window_of_the_text(
    shape: tuple[int, int], seed: int, step: int, more: int
) -> None:
    size, context = shape
    tokens = numbered(context + 1 + more)
    found = batch(tokens, seed, step, size=size, context=context)
    assert found.shape == (size, context + 1)
    assert found.dtype == np.int64
    assert found.flags.c_contiguous
    assert found.flags.writeable
    assert (np.diff(found) == 1).all(), "a window is a piece of the text, and none wraps around"


@settings(deadline=None)
@given(shape=shapes, seed=seeds, more=st.integers(0, 60), epochs=st.integers(2, 4))
def test_each_window_of_an_epoch_is_read_exactly_once(
    shape: tuple[int, int], seed: int, more: int, epochs: int
) -> None:
    size, context = shape
    count = context + 1 + more
    each = max(1, (count + 1) // (context + 1) - 1)
    rows = steps(count, seed, 0, -(-each * epochs // size), size, context)[: each * epochs]
    for epoch in rows.reshape(epochs, each, context + 1):
        starts = np.sort(epoch[:, 0])
        assert (np.diff(starts) == context + 1).all(), "windows lie end to end and do not overlap"
        left_out = count - each * (context + 1)
        assert 0 <= starts[0] <= min(context, left_out)
        assert left_out <= 2 * context


def test_an_epoch_has_a_seed_s_own_offset_and_order() -> None:
    rows = steps(1019, 0, 0, 100, 10, 9).reshape(10, 100, 10)[:, :, 0]
    offsets = [int(epoch.min()) for epoch in rows]
    assert len(set(offsets)) > 4
    places = [(epoch - offset) // 10 for epoch, offset in zip(rows, offsets, strict=True)]
    agreeing = [int((a == b).sum()) for a in places for b in places if a is not b]
    assert max(agreeing) < 10, "two random orders of 100 agree in one place on average"
    other = steps(1019, 1, 0, 100, 10, 9).reshape(10, 100, 10)[:, :, 0]
    assert (other == rows).mean() < 0.05


def test_every_offset_and_every_first_window_is_as_likely_as_any_other() -> None:
    drawn = [_epoch(seed, 3, 8, 4) for seed in range(4000)]
    offsets = Counter(offset for offset, _ in drawn)
    firsts = Counter(int(order[0]) for _, order in drawn)
    lasts = Counter(int(order[7]) for _, order in drawn)
    # 500 or 800 of each, with a deviation below 25: five of them are allowed.
    assert sorted(offsets) == list(range(5))
    assert all(abs(count - 800) < 127 for count in offsets.values())
    for places in (firsts, lasts):
        assert sorted(places) == list(range(8))
        assert all(abs(count - 500) < 105 for count in places.values())


@settings(deadline=None)
@given(shape=shapes, seed=seeds, order=st.permutations(range(12)))
def test_a_batch_is_the_same_whatever_was_read_before(
    shape: tuple[int, int], seed: int, order: list[int]
) -> None:
    size, context = shape
    whole = steps(150, seed, 0, 12, size, context).reshape(12, size, context + 1)
    tokens = numbered(150)
    for step in order:
        again = batch(tokens, seed, step, size=size, context=context)
        assert np.array_equal(again, whole[step])
    _epoch.cache_clear()
    assert np.array_equal(
        steps(150, seed, 5, 12, size, context).reshape(whole[5:].shape), whole[5:]
    )


def test_a_batch_does_not_belong_to_its_reader_s_memory() -> None:
    tokens = numbered(100)
    first = batch(tokens, 0, 0, size=4, context=4)
    kept = first.copy()
    first[:] = 0
    assert np.array_equal(batch(tokens, 0, 0, size=4, context=4), kept)
    assert np.array_equal(tokens, numbered(100))


@settings(deadline=None)
@given(shape=shapes, seed=seeds, step=st.integers(0, 40), of=st.integers(1, 9))
def test_the_workers_parts_are_the_batch(
    shape: tuple[int, int], seed: int, step: int, of: int
) -> None:
    size, context = shape[0] + of, shape[1]
    tokens = numbered(60)
    whole = batch(tokens, seed, step, size=size, context=context)
    for rank in range(of):
        part = batch(tokens, seed, step, size=size, context=context, part=(rank, of))
        assert np.array_equal(part, whole[rank::of])


def test_a_batch_is_one_stream_however_it_is_cut() -> None:
    small, large = steps(200, 7, 0, 24, 4, 6), steps(200, 7, 0, 8, 12, 6)
    assert np.array_equal(small, large)


@pytest.mark.golden
def test_a_batch_is_the_same_in_every_process_and_every_version() -> None:
    # Philox's raw words are fixed by its definition, and the rest is arithmetic of whole numbers.
    code = (
        "import numpy as np; from cutaway.data.batches import batch;"
        "print(batch(np.arange(50), 3, 9, size=4, context=1).tolist())"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    here = batch(np.arange(50), 3, 9, size=4, context=1).tolist()
    assert run.stdout.strip() == str(here) == str(GOLDEN)


GOLDEN = [[42, 43], [46, 47], [34, 35], [44, 45]]


def test_a_mapped_shard_gives_the_batches_of_its_tokens(tmp_path: Path) -> None:
    tokens = np.random.default_rng(0).integers(0, 256, 5000).astype(np.uint8)
    write_tokens(tmp_path / "a", [tokens], Bytes())
    mapped = read_tokens(tmp_path / "a", Bytes())
    for step in (0, 3, 1000):
        one, other = (batch(row, 5, step, size=8, context=32) for row in (mapped, tokens))
        assert type(one) is np.ndarray
        assert np.array_equal(one, other)


def test_torch_reads_inputs_and_targets_from_a_batch() -> None:
    rows = torch.from_numpy(batch(numbered(100), 0, 0, size=4, context=8))
    inputs, targets = rows[:, :-1], rows[:, 1:]
    assert inputs.dtype == torch.int64
    assert torch.equal(inputs + 1, targets)


@settings(deadline=None)
@given(count=st.integers(2, 80), context=st.integers(1, 90), size=st.integers(1, 7))
def test_evaluation_predicts_every_token_but_the_first_once_and_in_order(
    count: int, context: int, size: int
) -> None:
    blocks = list(windows(numbered(count), context, size))
    predicted = np.concatenate([block[:, 1:].reshape(-1) for block in blocks])
    assert predicted.tolist() == list(range(1, count))
    for number, block in enumerate(blocks):
        assert block.dtype == np.int64
        assert (np.diff(block) == 1).all()
        last = number == len(blocks) - 1
        assert len(block) <= size
        assert block.shape[1] > 1
        assert block.shape[1] == context + 1 or (last and len(block) == 1)
    assert sum(len(block) < size for block in blocks) <= 2


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "seed": ({"seed": -1}, "seed -1"),
    "large seed": ({"seed": 2**64}, "seed 18446744073709551616"),
    "step": ({"step": -1}, "step -1"),
    "large step": ({"step": 2**61}, "step 2305843009213693952"),
    "size": ({"size": 0}, "size 0"),
    "context": ({"context": 0}, "context 0"),
    "rank": ({"part": (2, 2)}, "part 2 of 2"),
    "negative rank": ({"part": (-1, 2)}, "part -1 of 2"),
    "no workers": ({"part": (0, 0)}, "part 0 of 0"),
    "idle workers": ({"part": (0, 5)}, "part 0 of 5"),
    "short": ({"context": 100}, "has 100 tokens, and one window needs 101"),
    "no tokens": ({"tokens": np.zeros(0, int)}, "has 0 tokens"),
    "fractions": ({"tokens": np.zeros(100)}, "whole numbers"),
    "table": ({"tokens": np.zeros((10, 10), int)}, "2 dimensions"),
}


@pytest.mark.parametrize("case", WRONG)
def test_nonsense_is_refused_in_a_sentence(case: str) -> None:
    change, says = WRONG[case]
    good: dict[str, Any] = {
        "tokens": numbered(100),
        "seed": 0,
        "step": 0,
        "size": 4,
        "context": 8,
        "part": (0, 1),
    }
    batch(**good)
    with pytest.raises(UsageError, match=says) as found:
        batch(**(good | change))
    assert found.value.next_step


def test_the_shortest_text_has_one_window() -> None:
    assert batch(numbered(9), 0, 5, size=2, context=8).tolist() == [list(range(9))] * 2


def test_nothing_to_evaluate_is_said_before_the_first_window() -> None:
    for tokens, context, size in ((numbered(1), 4, 1), (numbered(9), 0, 1), (numbered(9), 4, 0)):
        with pytest.raises(UsageError):
            windows(tokens, context, size)
