"""A training loop written down from outside: each state that it yields becomes a line or two."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from itertools import count, islice
from typing import Any, Protocol

import torch
from torch import Tensor

from cutaway.errors import UsageError

from .schema import Line
from .telemetry import Telemetry


class Stepped(Protocol):
    """What is known after a step."""

    @property
    def step(self) -> int: ...
    @property
    def loss(self) -> float: ...
    @property
    def tokens(self) -> int: ...
    @property
    def norm(self) -> float: ...
    @property
    def rate(self) -> float: ...


class Watching(Protocol):
    """Who looks at a model during a step."""

    def at(self, step: int) -> AbstractContextManager[Line]:
        """What is to be written of this step, there once the step was left; nothing if not due."""


class Digested(Protocol):
    """Whose last batch has a digest."""

    @property
    def digest(self) -> str: ...


class Hashed:
    """The batches of a run, and the digest of the one that was handed out last."""

    digest = ""

    def __init__(self, batches: Callable[[int], Sequence[Any]]) -> None:
        self.batches = batches

    def __call__(self, step: int) -> Sequence[Any]:
        """The parts of a step's batch, as they come."""
        parts = self.batches(step)
        self.digest = digest(parts)
        return parts


def digest(parts: Sequence[Any]) -> str:
    """The digest of a batch: of the numbers in it, in whatever parts and types of number.

    The parts are gone through once for each tensor of one, and none is kept meanwhile.
    """
    found = hashlib.blake2b(digest_size=8)
    shape = None
    for column in count():
        seen = 0
        for part in parts:
            for tensor in islice(_tensors(part), column, column + 1):
                if tensor.shape[1:] != shape:
                    shape = tensor.shape[1:]
                    found.update(repr(tuple(shape)).encode())
                raw: Any = tensor.reshape(-1).view(torch.uint8).numpy()
                found.update(raw)
                seen += 1
        if not seen:
            break
        found.update(b";")
    return found.hexdigest()


def _tensors(part: Any) -> Iterator[Tensor]:
    """The tensors of a part in one order, whole numbers as 64 bits."""
    if isinstance(part, Mapping):
        part = [part[name] for name in sorted(part)]
    if isinstance(part, list | tuple):
        for one in part:
            yield from _tensors(one)
        return
    try:
        tensor = torch.as_tensor(part).detach().cpu().contiguous()
    except (TypeError, ValueError, RuntimeError) as error:
        raise UsageError(f"A batch holds a {type(part).__name__}, which has no digest.") from error
    real = tensor.is_floating_point() or tensor.is_complex()
    yield tensor if real else tensor.to(torch.int64)


def recorded(
    states: Iterator[Stepped],
    telemetry: Telemetry,
    limit: float,
    probes: Watching | None = None,
    data: Digested | None = None,
) -> Iterator[Any]:
    """The states of a run that begins at the telemetry's first step, each written down first."""
    step = telemetry.first
    while True:
        began = time.perf_counter()
        with probes.at(step) if probes else nullcontext({}) as found:
            state = next(states, None)
        if state is None:
            return
        known = {name: getattr(state, name) for name in ("loss", "tokens", "norm", "rate")}
        if data is not None:
            known["data"] = data.digest
        seconds = round(time.perf_counter() - began, 6)
        telemetry.write("step", state.step, limit=limit, seconds=seconds, **known)
        if found:
            telemetry.write("layers", state.step, **found)
        yield state
        step = state.step + 1
