"""The shapes in the lesson's margins are true, and the lab's models are what they are called."""

import pytest
import torch
from torch import nn

from cutaway.kit.shapes import true_shapes
from cutaway.kit.worlds import CLEAN

from . import lab_model, lab_sizes, norms
from .lab_arms import ARMS, BENDS, NONE, POST, PRE, PRE_RMS
from .lab_rates import COMMON, reached


def test_the_shape_comments_are_true():
    B, T, C = 2, 5, 7
    with true_shapes(norms, B=B, T=T, C=C):
        for norm in (norms.LayerNorm(C, 1e-5), norms.RMSNorm(C, 1e-5)):
            norm(torch.randn(B, T, C))


def test_arms_of_one_seed_share_all_that_they_can_share():
    clean = lab_model.model(CLEAN, 3, PRE, 2).state_dict()
    for arm in (PRE_RMS, POST, NONE):
        other = lab_model.model(CLEAN, 3, arm, 2).state_dict()
        assert other and all(torch.equal(value, clean[name]) for name, value in other.items())


@pytest.mark.parametrize("arm", ARMS)
def test_an_arm_has_the_norms_that_its_name_says(arm):
    net = lab_model.model(CLEAN, 0, arm, 3)
    found = [type(one).__name__ for one in net.modules() if "Norm" in type(one).__name__]
    count = 0 if ARMS[arm].norm is None else 6 if ARMS[arm].post else 7
    assert found == [ARMS[arm].norm] * count
    assert type(net.blocks[0]).__name__ == ("PostBlock" if ARMS[arm].post else "Block")


def test_all_bends_have_the_same_parameters_to_within_one_percent():
    sizes = [
        sum(one.numel() for one in lab_model.model(CLEAN, 0, PRE, 2, bend).parameters())
        for bend in BENDS
    ]
    assert max(sizes) < 1.01 * min(sizes)


def test_every_norm_and_every_bend_has_a_place_in_the_patchwork():
    net = lab_model.patchwork(CLEAN, 0)
    bends = {block.mlp.bend for block in net.blocks}
    assert bends == {getattr(CLEAN.norms, name) for name in ("gelu", "gelu_tanh", "silu", "relu")}
    assert {type(one).__name__ for one in net.modules()} >= {"LayerNorm", "RMSNorm"}


def test_what_is_inside_a_model_is_what_one_finds_by_hand():
    net = lab_model.model(CLEAN, 0, PRE, 2)
    rows = lab_sizes.inside(net)
    rows_of = lab_model.some().tokens[:, :-1]
    x = net.positions(net.tokens(rows_of))
    assert rows[0]["stream"] == pytest.approx(x.square().mean().sqrt().item(), rel=1e-3)
    heads = net.blocks[0].heads(net.blocks[0].before(x))
    hidden = net.blocks[0].mlp.widen(net.blocks[0].between(x + heads))
    mlp = net.blocks[0].mlp.narrow(net.blocks[0].mlp.bend(hidden))
    for name, found in (("heads", heads), ("mlp", mlp), ("stream", x + heads + mlp)):
        assert rows[1][name] == pytest.approx(found.square().mean().sqrt().item(), rel=1e-3)
    assert rows[1]["silent"] == (hidden <= 0).flatten(0, 1).all(0).float().mean().item()


def test_a_unit_that_is_never_positive_is_silent():
    net = lab_model.model(CLEAN, 0, PRE, 2, "ReLU")
    nn.init.zeros_(net.blocks[1].mlp.widen.weight)
    assert [row.get("silent") for row in lab_sizes.inside(net)][2] == 1


def test_a_common_loss_is_reached_by_the_mean_of_ten():
    assert reached([COMMON + 1] * 9 + [COMMON - 0.01] * 10) == 19
    assert reached([COMMON + 0.01] * 50) is None
    assert reached([COMMON - 1] * 9) is None
