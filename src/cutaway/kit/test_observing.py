"""Two observations are equal to the bit, or what differs is said."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from .observing import change, changes

SMALL = arrays.arrays(
    np.float64, st.integers(1, 4), elements=st.floats(-1e6, 1e6, allow_subnormal=False)
)


@given(SMALL)
def test_a_copy_is_no_change(values: Any) -> None:
    assert change(values, values.copy()) is None
    assert change(torch.tensor(values), torch.tensor(values)) is None


@given(SMALL, st.data())
def test_the_change_is_the_largest_difference(values: Any, data: st.DataObject) -> None:
    other = data.draw(arrays.arrays(np.float64, values.shape, elements=st.floats(-1e6, 1e6)))
    largest = float(np.abs(values - other).max())
    found = change(values, other)
    assert found == (largest or found)
    assert (found is None) == (values.tobytes() == other.tobytes())


def test_the_smallest_difference_is_seen() -> None:
    one = torch.ones(3)
    other = one.clone()
    other[1] = torch.nextafter(other[1], torch.tensor(2.0))
    assert change(one, other) == 2**-23


@pytest.mark.parametrize(
    ("one", "other", "said"),
    [
        (torch.ones(2), torch.ones(3), "has shape (3,), not (2,)"),
        (torch.ones(1), torch.ones(1, 1), "has shape (1, 1), not (1,)"),
        (torch.ones(2), torch.ones(2, dtype=torch.float64), "has type"),
        (torch.ones(2), torch.ones(2, dtype=torch.bfloat16), "has type"),
        (torch.ones(2), torch.tensor([1.0, math.nan]), "is not finite"),
        (torch.tensor([1.0, math.inf]), torch.ones(2), "is not finite"),
        (torch.tensor([0.0, math.inf]), torch.tensor([0.0, -math.inf]), "differs"),
        (torch.tensor([math.nan]), torch.tensor([math.inf]), "differs"),
        (torch.zeros(1), -torch.zeros(1), "differs"),
        (torch.ones(1), None, "is missing"),
        (None, torch.ones(1), "is new"),
        ("a", "b", "differs"),
        ("a", None, "differs"),
        (b"a", b"b", "differs"),
        (["a", "b"], ["a", "c"], "differs"),
        (1, "1", "differs"),
        ([1.0], [None], "differs"),
    ],
)
def test_what_has_no_number_is_said_in_words(one: Any, other: Any, said: str) -> None:
    assert str(change(one, other)).startswith(said)


@pytest.mark.parametrize(
    "value",
    [
        None,
        "a",
        b"a",
        3,
        True,
        0.5,
        math.nan,
        [1, 2],
        ["a", "b"],
        (1.0, math.inf),
        torch.tensor([math.nan, math.inf]),
        torch.ones(2, dtype=torch.bfloat16),
        torch.ones(2, dtype=torch.bool),
        torch.ones(2, requires_grad=True),
        torch.ones(2, 3).T,
        torch.tensor(1j),
        torch.ones(0),
        np.array(["x"]),
    ],
)
def test_nothing_differs_from_itself(value: Any) -> None:
    assert change(value, value) is None


def test_other_kinds_of_numbers_differ_by_numbers() -> None:
    assert change(torch.tensor([1, 5]), torch.tensor([2, 2])) == 3
    assert change(torch.tensor([True]), torch.tensor([False])) == 1
    assert change(torch.tensor([1 + 1j]), torch.tensor([1 + 3j])) == 2
    assert change(3, 5) == 2
    assert change(torch.ones(1, dtype=torch.bfloat16), torch.zeros(1, dtype=torch.bfloat16)) == 1


def test_observations_are_compared_name_by_name() -> None:
    clean = {"a": torch.ones(1), "b": None, "c": "x", "d": 1}
    broken = {"a": torch.zeros(1), "b": None, "d": 1, "e": 2}
    assert changes(clean, broken) == {"a": 1.0, "c": "differs", "e": "is new"}
    assert changes(clean, dict(clean)) == {}
