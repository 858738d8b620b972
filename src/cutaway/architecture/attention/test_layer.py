"""What a layer of heads must do, one property a test. It also runs on broken copies."""

import pytest
import torch
from torch import nn

from .attention import SelfAttention, attend, merge, split

B, H, T, D = 2, 3, 5, 4


def past(t, s):
    return s <= t


def everything(t, s):
    return s >= 0 * t


def normal(*shape, seed=0, dtype=torch.float64):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=dtype)


def layer(width=12, heads=3, **options):
    model = SelfAttention(width, heads, **options).double()
    for seed, weight in enumerate(model.parameters()):
        nn.init.normal_(weight, std=0.3, generator=torch.Generator().manual_seed(seed))
    return model


def given(model, x, mask=past):
    """What a layer hands to its attention: queries, keys, values and the rule."""
    seen = []
    model.attend = lambda q, k, v, mask: seen.extend((q, k, v, mask)) or v
    model(x, mask)
    return seen


def test_a_head_holds_its_part_of_every_token():
    x = normal(B, T, H * D)
    for head, part in enumerate(split(x, H).unbind(1)):
        assert torch.equal(part, x[..., head * D : (head + 1) * D])


def test_the_heads_are_set_side_by_side():
    x = normal(B, H, T, D)
    assert torch.equal(merge(x), torch.cat(x.unbind(1), -1))


def test_what_one_head_reads_changes_nothing_that_another_finds():
    x, other = normal(B, T, H * D), normal(B, T, H * D)
    other[..., :D] += 1
    out, changed = (merge(attend(*[split(one, H)] * 3, everything)) for one in (x, other))
    assert torch.equal(out[..., D:], changed[..., D:])


def test_the_texts_of_a_batch_do_not_mix():
    x, model = normal(B, T, 12), layer()
    torch.testing.assert_close(model(x, everything)[1:], model(x[1:], everything))


def test_a_layer_obeys_the_rule_that_it_is_given():
    assert given(layer(), normal(B, T, 12), everything)[3] is everything


def test_queries_are_made_by_the_query_matrix():
    x, model = normal(B, T, 12), layer()
    assert torch.equal(given(model, x)[0], split(model.query(x), 3))


def test_keys_are_made_by_the_key_matrix_and_stand_in_their_places():
    x, model = normal(B, T, 12), layer()
    assert torch.equal(given(model, x)[1], split(model.key(x), 3))


def test_values_are_made_by_the_value_matrix():
    x, model = normal(B, T, 12), layer()
    assert torch.equal(given(model, x)[2], split(model.value(x), 3))


def test_what_the_heads_found_goes_through_the_output_matrix():
    model = layer(attend=lambda q, k, v, mask: v)
    nn.init.zeros_(model.output.weight)
    assert (model(normal(B, T, 12)) == 0).all()


@pytest.mark.oracle
def test_a_layer_is_the_multi_head_attention_of_torch():
    model = layer()
    other = nn.MultiheadAttention(12, 3, bias=False, batch_first=True, dtype=torch.float64)
    parts = [model.query.weight, model.key.weight, model.value.weight]
    with torch.no_grad():
        other.in_proj_weight.copy_(torch.cat(parts))
        other.out_proj.weight.copy_(model.output.weight)
    x, toward = normal(B, T, 12).requires_grad_(), normal(B, T, 12, seed=1)
    out, hidden = model(x), torch.ones(T, T).triu(1) > 0
    expected = other(x, x, x, attn_mask=hidden, need_weights=False)[0]
    torch.testing.assert_close(out, expected, rtol=0, atol=1e-12)
    mine = torch.autograd.grad(out, (x, *parts, model.output.weight), toward)
    theirs = torch.autograd.grad(expected, (x, other.in_proj_weight, other.out_proj.weight), toward)
    for one, two in zip((mine[0], torch.cat(mine[1:4]), mine[4]), theirs, strict=True):
        torch.testing.assert_close(one, two, rtol=0, atol=1e-12)


# Training


class Swapped(SelfAttention):
    """The layer with the fault `swapped`: it asks with its keys and answers with its queries."""

    def forward(self, x, mask=past):
        parts = self.key(x), self.query(x), self.value(x)
        return self.output(merge(attend(*(split(part, self.heads) for part in parts), mask)))


def exchanged(found):
    """What belongs to queries and to keys, each under the other's name."""
    names = {"query.weight": "key.weight", "key.weight": "query.weight"}
    return {names.get(name, name): one for name, one in found.items()}


@pytest.mark.oracle
def test_exchanging_queries_and_keys_is_training_the_exchanged_matrices():
    """The proof that `swapped` is inert: exchange the two at the start, which are drawn alike.

    Then the broken layer has the clean one's loss, and its slopes and matrices, exchanged, after
    every step of AdamW.
    """
    clean, broken = layer(), Swapped(12, 3).double()
    broken.load_state_dict(exchanged(clean.state_dict()))
    x, target = normal(B, T, 12), normal(B, T, 12, seed=1)
    models = [clean, broken]
    optimizers = [torch.optim.AdamW(one.parameters(), 0.05, weight_decay=0.1) for one in models]
    for _ in range(5):
        losses = [(model(x) - target).square().mean() for model in models]
        slopes = []
        for model, loss, optimizer in zip(models, losses, optimizers, strict=True):
            optimizer.zero_grad()
            loss.backward()
            slopes.append({name: one.grad for name, one in model.named_parameters()})
            optimizer.step()
        torch.testing.assert_close(*losses, rtol=0, atol=1e-12)
        for one, other in (slopes, [model.state_dict() for model in models]):
            torch.testing.assert_close(one, exchanged(other), rtol=0, atol=1e-12)
    assert not torch.equal(clean.query.weight, layer().query.weight)


def test_one_layer_learns_to_look_up():
    """Pairs of a key and a value, then a key: its value is the answer. Chance is log 8, 2.08."""
    stream = torch.Generator().manual_seed(0)
    model, read = layer(24, 2).float(), nn.Linear(24, 8)
    nn.init.normal_(read.weight, std=0.3, generator=stream)
    optimizer = torch.optim.AdamW([*model.parameters(), *read.parameters()], lr=0.02)
    for _ in range(200):
        keys = torch.rand(64, 8, generator=stream).argsort(-1)
        values = torch.randint(8, (64, 8), generator=stream)
        asked = torch.randint(8, (64, 1), generator=stream)
        pairs = [nn.functional.one_hot(keys, 16), nn.functional.one_hot(values, 8)]
        last = nn.functional.one_hot(keys.gather(1, asked) + 8, 24)
        x = torch.cat([torch.cat(pairs, -1), last], 1).float()
        loss = nn.functional.cross_entropy(read(model(x))[:, -1], values.gather(1, asked)[:, 0])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert loss < 0.05
