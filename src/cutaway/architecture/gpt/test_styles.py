"""What each style is made of: names, ties, norms and turns, one property a test."""

import copy
import math

import pytest
import torch
from torch.func import functional_call, stack_module_state, vmap

from ...atoms.positions import halves, rotated, speeds
from ..norms import gelu, gelu_tanh
from .gpt import Config
from .normed import Normed
from .styles import gpt2, llama, qwen3

B, T = 3, 11
SMALL = Config(vocab=17, context=23, width=12, depth=3, heads=4, groups=2, size=6, hidden=19)
STYLES = {"gpt2": gpt2, "llama": llama, "qwen3": qwen3}
styles = pytest.mark.parametrize("style", STYLES.values(), ids=STYLES)
tied = pytest.mark.parametrize("style", [gpt2, qwen3])

SHARED = ("before.weight", "between.weight", "mlp.narrow.weight", "mlp.widen.weight")
ASKED = tuple(f"heads.{name}.weight" for name in ("key", "output", "query", "value"))
WEIGHTS = (*SHARED, *ASKED)
BLOCK = {  # the names that a block of each style has, and no others: files of weights rely on them
    "gpt2": [*WEIGHTS, *(name.replace("weight", "bias") for name in WEIGHTS)],
    "llama": [*WEIGHTS, "mlp.gate.weight"],
    "qwen3": [*WEIGHTS, "mlp.gate.weight", "heads.place.key.weight", "heads.place.query.weight"],
}
REST = {
    "gpt2": ["tokens.weight", "positions.weight", "last.weight", "last.bias"],
    "llama": ["tokens.weight", "last.weight", "head.weight"],
    "qwen3": ["tokens.weight", "last.weight"],
}


def some_ids(seed=0):
    return torch.randint(SMALL.vocab, (B, T), generator=torch.Generator().manual_seed(seed))


def drawn(model, seed=0, std=0.4):
    """A model in float64 whose every number is random."""
    stream = torch.Generator().manual_seed(seed)
    model = model.double()
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            gain = parameter.dim() == 1 and name.endswith("weight")
            parameter.normal_(float(gain), std, generator=stream)
    return model


# Names


@pytest.mark.parametrize("name", STYLES)
def test_the_names_of_the_weights_stay_what_they_are(name):
    expected = [f"blocks.{at}.{part}" for at in range(SMALL.depth) for part in BLOCK[name]]
    assert sorted(STYLES[name](SMALL).state_dict()) == sorted(REST[name] + expected)


@pytest.mark.parametrize("name", STYLES)
def test_all_that_is_kept_is_learned(name):
    model = STYLES[name](SMALL)
    assert set(dict(model.named_parameters())) == set(model.state_dict())


@styles
def test_every_weight_learns(style):
    model = drawn(style(SMALL))
    toward = torch.randn(B, T, SMALL.vocab, generator=torch.Generator().manual_seed(1)).double()
    (model(some_ids()) * toward).sum().backward()
    asleep = [name for name, one in model.named_parameters() if not (one.grad != 0).any()]
    assert [name for name in asleep if not name.endswith("key.bias")] == []  # see the norms of keys


# The tie


def is_tied(model):
    """Whether a change of the table changes what the head makes of one and the same stream."""
    x = torch.ones(1, 1, SMALL.width, dtype=model.tokens.weight.dtype)
    with torch.no_grad():
        before = model.head(x)
        model.tokens.weight.mul_(2)
        after = model.head(x)
        model.tokens.weight.div_(2)
    return torch.equal(2 * before, after) and not torch.equal(before, after)


@tied
def test_the_head_reads_with_the_rows_of_the_table(style):
    assert is_tied(style(SMALL))


def test_the_head_of_llama_is_its_own():
    assert not is_tied(llama(SMALL))


def loaded(model):
    other = copy.deepcopy(model)
    model.load_state_dict({name: one + 1 for name, one in other.state_dict().items()})
    return model


CHANGES = {
    "copied": copy.deepcopy,
    "doubled": lambda model: model.double(),
    "halved": lambda model: model.to(torch.bfloat16),
    "loaded": loaded,
    "assigned": lambda model: (
        model.load_state_dict(copy.deepcopy(model.state_dict()), assign=True) and model
    ),
}


@tied
@pytest.mark.parametrize("change", CHANGES)
def test_a_tied_head_stays_tied(style, change):
    assert is_tied(CHANGES[change](style(SMALL)))


@styles
def test_a_copy_is_apart_from_its_model(style):
    model, ids = drawn(style(SMALL)), some_ids()
    other, before = copy.deepcopy(model), model(ids)
    with torch.no_grad():
        for parameter in other.parameters():
            parameter.zero_()
    assert torch.equal(model(ids), before) and not torch.equal(other(ids), before)


@styles
def test_a_model_is_read_with_the_weights_that_it_is_called_with(style):
    model, other, ids = drawn(style(SMALL)), drawn(style(SMALL), seed=1), some_ids()
    before = model(ids)
    assert torch.equal(functional_call(model, dict(other.named_parameters()), (ids,)), other(ids))
    assert torch.equal(model(ids), before)


@styles
def test_several_models_are_read_at_once(style):
    models, ids = [drawn(style(SMALL), seed) for seed in range(3)], some_ids()
    stacked, _ = stack_module_state(models)
    bare = copy.deepcopy(models[0]).to("meta")

    def scores(parameters):
        return functional_call(bare, parameters, (ids,))

    together = vmap(scores)(stacked)
    apart = torch.stack([model(ids) for model in models])
    torch.testing.assert_close(together, apart, rtol=1e-11, atol=1e-11)


@styles
def test_in_half_precision_the_scores_are_near(style):
    model, ids = style(SMALL).double(), some_ids()
    exact = model(ids)
    short = model.to(torch.bfloat16)(ids)
    assert short.dtype == torch.bfloat16
    assert (short.double() - exact).norm() < 0.05 * exact.norm()


# What sets a style apart


def test_gpt2_bends_with_the_tanh_of_its_files():
    model, x = gpt2(SMALL), torch.linspace(-3, 3, 100, dtype=torch.float64)
    bent = model.blocks[0].mlp.bend(x)
    assert torch.equal(bent, gelu_tanh(x)) and not torch.equal(bent, gelu(x))


@pytest.mark.parametrize("style", [llama, qwen3])
def test_the_slowest_turn_is_as_slow_as_the_base_says(style):
    slow = Config(**{**vars(SMALL), "base": 1e6})
    turns = [place_of(style(c)).turns for c in (SMALL, slow)]
    assert turns[0][1] / turns[1][1] == pytest.approx((1e6 / 1e4) ** (2 / SMALL.size))


def place_of(model):
    """What turns the queries and keys of a model."""
    place = model.blocks[0].heads.place
    return getattr(place, "then", place)


@pytest.mark.parametrize("style", [llama, qwen3])
def test_a_number_is_turned_with_the_one_half_a_head_away(style):
    q = torch.zeros(1, 1, 2, SMALL.size)
    q[..., 0] = 1
    turned, _ = place_of(style(SMALL))(q, q)
    assert turned[0, 0, 1].nonzero().flatten().tolist() == [0, SMALL.size // 2]


def test_llama_tells_by_distance_alone_where_tokens_stand():
    model, ids = drawn(llama(SMALL)), some_ids()
    torch.testing.assert_close(model(ids), model(ids, first=100), rtol=1e-9, atol=1e-9)


def test_gpt2_tells_places_apart():
    model, ids = drawn(gpt2(SMALL)), some_ids()
    assert not torch.allclose(model(ids), model(ids, first=5))


@pytest.mark.parametrize("part", ["query", "key"])
def test_the_size_of_what_qwen3_compares_changes_nothing(part):
    model, ids = drawn(qwen3(SMALL)), some_ids()
    before = model(ids)
    with torch.no_grad():
        for block in model.blocks:
            getattr(block.heads, part).weight.mul_(1e4)
    torch.testing.assert_close(model(ids), before, rtol=1e-4, atol=1e-4)  # epsilon is not scaled


# The norm of queries and keys


def normed(query=2.0, key=3.0):
    """A norm of queries and keys with unequal gains, and what stands after it: nothing."""
    model = Normed(SMALL.size, 1e-12, lambda q, k, first: (q, k)).double()
    with torch.no_grad():
        model.query.weight.fill_(query)
        model.key.weight.fill_(key)
    return model


def queries(heads=SMALL.heads, seed=0, size=7.0):
    stream = torch.Generator().manual_seed(seed)
    return size * torch.randn(B, heads, T, SMALL.size, generator=stream, dtype=torch.float64)


def test_queries_have_one_size_whatever_they_were():
    q, _ = normed()(queries(), queries(2))
    sizes = q.square().mean(-1).sqrt()
    torch.testing.assert_close(sizes, torch.full_like(sizes, 2))


def test_keys_have_one_size_of_their_own():
    _, k = normed()(queries(), queries(2))
    sizes = k.square().mean(-1).sqrt()
    torch.testing.assert_close(sizes, torch.full_like(sizes, 3))


def test_no_score_is_larger_than_the_gains_allow():
    q, k = normed()(queries(size=1e3), queries(SMALL.heads, 1, size=1e3))
    scores = q @ k.mT / math.sqrt(SMALL.size)
    assert scores.abs().max() <= 2 * 3 * math.sqrt(SMALL.size) + 1e-9


def test_a_gain_belongs_to_a_number_before_it_is_turned():
    gains = torch.linspace(0.5, 2, SMALL.size, dtype=torch.float64)
    model = normed()
    model.then = lambda q, k, first: (turned(q, first), turned(k, first))
    with torch.no_grad():
        model.query.weight.copy_(gains)
    q = queries()
    sized = q / q.square().mean(-1, keepdim=True).sqrt()
    torch.testing.assert_close(model(q, q, 5)[0], turned(sized * gains, 5))


def turned(x, first):
    return rotated(x, torch.arange(first, first + x.shape[-2]), speeds(SMALL.size), halves)
