"""The attention that is seen from outside is the one that a layer pays."""

from __future__ import annotations

import math
from itertools import product
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from cutaway.architecture.attention import attend, causal, tiled
from cutaway.architecture.attention.tiling import fused
from cutaway.architecture.heads import Heads
from cutaway.atoms.positions import Still

from .probes import Probes


def seen_of(heads: nn.Module, x: Tensor, *given: Any, rows: int = 2, **named: Any) -> Any:
    """What is seen of a layer of heads at work."""
    with Probes(nn.ModuleDict({"heads": heads}), 1, rows).at(0) as found:
        heads(x, *given, **named)
    return found


def layer(attend: Any = None, place: nn.Module | None = None, groups: int = 2) -> Heads:
    """A layer of four heads whose weights are large enough to choose."""
    torch.manual_seed(2)
    given = {"attend": attend} if attend else {}
    return Heads(16, 4, groups, 4, False, place or Still(), **given)


X = torch.randn(3, 7, 16, generator=torch.Generator().manual_seed(0)) * 3


def by_hand(heads: Heads, x: Tensor, sees: Tensor, times: float = 1) -> list[list[float]]:
    """The entropy of each head and its weight on the first token, one query at a time."""
    q = heads.query(x).detach().view(*x.shape[:2], 4, 4) * times
    k = heads.key(x).detach().view(*x.shape[:2], heads.groups, 4)
    entropy, first = torch.zeros(4), torch.zeros(4)
    B, T = x.shape[:2]
    for h, b, t in product(range(4), range(B), range(T)):
        scores = k[b, :, h * heads.groups // 4] @ q[b, t, h] / 2
        weights = F.softmax(scores.masked_fill(~sees[t], -math.inf), 0)
        entropy[h] -= float(sum(w * w.log() for w in weights if w > 0)) / (B * T)
        first[h] += float(weights[0]) / (B * (T - 1)) if t else 0
    return [entropy.tolist(), first.tolist()]


def same(found: Any, asked: list[list[float]]) -> bool:
    """Whether the attention that was seen is the one that was computed."""
    part = found["parts"]["heads"]
    return [part["entropy"], part["first"]] == [pytest.approx(one, rel=1e-4) for one in asked]


PAST = torch.ones(7, 7).tril().bool()
VARIANTS = [(None, 2), (None, 1), (None, 4), (attend, 4), (tiled, 4), (fused, 4)]


@pytest.mark.parametrize(("attend", "groups"), VARIANTS)
def test_attention_is_what_each_head_pays(attend: Any, groups: int) -> None:
    heads = layer(attend, groups=groups)
    asked = by_hand(heads, X[:2], PAST)
    assert max(asked[0]) - min(asked[0]) > 0.01
    assert same(seen_of(heads, X), asked) and same(seen_of(heads, X[:2]), asked)
    assert same(seen_of(heads, X, rows=1), by_hand(heads, X[:1], PAST))


def test_a_variant_shows_its_own_weights() -> None:
    heads = layer(lambda q, k, v, mask: attend(9 * q, k, v, mask), groups=4)
    assert same(seen_of(heads, X), by_hand(heads, X[:2], PAST, 9))


def test_a_mask_counts_however_it_is_given() -> None:
    def near(t: Tensor, s: Tensor) -> Tensor:
        return causal(t, s) & (t - s < 3)

    heads = layer()
    asked = by_hand(heads, X[:2], PAST & ~PAST.tril(-3))
    assert same(seen_of(heads, X, near), asked) and same(seen_of(heads, X, mask=near), asked)


def test_heads_that_ask_nothing_pay_all_alike() -> None:
    heads = layer()
    nn.init.zeros_(heads.query.weight)
    counts = [t + 1 for t in range(7)]
    entropy = [sum(map(math.log, counts)) / 7] * 4
    assert same(seen_of(heads, X), [entropy, [sum(1 / n for n in counts[1:]) / 6] * 4])


def test_queries_and_keys_are_told_where_they_stand() -> None:
    class Times(nn.Module):
        def forward(self, q: Tensor, k: Tensor, first: int) -> tuple[Tensor, Tensor]:
            return q * first, k

    heads = layer(place=Times())
    assert same(seen_of(heads, X, first=5), by_hand(heads, X[:2], PAST, 5))


def test_a_variant_that_draws_or_fails_changes_nothing() -> None:
    def noisy(q: Tensor, k: Tensor, v: Tensor, mask: Any) -> Tensor:
        if v.shape[-1] != 4:
            torch.rand(9)
            raise RuntimeError("values of four numbers only")
        out: Tensor = attend(q, k, v, mask) + torch.rand(1)
        return out

    heads, outs = layer(noisy, groups=4), []
    for every in (1, 2):
        torch.manual_seed(3)
        with Probes(nn.ModuleList([heads]), every).at(1) as found:
            outs += [heads(X), torch.rand(3)]
        if every == 1:
            assert found["left_out"]["attention"] == "RuntimeError: values of four numbers only"
    assert torch.equal(outs[0], outs[2]) and torch.equal(outs[1], outs[3])


def test_a_token_alone_has_no_share_on_a_first_one() -> None:
    alone = seen_of(layer(), X[:, :1])["parts"]["heads"]
    assert alone["entropy"] == [0, 0, 0, 0] and all(map(math.isnan, alone["first"]))
