"""What a small model is taught and read on: a text to go on with, or a task with answers."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Protocol

import numpy as np

from cutaway.data.batches import batch
from cutaway.data.prepared import Prepared, prepare
from cutaway.data.tasks.examples import Task

if TYPE_CHECKING:
    from torch import Tensor

READ = 384  # held-out windows that every model is read on
ASKED = 512  # held-out rows of a task
UNSEEN = 2**40  # a task's seed from here on is one that no training draws from


@dataclass(frozen=True)
class Rows:
    """Rows of tokens, and which of them are to be predicted: never the first."""

    tokens: Tensor  # (N, T + 1)
    scored: Tensor  # (N, T + 1)


class Exam(Protocol):
    """What a model is taught and read on."""

    @property
    def vocab(self) -> int:
        """How many tokens there are."""

    def rows(self, seed: int, step: int) -> Rows:
        """What is learnt at a step: a pure function of the two numbers."""

    def held_out(self) -> Rows:
        """What every model is read on, and none is taught."""


@cache
def prepared(corpus: str) -> Prepared:
    """A corpus as characters."""
    return prepare(corpus)


@dataclass(frozen=True)
class Text:
    """A corpus, a character at a time."""

    corpus: str = "shakespeare"
    context: int = 64
    size: int = 16

    @property
    def vocab(self) -> int:
        """How many characters there are."""
        return prepared(self.corpus).tokenization.vocab

    def rows(self, seed: int, step: int) -> Rows:
        """Windows of the training text."""
        row = prepared(self.corpus).train
        return _all_scored(batch(row, seed, step, size=self.size, context=self.context))

    def held_out(self) -> Rows:
        """Windows from one end of the held-out text to the other."""
        row = np.asarray(prepared(self.corpus).held_out)
        starts = np.linspace(0, len(row) - self.context - 1, READ).astype(int)
        return _all_scored(row[starts[:, None] + np.arange(self.context + 1)].astype(np.int64))

    def rung(self, name: str) -> float:
        """The held-out loss of one n-gram model of the corpus, in nats a character."""
        return {one.name: one.nats for one in prepared(self.corpus).ladder}[name]


@dataclass(frozen=True)
class Quiz:
    """A task of which only the answers are scored."""

    task: Task
    size: int = 64

    @property
    def vocab(self) -> int:
        """How many tokens there are."""
        return self.task.vocab

    def rows(self, seed: int, step: int) -> Rows:
        """Rows of the task."""
        return self._drawn(seed, step, self.size)

    def held_out(self) -> Rows:
        """Rows of a seed that is not taught."""
        return self._drawn(UNSEEN, 0, ASKED)

    def _drawn(self, seed: int, step: int, count: int) -> Rows:
        import torch

        found = self.task.draw(seed, step, count)
        return Rows(torch.from_numpy(found.tokens), torch.from_numpy(found.scored))


def _all_scored(tokens: np.ndarray) -> Rows:
    """Rows of which every token but the first is predicted."""
    import torch

    found = torch.from_numpy(tokens)
    scored = torch.ones_like(found, dtype=torch.bool)
    scored[:, 0] = False
    return Rows(found, scored)
