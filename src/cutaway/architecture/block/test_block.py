"""What a block must do, one property a test. Relative imports: it also runs on broken copies.

The parts are spies with a task of their own: what each hears and says is known.
"""

import itertools

import pytest
import torch
from torch import nn

from ..attention import causal
from ..attention.attention import attend, merge, split
from ..heads import Heads
from ..norms import LayerNorm, RMSNorm, gelu
from .block import Block, PostBlock
from .mlp import MLP

B, T, C, H, D, F = 2, 5, 12, 3, 4, 17


def normal(*shape, seed=0):
    drawn = torch.randn(*shape, generator=torch.Generator().manual_seed(seed))
    return drawn.double()


def nothing(x):
    return torch.zeros_like(x)


def always(found):
    return lambda x: x * 0 + found


class Spy(nn.Module):
    """A part that does what it is told, and keeps what it was given."""

    def __init__(self, does):
        super().__init__()
        self.does, self.heard = does, []

    def forward(self, x, mask=None, first=None):
        self.heard.append((x, mask, first))
        return self.does(x)


def spied(heads=nothing, mlp=nothing, before=lambda x: 2 * x, between=lambda x: 3 * x, of=Block):
    return of(*(Spy(one) for one in (before, heads, between, mlp)))


def heard(part):
    """What a part was given first."""
    return part.heard[0][0]


def real(of=Block, norm=LayerNorm, epsilon=1e-5, place=None):
    """A block of real parts, every weight drawn wide."""
    place = place or Spy(lambda q: q)
    place.forward = lambda q, k, first=0: (q, k)
    parts = [norm(C, epsilon), Heads(C, H, H, D, True, place), norm(C, epsilon)]
    model = of(*parts, MLP(C, F, True, gelu)).double()
    for seed, weight in enumerate(model.parameters()):
        nn.init.normal_(weight, std=0.5, generator=torch.Generator().manual_seed(seed))
    return model


# The stream


def test_a_block_whose_parts_find_nothing_leaves_the_stream_as_it_was():
    x = normal(B, T, C)
    assert torch.equal(spied()(x), x)


def test_the_gradient_that_enters_the_stream_leaves_it():
    x, toward = normal(B, T, C).requires_grad_(), normal(B, T, C, seed=1)
    (found,) = torch.autograd.grad(spied()(x), x, toward)
    assert torch.equal(found, toward)


def test_what_the_heads_find_is_in_the_stream():
    x, found = normal(B, T, C), normal(B, T, C, seed=1)
    change = spied(heads=always(found))(x) - spied()(x)
    torch.testing.assert_close(change, found)


def test_what_the_mlp_finds_is_in_the_stream_once():
    x, found = normal(B, T, C), normal(B, T, C, seed=1)
    change = spied(mlp=always(found))(x) - spied()(x)
    torch.testing.assert_close(change, found)


def test_the_stream_is_not_lost():
    x = normal(B, T, C)
    assert (spied()(x) != 0).all()


def test_the_stream_does_not_grow_by_itself():
    x = normal(B, T, C)
    assert (spied()(x).abs() <= x.abs()).all()


# What the parts read


def test_the_heads_read_the_stream_through_their_norm():
    x, model = normal(B, T, C), spied()
    model(x)
    assert torch.equal(heard(model.heads), 2 * x)


def test_the_first_norm_serves_the_heads_alone():
    model = spied()
    model(normal(B, T, C))
    assert len(model.before.heard) == 1


def test_the_second_norm_is_used():
    model = spied()
    model(normal(B, T, C))
    assert len(model.between.heard) == 1


def test_what_the_mlp_reads_depends_on_what_the_heads_found():
    x, found = normal(B, T, C), normal(B, T, C, seed=1)
    one, other = spied(), spied(heads=always(found))
    one(x), other(x)
    assert not torch.equal(heard(one.mlp), heard(other.mlp))


def test_what_the_heads_read_does_not_depend_on_what_the_mlp_finds():
    x, found = normal(B, T, C), normal(B, T, C, seed=1)
    one, other = spied(), spied(mlp=always(found))
    one(x), other(x)
    assert torch.equal(heard(one.heads), heard(other.heads))


def test_what_the_heads_find_does_not_depend_on_the_size_of_the_stream():
    x, model = normal(B, T, C), real(epsilon=1e-30)
    model.mlp = Spy(nothing)
    torch.testing.assert_close(model(4 * x) - 4 * x, model(x) - x)


def test_what_the_mlp_finds_does_not_depend_on_the_size_of_the_stream():
    x, model = normal(B, T, C), real(epsilon=1e-30)
    model.heads = Spy(nothing)
    torch.testing.assert_close(model(4 * x) - 4 * x, model(x) - x)


@pytest.mark.parametrize("of", [Block, PostBlock])
def test_the_rule_of_sight_is_handed_on(of):
    model = spied(of=of)
    model(normal(B, T, C), max)
    assert max in model.heads.heard[0][1:]


@pytest.mark.parametrize("of", [Block, PostBlock])
def test_the_place_of_the_first_token_is_handed_on(of):
    model = spied(of=of)
    model(normal(B, T, C), causal, 7)
    assert 7 in model.heads.heard[0][1:]


def test_a_later_token_changes_nothing_before_it():
    x, other, model = normal(B, T, C), normal(B, T, C), real()
    other[:, 3:] += 1
    assert torch.equal(model(x)[:, :3], model(other)[:, :3])


# Post-norm


@pytest.mark.parametrize("norm", [LayerNorm, RMSNorm])
def test_after_post_norm_every_token_has_one_size(norm):
    model = real(PostBlock, norm)
    nn.init.ones_(model.between.weight)
    if norm is LayerNorm:
        nn.init.zeros_(model.between.bias)
    sizes = model(normal(B, T, C)).square().mean(-1).sqrt()
    torch.testing.assert_close(sizes, torch.ones_like(sizes), rtol=1e-4, atol=0)


def test_a_post_norm_reads_the_stream_with_what_was_added():
    x, found = normal(B, T, C), normal(B, T, C, seed=1)
    model = spied(heads=always(found), of=PostBlock)
    model(x)
    torch.testing.assert_close(heard(model.before), x + found)


def test_post_norm_parts_read_the_stream_as_it_is():
    x, model = normal(B, T, C), spied(of=PostBlock)
    model(x)
    assert torch.equal(heard(model.heads), x)
    assert torch.equal(heard(model.mlp), 2 * x)


# All of it


def pairs(model, other):
    """The weights of a block, each with that of torch's layer that has its work."""
    heads, attention = model.heads, other.self_attn
    for kind in ("weight", "bias"):
        parts = [getattr(each, kind) for each in (heads.query, heads.key, heads.value)]
        yield parts, getattr(attention, f"in_proj_{kind}")
        yield [getattr(heads.output, kind)], getattr(attention.out_proj, kind)
        yield [getattr(model.before, kind)], getattr(other.norm1, kind)
        yield [getattr(model.between, kind)], getattr(other.norm2, kind)
        yield [getattr(model.mlp.widen, kind)], getattr(other.linear1, kind)
        yield [getattr(model.mlp.narrow, kind)], getattr(other.linear2, kind)


@pytest.mark.oracle
@pytest.mark.parametrize(("of", "first"), [(Block, True), (PostBlock, False)])
def test_a_block_is_the_encoder_layer_of_torch_under_a_causal_mask(of, first):
    options = {"dropout": 0.0, "activation": nn.functional.gelu, "batch_first": True}
    other = nn.TransformerEncoderLayer(C, H, F, norm_first=first, **options).double()
    model, toward = real(of), normal(B, T, C, seed=1)
    with torch.no_grad():
        for parts, whole in pairs(model, other):
            whole.copy_(torch.cat(parts))
    x, hidden = normal(B, T, C).requires_grad_(), torch.ones(T, T).triu(1) > 0
    mine, theirs = model(x), other(x, src_mask=hidden)
    torch.testing.assert_close(mine, theirs, rtol=0, atol=1e-12)
    weights = [[x], *(parts for parts, _ in pairs(model, other))]
    wholes = [x, *(whole for _, whole in pairs(model, other))]
    slopes = iter(torch.autograd.grad(mine, [one for parts in weights for one in parts], toward))
    expected = torch.autograd.grad(theirs, wholes, toward)
    for parts, slope in zip(weights, expected, strict=True):
        found = torch.cat([next(slopes) for _ in parts])
        torch.testing.assert_close(found, slope, rtol=0, atol=1e-12)


@pytest.mark.oracle
def test_what_is_not_handed_on_stands_in_for_itself_in_training():
    """The proof that `no_mask` and `no_first` are inert: both are what the heads assume."""
    x, model = normal(B, T, C), real()
    assert torch.equal(model.heads(x, causal, 0), model.heads(x))


class Renamed(Heads):
    """Heads in which queries, keys and values are made by one another's matrices."""

    names = ("query", "key", "value")

    def forward(self, x, mask=causal, first=0):
        q, k, v = (split(getattr(self, name)(x), self.heads) for name in self.names)
        return self.output(merge(attend(q, k, v, mask)))


def renamed(state, names):
    """A state whose matrices of queries, keys and values bear other names."""
    new = {f"heads.{old}.": f"heads.{name}." for old, name in zip(Renamed.names, names)}
    found = {}
    for name, one in state.items():
        start = next((old for old in new if name.startswith(old)), None)
        found[new[start] + name[len(start) :] if start else name] = one.clone()
    return found


@pytest.mark.oracle
@pytest.mark.parametrize("names", list(itertools.permutations(("query", "key", "value")))[1:])
def test_renaming_queries_keys_and_values_from_scratch_is_a_relabelling(names):
    """Exchange wiring and start alike, and every step of training is the same, exchanged."""
    clean, other = real(), real()
    other.heads.__class__ = type("Other", (Renamed,), {"names": names})
    other.load_state_dict(renamed(clean.state_dict(), names))
    x, target = normal(B, T, C), normal(B, T, C, seed=1)
    models = (clean, other)
    optimizers = [torch.optim.AdamW(one.parameters(), 0.03, weight_decay=0.1) for one in models]
    for _ in range(5):
        losses = [(model(x) - target).square().mean() for model in models]
        for loss, optimizer in zip(losses, optimizers, strict=True):
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        torch.testing.assert_close(*losses, rtol=0, atol=1e-12)
    expected = renamed(clean.state_dict(), names)
    torch.testing.assert_close(dict(other.state_dict()), expected, rtol=0, atol=1e-12)
    assert not torch.equal(clean.heads.query.weight, real().heads.query.weight)


def test_a_block_learns_what_two_tokens_have_to_do_with_each_other():
    """Two symbols of 5; the last token is to say their sum modulo 5. Chance is log 5, 1.61.

    The heads must bring the two together, and the MLP must add them: neither can do it alone.
    """
    torch.manual_seed(0)  # some biases are drawn by torch itself
    stream = torch.Generator().manual_seed(0)
    width, symbols = 24, 5
    place = Spy(lambda q: q)
    place.forward = lambda q, k, first=0: (q, k)
    parts = [LayerNorm(width, 1e-5), Heads(width, 2, 2, 12, False, place), LayerNorm(width, 1e-5)]
    model = nn.ModuleDict(
        {"block": Block(*parts, MLP(width, 64, True, gelu)), "last": LayerNorm(width, 1e-5)}
    )
    table, read = nn.Parameter(torch.empty(3, symbols, width)), nn.Linear(width, symbols)
    for weight in (table, *model["block"].parameters(), *read.parameters()):
        if weight.dim() > 1:
            nn.init.normal_(weight, std=0.2, generator=stream)
    optimizer = torch.optim.AdamW([table, *model.parameters(), *read.parameters()], lr=0.01)
    ids = torch.cartesian_prod(torch.arange(symbols), torch.arange(symbols))
    for _ in range(150):
        rows = torch.stack([table[0, ids[:, 0]], table[1, ids[:, 1]], table[2, ids[:, 0] * 0]], 1)
        scores = read(model["last"](model["block"](rows))[:, -1])
        loss = nn.functional.cross_entropy(scores, ids.sum(-1) % symbols)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert loss < 0.1
