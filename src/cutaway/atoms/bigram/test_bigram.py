"""What the smallest language model must do. Relative imports: it also runs on broken copies."""

import pytest
import torch

from .bigram import Bigram, cross_entropy, log_softmax, sample, shift

B, T, V = 2, 3, 5


def model_of(table):
    model = Bigram(len(table))
    with torch.no_grad():
        model.table.copy_(table)
    return model


def stream(seed=0):
    return torch.Generator().manual_seed(seed)


def test_the_probabilities_of_a_position_sum_to_one():
    scores = torch.randn(B, T, V, generator=stream())
    torch.testing.assert_close(log_softmax(scores).exp().sum(-1), torch.ones(B, T))


def test_huge_scores_have_finite_log_probabilities():
    scores = torch.tensor([[[1000.0, 0.0, -1000.0]]])
    assert log_softmax(scores).isfinite().all()


def test_the_target_is_the_next_token():
    _, targets = shift(torch.tensor([[7, 8, 9]]))
    assert targets.tolist() == [[8, 9]]


def test_the_input_is_every_token_that_has_a_successor():
    inputs, _ = shift(torch.tensor([[7, 8, 9]]))
    assert inputs.tolist() == [[7, 8]]


def test_the_loss_of_a_repeated_text_is_the_loss_of_the_text():
    scores = torch.randn(B, T, V, generator=stream())
    targets = torch.randint(V, (B, T), generator=stream(1))
    twice = cross_entropy(scores.repeat(1, 2, 1), targets.repeat(1, 2))
    torch.testing.assert_close(twice, cross_entropy(scores, targets))


@pytest.mark.oracle
def test_loss_and_gradient_are_those_of_torch():
    scores = torch.randn(B, T, V, generator=stream(), dtype=torch.float64).requires_grad_()
    targets = torch.randint(V, (B, T), generator=stream(1))
    expected = torch.nn.functional.cross_entropy(scores.flatten(0, 1), targets.flatten())
    found = cross_entropy(scores, targets)
    torch.testing.assert_close(found, expected)
    grads = [torch.autograd.grad(loss, scores, retain_graph=True)[0] for loss in (found, expected)]
    torch.testing.assert_close(*grads)


def test_two_tokens_may_expect_different_successors():
    scores = model_of(torch.eye(V))(torch.arange(V)[None])
    assert not torch.equal(scores[0, 0], scores[0, 1])


def test_a_token_reads_its_own_row():
    table = torch.arange(9.0).view(3, 3)
    assert model_of(table)(torch.tensor([[2]])).tolist() == [[[6.0, 7.0, 8.0]]]


def test_a_trained_table_holds_the_share_of_each_successor():
    tokens = torch.tensor([[0, 1, 0, 1, 0, 0, 1, 1, 0, 1, 0, 1, 0]])
    inputs, targets = tokens[:, :-1], tokens[:, 1:]
    model = Bigram(2)
    optimizer = torch.optim.LBFGS(model.parameters(), max_iter=100)

    def closure():
        optimizer.zero_grad()
        loss = cross_entropy(model(inputs), targets)
        loss.backward()
        return loss

    optimizer.step(closure)
    counts = torch.zeros(2, 2)
    for first, second in zip(inputs[0], targets[0], strict=True):
        counts[first, second] += 1
    found = log_softmax(model.table[None])[0].exp()
    torch.testing.assert_close(found, counts / counts.sum(-1, keepdim=True))


def test_every_successor_comes_as_often_as_the_model_expects():
    odds = torch.tensor([[0.7, 0.2, 0.1]]).expand(3, 3)
    drawn = sample(model_of(odds.log()), torch.zeros(4000, 1, dtype=torch.long), 1, stream())[:, 1]
    share = drawn.bincount(minlength=3) / len(drawn)
    torch.testing.assert_close(share, odds[0], atol=0.05, rtol=0)  # six standard deviations


def test_each_draw_reads_the_token_drawn_before_it():
    read = []

    def model(tokens):
        read.append(tokens.item())
        return torch.zeros(1, 1, V)

    said = sample(model, torch.tensor([[0]]), 8, stream())
    assert read == said[0, :-1].tolist()


def test_reading_columns_is_training_the_transpose():
    """The proof that `columns` is inert: from the transpose, every step is the transpose."""
    tokens = torch.randint(V, (B, 40), generator=stream())
    inputs, targets = tokens[:, :-1], tokens[:, 1:]
    start = torch.randn(V, V, generator=stream(1), dtype=torch.float64)
    tables = []
    for first, read in ((start, lambda table: table), (start.T, lambda table: table.T)):
        table = first.clone().requires_grad_()
        optimizer = torch.optim.AdamW([table], lr=0.1)
        for _ in range(5):
            optimizer.zero_grad()
            torch.nn.functional.cross_entropy(read(table)[inputs[0]], targets[0]).backward()
            optimizer.step()
        tables.append(read(table).detach())
    torch.testing.assert_close(*tables, rtol=0, atol=1e-12)


def test_one_number_added_to_all_scores_changes_nothing():
    """The proof that `no_max` is inert."""
    scores = torch.randn(B, T, V, generator=stream(), dtype=torch.float64)
    torch.testing.assert_close(log_softmax(scores + 3), log_softmax(scores), rtol=0, atol=1e-12)
