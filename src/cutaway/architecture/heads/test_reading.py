"""What is read of heads is what it is called. One property a test; also run on broken copies."""

from functools import partial

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from ...atoms.positions import Rotary, Still, alibi, halves, speeds
from .biased import Biased
from .heads import Heads
from .reading import induction, previous, weights, without

B, T, C, H, G, D = 2, 7, 13, 6, 3, 4


def past(t, s):
    return s <= t


def normal(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@torch.no_grad()
def layer(bias=False, **options):
    model = Heads(C, H, G, D, bias, options.pop("place", Still()), **options).double()
    for seed, weight in enumerate(model.parameters()):
        weight.copy_(normal(*weight.shape, seed=seed) / 2)
    return model


KINDS = {
    "plain": dict,
    "turned": lambda: {"place": Rotary(speeds(D), halves)},
    "biased": lambda: {"attend": Biased(partial(alibi, heads=H))},
}
kinds = pytest.mark.parametrize("kind", KINDS)


# Weights


@kinds
def test_each_token_looks_once_and_never_ahead(kind):
    looks = weights(layer(**KINDS[kind]()), normal(B, T, C))
    assert looks.shape == (B, H, T, T)
    torch.testing.assert_close(looks.sum(-1), torch.ones(B, H, T).double())
    assert (looks.triu(1) == 0).all() and (looks >= 0).all()


@pytest.mark.oracle
@kinds
def test_what_a_head_finds_is_the_mean_by_its_weights(kind):
    model, x = layer(**KINDS[kind]()), normal(B, T, C)
    looks = weights(model, x)
    values = model.value(x).unflatten(-1, (G, D)).transpose(1, 2).repeat_interleave(H // G, 1)
    found = (looks @ values).transpose(1, 2).flatten(2)
    torch.testing.assert_close(model.output(found), model(x), rtol=0, atol=1e-12)


def test_to_read_a_layer_does_not_change_it():
    model, x = layer(), normal(B, T, C)
    before, attends = model(x), model.attend
    weights(model, x)
    assert torch.equal(model(x), before) and model.attend is attends


# Two ways of looking


def pattern(places):
    """Weights of one head with all of each token's weight at one place; -1 is nowhere."""
    found = F.one_hot(torch.tensor(places) + 1, len(places) + 1)[:, 1:]
    return found[None, None].double()


def test_a_head_that_looks_at_the_token_before_has_a_score_of_one():
    assert previous(pattern([0, 0, 1, 2, 3])).item() == 1


def test_a_head_that_looks_at_its_own_token_does_not_look_at_the_one_before():
    assert previous(pattern([0, 1, 2, 3, 4])).item() == 0


def test_the_scores_of_heads_are_told_apart():
    looks = torch.cat((pattern([0, 0, 1, 2]), pattern([0, 1, 2, 3]), pattern([0, 0, 1, 3])), 1)
    assert previous(looks).tolist() == pytest.approx([1, 0, 2 / 3])


A_B_C_A_B_A = torch.tensor([[0, 1, 2, 0, 1, 0]])


def test_a_head_that_looks_at_what_came_after_last_time_has_a_score_of_one():
    assert induction(pattern([0, 0, 0, 1, 2, 4]), A_B_C_A_B_A).item() == 1
    assert induction(pattern([0, 0, 0, 1, 2, 1]), A_B_C_A_B_A).item() == 1


def test_a_head_that_looks_at_the_same_token_does_not_find_what_came_after():
    assert induction(pattern([0, 1, 2, 0, 1, 3]), A_B_C_A_B_A).item() == 0


def test_a_token_that_was_not_seen_before_does_not_count():
    assert induction(pattern([0, 0, 0, 1, 0, 0]), A_B_C_A_B_A).item() == pytest.approx(1 / 3)
    assert induction(pattern([-1, -1, -1, 1, 2, 4]), A_B_C_A_B_A).item() == 1


def test_weight_on_every_earlier_sight_counts():
    looks = (pattern([0, 0, 0, 1, 2, 1]) + pattern([0, 0, 0, 1, 2, 4])) / 2
    assert induction(looks, A_B_C_A_B_A).item() == 1


def test_a_text_in_which_nothing_comes_again_has_no_score():
    assert induction(pattern([0, 0, 1]), torch.tensor([[0, 1, 2]])).isnan().all()


# A head removed


def parts(model, x):
    """What each head adds to the stream."""
    seen = []
    hook = model.output.register_forward_pre_hook(lambda module, args: seen.append(args[0]))
    model(x)
    hook.remove()
    cut = seen[0].unflatten(-1, (H, D)), model.output.weight.unflatten(-1, (H, D))
    return torch.einsum("bthd,chd->hbtc", *cut)


@pytest.mark.parametrize("head", range(H))
def test_without_a_head_what_it_adds_is_missing_and_nothing_else(head):
    model, x = layer(bias=True), normal(B, T, C)
    missing = model(x) - without(model, head)(x)
    torch.testing.assert_close(missing, parts(model, x)[head], rtol=0, atol=1e-12)


def test_to_remove_a_head_leaves_the_layer_as_it_was():
    model, x = layer(), normal(B, T, C)
    before = model(x)
    assert not torch.equal(without(model, 2)(x), before)
    assert torch.equal(model(x), before)


def test_without_any_head_only_the_bias_is_left():
    model, x = layer(bias=True), normal(B, T, C)
    for head in range(H):
        model = without(model, head)
    torch.testing.assert_close(model(x), model.output.bias.expand(B, T, C))


# Training


def test_a_head_that_has_to_copy_learns_to_look_at_the_token_before():
    stream = torch.Generator().manual_seed(0)
    model = Heads(16, 1, 1, 8, False, Rotary(speeds(8), halves))
    read = nn.Linear(16, 5)
    for weight in (*model.parameters(), read.weight):
        nn.init.normal_(weight, std=0.3, generator=stream)
    nn.init.zeros_(read.bias)
    optimizer = torch.optim.AdamW([*model.parameters(), *read.parameters()], lr=0.05)
    for _ in range(150):
        ids = torch.randint(5, (32, 8), generator=stream)
        x = F.pad(F.one_hot(ids, 5).float(), (0, 11))
        loss = F.cross_entropy(read(model(x))[:, 1:].flatten(0, 1), ids[:, :-1].flatten())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert loss < 0.1
    assert previous(weights(model, x)).item() > 0.6
