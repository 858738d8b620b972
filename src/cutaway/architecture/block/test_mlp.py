"""What an MLP and a gated one must do, one property a test. It also runs on broken copies."""

from types import SimpleNamespace

import pytest
import torch
from torch import nn

from .mlp import MLP, Gated

B, T, C, F = 2, 5, 7, 11


def normal(*shape, seed=0):
    drawn = torch.randn(*shape, generator=torch.Generator().manual_seed(seed))
    return drawn.double()


def silu(x):
    """A bend of this file's own, so that a fault elsewhere fails no test here."""
    return x * torch.sigmoid(x)


def made(kind, bend=silu, bias=True):
    model = kind(C, F, bias, bend).double()
    for seed, weight in enumerate(model.parameters()):
        nn.init.normal_(weight, generator=torch.Generator().manual_seed(seed))
    return model


def spied(kind):
    """A model, and all that its bend is given."""
    given = []
    return made(kind, lambda x: given.append(x) or silu(x)), given


both = pytest.mark.parametrize("kind", [MLP, Gated])


@both
def test_each_token_is_thought_about_alone(kind):
    x, model = normal(B, T, C), made(kind)
    for token in range(T):
        torch.testing.assert_close(model(x[:, token : token + 1]), model(x)[:, token : token + 1])


@both
def test_hidden_numbers_may_stand_in_any_order(kind):
    x, model, other = normal(B, T, C), made(kind), made(kind)
    order = torch.randperm(F, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        for name, weight in other.named_parameters():
            if name == "narrow.weight":
                weight.copy_(weight[:, order].clone())
            elif not name.startswith("narrow"):
                weight.copy_(weight[order].clone())
    torch.testing.assert_close(model(x), other(x), rtol=0, atol=1e-12)


def test_the_bend_of_an_mlp_is_given_what_was_widened():
    x, (model, given) = normal(B, T, C), spied(MLP)
    model(x)
    assert [list(one.shape) for one in given] == [[B, T, F]]


def test_an_mlp_is_more_than_one_product():
    x, model = normal(B, T, C), made(MLP)
    line = model(x) + model(-x) - 2 * model(0 * x)
    assert line.abs().max() > 0.1


def test_what_an_mlp_writes_is_not_bent():
    """Of a bend that is never negative, what is written may be negative all the same."""
    model = made(MLP, torch.relu)
    assert (model(normal(B, T, C)) < 0).any()


def test_the_bend_of_a_gated_mlp_is_given_the_gate_alone():
    x, (model, given) = normal(B, T, C), spied(Gated)
    model(x)
    assert len(given) == 1
    assert torch.equal(given[0], model.gate(x))


def test_a_closed_gate_lets_nothing_through():
    x, model = normal(B, T, C), made(Gated, torch.zeros_like)
    torch.testing.assert_close(model(x), model.narrow.bias.expand(B, T, C))


def test_what_passes_an_open_gate_grows_with_what_was_widened():
    x, model = normal(B, T, C), made(Gated, bias=False)
    once = model(x)
    with torch.no_grad():
        model.widen.weight *= 2
    torch.testing.assert_close(model(x), 2 * once)


def test_what_a_gate_lets_through_is_not_in_proportion_to_it():
    x, model = normal(B, T, C), made(Gated, bias=False)
    once = model(x)
    with torch.no_grad():
        model.gate.weight *= 2
    assert (model(x) - 2 * once).abs().max() > 0.1


def test_a_gate_that_learnt_its_place_cannot_take_the_other_one():
    x, model, other = normal(B, T, C), made(Gated), made(Gated)
    other.load_state_dict(exchanged(model.state_dict()))
    assert (model(x) - other(x)).abs().max() > 0.1


def exchanged(state):
    """What belongs to the gate and to what it gates, each under the other's name."""
    names = {
        f"{a}.{kind}": f"{b}.{kind}"
        for a, b in (("gate", "widen"), ("widen", "gate"))
        for kind in ("weight", "bias")
    }
    return {names.get(name, name): one.clone() for name, one in state.items()}


class Exchanged(Gated):
    """The MLP with the fault `bend_on_widened`."""

    def forward(self, x):
        return self.narrow(self.bend(self.widen(x)) * self.gate(x))


@pytest.mark.oracle
def test_bending_the_other_branch_from_scratch_is_a_relabelling():
    """The proof that `bend_on_widened` is inert: exchange the two at the start, drawn alike.

    Then every step of AdamW has the clean one's loss, and its weights, exchanged.
    """
    clean, broken = made(Gated), made(Exchanged)
    broken.load_state_dict(exchanged(clean.state_dict()))
    x, target = normal(B, T, C), normal(B, T, C, seed=1)
    models = (clean, broken)
    optimizers = [torch.optim.AdamW(one.parameters(), 0.05, weight_decay=0.1) for one in models]
    for _ in range(5):
        losses = [(model(x) - target).square().mean() for model in models]
        for loss, optimizer in zip(losses, optimizers, strict=True):
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        torch.testing.assert_close(*losses, rtol=0, atol=1e-12)
    states = exchanged(clean.state_dict()), dict(broken.state_dict())
    torch.testing.assert_close(*states, rtol=0, atol=1e-12)


def same(mine, theirs, pairs, x):
    """Nothing, if two modules have one value, and one gradient for each of their weights."""
    with torch.no_grad():
        for one, other in pairs:
            other.copy_(one)
    toward = normal(B, T, C, seed=3)
    out, expected = mine(x), theirs(x)
    torch.testing.assert_close(out, expected, rtol=0, atol=1e-12)
    slopes = torch.autograd.grad(out, [x, *(one for one, _ in pairs)], toward)
    others = torch.autograd.grad(expected, [x, *(other for _, other in pairs)], toward)
    for slope, other in zip(slopes, others, strict=True):
        torch.testing.assert_close(slope, other, rtol=0, atol=1e-12)


@pytest.mark.oracle
def test_an_mlp_is_two_linear_modules_with_a_bend_between():
    model = made(MLP, torch.nn.functional.gelu)
    other = nn.Sequential(nn.Linear(C, F), nn.GELU(), nn.Linear(F, C)).double()
    pairs = list(zip(model.parameters(), other.parameters(), strict=True))
    same(model, other, pairs, normal(B, T, C).requires_grad_())


@pytest.mark.oracle
def test_a_gated_mlp_is_that_of_llama():
    llama = pytest.importorskip("transformers.models.llama.modeling_llama")
    sizes = {"hidden_size": C, "intermediate_size": F}
    config = SimpleNamespace(**sizes, mlp_bias=True, hidden_act="silu")
    model, other = made(Gated), llama.LlamaMLP(config).double()
    names = {"gate": "gate_proj", "widen": "up_proj", "narrow": "down_proj"}
    pairs = [
        (getattr(getattr(model, mine), kind), getattr(getattr(other, theirs), kind))
        for mine, theirs in names.items()
        for kind in ("weight", "bias")
    ]
    same(model, other, pairs, normal(B, T, C).requires_grad_())
