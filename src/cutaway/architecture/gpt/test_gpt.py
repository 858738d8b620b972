"""What a GPT must do, whatever it is made of, one property a test."""

import doctest
import math

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from .. import gpt
from .gpt import GPT, Config
from .styles import gpt2, llama, qwen3

B, T = 3, 11
SMALL = Config(vocab=17, context=23, width=12, depth=3, heads=2, groups=1, size=4, hidden=19)
styles = pytest.mark.parametrize("style", [gpt2, llama, qwen3])


def some_ids(count=B, length=T, vocab=SMALL.vocab, seed=0):
    return torch.randint(vocab, (count, length), generator=torch.Generator().manual_seed(seed))


def drawn(model, std=0.4, seed=0):
    """A model in float64 whose every number is random, so that none is at rest by its start."""
    stream = torch.Generator().manual_seed(seed)
    model = model.double()
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            gain = parameter.dim() == 1 and name.endswith("weight")
            parameter.normal_(float(gain), std, generator=stream)
    return model


class Part(nn.Module):
    """A part that writes down that it was asked and what it was handed."""

    def __init__(self, name, diary):
        super().__init__()
        self.name, self.diary = name, diary

    def forward(self, x, *handed, **named):
        self.diary.append((self.name, *handed, *named.values()))
        return x


def rule(t, s):
    return s <= t


def diary(depth=3, **handed):
    """What the parts of a model were asked for, in order, and with what."""
    found = []
    part = {name: Part(name, found) for name in ("tokens", "positions", "last", "head")}
    blocks = [Part(f"block {at}", found) for at in range(depth)]
    GPT(part["tokens"], part["positions"], blocks, part["last"], part["head"])(0, **handed)
    return found


# The way through the parts


def test_positions_are_told_after_the_rows_are_picked_and_before_the_blocks():
    names = [entry[0] for entry in diary()]
    assert names.index("positions") == 1 < names.index("block 0")


def test_the_blocks_follow_one_another_in_their_order():
    asked = [entry[0] for entry in diary() if entry[0].startswith("block")]
    assert [*dict.fromkeys(asked)] == sorted(asked)


def test_every_block_is_asked():
    asked = {entry[0] for entry in diary(4) if entry[0].startswith("block")}
    assert len(asked) == 4


def test_no_block_is_asked_twice():
    asked = [entry[0] for entry in diary() if entry[0].startswith("block")]
    assert len(asked) == len(set(asked))


def test_what_the_head_reads_has_passed_the_last_norm():
    assert [entry[0] for entry in diary()][-2:] == ["last", "head"]


def test_every_block_obeys_the_rule_of_sight_that_the_model_is_given():
    assert {entry[1] for entry in diary(mask=rule) if entry[0].startswith("block")} == {rule}


def test_blocks_are_told_where_a_text_goes_on():
    told = [entry for entry in diary(first=7) if entry[0].startswith("block")]
    assert {entry[-1] for entry in told} == {7}


def test_positions_are_told_where_a_text_goes_on():
    assert ("positions", 7) in diary(first=7)


def test_the_blocks_of_a_model_have_weights_of_their_own():
    model = gpt2(SMALL)
    assert len({id(block.mlp.widen.weight) for block in model.blocks}) == SMALL.depth


# The model as a whole


@styles
def test_there_is_a_score_for_every_token_of_the_vocabulary_at_every_place(style):
    assert style(SMALL)(some_ids()).shape == (B, T, SMALL.vocab)


@styles
@pytest.mark.parametrize("at", [1, 5, T - 1])
def test_the_past_does_not_see_the_future(style, at):
    model, ids = drawn(style(SMALL)), some_ids()
    changed = ids.clone()
    changed[:, at:] = (changed[:, at:] + 1) % SMALL.vocab
    before, after = model(ids), model(changed)
    assert torch.equal(before[:, :at], after[:, :at])
    assert not torch.allclose(before[:, at], after[:, at])


@styles
@pytest.mark.parametrize("length", [1, 4, 7])
def test_a_beginning_is_read_as_it_is_within_the_whole(style, length):
    model, ids = drawn(style(SMALL)), some_ids()
    torch.testing.assert_close(
        model(ids[:, :length])[:, -1], model(ids)[:, length - 1], rtol=1e-12, atol=1e-12
    )


@styles
def test_no_gradient_comes_from_a_later_place(style):
    model, ids = drawn(style(SMALL)), some_ids(1)
    rows = model.tokens(ids).detach().requires_grad_()
    model.tokens = nn.Identity()
    scores = model(rows)[0, 4]
    toward = torch.randn(scores.shape, generator=torch.Generator().manual_seed(1)).double()
    (slope,) = torch.autograd.grad(scores, rows, toward)
    assert (slope[0, 5:] == 0).all() and (slope[0, :5] != 0).any(-1).all()


@styles
def test_the_texts_of_a_batch_do_not_mix(style):
    model, ids = drawn(style(SMALL)), some_ids()
    torch.testing.assert_close(model(ids)[1:], model(ids[1:]), rtol=1e-12, atol=1e-12)


@styles
def test_the_order_of_what_was_said_matters(style):
    model, ids = drawn(style(SMALL)), torch.tensor([[2, 3, 5], [3, 2, 5]])
    one, other = model(ids)[:, -1]
    assert not torch.allclose(one, other)


@styles
def test_a_token_and_nothing_before_it_has_scores_too(style):
    assert drawn(style(SMALL))(some_ids(1, 1)).isfinite().all()


def test_a_small_gpt_learns_to_go_on_with_a_row():
    torch.manual_seed(0)
    model = llama(SMALL)
    ids = some_ids()
    for left in range(60, 0, -1):  # by signs: an optimizer takes longer to import than to learn
        model.zero_grad()
        loss = F.cross_entropy(model(ids[:, :-1]).mT, ids[:, 1:])
        loss.backward()
        with torch.no_grad():
            for parameter in model.parameters():
                if parameter.grad is not None:
                    parameter -= 0.03 * left / 60 * parameter.grad.sign()
    assert loss.item() < 0.1 < math.log(SMALL.vocab)


# What is refused


@pytest.mark.parametrize("name", [name for name in vars(SMALL) if name != "std"])
@pytest.mark.parametrize("value", [0, -1, math.nan])
def test_a_size_of_nothing_is_refused_by_name(name, value):
    with pytest.raises(ValueError, match=f"no {name} of"):
        Config(**{**vars(SMALL), name: value})


@pytest.mark.parametrize("std", [-0.02, math.nan])
def test_a_spread_below_zero_is_refused(std):
    with pytest.raises(ValueError, match="no spread"):
        Config(**{**vars(SMALL), "std": std})


def test_heads_that_do_not_divide_into_groups_are_refused():
    with pytest.raises(ValueError, match="2 heads cannot share in 3 equal groups"):
        Config(**{**vars(SMALL), "groups": 3})


@styles
@pytest.mark.parametrize("beyond", [SMALL.vocab, -1])
def test_a_token_beyond_the_vocabulary_is_refused(style, beyond):
    with pytest.raises(IndexError):
        style(SMALL)(torch.tensor([[0, beyond]]))


def test_a_text_longer_than_the_table_of_positions_is_refused():
    with pytest.raises(ValueError, match="places 0 to 22"):
        gpt2(SMALL)(some_ids(1, SMALL.context + 1))


@pytest.mark.parametrize("style", [llama, qwen3])
def test_a_text_longer_than_it_was_trained_on_is_read_where_no_table_ends(style):
    assert style(SMALL)(some_ids(1, 2 * SMALL.context)).isfinite().all()


# The example


def test_the_example_of_the_package_runs():
    found = doctest.DocTestFinder().find(gpt, "gpt", globs=vars(gpt))
    failed, tried = doctest.DocTestRunner().run(found[0])
    assert tried and not failed
