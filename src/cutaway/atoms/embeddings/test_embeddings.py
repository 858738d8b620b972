"""What an embedding must do, one property a test. It also runs on broken copies."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from .embeddings import Embedding, gradient, lookup, multiplied, one_hot

B, T, V, C = 2, 5, 11, 3


def normal(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def some_ids(*shape, seed=0):
    """Ids that are small, repeat themselves and are never 0."""
    return torch.randint(1, V, shape, generator=torch.Generator().manual_seed(seed))


def layer():
    model = Embedding(V, C).double()
    nn.init.normal_(model.weight, generator=torch.Generator().manual_seed(0))
    return model


# Rows


@pytest.mark.oracle
def test_a_row_that_is_picked_is_the_row_that_is_multiplied_out():
    ids, table = some_ids(B, T), normal(V, C)
    assert torch.equal(one_hot(ids, V), F.one_hot(ids, V).double())
    assert torch.equal(lookup(ids, table), multiplied(ids, table))
    assert torch.equal(lookup(ids, table), F.embedding(ids, table))
    assert torch.equal(layer()(ids), F.embedding(ids, layer().weight))


@pytest.mark.oracle
def test_the_gradient_of_both_is_that_of_torch():
    ids, above = some_ids(B, T), normal(B, T, C, seed=1)
    found = []
    for pick in (lookup, multiplied, F.embedding):
        table = normal(V, C).requires_grad_()
        pick(ids, table).backward(above)
        found.append(table.grad)
    for one in (*found, gradient(ids, above, V)):
        torch.testing.assert_close(one, found[-1], rtol=1e-14, atol=1e-14)


@pytest.mark.parametrize("pick", [lookup, multiplied])
def test_a_token_has_the_row_of_its_number(pick):
    table = normal(V, C)
    assert torch.equal(pick(torch.tensor([4]), table), table[4:5])


@pytest.mark.parametrize("pick", [lookup, multiplied])
def test_the_first_token_has_a_row_like_any_other(pick):
    table = torch.ones(V, C)
    assert pick(torch.tensor([0]), table).tolist() == [[1.0] * C]


def test_in_a_large_vocabulary_no_two_tokens_share_a_row():
    numbers = torch.arange(50_257)
    assert lookup(numbers, numbers[:, None]).unique().numel() == 50_257


def test_what_a_token_gets_does_not_depend_on_who_else_is_in_the_batch():
    ids, table = some_ids(B, T), normal(V, C)
    for row, alone in zip(lookup(ids, table), ids, strict=True):
        assert torch.equal(row, lookup(alone, table))


@pytest.mark.parametrize("pick", [lookup, layer()])
def test_an_id_beyond_the_table_is_an_error(pick):
    arguments = (torch.tensor([V]), normal(V, C))
    with pytest.raises(IndexError):
        pick(*arguments[: 1 if pick is not lookup else 2])


def test_a_negative_id_is_an_error_and_no_row_from_the_end():
    with pytest.raises(IndexError):
        lookup(torch.tensor([-1]), normal(V, C))


def test_bytes_are_no_mask():
    with pytest.raises(RuntimeError, match=r"int(32|64)|IntTensor|index"):
        lookup(torch.zeros(V, C, dtype=torch.uint8), normal(V, C))


@pytest.mark.parametrize("shape", [(), (0,), (B, 0), (B, T, 4)])
def test_ids_of_any_shape_keep_it_even_none(shape):
    for pick in (lookup, multiplied):
        assert pick(some_ids(*shape), normal(V, C)).shape == (*shape, C)
    assert (gradient(torch.zeros(0, dtype=torch.long), torch.zeros(0, C), V) == 0).all()


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32])
def test_rows_have_the_type_of_the_table_bit_for_bit(dtype):
    ids, table = some_ids(B, T), normal(V, C).to(dtype)
    assert torch.equal(lookup(ids, table), multiplied(ids, table))
    assert lookup(ids, table).dtype == dtype


# Gradients


def test_a_row_that_was_not_picked_gets_no_gradient():
    rows = gradient(torch.tensor([[2, 2, 5]]), torch.ones(1, 3, C), V)
    assert rows[[0, 1, 3, 4, *range(6, V)]].abs().sum() == 0


def test_a_row_gets_the_sum_of_what_comes_back_to_it():
    above = torch.tensor([[[1.0], [3.0], [8.0]]])
    assert gradient(torch.tensor([[2, 2, 5]]), above, V)[[2, 5], 0].tolist() == [4, 8]


def test_the_order_of_the_texts_changes_no_gradient():
    """Tells a row that keeps only the last of what comes back from one that takes a mean."""
    above = torch.tensor([[[1.0], [3.0]]])
    ids = torch.tensor([[2, 2]])
    torch.testing.assert_close(gradient(ids, above, V), gradient(ids, above.flip(1), V))


def test_the_gradient_written_out_is_that_of_the_product():
    ids, table, above = some_ids(B, T), normal(V, C).requires_grad_(), normal(B, T, C, seed=1)
    multiplied(ids, table).backward(above)
    torch.testing.assert_close(gradient(ids, above, V), table.grad, rtol=1e-12, atol=1e-12)


def test_what_comes_back_reaches_the_table():
    table = normal(V, C).requires_grad_()
    (toward,) = torch.autograd.grad(lookup(torch.tensor([4]), table).sum() + 0 * table.sum(), table)
    assert toward[4].tolist() == [1] * C


# The layer, and the head that is tied to it


def test_no_two_tokens_begin_alike():
    assert Embedding(V, C).weight.unique(dim=0).shape == (V, C)


def test_rows_begin_at_a_size_of_one_in_each_number():
    torch.manual_seed(0)
    weight = Embedding(1000, 100).weight
    assert abs(weight.std().item() - 1) < 0.02 and abs(weight.mean().item()) < 0.02


@pytest.mark.oracle
def test_rows_are_drawn_as_torch_draws_its_own():
    torch.manual_seed(0)
    found = Embedding(1000, 100)
    torch.manual_seed(0)
    assert torch.equal(found.weight, nn.Embedding(1000, 100).weight)


def test_a_tied_head_scores_each_token_by_its_own_row():
    model, x = layer(), normal(B, T, C)
    for token, row in enumerate(model.weight):
        torch.testing.assert_close(model.scores(x)[..., token], (x * row).sum(-1))


def test_what_a_tied_head_learns_reaches_the_table():
    model, x = layer(), normal(C)
    (toward,) = torch.autograd.grad(model.scores(x)[4] + 0 * model.weight.sum(), model.weight)
    assert toward.abs().sum() > 0


@pytest.mark.oracle
def test_a_tied_head_is_a_linear_layer_with_the_weights_of_the_table():
    model, x = layer(), normal(B, T, C)
    torch.testing.assert_close(model.scores(x), F.linear(x, model.weight), rtol=1e-12, atol=1e-12)


def test_a_table_learns_who_follows_whom():
    """Each token has one successor; chance is log 11, 2.40."""
    torch.manual_seed(0)
    model, head = Embedding(V, 8), nn.Linear(8, V)
    optimizer = torch.optim.AdamW([*model.parameters(), *head.parameters()], lr=0.1)
    ids = torch.arange(V)
    for _ in range(60):
        loss = F.cross_entropy(head(model(ids)), ids * 7 % V)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert loss < 0.05
