"""A run that can be driven, and what is asked of whoever drives it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol

from cutaway.errors import UsageError

from .recording import Digested, Watching
from .saving import Groups


class Job(Protocol):
    """A run that can be driven: its steps, what it is made of, and how it is looked at."""

    steps: int
    limit: float

    @property
    def probes(self) -> Watching | None:
        """Who looks at the model now and then."""

    @property
    def data(self) -> Digested | None:
        """What tells one batch from another."""

    def states(self, first: int) -> Iterator[Any]:
        """The states from a step on."""

    def groups(self) -> Groups:
        """The tensors that it needs to go on."""

    def load(self, groups: Groups) -> None:
        """Go on from these tensors."""

    def judge(self) -> tuple[float, int]:
        """The loss on what it does not learn from, in nats a token, and how many tokens."""

    def sample(self) -> tuple[str, str]:
        """A prompt, and what the model makes of it."""


@dataclass(frozen=True)
class Cadence:
    """After how many steps something is done; 0 is only at the end."""

    judged: int
    saved: int
    sampled: int
    keep: int = 3

    def __post_init__(self) -> None:
        for every in (self.judged, self.saved, self.sampled):
            if every < 0:
                raise UsageError(f"Nothing can be done every {every} steps.", "0 is at the end.")
        if self.keep < 1:
            raise UsageError(f"Of checkpoints {self.keep} cannot be kept.", "Keep at least one.")


@dataclass(frozen=True)
class Ended:
    """How a run ended: after how many steps, and whether those were all."""

    done: int
    complete: bool
