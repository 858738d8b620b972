"""Who decays, who is moved by Muon, one property a test. It also runs on broken copies."""

import pytest
import torch
from torch import nn

from ...architecture.gpt import Config, gpt2, llama, qwen3
from .groups import decayed, split, with_adamw, with_muon
from .muon import Muon
from .optimizers import AdamW

SMALL = Config(vocab=17, context=23, width=12, depth=2, heads=2, groups=1, size=4, hidden=19)
BETAS, RATE = (0.9, 0.95), 0.01
styles = pytest.mark.parametrize("style", [gpt2, llama, qwen3])
SIDES = decayed, split


def made(style, kind):
    torch.manual_seed(0)
    model = style(SMALL)
    if kind is with_adamw:
        return model, with_adamw(model, 0.1, BETAS, 1e-8)
    return model, with_muon(model, 0.1, 0.95, BETAS, 1e-8, 0.3)


@styles
@pytest.mark.parametrize("sides", SIDES)
def test_every_weight_is_on_exactly_one_side(style, sides):
    model = style(SMALL)
    some, others = sides(model)
    assert {**some, **others} == dict(model.named_parameters())
    assert not some.keys() & others.keys() and some and others


@styles
def test_norms_and_biases_do_not_decay(style):
    some, _ = decayed(style(SMALL))
    assert all(one.dim() == 2 for one in some.values())


@styles
def test_tables_do_not_decay(style):
    some, others = decayed(style(SMALL))
    assert "tokens.weight" in others and not any("positions" in name for name in some)


@styles
def test_every_matrix_in_a_block_decays(style):
    model = style(SMALL)
    some, _ = decayed(model)
    inside = {name for name, one in model.named_parameters() if "blocks." in name and one.dim() > 1}
    assert inside and inside <= some.keys()


def test_a_head_of_its_own_decays_and_one_that_is_the_table_does_not():
    assert "head.weight" in decayed(llama(SMALL))[0]
    assert not any("head." in name for name in decayed(gpt2(SMALL))[0])


@styles
def test_muon_moves_the_matrices_in_blocks(style):
    model = style(SMALL)
    some, _ = split(model)
    inside = {name for name, one in model.named_parameters() if "blocks." in name and one.dim() > 1}
    assert some.keys() == inside


@styles
def test_muon_moves_neither_tables_nor_head(style):
    _, others = split(style(SMALL))
    assert {
        name for name in others if name.startswith(("tokens", "positions", "head", "last"))
    } == {
        name
        for name, _ in style(SMALL).named_parameters()
        if name.startswith(("tokens", "positions", "head", "last"))
    }


@styles
@pytest.mark.parametrize("kind", [with_adamw, with_muon])
def test_an_optimizer_for_a_model_moves_every_weight_of_it(style, kind):
    model, optimizer = made(style, kind)
    before = {name: one.detach().clone() for name, one in model.named_parameters()}
    for seed, one in enumerate(model.parameters()):
        one.grad = torch.randn(one.shape, generator=torch.Generator().manual_seed(seed))
    optimizer.rate = RATE
    optimizer.step()
    still = [name for name, one in model.named_parameters() if torch.equal(one, before[name])]
    assert still == []


@styles
@pytest.mark.parametrize("kind", [with_adamw, with_muon])
def test_without_a_slope_only_what_decays_moves(style, kind):
    model, optimizer = made(style, kind)
    nn.init.normal_(model.last.weight)
    before = {name: one.detach().clone() for name, one in model.named_parameters()}
    for one in model.parameters():
        one.grad = torch.zeros_like(one)
    optimizer.rate = RATE
    optimizer.step()
    moved = {name for name, one in model.named_parameters() if not torch.equal(one, before[name])}
    assert moved == decayed(model)[0].keys()


@styles
def test_with_muon_each_weight_has_the_rule_that_is_meant_for_it(style):
    model, optimizer = made(style, with_muon)
    rules = {name: type(one) for one, _ in optimizer.members for name in one.weights}
    some, others = split(model)
    assert rules == {**dict.fromkeys(some, Muon), **dict.fromkeys(others, AdamW)}


def test_with_muon_the_rest_has_a_rate_of_its_own():
    _, optimizer = made(llama, with_muon)
    optimizer.rate = RATE
    rates = [(type(one), one.rate) for one, _ in optimizer.members]
    slow = pytest.approx(0.3 * RATE)
    assert rates == [(Muon, RATE), (AdamW, slow), (AdamW, slow)]
