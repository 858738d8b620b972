"""What several heads must do, one property a test. It also runs on broken copies."""

import math

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from ...atoms.positions import Rotary, Still, halves, speeds
from ..attention import SelfAttention, attend
from .heads import Heads, Looped, grouped, shared

B, T, C, H, G, D = 2, 7, 13, 6, 3, 4  # the heads are not as wide as the stream


def past(t, s):
    return s <= t


def everything(t, s):
    return s >= 0 * t


def normal(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@torch.no_grad()
def drawn(model):
    for seed, weight in enumerate(model.parameters()):
        weight.copy_(normal(*weight.shape, seed=seed) / 2)
    return model


def layer(heads=H, groups=G, size=D, width=C, bias=False, place=None, **options):
    place = Still() if place is None else place
    return drawn(Heads(width, heads, groups, size, bias, place, **options).double())


def rotary(size=D):
    return Rotary(speeds(size), halves)


def given(model, x, **how):
    """What a layer hands to its attention: queries, keys, values."""
    seen = []
    model.attend = lambda q, k, v, mask: seen.extend((q, k, v)) or grouped(q, k, v, mask)
    model(x, past, **how)
    return seen


def found(model, x, mask=past):
    """What the heads found, side by side, before it is mixed."""
    seen = []
    hook = model.output.register_forward_pre_hook(lambda module, args: seen.append(args[0]))
    model(x, mask)
    hook.remove()
    return seen[0]


@torch.no_grad()
def moved(model, weight, rows, x):
    """Which heads find something else when some rows of a matrix are others."""
    before = found(model, x)
    weight[rows] += 1
    change = (found(model, x) - before).abs().unflatten(-1, (model.heads, -1))
    return change.amax((0, 1, 3)).gt(1e-9).nonzero().flatten().tolist()


# A head at a time


def test_every_head_of_a_loop_has_weights_of_its_own():
    model = Looped(C, H, D)
    count = sum(weight.numel() for weight in model.parameters())
    assert count == H * 3 * C * D + H * D * C


def test_what_a_head_of_a_loop_reads_changes_only_its_part():
    model, x = drawn(Looped(C, H, D).double()), normal(B, T, C)
    for head in range(H):
        before = found(model, x)
        with torch.no_grad():
            model.heads[head].value.weight.add_(1)
        change = (found(model, x) - before).abs().amax((0, 1)).unflatten(0, (H, D)).amax(-1)
        assert change.gt(1e-9).nonzero().flatten().tolist() == [head]


# All heads at once


def copied(loop, model):
    """The weights of a loop in the matrices of a layer that cuts."""
    with torch.no_grad():
        for name in ("query", "key", "value"):
            rows = [getattr(head, name).weight for head in loop.heads]
            getattr(model, name).weight.copy_(torch.cat(rows))
        model.output.weight.copy_(loop.output.weight)
    return model


@pytest.mark.oracle
def test_heads_that_are_cut_are_heads_one_after_the_other():
    loop = drawn(Looped(C, H, D).double())
    model, x, toward = copied(loop, layer(groups=H)), normal(B, T, C), normal(B, T, C, seed=9)
    for mask in (past, everything):
        close(model(x, mask), loop(x, mask))
        (model(x, mask) * toward).sum().backward()
        (loop(x, mask) * toward).sum().backward()
    close(model.output.weight.grad, loop.output.weight.grad)
    for name in ("query", "key", "value"):
        slopes = [getattr(head, name).weight.grad for head in loop.heads]
        close(getattr(model, name).weight.grad, torch.cat(slopes))


def close(one, other, within=1e-12):
    torch.testing.assert_close(one, other, rtol=0, atol=within)


def test_a_head_asks_with_its_own_rows_of_the_matrix():
    model, x = layer(), normal(B, T, C)
    for head, question in enumerate(given(model, x)[0].unbind(1)):
        close(question, x @ model.query.weight[head * D : (head + 1) * D].mT)


def test_what_a_head_asks_changes_only_what_it_finds():
    for head in range(H):
        model = layer()
        rows = slice(head * D, (head + 1) * D)
        assert moved(model, model.query.weight, rows, normal(B, T, C)) == [head]


def test_heads_that_ask_differently_find_different_things():
    parts = found(layer(groups=1), normal(B, T, C)).unflatten(-1, (H, D))[:, 1:]
    for one in range(H):
        for other in range(one):
            assert (parts[..., one, :] - parts[..., other, :]).abs().max() > 1e-3


def test_what_the_heads_find_stands_in_their_order():
    numbers = torch.arange(H, dtype=torch.float64)[:, None, None].expand(B, H, T, D)
    model = layer(attend=lambda q, k, v, mask: numbers.contiguous())
    assert torch.equal(
        found(model, normal(B, T, C)), numbers[:, :, 0].flatten(1)[:, None].expand(B, T, H * D)
    )


def test_a_token_hears_what_stands_before_it():
    model, x = layer(), normal(B, T, C)
    changed = x.clone()
    changed[:, 0] += 1
    assert ((model(changed) - model(x))[:, 1:].abs().amax(-1) > 1e-6).all()


def test_every_weight_can_learn():
    model = layer(bias=True)
    (model(normal(B, T, C)) * normal(B, T, C, seed=9)).sum().backward()
    for name, weight in model.named_parameters():
        if name != "key.bias":  # what all keys have in common changes nothing
            assert weight.grad is not None and weight.grad.abs().max() > 1e-6, name


@pytest.mark.oracle
def test_heads_without_groups_are_the_plain_layer_of_several_heads():
    plain, model = drawn(SelfAttention(12, 3).double()), layer(3, 3, 4, 12)
    model.load_state_dict(plain.state_dict())
    x = normal(B, T, 12)
    close(model(x), plain(x))


@pytest.mark.oracle
@pytest.mark.parametrize("bias", [False, True])
def test_heads_are_the_multi_head_attention_of_torch(bias):
    model = layer(3, 3, 4, 12, bias)
    other = nn.MultiheadAttention(12, 3, bias=bias, batch_first=True, dtype=torch.float64)
    with torch.no_grad():
        for kind in ("weight", "bias") if bias else ("weight",):
            rows = [getattr(getattr(model, name), kind) for name in ("query", "key", "value")]
            getattr(other, f"in_proj_{kind}").copy_(torch.cat(rows))
            getattr(other.out_proj, kind).copy_(getattr(model.output, kind))
    hidden = torch.ones(T, T).triu(1) > 0
    mine, theirs = normal(B, T, 12).requires_grad_(), normal(B, T, 12).requires_grad_()
    out, expected = model(mine), other(theirs, theirs, theirs, attn_mask=hidden)[0]
    close(out, expected)
    toward = normal(B, T, 12, seed=9)
    out.backward(toward)
    expected.backward(toward)
    close(mine.grad, theirs.grad)


# Groups


@pytest.mark.oracle
@pytest.mark.parametrize("groups", [1, 2, 3, 6])
def test_groups_are_those_of_torch(groups):
    q = normal(B, H, T, D)
    k, v = (normal(B, groups, T, D, seed=seed) for seed in (1, 2))
    expected = F.scaled_dot_product_attention(q, k, v, is_causal=True, enable_gqa=True)
    close(grouped(q, k, v, past), expected)


def test_the_heads_of_a_group_stand_together():
    x = normal(B, G, T, D)
    for head, part in enumerate(shared(x, H).unbind(1)):
        assert torch.equal(part, x[:, head // (H // G)])


def test_every_group_is_heard():
    x = normal(B, G, T, D).requires_grad_()
    shared(x, H).sum().backward()
    assert torch.equal(x.grad, torch.full_like(x, H // G))


def test_a_head_takes_the_values_that_stand_beside_its_keys():
    q = normal(B, H, T, D)
    k, v = (normal(B, G, T, D, seed=seed).requires_grad_() for seed in (1, 2))
    out = grouped(q, k, v, past)
    for head in range(H):
        slopes = torch.autograd.grad(out[:, head].square().sum(), (k, v), retain_graph=True)
        keys, values = (slope.abs().amax((0, 2, 3)).gt(1e-9).tolist() for slope in slopes)
        assert keys == values


@pytest.mark.oracle
def test_as_many_groups_as_heads_are_plain_heads():
    q, k, v = (normal(B, H, T, D, seed=seed) for seed in range(3))
    assert torch.equal(grouped(q, k, v, past), attend(q, k, v, past))


@pytest.mark.oracle
def test_one_group_is_every_head_asking_the_same_tokens():
    q, (k, v) = normal(B, H, T, D), (normal(B, 1, T, D, seed=seed) for seed in (1, 2))
    for head in range(H):
        alone = attend(q[:, head : head + 1], k, v, past)
        close(grouped(q, k, v, past)[:, head : head + 1], alone)


def test_what_is_kept_of_a_token_shrinks_with_the_groups():
    for groups in (1, 2, 3, 6):
        _, k, v = given(layer(groups=groups), normal(B, T, C))
        assert k.shape == v.shape == (B, groups, T, D)


# Places


class Told(nn.Module):
    """A place that leaves a mark: on queries, on keys, and where the text begins."""

    def forward(self, q, k, first=0):
        return q + 10 + first, k + 20


def test_keys_are_told_where_they_stand():
    model, x = layer(place=Told()), normal(B, T, C)
    plain = given(layer(), x)
    close(given(model, x)[1], plain[1] + 20)


def test_values_are_not_told_where_they_stand():
    model, x = layer(place=Told()), normal(B, T, C)
    close(given(model, x)[2], given(layer(), x)[2])


def test_a_text_that_goes_on_is_told_where_it_begins():
    model, x = layer(place=Told()), normal(B, T, C)
    close(given(model, x, first=5)[0], given(layer(), x)[0] + 15)


def test_turned_heads_know_only_how_far_apart_tokens_are():
    model, x = layer(place=rotary()), normal(B, T, C)
    for first in (1, 64, 4096):
        close(model(x, past, first), model(x, past, 0), 1e-9)


def test_turned_heads_do_know_how_far_apart_tokens_are():
    x = normal(B, T, C)
    order = [1, 0, *range(2, T)]
    plain, turned = layer(), layer(place=rotary())
    close(plain(x)[:, -1], plain(x[:, order])[:, -1])
    assert (turned(x)[:, -1] - turned(x[:, order])[:, -1]).abs().max() > 1e-3


@pytest.mark.oracle
@pytest.mark.parametrize(("heads", "groups", "size"), [(4, 4, 8), (6, 3, 8), (4, 1, 16)])
def test_turned_heads_are_the_attention_of_llama(heads, groups, size, monkeypatch):
    """Its angles and its softmax are made in float32, whatever it is given: here in float64."""
    llama = pytest.importorskip("transformers.models.llama.modeling_llama")
    config = llama.LlamaConfig(
        hidden_size=48,
        num_attention_heads=heads,
        num_key_value_heads=groups,
        head_dim=size,
        attn_implementation="eager",
    )
    other = llama.LlamaAttention(config, 0).double()
    model = layer(heads, groups, size, 48, place=rotary(size))
    names = {"query": "q_proj", "key": "k_proj", "value": "v_proj", "output": "o_proj"}
    with torch.no_grad():
        for mine, theirs in names.items():
            getattr(other, theirs).weight.copy_(getattr(model, mine).weight)
    angles = torch.arange(T)[:, None].double() * speeds(size)
    cos, sin = (one(torch.cat((angles, angles), -1))[None] for one in (torch.cos, torch.sin))
    hidden = torch.zeros(T, T, dtype=torch.float64).masked_fill(
        torch.ones(T, T).triu(1) > 0, -math.inf
    )
    exact = F.softmax
    monkeypatch.setattr(F, "softmax", lambda scores, dim, dtype: exact(scores, dim))
    x = normal(B, T, 48)
    close(model(x), other(x, (cos, sin), hidden[None, None])[0])


# Training


def test_two_heads_learn_to_take_two_tokens_at_once():
    """Each token is to name the two before it: one mean of what it sees could not."""
    stream = torch.Generator().manual_seed(0)
    model = layer(2, 2, 16, 24, place=rotary(16)).float()
    read = nn.Linear(24, 12)
    nn.init.normal_(read.weight, std=0.2, generator=stream)
    nn.init.zeros_(read.bias)
    optimizer = torch.optim.AdamW([*model.parameters(), *read.parameters()], lr=0.02)
    for _ in range(200):
        ids = torch.randint(6, (32, 9), generator=stream)
        x = F.pad(F.one_hot(ids, 6).float(), (0, 18))
        scores = read(model(x))[:, 2:].unflatten(-1, (2, 6))
        answers = torch.stack((ids[:, 1:-1], ids[:, :-2]), -1)
        loss = F.cross_entropy(scores.flatten(0, 2), answers.flatten())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert loss < 0.1
