"""The shapes in the margins are true, and what is read of heads is what they compute.

Unlike the other tests these stay out of the broken copies: they may use the kit.
"""

from functools import partial

import pytest
import torch

from cutaway.kit.fit import generator
from cutaway.kit.shapes import true_shapes
from cutaway.kit.watch import watch
from cutaway.kit.worlds import CLEAN, broken

from ...atoms.positions import Rotary, Still, alibi, halves, speeds
from .. import attention
from . import biased, heads, lab_small, reading
from .lab_faults import FAULTS
from .lab_small import looks, named, untrained

B, T, C, G, D = 2, 5, 13, 3, 8
H = 2 * G


def layer(**options):
    made = heads.Heads(C, H, G, D, False, Rotary(speeds(D), halves), **options)
    return lab_small.drawn(made)


def test_the_shape_comments_are_true():
    x = torch.randn(B, T, C)
    with true_shapes(heads, B=B, T=T, C=C, G=G, H="2*G", D=D):
        layer()(x)
        heads.Looped(C, H, D)(x)
    q, k = torch.randn(B, H, T, D), torch.randn(B, G, 11, D)
    with true_shapes(biased, B=B, T=T, S=11, G=G, H="2*G", D=D):
        biased.Biased(partial(alibi, heads=H))(q, k, k, lambda t, s: s <= t + 6)
    model, ids = layer(), torch.tensor([[0, 1, 2, 0, 1]] * B)
    with true_shapes(reading, B=B, T=T, S="T", G=G, H="2*G"):
        seen = reading.weights(model, x)
        reading.previous(seen)
        reading.induction(seen, ids)


def test_the_weights_that_are_read_are_those_that_were_used():
    x = torch.randn(B, T, C, generator=generator(0, "x"))
    for model, used in (
        (layer(), attention.attend),
        (layer(attend=biased.Biased(partial(alibi, heads=H))), biased.Biased.forward),
    ):
        with watch(used, "weights") as seen:
            model(x)
        torch.testing.assert_close(reading.weights(model, x), seen["weights"][0])


@pytest.mark.parametrize(
    ("fault", "seen", "differs"), [("viewed_in", True, True), ("viewed_both", False, True)]
)
def test_views_on_both_sides_hide_from_the_future_and_not_from_a_cut(fault, seen, differs):
    (one,) = [one for one in FAULTS if one.name == fault]
    x = torch.randn(B, 12, C, generator=generator(0, "x"))
    changed = x.clone()
    changed[:, 7:] += 1
    with broken(one) as world:
        model = lab_small.drawn(world.heads.Heads(C, 4, 4, D, False, Still()))
        before = model(x)
        assert torch.equal(before[:, :7], model(changed)[:, :7]) is not seen
        cut = (model(x[:, :7])[:, -1] - before[:, 6]).abs().max().item()
        assert (cut > 1e-3) is differs


def test_models_of_any_number_of_heads_start_from_the_same_parameters():
    models = [untrained(CLEAN, "induction", 3, count).state_dict() for count in (1, 2, 4, 8)]
    for one in models[1:]:
        assert one.keys() == models[0].keys()
        assert all(torch.equal(weight, models[0][name]) for name, weight in one.items())


def test_a_model_that_lacked_a_head_has_it_again():
    net = untrained(CLEAN, "induction", 0)
    rows = lab_small.part(lab_small.EXAMS["induction"].held_out(), 0, 8)
    before = lab_small.surprises(net, rows)
    with lab_small.lacking(CLEAN, net, named(net)):
        assert not torch.equal(lab_small.surprises(net, rows), before)
    assert torch.equal(lab_small.surprises(net, rows), before)


def test_surprises_are_what_the_kit_reads():
    from cutaway.kit.teaching import nats

    net = untrained(CLEAN, "dyck", 0)
    rows = lab_small.part(lab_small.EXAMS["dyck"].held_out(), 0, 32)
    assert lab_small.mean(lab_small.surprises(net, rows)) == pytest.approx(nats(net, rows))


def test_looks_are_those_of_every_layer_in_order():
    net = untrained(CLEAN, "induction", 0)
    tokens = lab_small.EXAMS["induction"].held_out().tokens[:4, :-1]
    found = looks(CLEAN, net, tokens)
    assert len(found) == lab_small.DEPTH and found[0].shape == (4, 4, 23, 23)
    read = net.blocks[0].before(net.positions(net.tokens(tokens), 0))
    torch.testing.assert_close(found[0], reading.weights(net.blocks[0].heads, read))


def test_the_bytes_of_a_token_are_those_that_were_counted():
    from .lab_count import expected, kept

    for groups in (1, 2, 4):
        assert kept(untrained(CLEAN, "induction", 0, groups=groups)) == expected(groups)
