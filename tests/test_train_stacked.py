"""`train` with Muon, made fast: matrices of one shape are moved together, to the same weights."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from cutaway.training import loop
from cutaway.training.loop import muon
from cutaway.verbs.training import compiling
from cutaway.verbs.training.stacking import orthogonal, stacked

SHAPES = {"a": (6, 6), "b": (4, 9), "c": (6, 6), "d": (9, 4), "e": (4, 9), "f": (1, 5), "g": (6, 6)}
CLOSE = {torch.float64: 1e-12, torch.float32: 1e-5, torch.bfloat16: 0.05}


def drawn(shape: tuple[int, ...], seed: int) -> Tensor:
    """Numbers of a bell."""
    chance = torch.Generator().manual_seed(seed)
    return torch.randn(shape, generator=chance, dtype=torch.float64)


def after(fast: bool, silent: tuple[str, ...] = ()) -> dict[str, Tensor]:
    """Weights, and what is remembered of them, after twenty steps; some never have a gradient."""
    weights = {name: nn.Parameter(drawn(shape, 0)) for name, shape in SHAPES.items()}
    alone = nn.Parameter(drawn((3,), 1))
    both = loop.Together(
        (loop.Muon(weights, 0.1, 0.9, torch.float64), 1.0),
        (loop.AdamW({"alone": alone}, 0.0, (0.9, 0.95), 1e-8), 0.5),
    )
    if fast:
        stacked(both)
    for step in range(20):
        both.rate = 0.02 / (1 + step)
        both.clear()
        for at, (name, weight) in enumerate(both.weights.items()):
            if name not in silent:
                weight.grad = drawn(tuple(weight.shape), 100 * step + at)
        both.step()
    return {**{name: one.detach() for name, one in both.weights.items()}, **both.state}


@pytest.mark.parametrize("dtype", CLOSE, ids=str)
@pytest.mark.parametrize("shape", [*{*SHAPES.values()}, (40, 25)], ids=str)
def test_a_stack_is_turned_as_each_of_its_matrices_is(
    shape: tuple[int, int], dtype: torch.dtype
) -> None:
    """Matrices of very unlike lengths, so that none is measured by another's."""
    several = [drawn(shape, at) * 10.0**at for at in (-3, 0, 5)] + [torch.zeros(shape).double()]
    found = orthogonal(torch.stack(several), dtype, muon)
    expected = torch.stack([muon.orthogonal(one, torch.float64) for one in several])
    assert found.dtype == dtype
    torch.testing.assert_close(found.double(), expected, atol=CLOSE[dtype], rtol=CLOSE[dtype])


@pytest.mark.parametrize("silent", [(), ("c",), ("d", "alone"), (*SHAPES, "alone")], ids=str)
def test_twenty_steps_together_are_those_one_by_one(silent: tuple[str, ...]) -> None:
    """Shapes that are shared by three, two and one; some of a shape may have no gradient."""
    one, other = after(True, silent), after(False, silent)
    assert one.keys() == other.keys()
    for name, found in one.items():
        torch.testing.assert_close(found, other[name], atol=1e-12, rtol=1e-12)
    for name in silent:
        shape = SHAPES.get(name, (3,))
        assert torch.equal(one[name], drawn(shape, 1 if name == "alone" else 0))


def test_other_optimizers_stay_as_they_are() -> None:
    weight = nn.Parameter(torch.ones(2, 2))
    for one in (loop.SGD({"w": weight}, 0.0), loop.Momentum({"w": weight}, 0.0, 0.9)):
        stacked(one)
        assert "step" not in vars(one)


def test_a_loss_is_rounded_from_outside_of_what_is_compiled(
    train: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """torch keeps nothing compiled for the next run that rounds on its own."""
    seen = []

    def compile(loss: Any, dynamic: bool) -> Any:
        def quick(*given: Any) -> Any:
            seen.append(torch.is_autocast_enabled("cpu"))
            return loss(*given)

        return quick

    monkeypatch.setattr(torch, "compile", compile)
    monkeypatch.setattr(compiling, "missing", lambda: None)
    train("--compile yes --precision bf16 --optimizer muon")
    train("--compile yes", name="single")
    assert {*seen} == {True, False} and seen == sorted(seen, reverse=True)


@pytest.fixture(autouse=True)
def _threads() -> Iterator[None]:
    """One thread, and as many as before afterwards."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)
