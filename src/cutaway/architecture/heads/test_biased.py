"""What a bias on the scores must do, one property a test. It also runs on broken copies."""

import math
from functools import partial

import pytest
import torch

from ...atoms.positions import Bucketed, alibi, slopes
from .biased import Biased
from .heads import grouped

B, T, S, H, G, D = 2, 5, 11, 6, 3, 4
ALIBI = Biased(partial(alibi, heads=H))


def past(t, s):
    return s <= t


def everything(t, s):
    return s >= 0 * t


def normal(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def bucketed():
    made = Bucketed(H, 8, 20)
    made.weight.data = normal(8, H, seed=7)
    return Biased(made)


def weights(biased, q, k, mask):
    """With the identity for values the answer is the weights."""
    one = torch.eye(k.shape[-2], dtype=k.dtype).expand(*k.shape[:2], -1, -1)
    return biased(q, k, one, mask)


def alike(length=S, heads=H):
    """Queries and keys of which none answers better than another."""
    return torch.zeros(B, heads, length, D).double(), torch.zeros(B, G, length, D).double()


def later(t, s):
    """The rule for the last tokens of a text, whose own numbers begin at 0."""
    return s <= t + S - T


@pytest.mark.oracle
@pytest.mark.parametrize("make", [lambda: ALIBI, bucketed], ids=["ALiBi", "T5"])
def test_a_biased_head_is_what_one_computes_by_hand(make):
    biased = make()
    q, (k, v) = normal(B, H, T, D), (normal(B, G, S, D, seed=seed) for seed in (1, 2))
    out = biased(q, k, v, later)
    places = torch.arange(S)
    table = biased.bias(places, places)
    for b in range(B):
        for h in range(H):
            for t in range(T):
                at, group = S - T + t, h // (H // G)
                scores = [
                    sum(q[b, h, t] * k[b, group, s]).item() / math.sqrt(D) + table[h, at, s].item()
                    for s in range(at + 1)
                ]
                odds = [math.exp(score - max(scores)) for score in scores]
                hand = sum(o / sum(odds) * v[b, group, s] for s, o in enumerate(odds))
                torch.testing.assert_close(out[b, h, t], hand, rtol=0, atol=1e-12)


@pytest.mark.oracle
def test_without_a_bias_it_is_grouped_attention():
    q, (k, v) = normal(B, H, S, D), (normal(B, G, S, D, seed=seed) for seed in (1, 2))
    none = Biased(lambda t, s: torch.zeros(1, len(t), len(s)))
    torch.testing.assert_close(none(q, k, v, past), grouped(q, k, v, past), rtol=0, atol=1e-12)


def test_the_weights_of_a_biased_head_sum_to_one():
    q, k = normal(B, H, S, D), normal(B, G, S, D, seed=1)
    sums = weights(ALIBI, q, k, past).sum(-1)
    torch.testing.assert_close(sums, torch.ones_like(sums))


def test_no_weight_of_a_biased_head_is_negative():
    q, k = normal(B, H, S, D), normal(B, G, S, D, seed=1)
    assert (weights(ALIBI, q, k, past) >= 0).all()


def test_of_two_that_answer_alike_the_nearer_gets_more():
    found = weights(ALIBI, *alike(), past)[..., -1, :]
    assert (found.diff(dim=-1) > 0).all()


def test_a_step_costs_a_head_its_slope_however_wide_it_is():
    """The bias is no part of the product, and not divided by its scale."""
    found = weights(ALIBI, *alike(), past)[..., -1, :].log().diff(dim=-1)
    torch.testing.assert_close(found, slopes(H).double()[None, :, None].expand_as(found))


def test_the_last_tokens_of_a_text_are_as_far_from_the_others_as_in_the_whole():
    """So it is when what came before is kept, and only new tokens ask.

    ALiBi would not show it: there one more step costs a token the same wherever it stands.
    """
    q, (k, v) = normal(B, H, S, D), (normal(B, G, S, D, seed=seed) for seed in (1, 2))
    whole, biased = bucketed()(q, k, v, past)[:, :, -T:], bucketed()
    torch.testing.assert_close(biased(q[:, :, -T:], k, v, later), whole, rtol=0, atol=1e-12)


@pytest.mark.parametrize("make", [lambda: ALIBI, bucketed], ids=["ALiBi", "T5"])
def test_a_text_may_stand_anywhere(make):
    """Tokens that nobody sees, set before a text, change nothing."""
    biased = make()
    q, (k, v) = normal(B, H, T, D), (normal(B, G, T, D, seed=seed) for seed in (1, 2))
    longer = [torch.cat((normal(*one.shape, seed=8), one), 2) for one in (q, k, v)]
    found = biased(*longer, lambda t, s: (s <= t) & (s >= T))[:, :, T:]
    torch.testing.assert_close(found, biased(q, k, v, past), rtol=0, atol=1e-12)


def test_a_learned_bias_learns():
    biased = bucketed()
    q, (k, v) = normal(B, H, S, D), (normal(B, G, S, D, seed=seed) for seed in (1, 2))
    (biased(q, k, v, past) * normal(B, H, S, D, seed=9)).sum().backward()
    assert (biased.bias.weight.grad.abs().amax(1)[:7] > 0).all()
