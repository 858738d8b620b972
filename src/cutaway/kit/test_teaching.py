"""What a small model is taught, and what is read of it."""

from __future__ import annotations

import itertools
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from cutaway.data.batches import batch
from cutaway.data.tasks import TASKS

from . import exams
from .exams import Quiz, Rows, Text
from .fit import fit, seeded
from .teaching import accuracy, by_position, nats, surprise, taught, truncated

VOCAB, CONTEXT = 7, 13


@pytest.fixture
def text(monkeypatch: pytest.MonkeyPatch) -> Text:
    """A corpus that counts, over and over."""
    row = np.arange(9000) % VOCAB
    sides = {"train": row[:8000], "held_out": row[8000:]}
    found = SimpleNamespace(tokenization=SimpleNamespace(vocab=VOCAB), **sides)
    monkeypatch.setattr(exams, "prepared", lambda corpus: found)
    return Text("counting", CONTEXT, size=4)


class Table(nn.Module):
    """Scores of the next token by the last one alone."""

    def __init__(self, vocab: int = VOCAB) -> None:
        super().__init__()
        self.scores = nn.Embedding(vocab, vocab)

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        """The scores (N, T, V)."""
        found: torch.Tensor = self.scores(tokens)
        return found


class Peeker(nn.Module):
    """Knows the next token where it is among those it was given, and nothing else."""

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        """The scores (N, T, V)."""
        scores = torch.zeros(*tokens.shape, VOCAB)
        scores[:, :-1] = 9.0 * F.one_hot(tokens[:, 1:], VOCAB)
        return scores


def knows() -> Table:
    """A table that knows how to count."""
    model = Table()
    with torch.no_grad():
        model.scores.weight.copy_(9.0 * torch.eye(VOCAB).roll(1, 1))
    return model


def test_a_text_is_taught_in_the_windows_of_its_seed_and_step(text: Text) -> None:
    found = text.rows(3, 5)
    row = exams.prepared("counting").train
    assert torch.equal(found.tokens, torch.from_numpy(batch(row, 3, 5, size=4, context=CONTEXT)))
    assert not found.scored[:, 0].any() and found.scored[:, 1:].all()


def test_what_is_held_out_reaches_from_one_end_to_the_other(text: Text) -> None:
    tokens = text.held_out().tokens
    row = exams.prepared("counting").held_out
    assert tokens.shape == (exams.READ, CONTEXT + 1)
    assert tokens[0].tolist() == row[: CONTEXT + 1].tolist()
    assert tokens[-1].tolist() == row[-CONTEXT - 1 :].tolist()


@pytest.mark.parametrize("name", TASKS)
def test_every_task_can_be_taught_and_is_examined_on_other_rows(name: str) -> None:
    quiz = Quiz(TASKS[name], size=5)
    taught_, asked = quiz.rows(0, 0), quiz.held_out()
    assert taught_.tokens.shape == (5, TASKS[name].length)
    assert taught_.scored.any() and not taught_.scored[:, 0].any()
    assert int(asked.tokens.max()) < quiz.vocab
    assert not torch.equal(taught_.tokens, asked.tokens[:5])


def test_only_what_is_scored_is_taught(text: Text) -> None:
    rows = text.rows(0, 0)
    scored = torch.zeros_like(rows.scored)
    scored[1, 4] = scored[2, 7] = True
    model = seeded(Table(), 0)
    by_hand = [
        F.cross_entropy(model(rows.tokens)[n, t - 1], rows.tokens[n, t])
        for n, t in [(1, 4), (2, 7)]
    ]
    found = surprise(model, Rows(rows.tokens, scored))
    torch.testing.assert_close(found, torch.stack(by_hand).mean())
    assert nats(model, Rows(rows.tokens, scored)) == pytest.approx(found.item(), abs=1e-6)


def test_without_a_warm_up_the_lesson_is_the_kits_own_training(text: Text) -> None:
    one, other = seeded(Table(), 0), seeded(Table(), 0)
    losses = taught(one, text, 0, steps=20, rate=0.1)
    assert losses == fit(other, lambda step: text.rows(0, step), surprise, steps=20, rate=0.1)
    assert torch.equal(one.scores.weight, other.scores.weight)
    assert losses[-1] < losses[0] - 1


def test_the_rate_rises_by_equal_steps_and_then_stays(text: Text) -> None:
    before: list[torch.Tensor] = []

    def look(step: int, model: nn.Module) -> None:
        before.append(model.get_parameter("scores.weight").detach().clone())

    taught(seeded(Table(), 0), text, 0, steps=6, rate=0.04, warm=4, look=look)
    moved = [(b - a).abs().max().item() for a, b in itertools.pairwise(before)]
    assert len(before) == 7
    # Where the gradient hardly changes, a step of Adam's is as long as the rate.
    assert moved == pytest.approx([0.01, 0.02, 0.03, 0.04, 0.04, 0.04], rel=0.01)


def test_training_ends_where_the_loss_is_no_number(text: Text) -> None:
    seen: list[int] = []

    def look(step: int, model: nn.Module) -> None:
        seen.append(step)
        if step == 2:
            with torch.no_grad():
                model.get_parameter("scores.weight").fill_(torch.nan)

    losses = taught(Table(), text, 0, steps=9, rate=0.1, look=look)
    assert len(losses) == 3 and seen == [0, 1, 2, 3]


def test_a_model_that_knows_is_right(text: Text) -> None:
    asked = text.held_out()
    assert accuracy(knows(), asked) == 1
    assert nats(knows(), asked) == pytest.approx(np.log(1 + 6 * np.exp(-9)), rel=1e-3)
    assert truncated(knows(), asked, (5, 11)) == pytest.approx(nats(knows(), asked), rel=1e-3)


def test_a_model_that_peeks_is_found_out_by_what_it_is_not_given(text: Text) -> None:
    asked = text.held_out()
    places = by_position(Peeker(), asked)
    assert len(places) == CONTEXT and places[0] == pytest.approx(places[-2])
    assert places[-1] == pytest.approx(np.log(VOCAB))
    assert truncated(Peeker(), asked, (5, 11)) == pytest.approx(np.log(VOCAB))


@pytest.mark.parametrize("wrong", [torch.nan, torch.inf])
def test_what_is_no_number_is_none(text: Text, wrong: float) -> None:
    model, asked = Table(), text.held_out()
    nn.init.constant_(model.scores.weight, wrong)
    found = [nats(model, asked), accuracy(model, asked), truncated(model, asked, (5,))]
    assert found == [None] * 3
    assert by_position(model, asked) == [None] * CONTEXT
