"""What a loss must do, one property a test. It also runs on broken copies."""

import math

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from .losses import UNASKED, asked, nats, surprise

B, T, V = 3, 5, 7


class Fixed(nn.Module):
    """A model whose scores are what one says."""

    def __init__(self, scores):
        super().__init__()
        self.scores = nn.Parameter(scores)

    def forward(self, ids):
        return self.scores[: len(ids)]


class Table(nn.Module):
    """Scores by the token alone, through dropout."""

    def __init__(self, share=0.0):
        super().__init__()
        self.rows, self.drop = nn.Embedding(V, V), nn.Dropout(share)

    def forward(self, ids):
        return self.drop(self.rows(ids))


def part(seed=0, rows=B, hidden=0.4):
    stream = torch.Generator().manual_seed(seed)
    inputs, targets = torch.randint(V, (2, rows, T), generator=stream)
    unasked = torch.rand(rows, T, generator=stream) < hidden
    return inputs, targets.masked_fill(unasked, UNASKED)


def scores(dtype=torch.float64):
    return torch.randn(B, T, V, generator=torch.Generator().manual_seed(9)).to(dtype)


@pytest.mark.oracle
def test_a_sum_of_surprises_is_that_of_torch():
    given, (_, targets) = scores(), part()
    logs = given.log_softmax(-1)
    places = [(b, t) for b in range(B) for t in range(T) if targets[b, t] != UNASKED]
    expected = -sum(logs[b, t, targets[b, t]] for b, t in places)
    torch.testing.assert_close(surprise(Fixed(given), part()), expected)


def test_a_model_that_knows_nothing_is_surprised_by_the_logarithm_of_the_vocabulary():
    found = surprise(Fixed(torch.zeros(B, T, V)), part(hidden=0.0))
    assert found.item() == pytest.approx(B * T * math.log(V))


def test_a_model_that_is_sure_and_right_is_not_surprised():
    inputs, targets = part(hidden=0.0)
    assert surprise(Fixed(100.0 * F.one_hot(targets, V)), (inputs, targets)).item() < 1e-9


def test_a_model_that_is_sure_and_wrong_loses_all_that_it_was_sure_by():
    inputs, targets = part(hidden=0.0)
    wrong = 100.0 * F.one_hot((targets + 1) % V, V)
    assert surprise(Fixed(wrong), (inputs, targets)).item() == pytest.approx(100 * B * T)


def test_a_token_that_nobody_asks_for_costs_nothing_and_is_not_counted():
    inputs, targets = part(hidden=0.0)
    targets[1:] = UNASKED
    first = inputs[:1], targets[:1]
    whole = surprise(Fixed(scores()), (inputs, targets))
    torch.testing.assert_close(whole, surprise(Fixed(scores()), first))
    assert asked((inputs, targets)) == T


def test_where_nothing_is_asked_the_sum_is_zero():
    inputs, _ = part()
    nothing = inputs, torch.full_like(inputs, UNASKED)
    assert surprise(Fixed(scores()), nothing) == 0 == asked(nothing)


def test_two_parts_add_up_to_the_whole():
    """A sum is one; a mean would not."""
    model, (inputs, targets) = Table(), part()
    whole = surprise(model, (inputs, targets))
    halves = [surprise(model, (inputs[some], targets[some])) for some in (slice(1), slice(1, B))]
    torch.testing.assert_close(sum(halves), whole)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_a_loss_is_single_precision_whatever_the_scores_are(dtype):
    """So it is exact for the scores that there are."""
    given = scores(dtype)
    found = surprise(Fixed(given), part())
    torch.testing.assert_close(found, surprise(Fixed(given.float()), part()), rtol=0, atol=0)
    assert found.dtype == torch.float32


def test_a_loss_in_double_precision_stays_so():
    assert surprise(Fixed(scores()), part()).dtype == torch.float64


# Judging


def test_each_token_counts_alike_when_a_model_is_judged():
    model = Table()
    inputs, targets = (torch.cat(some) for some in zip(part(0), part(1, hidden=0.9), strict=True))
    expected = F.cross_entropy(model(inputs).flatten(0, 1), targets.flatten(), ignore_index=UNASKED)
    found = nats(model, [part(0), part(1, hidden=0.9)])
    assert found == pytest.approx(expected.item(), rel=1e-5)


def test_a_model_is_judged_without_dropout():
    torch.manual_seed(0)
    model = Table(0.5).train()
    assert len({nats(model, [part()]) for _ in range(5)}) == 1


@pytest.mark.parametrize("learning", [True, False])
def test_a_model_goes_on_as_it_was_before_it_was_judged(learning):
    model = Table().train(learning)
    nats(model, [part()])
    assert model.training is model.drop.training is learning


def test_judging_leaves_no_gradient():
    model = Table()
    seen = []
    model.register_forward_hook(lambda _, given, out: seen.append(out.requires_grad))
    nats(model, [part()])
    assert seen == [False] and model.rows.weight.grad is None
