"""How a lab teaches a small model, and what it reads of it.

    exam = Text()                                   # or Quiz(TASKS["recall"])
    losses = taught(model, exam, seed, steps=400, rate=0.003, warm=20)
    nats(model, exam.held_out()), accuracy(model, exam.held_out())

A model takes tokens (N, T) and returns scores (N, T, V). What is not a finite number is None.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

from .exams import Exam, Rows

if TYPE_CHECKING:
    from torch import Tensor, nn

Look = Callable[[int, "nn.Module"], None]


def surprise(model: nn.Module, rows: Rows) -> Tensor:
    """The mean surprise of a model at what is to be predicted: what it is taught to lessen."""
    from torch.nn import functional as F

    scores = model(rows.tokens[:, :-1])
    asked = rows.scored[:, 1:]
    return F.cross_entropy(scores[asked], rows.tokens[:, 1:][asked])


def taught(
    model: nn.Module,
    exam: Exam,
    seed: int,
    *,
    steps: int,
    rate: float,
    warm: int = 0,
    look: Look = lambda step, model: None,
) -> list[float]:
    """The losses of training with AdamW, step by step, up to the first that is not finite.

    The rate rises over the first steps, and then stays. `look` is called before each step and once
    more after the last that was taken.
    """
    import torch

    optimizer = torch.optim.AdamW(model.parameters(), weight_decay=0.0)
    losses: list[float] = []
    for step in range(steps):
        look(step, model)
        for group in optimizer.param_groups:
            group["lr"] = rate * min(1.0, (step + 1) / max(warm, 1))
        value = surprise(model, exam.rows(seed, step))
        losses.append(value.item())
        if not math.isfinite(losses[-1]):
            break
        optimizer.zero_grad()
        value.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
    look(len(losses), model)
    return losses


def _blocks(rows: Rows, size: int = 64) -> Iterable[Rows]:
    """Some rows at a time, so that reading takes little memory."""
    for first in range(0, len(rows.tokens), size):
        block = slice(first, first + size)
        yield Rows(rows.tokens[block], rows.scored[block])


def by_position(model: nn.Module, rows: Rows) -> list[float | None]:
    """The mean surprise at each place of some rows but the first, scored or not."""
    import torch
    from torch.nn import functional as F

    found = []
    with torch.no_grad():
        for block in _blocks(rows):
            scores = model(block.tokens[:, :-1])
            found.append(F.cross_entropy(scores.mT, block.tokens[:, 1:], reduction="none"))
    return [finite(one) for one in torch.cat(found).double().mean(0).tolist()]


def nats(model: nn.Module, rows: Rows) -> float | None:
    """The mean surprise at what is scored."""
    return _mean(model, rows, _surprised)


def accuracy(model: nn.Module, rows: Rows) -> float | None:
    """How often what a model thinks likeliest is right, of what is scored."""
    return _mean(model, rows, lambda scores, asked: (scores.argmax(-1) == asked).double())


def _surprised(scores: Tensor, asked: Tensor) -> Tensor:
    from torch.nn import functional as F

    return F.cross_entropy(scores, asked, reduction="none").double()


def _mean(model: nn.Module, rows: Rows, judge: Callable[[Tensor, Tensor], Tensor]) -> float | None:
    """The mean of what is judged of the scores of what is scored; None if one is no number."""
    import torch

    found = []
    with torch.no_grad():
        for block in _blocks(rows):
            asked = block.scored[:, 1:]
            scores = model(block.tokens[:, :-1])[asked]
            if not bool(scores.isfinite().all()):
                return None
            found.append(judge(scores, block.tokens[:, 1:][asked]))
    return finite(torch.cat(found).mean().item())


def truncated(model: nn.Module, rows: Rows, lengths: Sequence[int]) -> float | None:
    """The mean surprise at the tokens after some lengths, of a model fed no more than those.

    A model that reads what is to come does better than this on whole rows.
    """
    found = []
    for length in lengths:
        cut = Rows(rows.tokens[:, : length + 1], rows.scored[:, : length + 1])
        found.append(by_position(model, cut)[-1])
    known = [one for one in found if one is not None]
    return sum(known) / len(known) if len(known) == len(found) else None


def finite(value: float) -> float | None:
    """The value, or None if it is not a number."""
    return value if math.isfinite(value) else None
