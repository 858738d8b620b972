"""The models that this lab measures with are what their tables say they are."""

import importlib
import itertools

import pytest
import torch

from cutaway.kit.labs import APART, load
from cutaway.kit.worlds import CLEAN, broken

load("block")
models, names, stream, interplay = (
    importlib.import_module(f"{APART}.block.lab_{name}")
    for name in ("model", "names", "stream", "interplay")
)
EXAM = models.exam_of("recall")


def tokens():
    return EXAM.held_out().tokens[:3, :-1]


def made(present):
    def block():
        return models.Wired(models.parts(CLEAN), present)

    last = "norms" in present
    return models.built(CLEAN, EXAM, 0, block=block, last=last)


def test_a_wired_block_with_all_parts_is_a_pre_norm_block():
    whole = made(set(interplay.PARTS))
    assert torch.equal(whole(tokens()), models.built(CLEAN, EXAM, 0)(tokens()))


def test_a_wired_block_without_a_stream_is_the_fault_of_that_name():
    with broken("block.no_stream") as world:
        expected = models.built(world, EXAM, 0)(tokens())
    assert torch.equal(made({"heads", "mlp", "norms"})(tokens()), expected)


@pytest.mark.parametrize("present", [set(), {"stream"}])
def test_a_block_without_parts_passes_the_stream_on(present):
    x = torch.randn(2, 3, models.WIDTH)
    assert torch.equal(models.Wired(models.parts(CLEAN), present)(x), x)


def test_what_two_arms_have_by_one_name_begins_alike():
    one, other = made({"heads", "norms"}), models.built(CLEAN, EXAM, 0)
    state = one.state_dict()
    assert set(state) < set(other.state_dict())
    assert all(torch.equal(state[name], other.state_dict()[name]) for name in state)


def test_the_stream_that_is_read_last_is_the_one_that_the_model_reads():
    model = models.built(CLEAN, EXAM, 0)
    *_, (part, x, found) = stream.streams(model, tokens())
    assert part == "end" and found is None
    torch.testing.assert_close(model.head(model.last(x)), model(tokens()))


def test_what_the_parts_find_adds_up_to_the_stream():
    model = models.built(CLEAN, EXAM, 0)
    read = list(stream.streams(model, tokens()))
    for (_, x, found), (_, later, _) in itertools.pairwise(read):
        torch.testing.assert_close(x + found, later)


def test_matrices_that_were_exchanged_are_each_others():
    clean, other = models.built(CLEAN, EXAM, 0), models.built(CLEAN, EXAM, 0)
    heads, before = other.blocks[0].heads, clean.blocks[0].heads
    names.CHANGES["Q and K exchanged"](heads)
    assert torch.equal(heads.query.weight, before.key.weight)
    assert torch.equal(heads.key.weight, before.query.weight)
    assert torch.equal(heads.value.weight, before.value.weight)


def test_matrices_that_are_shared_learn_together():
    model = models.built(CLEAN, EXAM, 0)
    for block in model.blocks:
        names.SHARED["all shared"](block.heads)
    models.learn(model, EXAM, 0, steps=2, rate=0.01)
    heads = model.blocks[0].heads
    assert torch.equal(heads.query.weight, heads.value.weight)


def test_two_empty_matrices_stay_empty():
    model = models.built(CLEAN, EXAM, 0)
    for block in model.blocks:
        names.CHANGES["Q and K empty"](block.heads)
    models.learn(model, EXAM, 0, steps=2, rate=0.01)
    heads = model.blocks[0].heads
    assert (heads.query.weight == 0).all() and (heads.key.weight == 0).all()
    assert (heads.value.weight != 0).any()
