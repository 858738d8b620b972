"""The shapes in the lesson's margins are true, and the small models are what they are called."""

from functools import partial

import pytest
import torch

from cutaway.kit.deleting import deletions
from cutaway.kit.fit import generator
from cutaway.kit.shapes import true_shapes
from cutaway.kit.worlds import CLEAN

from . import gpt, lab_breaks, lab_sizes, lab_small, lab_styles, normed, styles

B, T, V, C, H, G, D = 2, 7, 17, 30, 6, 3, 10


def test_the_shape_comments_are_true():
    config = gpt.Config(V, 11, C, 2, H, G, D, 19)
    ids = torch.randint(V, (B, T))
    with true_shapes(gpt, B=B, T=T, C=C, V=V):
        styles.gpt2(config)(ids)
    with true_shapes(normed, B=B, T=T, H=H, G=G, D=D):
        styles.qwen3(config)(ids)


def same(one, other):
    """Whether two models share every weight, bit for bit, and so every score."""
    mine, theirs = dict(one.named_parameters()), dict(other.named_parameters())
    ids = torch.arange(9)[None]
    bits = mine.keys() == theirs.keys() and all(torch.equal(mine[n], theirs[n]) for n in mine)
    return bits and torch.equal(one(ids), other(ids))


@pytest.mark.parametrize(("parts", "style"), [((), "gpt2"), (lab_small.PARTS, "llama")])
def test_the_way_from_gpt2_to_llama_begins_and_ends_at_them(parts, style):
    c = lab_small.sizes(CLEAN, 13)
    found = lab_small.like_llama(CLEAN, c, parts, 3)
    shared = c if style == "gpt2" else lab_small.sizes(CLEAN, 13, groups=c.heads // 2)
    assert same(found, getattr(styles, style)(shared, partial(generator, 3)))


@pytest.mark.parametrize("part", lab_small.PARTS)
def test_every_part_makes_another_model(part):
    c = lab_small.sizes(CLEAN, 13)
    one, other = (lab_small.like_llama(CLEAN, c, parts, 3) for parts in ((), (part,)))
    assert not same(one, other)


@pytest.mark.parametrize("arm", lab_styles.ARMS)
def test_all_arms_have_nearly_as_many_numbers(arm):
    wanted, found = (lab_small.count(lab_styles.arm(CLEAN, a, 64, 0)) for a in ("gpt2", arm))
    assert abs(found / wanted - 1) < 0.004


def test_arms_share_what_has_one_name_and_one_shape_in_both():
    one, other = (
        dict(lab_styles.arm(CLEAN, name, 64, 5).named_parameters())
        for name in ("gpt2", "positions")
    )
    shared = [n for n in one if n in other and one[n].shape == other[n].shape]
    assert len(shared) > 20 and all(torch.equal(one[n], other[n]) for n in shared)


def test_every_statement_on_the_way_of_a_model_is_found_once():
    for file, functions in lab_breaks.WAY.values():
        found = list(deletions(file, functions))
        assert len(found) == len({one.line for one in found})
        assert {one.function for one in found} == set(functions)


def test_a_line_that_is_lost_either_stops_a_model_or_changes_what_it_ends_at():
    rows = list(lab_breaks.loss_by_line(CLEAN, seed=0, where="bend", rate=0.003, steps=3))
    ends = {row["text"]: row["ends"] for row in rows}
    assert ends == {"share = torch.sigmoid(x)": "at once", "return x * share": "at once"}


@pytest.mark.parametrize("model", lab_sizes.PUBLISHED)
def test_the_parts_of_a_model_are_the_whole(model):
    rows = list(lab_sizes.size_by_part(CLEAN, seed=0, model=model))
    assert [row["part"] for row in rows] == list(lab_sizes.PARTS)
    assert {sum(row["parameters"] for row in rows)} == {row["whole"] for row in rows}
    _, c, in_mlp = lab_sizes.published(CLEAN, model)
    whole = CLEAN.gpt.operations(c, lab_sizes.READ, in_mlp)
    assert sum(row["operations"] for row in rows) * lab_sizes.READ == whole


def test_comparing_costs_a_product_and_a_sum_for_each_number_of_each_token_twice():
    c = CLEAN.gpt.Config(31, 7, 10, 3, 6, 2, 8, 13)
    assert lab_sizes.work(CLEAN, c, 5, 3)["comparing"] == 2 * 2 * 3 * 6 * 8 * 5
