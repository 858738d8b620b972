"""What a model has and costs: by hand, as published, and as counted, one property a test."""

import pytest

from .counts import gpt2_parameters, llama_parameters, matrices, operations, qwen3_parameters
from .gpt import Config
from .styles import gpt2, llama, qwen3

COUNTS = {gpt2: gpt2_parameters, llama: llama_parameters, qwen3: qwen3_parameters}
IN_MLP = {gpt2: 2, llama: 3, qwen3: 3}
SHAPES = [
    Config(17, 23, 12, 3, 2, 2, 10, 19),
    Config(31, 7, 10, 1, 6, 1, 8, 13),
    Config(29, 11, 14, 2, 6, 3, 4, 37),
]
shapes = pytest.mark.parametrize("c", SHAPES)
styles = pytest.mark.parametrize("style", COUNTS)


@shapes
@styles
@pytest.mark.oracle
def test_a_model_has_as_many_numbers_as_are_counted_by_hand(style, c):
    assert COUNTS[style](c) == sum(one.numel() for one in style(c).parameters())


@shapes
@styles
def test_the_matrices_of_a_block_are_counted(style, c):
    found = {name: one for name, one in style(c).blocks[0].named_parameters() if one.dim() > 1}
    assert matrices(c, IN_MLP[style]) == sum(one.numel() for one in found.values())


@pytest.mark.parametrize("style", [gpt2, llama, qwen3])
def test_a_row_more_in_the_vocabulary_costs_the_rows_that_it_has(style):
    c = SHAPES[0]
    more = Config(**{**vars(c), "vocab": c.vocab + 1})
    rows = 2 if style is llama else 1
    assert COUNTS[style](more) - COUNTS[style](c) == rows * c.width


def test_a_longer_table_of_positions_costs_its_rows():
    c = SHAPES[0]
    more = Config(**{**vars(c), "context": c.context + 1})
    assert gpt2_parameters(more) - gpt2_parameters(c) == c.width


def test_gpt2_has_124_million():
    """Radford et al., 2019: the small model as it is published."""
    assert gpt2_parameters(Config(50257, 1024, 768, 12, 12, 12, 64, 3072)) == 124_439_808


def test_llama_2_has_seven_billion():
    """Touvron et al., 2023b: the small model as it is published."""
    assert llama_parameters(Config(32000, 4096, 4096, 32, 32, 32, 128, 11008)) == 6_738_415_616


def test_qwen3_has_six_hundred_million():
    """Yang et al., 2025: the smallest model as it is published."""
    assert qwen3_parameters(Config(151936, 40960, 1024, 28, 16, 8, 128, 3072)) == 596_049_920


def test_a_product_and_a_sum_are_two_operations():
    c = SHAPES[2]
    one, more = operations(c, 1, 2), operations(Config(**{**vars(c), "vocab": c.vocab + 1}), 1, 2)
    assert more - one == 2 * c.width


@pytest.mark.parametrize("tokens", [1, 64])
def test_each_pair_of_tokens_is_multiplied_twice_in_each_head(tokens):
    c = SHAPES[2]
    apart, together = tokens * operations(c, 1, 2), operations(c, tokens, 2)
    pairs = tokens * (tokens - 1)
    assert together - apart == 2 * 2 * pairs * c.heads * c.size * c.depth


def test_heads_that_share_have_fewer_matrices_and_compare_no_less():
    c = SHAPES[2]
    apart = Config(**{**vars(c), "groups": c.heads})
    saved = 2 * (c.heads - c.groups) * c.size * c.width
    assert matrices(apart, 2) - matrices(c, 2) == saved
    assert operations(apart, 5, 2) - operations(c, 5, 2) == 2 * 5 * c.depth * saved


def test_a_long_text_of_a_large_model_costs_two_operations_for_each_weight_and_little_more():
    c = Config(50257, 1024, 768, 12, 12, 12, 64, 3072)
    met = gpt2_parameters(c) - c.context * c.width
    assert 2 * met < operations(c, 1024, 2) / 1024 < 2.4 * met
