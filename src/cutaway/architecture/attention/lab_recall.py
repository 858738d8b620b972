"""One layer that is asked for a pair: how it is taught, read, steered and measured."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from cutaway.kit.fit import fit, generator, seeded
from cutaway.kit.words import Row

if TYPE_CHECKING:
    from torch import Tensor, nn

    from cutaway.kit.worlds import World

KEYS, VALUES, PAIRS = 8, 8, 4
WIDTH, STEPS, EVERY, RATE, BATCH, START = 64, 200, 10, 0.003, 128, 0.1
EXAM, FEWEST, SHOWN = 1024, 30, 20
MASS, ACCURACY = "mass on the right pair", "accuracy"
RIGHT, WRONG = "mass where answered right", "mass where answered wrong"

Look = Callable[[int, "nn.Module"], None]
Weights = Callable[["Tensor"], "Tensor"]  # weights of shape (B, H, T, S) as others of that shape


@dataclass(frozen=True)
class Exam:
    """Rows that were not trained on; in each the place of the right pair, and of another."""

    rows: Tensor
    right: Tensor
    other: Tensor


def drawn(seed: int, step: int, count: int) -> Tensor:
    """Rows of pairs, a key that is asked for, and its value: the last token."""
    import torch

    from cutaway.data.tasks import Recall

    task = Recall(KEYS, VALUES, PAIRS, queries=1, joined=True)
    return torch.as_tensor(task.draw(seed, step, count).tokens)


def exam_of(seed: int) -> Exam:
    """The exam of a seed; the other pair is any but the right one, equally likely."""
    import torch

    rows = drawn(seed, STEPS + 1, EXAM)
    keys = (rows[:, :PAIRS] - KEYS - VALUES) // VALUES
    right = (keys == rows[:, -2:-1]).int().argmax(-1)
    away = torch.randint(1, PAIRS, (EXAM,), generator=generator(seed, "other pair"))
    return Exam(rows, right, (right + away) % PAIRS)


@cache
def chance() -> float:
    """How often one is right who sees the values of a row, but not which key has which."""
    draws = list(itertools.product(range(VALUES), repeat=PAIRS))
    return sum(max(Counter(values).values()) for values in draws) / PAIRS / len(draws)


def reader(world: World, seed: int, start: float) -> nn.Module:
    """Embeddings, one layer of a world's attention with a residual path, and a linear head."""
    from torch import nn

    class Small(nn.Embedding):
        def reset_parameters(self) -> None:
            nn.init.normal_(self.weight, std=start)

    class Reader(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            vocab = KEYS + VALUES + KEYS * VALUES
            self.embedding = Small(vocab, WIDTH)
            self.attention = world.attention.SelfAttention(WIDTH, 1)
            self.head = nn.Linear(WIDTH, vocab)

        def forward(self, tokens: Tensor) -> Tensor:
            x = self.embedding(tokens)
            found: Tensor = self.head(x + self.attention(x))
            return found

    return seeded(Reader(), seed)


def trained(world: World, seed: int, look: Look, start: float = START) -> nn.Module:
    """A reader that was taught to answer, and was looked at every few steps."""
    from torch.nn.functional import cross_entropy

    model = reader(world, seed, start)

    def batch(step: int) -> Tensor:
        if step % EVERY == 0:
            look(step, model)
        return drawn(seed, step, BATCH)

    def loss(model: nn.Module, rows: Tensor) -> Tensor:
        return cross_entropy(model(rows)[:, -2], rows[:, -1])

    fit(model, batch, loss, steps=STEPS, rate=RATE)
    look(STEPS, model)
    return model


def answered(model: nn.Module, exam: Exam) -> Tensor:
    """The probabilities of every token as the answer, a row for each question."""
    import torch

    with torch.no_grad():
        odds: Tensor = model(exam.rows)[:, -2].softmax(-1)
    return odds


@contextmanager
def steered(world: World, model: Any, change: Weights) -> Iterator[None]:
    """A block in which a model mixes its values by changed weights.

    The weights are what attention returns where the values are the identity.
    """
    import torch

    def attend(q: Tensor, k: Tensor, v: Tensor, mask: Any) -> Tensor:
        eye = torch.eye(v.shape[-2]).expand(*v.shape[:-1], v.shape[-2])
        return change(world.attention.attend(q, k, eye, mask)) @ v

    usual = model.attention.attend
    model.attention.attend = attend
    try:
        yield
    finally:
        model.attention.attend = usual


def read(world: World, model: nn.Module, exam: Exam) -> tuple[Tensor, Tensor]:
    """For each question whether the answer is right, and the weight of the right pair."""
    seen: list[Tensor] = []

    def keep(weights: Tensor) -> Tensor:
        seen.append(weights[:, 0, -2])
        return weights

    with steered(world, model, keep):
        odds = answered(model, exam)
    mass = seen[0].gather(1, exam.right[:, None])[:, 0]
    return odds.argmax(-1) == exam.rows[:, -1], mass


def retrieval(world: World, *, seed: int) -> Iterator[Row]:
    """While a reader learns: how often it is right, and its weight on the right pair.

    That weight also among the questions answered right and wrong, where there are enough of them.
    """
    exam, rows = exam_of(seed), list[Row]()

    def look(step: int, model: nn.Module) -> None:
        if step % SHOWN:
            return
        hits, mass = read(world, model, exam)
        found = {ACCURACY: hits.float(), MASS: mass, RIGHT: mass[hits], WRONG: mass[~hits]}
        for what, values in found.items():
            if len(values) >= FEWEST:
                share = round(values.mean().item(), 5)
                rows.append({"step": step, "what": what, "share": share})

    trained(world, seed, look)
    yield from rows


def changes(exam: Exam) -> dict[str, Weights]:
    """Ways to change the weights with which the question looks at the row."""
    import torch

    def asked(change: Weights) -> Weights:
        def changed(weights: Tensor) -> Tensor:
            weights = weights.clone()
            weights[:, 0, -2] = change(weights[:, 0, -2])
            return weights

        return changed

    def alone(at: Tensor) -> Weights:
        return asked(lambda row: torch.zeros_like(row).scatter(1, at[:, None], 1.0))

    def removed(at: Tensor) -> Weights:
        def change(row: Tensor) -> Tensor:
            row = row.scatter(1, at[:, None], 0.0)
            return row / row.sum(-1, keepdim=True)

        return asked(change)

    seen = torch.arange(exam.rows.shape[1]) <= PAIRS
    return {
        "as learnt": asked(lambda row: row),
        "the right pair alone": alone(exam.right),
        "the right pair removed": removed(exam.right),
        "another pair removed": removed(exam.other),
        "another pair alone": alone(exam.other),
        "all alike": asked(lambda row: (seen / seen.sum()).expand_as(row)),
    }


def intervention(world: World, *, seed: int) -> Iterator[Row]:
    """How a trained reader answers when its weights at the question are replaced.

    `misled` is how often the answer is the value of the other pair.
    """
    exam = exam_of(seed)
    model = trained(world, seed, lambda step, model: None)
    truth = exam.rows[:, -1]
    pair = exam.rows.gather(1, exam.other[:, None])[:, 0]
    value = KEYS + (pair - KEYS - VALUES) % VALUES
    for name, change in changes(exam).items():
        with steered(world, model, change):
            odds = answered(model, exam)
        yield {
            "weights": name,
            "accuracy": (odds.argmax(-1) == truth).float().mean().item(),
            "probability": odds.gather(1, truth[:, None]).mean().item(),
            "misled": (odds.argmax(-1) == value).float().mean().item(),
        }


def retrieval_by_start(world: World, *, seed: int, start: float) -> Iterator[Row]:
    """Accuracy and weight after training, by the deviation of the first embeddings."""
    model = trained(world, seed, lambda step, model: None, start)
    hits, mass = read(world, model, exam_of(seed))
    yield {"accuracy": hits.float().mean().item(), "mass": mass.mean().item()}


def retrieval_by_fault(world: World, *, seed: int) -> Iterator[Row]:
    """Accuracy after training, and the steps to nine right answers in ten, at most all steps."""
    exam, accuracy = exam_of(seed), dict[int, float]()
    finite = True

    def look(step: int, model: nn.Module) -> None:
        nonlocal finite
        odds = answered(model, exam)
        finite = bool(odds.isfinite().all())
        accuracy[step] = (odds.argmax(-1) == exam.rows[:, -1]).float().mean().item()

    trained(world, seed, look)
    solved = [step for step, share in accuracy.items() if share >= 0.9]
    yield {
        "diverged": not finite,
        "accuracy": accuracy[STEPS] if finite else None,
        "solved": bool(solved),
        "steps": min(solved, default=STEPS),
    }
