"""How a model begins: what is drawn, how wide, and what it then expects, one property a test."""

import hashlib
import math

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from .gpt import Config
from .initial import initialise
from .styles import gpt2, llama, qwen3

WIDE = Config(vocab=151, context=37, width=64, depth=4, heads=4, groups=4, size=16, hidden=256)
styles = pytest.mark.parametrize("style", [gpt2, llama, qwen3])
WRITERS = ("heads.output.weight", "mlp.narrow.weight")


def by_name(name, seed=0):
    """A stream of random numbers of its own for each name."""
    digest = hashlib.sha256(f"{seed}/{name}".encode()).digest()
    return torch.Generator().manual_seed(int.from_bytes(digest[:7], "big"))


def matrices(model):
    return {name: one for name, one in model.named_parameters() if one.dim() > 1}


def near(tensor, std):
    """Whether numbers are of a normal distribution: five errors of their mean and spread."""
    n = tensor.numel()
    mean, spread = tensor.double().mean().item(), tensor.double().std(correction=0).item()
    return abs(mean) < 5 * std / math.sqrt(n) and abs(spread / std - 1) < 5 / math.sqrt(2 * n)


@styles
def test_what_reads_the_stream_is_drawn_with_the_spread_of_the_config(style):
    model = style(WIDE, by_name)
    readers = {name: one for name, one in matrices(model).items() if not name.endswith(WRITERS)}
    assert [name for name, one in readers.items() if not near(one, WIDE.std)] == []


@pytest.mark.parametrize("writer", WRITERS)
def test_what_gpt2_writes_with_is_narrower_by_the_root_of_how_often_it_writes(writer):
    found = [one for name, one in matrices(gpt2(WIDE, by_name)).items() if name.endswith(writer)]
    assert len(found) == WIDE.depth
    assert all(near(one, WIDE.std / math.sqrt(2 * WIDE.depth)) for one in found)


@pytest.mark.parametrize("style", [llama, qwen3])
def test_what_llama_writes_with_is_as_wide_as_the_rest(style):
    found = [one for name, one in matrices(style(WIDE, by_name)).items() if name.endswith(WRITERS)]
    assert all(near(one, WIDE.std) for one in found)


@styles
def test_a_model_twice_as_wide_in_its_draws_is_the_same_twice_as_large(style):
    one, other = (matrices(style(Config(**{**vars(WIDE), "std": std}), by_name)) for std in (1, 2))
    for name in one:
        torch.testing.assert_close(2 * one[name], other[name])


def test_no_two_layers_begin_alike():
    model = gpt2(WIDE, by_name)
    for part in ("heads.query", "heads.output", "mlp.widen"):
        found = [block.get_submodule(part).weight.flatten() for block in model.blocks]
        alike = F.cosine_similarity(found[0], found[1], 0).abs()
        assert alike < 5 / math.sqrt(found[0].numel())


@styles
def test_gains_begin_at_one(style):
    gains = [one for name, one in style(WIDE).named_parameters() if is_gain(name, one)]
    assert gains and all((one == 1).all() for one in gains)


def is_gain(name, parameter):
    return parameter.dim() == 1 and name.endswith("weight")


def test_biases_begin_at_zero():
    biases = [one for name, one in gpt2(WIDE).named_parameters() if name.endswith("bias")]
    assert len(biases) == 8 * WIDE.depth + 1
    assert all((one == 0).all() for one in biases)


@styles
def test_nothing_is_left_as_it_was(style):
    models = [style(WIDE, by_name) for _ in range(2)]
    with torch.no_grad():
        for parameter in models[1].parameters():
            parameter.fill_(math.nan)
    initialise(models[1], WIDE.std, spread_of_writers(style), by_name)
    for name, one in models[0].named_parameters():
        assert torch.equal(one, models[1].get_parameter(name)), name


def spread_of_writers(style):
    return WIDE.std / math.sqrt(2 * WIDE.depth) if style is gpt2 else WIDE.std


def test_two_models_share_every_bit_of_what_has_one_name_in_both():
    one, other = (dict(style(WIDE, by_name).named_parameters()) for style in (llama, qwen3))
    shared = {name for name in one if name in other and one[name].shape == other[name].shape}
    assert len(shared) == 9 * WIDE.depth + 2
    assert all(torch.equal(one[name], other[name]) for name in shared)


def test_a_deeper_model_begins_with_the_layers_of_the_shallower_one():
    deeper = Config(**{**vars(WIDE), "depth": WIDE.depth + 2})
    one, other = (dict(llama(c, by_name).named_parameters()) for c in (WIDE, deeper))
    assert all(torch.equal(one[name], other[name]) for name in one)


def test_another_seed_draws_another_model():
    one, other = (matrices(llama(WIDE, lambda name, s=s: by_name(name, s))) for s in range(2))
    assert not any(torch.equal(one[name], other[name]) for name in one)


def loss_at_start(model, seed=0):
    ids = torch.randint(WIDE.vocab, (8, 37), generator=torch.Generator().manual_seed(seed))
    with torch.no_grad():
        return F.cross_entropy(model(ids[:, :-1]).mT, ids[:, 1:]).item()


@styles
def test_at_the_start_every_token_is_about_as_likely_as_another(style):
    """The bound: what the head reads has size one, so scores have a variance v = width x std^2.

    The loss is ln V, plus half the variance of the scores, less the mean score of what came: a
    mean of n scores, of spread sqrt(v / n). A tied head adds at most sqrt(width) x |row| = v a
    token where the next is the one before, which is one in V.
    """
    v, n = WIDE.width * WIDE.std**2, 8 * 36
    found = [loss_at_start(style(WIDE, by_name), seed) for seed in range(3)]
    slack = 5 * math.sqrt(v / n) + v / 2
    assert all(abs(loss - math.log(WIDE.vocab)) < slack + v / 2 for loss in found)


@styles
def test_at_the_start_the_model_is_not_indifferent(style):
    ids = torch.randint(WIDE.vocab, (8, 36), generator=torch.Generator().manual_seed(0))
    assert style(WIDE, by_name)(ids).std() > WIDE.std


def test_every_weight_of_a_fresh_model_gets_a_gradient():
    model = gpt2(WIDE, by_name)
    ids = torch.randint(WIDE.vocab, (4, 37), generator=torch.Generator().manual_seed(0))
    F.cross_entropy(model(ids[:, :-1]).mT, ids[:, 1:]).backward()
    asleep = [name for name, one in model.named_parameters() if one.grad.abs().max() < 1e-9]
    assert [name for name in asleep if not name.endswith("key.bias")] == []


def test_a_bias_of_all_keys_moves_no_share_and_so_never_learns():
    """Why `key.bias` is left out above: it adds one number to all scores of a query."""
    model = gpt2(WIDE, by_name)
    with torch.no_grad():
        before = model(torch.arange(37)[None])
        for block in model.blocks:
            nn.init.normal_(block.heads.key.bias, generator=torch.Generator().manual_seed(0))
        after = model(torch.arange(37)[None])
    torch.testing.assert_close(before, after, rtol=0, atol=1e-5)
