"""What attention must do, one property a test. Relative imports: it also runs on broken copies.

The rules of sight stand here once more, so that a fault of `causal` fails only the tests of it.
"""

import math

import pytest
import torch

from .attention import allowed, attend, by_hand, causal, softmax

B, H, T, S, D = 2, 3, 5, 7, 4


def past(t, s):
    return s <= t


def everything(t, s):
    return s >= 0 * t


def normal(*shape, seed=0, dtype=torch.float64):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=dtype)


def qkv(length=S, width=D, heads=H):
    return (normal(B, heads, length, width, seed=seed) for seed in range(3))


def weights(q, k, mask):
    """With the identity for values the answer is the weights."""
    return attend(q, k, torch.eye(k.shape[-2], dtype=k.dtype), mask)


# The softmax


def test_the_shares_of_poor_scores_sum_to_one():
    shares = softmax(normal(B, S) - 50)
    torch.testing.assert_close(shares.sum(-1), torch.ones(B, dtype=shares.dtype))


def test_scores_of_any_size_have_shares():
    assert softmax(torch.tensor([1000.0, 0.0, -1000.0])).tolist() == [1, 0, 0]


def test_a_row_of_nothing_has_shares_of_zero():
    assert softmax(torch.full((2, 3), -math.inf)).tolist() == [[0, 0, 0]] * 2


def test_one_number_added_to_all_scores_changes_no_share():
    """The proof that `no_max` is inert."""
    for number in (-60, 3, 60):
        shares = softmax(normal(B, S) + number)
        torch.testing.assert_close(shares, softmax(normal(B, S)), rtol=0, atol=1e-12)


def test_the_share_of_the_hidden_has_no_slope():
    scores = normal(T, S).requires_grad_()
    shares = softmax(scores.masked_fill(torch.ones(T, S).triu(1) > 0, -math.inf))
    (slope,) = torch.autograd.grad((shares * normal(T, S, seed=1)).sum(), scores)
    assert (slope.triu(1) == 0).all() and slope.isfinite().all()


@pytest.mark.oracle
def test_where_a_token_sees_itself_the_bounds_change_no_bit():
    """The proof that `no_floor` is inert."""
    scores = normal(B, H, S, S, dtype=torch.float32) * 30
    scores = scores.masked_fill(torch.ones(S, S).triu(1) > 0, -math.inf).requires_grad_()
    odds = (scores - scores.amax(-1, keepdim=True)).exp()
    for bounded, bare in both(softmax(scores), odds / odds.sum(-1, keepdim=True), scores):
        assert torch.equal(bounded, bare)


@pytest.mark.oracle
def test_where_a_token_sees_itself_minus_10000_hides_as_well_as_minus_infinity():
    """The proof that `mask_10000` is inert: the same bits, value and slope."""
    scores = (normal(B, H, S, S, dtype=torch.float32) * 30).requires_grad_()
    hidden = torch.ones(S, S).triu(1) > 0
    shares = [softmax(scores.masked_fill(hidden, number)) for number in (-math.inf, -10000)]
    for infinite, finite in both(*shares, scores):
        assert torch.equal(infinite, finite)


def both(one, other, leaf):
    """Two results side by side, and their gradients for one random cotangent."""
    toward = normal(*one.shape, seed=9, dtype=one.dtype)
    slopes = [torch.autograd.grad(out, leaf, toward, retain_graph=True)[0] for out in (one, other)]
    return [(one, other), slopes]


# What is seen


def test_a_token_sees_itself():
    assert all(causal(torch.tensor(t), torch.tensor(t)) for t in range(T))


def test_a_token_does_not_see_the_next():
    assert not any(causal(torch.tensor(t), torch.tensor(t + 1)) for t in range(T))


def test_a_rule_is_asked_for_every_pair_of_positions():
    q, k = normal(B, H, 2, D), normal(B, H, 3, D)
    assert allowed(lambda t, s: 10 * t + s, q, k).tolist() == [[0, 1, 2], [10, 11, 12]]


def test_what_is_hidden_has_no_weight_at_all():
    q, k, _ = qkv()
    assert (weights(q, k, past).triu(1) == 0).all()


def test_what_may_be_seen_has_some_weight():
    q, k, _ = qkv()
    assert (weights(q, k, past)[..., torch.ones(S, S).tril() > 0] > 0).all()


def test_the_first_token_takes_its_own_value():
    q, k, v = qkv()
    torch.testing.assert_close(attend(q, k, v, past)[..., 0, :], v[..., 0, :])


def test_a_token_is_hidden_however_poor_the_answers_of_the_others():
    q, k, v = torch.ones(1, 1, 2, 1), torch.tensor([[[[-1e6], [0.0]]]]), torch.eye(2)
    assert attend(q, k, v, past)[0, 0, 0, 1] == 0


# What is taken


def test_the_weights_of_a_token_sum_to_one():
    q, k, _ = qkv()
    sums = weights(q, k, past).sum(-1)
    torch.testing.assert_close(sums, torch.ones_like(sums))


def test_no_weight_is_negative():
    q, k, _ = qkv()
    assert (weights(q, k, everything) >= 0).all()


def spread(width, heads=2):
    """The variance of the scores of random queries and keys: weights are known by their logs."""
    q, k = (normal(1, heads, 256, width, seed=seed) for seed in range(2))
    return weights(q, k, everything).log().var(-1).mean().item()


def test_the_scores_of_wide_heads_do_not_grow():
    assert max(spread(width) for width in (4, 16, 64, 256)) < 1.2


def test_the_scores_of_wide_heads_do_not_fade():
    assert min(spread(width) for width in (4, 16, 64, 256)) > 0.8


def test_the_key_that_answers_best_gets_nearly_all():
    keys = torch.eye(8)[None, None]
    got = weights(100 * keys, keys, everything)
    torch.testing.assert_close(got, keys, rtol=0, atol=1e-3)


def test_keys_that_answer_almost_alike_are_told_apart():
    one, other = weights(torch.ones(1, 1, 1, 1), torch.tensor([[1.0], [1.001]]), everything)[
        0, 0, 0
    ]
    assert other > one


def test_equal_keys_give_the_plain_mean():
    q, k, v = qkv()
    out = attend(q, k[..., :1, :].expand_as(k), v, everything)
    torch.testing.assert_close(out, v.mean(-2, keepdim=True).expand_as(out))


def test_what_a_token_takes_does_not_depend_on_who_else_asks():
    q, k, v = qkv()
    out = attend(q, k, v, everything)[..., :1, :]
    torch.testing.assert_close(out, attend(q[..., :1, :], k, v, everything))


def test_keys_may_stand_in_any_order_with_their_values():
    q, k, v = qkv()
    order = torch.randperm(S, generator=torch.Generator().manual_seed(0))
    out = attend(q, k[..., order, :], v[..., order, :], everything)
    torch.testing.assert_close(out, attend(q, k, v, everything))


def test_what_all_keys_have_in_common_changes_nothing():
    q, k, v = qkv()
    out = attend(q, k + normal(D, seed=8), v, everything)
    torch.testing.assert_close(out, attend(q, k, v, everything))


def test_queries_and_keys_may_be_turned_together():
    q, k, v = qkv()
    turn = torch.linalg.qr(normal(D, D, seed=8)).Q
    out = attend(q @ turn, k @ turn, v, everything)
    torch.testing.assert_close(out, attend(q, k, v, everything))


def test_twice_the_values_are_twice_the_answer():
    q, k, v = qkv()
    other = normal(B, H, S, D, seed=8)
    out = attend(q, k, 2 * v + other, everything)
    torch.testing.assert_close(
        out, 2 * attend(q, k, v, everything) + attend(q, k, other, everything)
    )


def test_queries_and_keys_can_learn():
    q, k, v = (one.requires_grad_() for one in qkv())
    out = attend(q, k, v, everything)[0, 0, 0, 0]
    for slope in torch.autograd.grad(out, (q, k), materialize_grads=True):
        assert slope.abs().sum() > 0


def test_a_head_takes_what_it_would_take_alone():
    q, k, v = qkv()
    alone = attend(q[:, :1], k[:, :1], v[:, :1], everything)
    torch.testing.assert_close(attend(q, k, v, everything)[:, :1], alone)


@pytest.mark.oracle
def test_attention_is_what_one_computes_by_hand():
    for dtype, within in ((torch.float32, 1e-7), (torch.float64, 1e-12)):
        q, k, v = (normal(n, D, seed=n, dtype=torch.float64).to(dtype) for n in (T, S, S + 1))
        out = attend(q[None, None], k[None, None], v[None, None, :S], past)[0, 0]
        for t, query in enumerate(q.tolist()):
            hand = by_hand(query, k[: t + 1].tolist(), v[: t + 1].tolist())
            expected = torch.tensor(hand, dtype=torch.float64)
            assert (out[t].double() - expected).abs().max() < within * v.abs().max()
