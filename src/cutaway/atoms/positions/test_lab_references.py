"""The same numbers as in transformers, which is where weights come from."""

import pytest
import torch

from .biases import Bucketed, alibi, bucket, slopes
from .rotary import Rotary, halves, interpolated, neighbours, rotated, speeds, stretched

pytestmark = pytest.mark.oracle

B, H, T, D = 2, 3, 11, 16
CONTEXT = 32


def models(name):
    """One of transformers' modules of models."""
    return pytest.importorskip(f"transformers.models.{name}.modeling_{name}")


def normal(*shape, seed=0, dtype=torch.float64):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=dtype)


def llama(**scaling):
    """Llama's own rotary part, perhaps scaled."""
    config = pytest.importorskip("transformers").LlamaConfig(
        head_dim=D,
        max_position_embeddings=CONTEXT,
        rope_parameters={"rope_type": "default", "rope_theta": 10_000.0} | scaling,
    )
    return models("llama").LlamaRotaryEmbedding(config)


def test_queries_and_keys_are_turned_as_in_llama():
    q, k = normal(B, H, T, D), normal(B, 1, T, D, seed=1)
    angles = torch.arange(3, 3 + T)[:, None].double() * speeds(D)
    twice = torch.cat((angles, angles), -1).expand(B, T, D)
    expected = models("llama").apply_rotary_pos_emb(q, k, twice.cos(), twice.sin())
    found = Rotary(speeds(D), halves)(q, k, first=3)
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-12)


def test_queries_are_turned_as_in_gpt_j():
    gptj, x = models("gptj"), normal(B, H, T, D)
    angles = (torch.arange(T)[:, None] * speeds(D)).expand(B, T, D // 2)
    expected = gptj.apply_rotary_pos_emb(x.transpose(1, 2), angles.sin(), angles.cos())
    found = rotated(x, torch.arange(T), speeds(D), neighbours)
    torch.testing.assert_close(found, expected.transpose(1, 2), rtol=0, atol=1e-12)


@pytest.mark.parametrize("factor", [2.0, 4.0])
def test_speeds_are_those_of_llama_with_linear_and_with_ntk_scaling(factor):
    """Its dynamic scaling depends on the length: for one length it is a stretch by one factor."""
    expected = {
        "default": speeds(D),
        "linear": interpolated(speeds(D), factor),
        "dynamic": stretched(D, factor * 3 * CONTEXT / CONTEXT - (factor - 1)),
    }
    for kind, turns in expected.items():
        model = llama(rope_type=kind, factor=factor)
        model(torch.zeros(1), torch.arange(3 * CONTEXT)[None])
        torch.testing.assert_close(model.inv_freq.double(), turns, rtol=1e-6, atol=0)


@pytest.mark.parametrize("first", [0, 1000, 100_000])
def test_in_single_precision_the_error_is_at_most_twice_that_of_llama(first):
    """Llama's own grows with the place, for its angles are rounded before they are turned into."""
    x, places = normal(B, H, T, D), torch.arange(first, first + T)
    exact = rotated(x, places, speeds(D), halves)
    cos, sin = llama()(x.float(), places[None])
    expected, _ = models("llama").apply_rotary_pos_emb(x.float(), x.float(), cos, sin)
    found = rotated(x.float(), places, speeds(D), halves)
    theirs, mine = ((one - exact).abs().max().item() for one in (expected, found))
    assert mine <= 2 * theirs and theirs < 1e-6 + 1e-7 * (first + T)
    assert mine < 1e-6


@pytest.mark.parametrize("heads", [1, 2, 3, 6, 8, 12, 16, 40])
def test_a_row_of_alibi_is_that_of_bloom_but_for_one_number(heads):
    """Bloom counts from the first token, and the softmax does not see what a row has in common."""
    ones = torch.ones(1, T, dtype=torch.long)
    bloom = models("bloom").build_alibi_tensor(ones, heads, torch.float32)  # (H, 1, T)
    torch.testing.assert_close(bloom[:, 0, 1], slopes(heads), rtol=1e-6, atol=0)
    places = torch.arange(T)
    apart = alibi(places, places, heads) - bloom
    torch.testing.assert_close(apart, apart[:, :, :1].expand_as(apart), rtol=0, atol=1e-5)


@pytest.mark.parametrize(
    ("buckets", "longest"), [(32, 128), (32, 64), (8, 64), (16, 1024), (7, 50)]
)
def test_buckets_are_those_of_t5_bit_for_bit(buckets, longest):
    distances = torch.arange(-10, 4 * longest)
    expected = models("t5").T5Attention._relative_position_bucket(
        -distances, bidirectional=False, num_buckets=buckets, max_distance=longest
    )
    assert torch.equal(bucket(distances, buckets, longest), expected)


def test_the_bias_of_a_bucket_is_that_of_a_decoder_of_t5():
    config = pytest.importorskip("transformers").T5Config(
        d_model=H * 4, d_kv=4, num_heads=H, is_decoder=True
    )
    other = models("t5").T5Attention(config, has_relative_attention_bias=True, layer_idx=0)
    model, places = Bucketed(H, 32, 128), torch.arange(200)
    with torch.no_grad():
        model.weight.copy_(other.relative_attention_bias.weight)
    assert torch.equal(model(places, places)[None], other.compute_bias(200, 200))
