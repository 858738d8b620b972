"""The variants of attention are one function. Relative imports: it also runs on broken copies."""

import math

import pytest
import torch
from torch.nn import functional as F
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from . import tiling
from .attention import attend, causal
from .tiling import fused, tiled

VARIANTS = {"attend": attend, "tiled": tiled, "fused": fused}
every = pytest.mark.parametrize("variant", VARIANTS.values(), ids=VARIANTS)


def past(t, s):
    return s <= t


def everything(t, s):
    return s >= 0 * t


def odd(t, s):
    """A rule without order, under which whole tiles and whole rows are hidden."""
    return ((7 * t + 3 * s) % 5 < 2) & (s // 64 != t % 3) & (t != 8)


CASES = {  # by name: tokens that ask, tokens that are asked, the rule, the size of the scores
    "one token": (1, 1, past, 1),
    "one key": (7, 1, everything, 1),
    "one query": (1, 130, everything, 1),
    "a token less than a tile": (63, 63, past, 1),
    "a tile": (64, 64, past, 1),
    "a token more than a tile": (65, 65, past, 1),
    "a token more than two tiles": (129, 129, past, 1),
    "the rule by its name": (129, 129, causal, 1),
    "the rule by its name, more keys": (70, 131, causal, 1),
    "fewer keys": (131, 70, past, 1),
    "a very long row": (3, 2100, everything, 1),
    "a very long text": (2100, 65, past, 1),
    "huge scores": (70, 131, past, 1e4),
    "tiny scores": (70, 131, past, 1e-8),
    "any rule": (70, 131, odd, 1),
    "empty rows": (70, 131, lambda t, s: (t % 3 > 0) & (s < t), 1),
    "nothing to see": (5, 70, lambda t, s: s < 0 * t, 1),
}


def normal(*shape, seed=0, dtype=torch.float64):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=dtype)


def drawn(case, dtype):
    """Queries, keys, values and a cotangent, the rule, and its table."""
    T, S, mask, size = CASES[case]
    lengths = enumerate((T, S, S, T))
    q, k, v, toward = (normal(2, 3, length, 8, seed=seed) for seed, length in lengths)
    k = k * size / (q @ k.mT / math.sqrt(8)).abs().max() if size != 1 else k
    seen = torch.as_tensor(mask(torch.arange(T)[:, None], torch.arange(S)[None]))
    return [one.to(dtype) for one in (q, k, v, toward)], mask, seen


def answer(variant, parts, mask):
    """What a variant returns, and the gradients of queries, keys and values for a cotangent."""
    *inputs, toward = parts
    inputs = [one.detach().requires_grad_() for one in inputs]
    out = variant(*inputs, mask)
    return [out.detach(), *torch.autograd.grad(out, inputs, toward, materialize_grads=True)]


def torchs(q, k, v, seen):
    """Torch's attention in its plainest form; a row that sees nothing is zeros."""
    with sdpa_kernel(SDPBackend.MATH):
        return F.scaled_dot_product_attention(q, k, v, attn_mask=seen)


def written_out(q, k, v, seen):
    """The formula, every step rounded to the type of its input."""
    scores = (q @ k.mT / math.sqrt(q.shape[-1])).masked_fill(~seen, -math.inf)
    return F.softmax(scores, -1).nan_to_num(0) @ v


def units(parts):
    """How large the numbers are of which answer and gradients are the sums.

    Each weight carries the error of its score, which is one rounding of it: hence the last factor.
    """
    q, k, v, toward = (one.double().abs().max().item() for one in parts)
    largest = (parts[0].double() @ parts[1].double().mT).abs().max().item() / math.sqrt(8)
    return [size * (1 + largest) for size in (v, toward * v * k, toward * v * q, toward)]


@pytest.mark.oracle
@every
def test_in_float64_a_variant_is_torchs(variant):
    for case in CASES:
        parts, mask, seen = drawn(case, torch.float64)
        expected, found = answer(torchs, parts, seen), answer(variant, parts, mask)
        for one, other, size in zip(found, expected, units(parts), strict=True):
            torch.testing.assert_close(one, other, rtol=0, atol=1e-12 * size, msg=case)


@pytest.mark.oracle
@every
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16], ids=["float32", "bfloat16"])
def test_a_variant_is_at_most_twice_as_wrong_as_the_formula(variant, dtype):
    """Against float64 on the same numbers; and an epsilon, where the formula is right by luck.

    The epsilon grows with the scores: of 1e4 bfloat16 knows two digits, so that there only
    finiteness is held.
    """
    for case in CASES:
        parts, mask, seen = drawn(case, dtype)
        truth = answer(torchs, [one.double() for one in parts], seen)
        plain, found = answer(written_out, parts, seen), answer(variant, parts, mask)
        for true, one, other, size in zip(truth, plain, found, units(parts), strict=True):
            allowed = 2 * (one - true).abs().max() + torch.finfo(dtype).eps * size
            assert other.dtype == dtype
            assert (other - true).abs().max() <= allowed, case


@pytest.mark.oracle
def test_the_gradient_of_tiles_is_the_slope_in_every_direction(monkeypatch):
    monkeypatch.setattr(tiling, "TILE", 2)
    inputs = [normal(1, 2, 5, 3, seed=seed).requires_grad_() for seed in range(3)]
    assert torch.autograd.gradcheck(lambda q, k, v: tiled(q, k, v, past), inputs)


@every
def test_a_token_that_may_see_nothing_takes_nothing(variant):
    q, k, v = (normal(1, 2, 5, 4, seed=seed, dtype=torch.float32) for seed in range(3))
    out = variant(q, k, v, lambda t, s: s < t)
    assert (out[..., 0, :] == 0).all()


@every
def test_a_token_that_may_see_nothing_teaches_nothing(variant):
    parts = [normal(1, 2, 5, 4, seed=seed, dtype=torch.float32) for seed in range(4)]
    for slope in answer(variant, parts, lambda t, s: s < 0 * t)[1:]:
        assert (slope == 0).all()


# A tile at a time: a text of three tiles of four tokens


@pytest.fixture
def small(monkeypatch):
    monkeypatch.setattr(tiling, "TILE", 4)
    return [normal(1, 2, 12, 12, seed=seed) for seed in range(4)]


def weights(q, k, mask):
    """With the identity for values the answer is the weights."""
    return tiled(q, k, torch.eye(12, dtype=q.dtype).expand_as(k), mask)


def test_across_tiles_the_weights_of_a_token_sum_to_one(small):
    sums = weights(*small[:2], everything).sum(-1)
    torch.testing.assert_close(sums, torch.ones_like(sums))


def better_and_better():
    """Queries, and keys of which each answers better than the one before it, by one."""
    return torch.ones(1, 1, 12, 12), torch.arange(12.0)[:, None].expand(1, 1, 12, 12) / math.sqrt(
        12
    )


def test_what_was_taken_fades_when_a_better_key_comes(small):
    got = weights(*better_and_better(), everything)[..., 0]
    assert (got < 1e-3).all()


def test_the_total_fades_when_a_better_key_comes(small):
    got = weights(*better_and_better(), everything)[..., -1]
    torch.testing.assert_close(got, torch.full_like(got, 1 - math.exp(-1)), rtol=1e-4, atol=0)


def test_a_rule_knows_the_places_of_a_later_tile(small):
    got = weights(*small[:2], past)
    assert (got.triu(1) == 0).all()


def test_a_tile_of_which_nothing_is_seen_changes_nothing(small):
    q, k, v, _ = small
    short = tiled(q, k[..., :8, :], v[..., :8, :], everything)
    assert torch.equal(tiled(q, k, v, lambda t, s: s < 8 + 0 * t), short)


def test_in_tiles_the_scores_of_wide_heads_do_not_grow(small):
    assert weights(*small[:2], everything).log().var(-1).mean() < 2


def test_the_size_of_a_tile_changes_nothing(small, monkeypatch):
    expected = answer(tiled, small, past)
    for size in (1, 5, 12):
        monkeypatch.setattr(tiling, "TILE", size)
        for one, other in zip(answer(tiled, small, past), expected, strict=True):
            torch.testing.assert_close(one, other, rtol=0, atol=1e-12)


def test_where_all_values_are_alike_no_query_learns(small):
    q, k, v, toward = small
    slopes = answer(tiled, [q, k, v[..., :1, :].expand_as(k), toward], everything)[1:3]
    for slope in slopes:
        torch.testing.assert_close(slope, torch.zeros_like(slope), rtol=0, atol=1e-12)


@pytest.mark.parametrize("which", [0, 1], ids=["queries", "keys"])
def test_the_answer_moves_as_its_gradient_says(which, small):
    *inputs, toward = small
    slope = answer(tiled, small, everything)[1 + which]
    way, ends = normal(*slope.shape, seed=9), []
    for step in (1e-5, -1e-5):
        moved = [one + step * way * (at == which) for at, one in enumerate(inputs)]
        ends.append((tiled(*moved, everything) * toward).sum())
    torch.testing.assert_close((slope * way).sum(), (ends[0] - ends[1]) / 2e-5, rtol=1e-7, atol=0)


def test_across_tiles_what_is_hidden_learns_nothing(small):
    *inputs, toward = small
    toward = toward.clone()
    toward[..., 6:, :] = 0
    for slope in answer(tiled, [*inputs, toward], past)[2:]:
        assert (slope[..., 6:, :] == 0).all()


def test_values_may_be_wider_or_narrower_than_queries():
    q, k = normal(2, 3, 70, 4), normal(2, 3, 131, 4, seed=1)
    for width in (1, 9):
        v, toward = normal(2, 3, 131, width, seed=2), normal(2, 3, 70, width, seed=3)
        found, expected = (answer(form, [q, k, v, toward], past) for form in (tiled, attend))
        for one, other in zip(found, expected, strict=True):
            torch.testing.assert_close(one, other, rtol=0, atol=1e-12)


def test_tiles_refuse_a_second_derivative():
    q = normal(1, 1, 5, 4).requires_grad_()
    (slope,) = torch.autograd.grad(tiled(q, q, q, past).square().sum(), q, create_graph=True)
    with pytest.raises(RuntimeError, match="once_differentiable"):
        slope.sum().backward()


class Largest(TorchDispatchMode):
    """The number of elements of the largest tensor that was made."""

    most = 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        out = func(*args, **(kwargs or {}))
        made = [one.numel() for one in tree_leaves(out) if isinstance(one, torch.Tensor)]
        self.most = max(self.most, *made, 0)
        return out


def largest(variant, length):
    """The elements of the largest tensor that one call makes, there and back."""
    parts = [normal(1, 1, length, 8, seed=seed, dtype=torch.float32) for seed in range(4)]
    with Largest() as made:
        answer(variant, parts, past)
    return made.most


def test_in_tiles_no_tensor_has_a_place_for_every_pair():
    assert largest(tiled, 1024) <= 1024 * tiling.TILE


def test_twice_the_text_takes_twice_the_room_in_tiles():
    assert largest(tiled, 1024) == 2 * largest(tiled, 512)


def test_without_tiles_a_tensor_has_a_place_for_every_pair():
    assert largest(attend, 1024) == 1024 * 1024
