"""Each step is on the file before it is handed on; a batch has one digest however it is cut."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import torch

from cutaway.errors import UsageError

from .recording import Hashed, digest, recorded
from .telemetry import Telemetry, lines


@dataclass(frozen=True)
class State:
    """What a loop yields."""

    step: int
    loss: float
    tokens: int
    norm: float
    rate: float


class Fake:
    """Batches that nobody looks at."""

    digest = "0123456789abcdef"


def states(first: int, last: int) -> Iterator[State]:
    """The states of some steps, which are functions of the step."""
    for n in range(first, last):
        yield State(n, math.exp(-n / 7) if n % 5 else math.nan, 8 + n, 1 + math.sin(n), 1 / (n + 1))


class Order:
    """Probes that write down when they looked."""

    def __init__(self) -> None:
        self.seen: list[Any] = []

    @contextmanager
    def at(self, step: int) -> Iterator[dict[str, Any]]:
        found: dict[str, Any] = {}
        self.seen.append(step)
        yield found
        self.seen.append("done")
        found.update({"parts": {"a": {"weight": 1.0}}} if step == 4 else {})


def test_a_step_is_written_before_it_is_handed_on_and_watched_while_it_is_done(
    tmp_path: Path,
) -> None:
    order = Order()

    def loop() -> Iterator[State]:
        for state in states(3, 6):
            order.seen.append("step")
            yield state

    with Telemetry(tmp_path / "t", "mine", {}, {}, 3) as mine:
        for state in recorded(loop(), mine, 2.0, order, Fake()):
            last = [line for line in lines(tmp_path / "t") if line["kind"] == "step"][-1]
            for name in ("step", "loss", "tokens", "norm", "rate"):
                assert repr(last[name]) == repr(getattr(state, name))
            assert (last["limit"], last["data"]) == (2.0, Fake.digest)
            order.seen.append("on")
    each = ["step", "done", "on"]
    assert order.seen == [3, *each, 4, *each, 5, *each, 6, "done"]
    kinds = [line["kind"] for line in lines(tmp_path / "t")]
    assert kinds == ["run", "step", "step", "layers", "step"]


def test_without_probes_and_data_steps_alone_are_written(tmp_path: Path) -> None:
    with Telemetry(tmp_path / "t", "mine", {}, {}) as mine:
        assert [one.step for one in recorded(states(0, 3), mine, math.inf)] == [0, 1, 2]
    found = [line for line in lines(tmp_path / "t") if line["kind"] == "step"]
    assert len(found) == 3 and "data" not in found[0] and found[0]["limit"] == math.inf
    assert all(0 <= line["seconds"] < 5 for line in found)


IDS = torch.arange(24).reshape(4, 6)


def test_the_batch_is_handed_on_as_it_is_and_its_digest_kept() -> None:
    parts = [(IDS, IDS + 1)]
    hashed = Hashed(lambda step: parts if step else [])
    assert hashed(1) is parts
    assert hashed.digest == digest(parts) and len(hashed.digest) == 16
    hashed(0)
    assert hashed.digest != digest(parts)


@pytest.mark.parametrize("most", [1, 2, 3, 4])
def test_a_batch_has_one_digest_in_whatever_parts_it_comes(most: int) -> None:
    rows = [IDS[at : at + most] for at in range(0, 4, most)]
    assert digest([(some, some + 1) for some in rows]) == digest([(IDS, IDS + 1)])


def test_the_digest_is_of_the_ids_and_not_of_their_type_or_place_in_memory() -> None:
    same = [IDS.int(), IDS.to(torch.uint8), IDS.T.contiguous().T, IDS.numpy(), IDS.tolist()]
    assert {digest([one]) for one in same[:4]} == {digest([IDS])}
    assert digest([{"b": IDS, "a": 2 * IDS}]) == digest([{"a": 2 * IDS, "b": IDS}])


def test_other_ids_in_another_order_or_shape_have_another_digest() -> None:
    changed = IDS.clone()
    changed[3, 5] += 1
    several: list[list[Any]] = [
        [IDS], [changed], [IDS.flip(0)], [IDS.flip(1)], [IDS.T], [IDS.view(3, 8)], [IDS.view(24)],
        [(IDS, IDS)], [(IDS, changed)], [IDS, IDS], [IDS.float()], [IDS.double()], [],
        [IDS[:2], IDS[2:].reshape(3, 4)], [IDS[:2], IDS[2:].reshape(4, 3)],
        [(IDS[:2], IDS[2:])],
    ]  # fmt: skip
    assert len({digest(one) for one in several}) == len(several)


def test_what_has_no_numbers_has_no_digest() -> None:
    with pytest.raises(UsageError, match="a str"):
        digest([("text", IDS)])
