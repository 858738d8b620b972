"""Every generator goes on where it stood, to the last bit; no other state is taken for one."""

from __future__ import annotations

import copy
import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from cutaway.errors import Refused, UsageError

from .chances import put_back, random_states
from .checkpoints import Checkpoints


def own() -> dict[str, Any]:
    """Generators of each kind."""
    return {
        "dropout": torch.Generator().manual_seed(1),
        "order": np.random.default_rng(2),
        "twister": np.random.Generator(np.random.MT19937(3)),
        "legacy": np.random.RandomState(4),
        "shuffle": random.Random(5),
    }


def draws(some: dict[str, Any], count: int) -> list[float]:
    """Numbers from every generator; those from normal distributions keep half of a pair."""
    found: list[float] = []
    for _ in range(count):
        found += [torch.randn(()).item(), torch.rand(3)[2].item(), torch.randn(17)[3].item()]
        found += [np.random.standard_normal(), np.random.rand(), random.gauss(0, 1)]
        found += [random.random(), torch.randn((), generator=some["dropout"]).item()]
        found += [some["order"].normal(), some["order"].integers(9, dtype=np.uint32)]
        found += [some["twister"].random(), some["legacy"].standard_normal()]
        found += [some["shuffle"].gauss(0, 1)]
    return found


@pytest.mark.parametrize("before", [0, 1, 2, 300])
def test_after_a_checkpoint_every_generator_draws_the_same(before: int, tmp_path: Path) -> None:
    some = own()
    draws(some, before)
    with Checkpoints(tmp_path) as several:
        several.save(0, {}, {"random": random_states(**some)})
        expected = draws(some, 40)
        last, _ = several.resume()
    assert last is not None
    others = own()
    draws(others, 7)
    put_back(last.state["random"], **others)
    assert draws(others, 40) == expected


def test_saving_draws_nothing(tmp_path: Path) -> None:
    before = random_states()
    with Checkpoints(tmp_path, keep=1) as several:
        for step in range(3):
            several.save(step, {"weights": {"w": torch.ones(3)}}, {})
        several.resume()
    assert random_states() == before


def changed(states: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    """States with one value replaced."""
    new = copy.deepcopy(states)
    inner: Any = new
    *way, end = [int(part) if part.isdigit() else part for part in path.split(".")]
    for part in way:
        inner = inner[part]
    inner[end] = value
    return new


BAD: list[tuple[str, Any]] = [
    ("torch", "00"),
    ("torch", "zz" * 5056),
    ("torch", "ff" * 5056),
    ("torch", "00" * 5056),
    ("torch", None),
    ("numpy.state.pos", 10**6),
    ("numpy.state.pos", -1),
    ("numpy.state.pos", True),
    ("numpy.state.key", [0] * 623),
    ("numpy.state.key.5", 2**32),
    ("numpy.state.key.5", "x"),
    ("numpy.bit_generator", "PCG64"),
    ("numpy", []),
    ("python.1.624", 10**9),
    ("python.1.3", -1),
    ("python.1.3", 2**70),
    ("python.0", 2),
    ("python.2", "x"),
    ("python", {}),
    ("order.state.state", 2**128),
    ("order.has_uint32", 7),
    ("order.bit_generator", "XXX64"),
]


@pytest.mark.parametrize(("path", "value"), BAD)
def test_a_state_that_cannot_be_is_refused(path: str, value: Any) -> None:
    some = own()
    before = random_states(**some)
    try:
        with pytest.raises(Refused, match="random state"):
            put_back(changed(before, path, value), **some)
    finally:
        put_back(before, **some)
    assert random_states(**some) == before


def test_states_of_other_generators_are_refused() -> None:
    with pytest.raises(Refused, match="other generators: numpy, python, torch"):
        put_back(random_states(), dropout=torch.Generator())
    with pytest.raises(UsageError, match="'torch' is taken"):
        random_states(torch=torch.Generator())
    with pytest.raises(UsageError, match="Philox are not kept"):
        random_states(a=np.random.Generator(np.random.Philox(0)))
