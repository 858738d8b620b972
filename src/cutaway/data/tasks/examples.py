"""A task with known answers: rows of tokens, and beside every token what can be known of it.

Rows have one length, so there is no padding. The first token of a row is never scored: a model
that reads from left to right has nothing to predict it from.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from cutaway.errors import UsageError

Tokens = NDArray[np.int64]
Numbers = NDArray[np.float64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Examples:
    """Rows of a task; and of every token, scored or not, what those before it in its row tell."""

    tokens: Tokens  # (N, T)
    scored: Mask  # (N, T): this token is to be predicted
    nats: Numbers  # (N, T): its exact entropy, given those before it
    best: Numbers  # (N, T): the probability that the best possible guess at it is right


@dataclass(frozen=True)
class Exact:
    """What holds over all rows of a task, position by position, and its means over scored ones."""

    scored: Mask  # (T,)
    nats: Numbers  # (T,): the expected entropy given the tokens before
    best: Numbers  # (T,): the accuracy of the best guess given the tokens before
    blind: Numbers  # (T,): the accuracy of the best guess that knows only the position

    @classmethod
    def even(cls, choices: Numbers, blind: Numbers, scored: Mask) -> Exact:
        """A task in which a token is always one of so many equally likely ones."""
        return cls(scored, np.log(choices), 1 / choices, blind)

    @property
    def entropy(self) -> float:
        """The loss of the best possible model, in nats per scored token."""
        return float(self.nats[self.scored].mean())

    @property
    def accuracy(self) -> float:
        """The share of scored tokens that the best possible model guesses."""
        return float(self.best[self.scored].mean())

    @property
    def chance(self) -> float:
        """The share of scored tokens guessed by one who knows the task but has not seen the row."""
        return float(self.blind[self.scored].mean())

    def examples(
        self, tokens: Tokens, nats: Numbers | None = None, best: Numbers | None = None
    ) -> Examples:
        """Rows with their keys: those given, or those of the position where all rows are alike."""
        shape = tokens.shape
        return Examples(
            np.array(tokens, order="C"),
            np.array(np.broadcast_to(self.scored, shape), order="C"),
            np.array(np.broadcast_to(self.nats if nats is None else nats, shape), order="C"),
            np.array(np.broadcast_to(self.best if best is None else best, shape), order="C"),
        )


class Task(Protocol):
    """A seeded source of rows whose answers are known exactly. Equal tasks draw equal rows."""

    @property
    def vocab(self) -> int:
        """How many tokens there are."""

    @property
    def length(self) -> int:
        """How many tokens a row has."""

    @property
    def exact(self) -> Exact:
        """What holds over all rows."""

    def draw(self, seed: int, step: int, count: int) -> Examples:
        """So many rows: a pure function of the task and these three numbers."""

    def show(self, row: Tokens) -> str:
        """A row as readable text."""


def generator(task: Task, seed: int, step: int) -> np.random.Generator:
    """The randomness of one draw: its stream is named by the task with its parameters."""
    whole("The seed", seed, 0)
    whole("The step", step, 0)
    name = hashlib.sha256(f"{task!r} seed {seed} step {step}".encode()).digest()
    return np.random.Generator(np.random.Philox(key=int.from_bytes(name[:16], "big")))


def ladder(chances: Numbers) -> Numbers:
    """The running sums of chances, each row up to exactly 1: what `pick` picks from."""
    sums = chances.cumsum(-1)
    return np.asarray(sums / sums[..., -1:], np.float64)


def pick(rungs: Numbers, points: Numbers) -> Tokens:
    """For each row of rungs the first that lies above its point: chance 0 is never picked."""
    return np.asarray((points[..., None] >= rungs).sum(-1), np.int64)


def entropy(chances: Numbers) -> Numbers:
    """The entropy of each row of chances, in nats; 0 log 0 is 0."""
    return np.asarray(0 - (chances * np.log(np.where(chances > 0, chances, 1))).sum(-1))


def of_two(chance: Numbers, first: int, second: int) -> tuple[Numbers, Numbers]:
    """Entropy and best guess of a token: one of `first` equal ones by this chance, or `second`."""
    nats = entropy(np.stack([chance, 1 - chance], -1))
    nats = nats + chance * np.log(first) + (1 - chance) * np.log(second)
    return nats, np.maximum(chance / first, (1 - chance) / second)


def letter(place: int) -> str:
    """a to z, then aa, ab and so on."""
    return (letter(place // 26 - 1) if place >= 26 else "") + chr(ord("a") + place % 26)


def whole(what: str, value: int, least: int, most: int | None = None) -> None:
    """Nothing, if the value is a whole number within its bounds."""
    if type(value) is int and least <= value and (most is None or value <= most):
        return
    bounds = f"{least} or more" if most is None else f"from {least} to {most}"
    raise UsageError(f"{what} is {value!r}.", f"Give a whole number, {bounds}.")
