"""What every way of telling positions must do, and what happens at the borders."""

import math

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from .absolute import Learned, Sinusoidal, Unmarked
from .biases import Bucketed, alibi
from .rotary import Rotary, Still, halves, neighbours, speeds

B, H, T, C, D = 2, 3, 5, 7, 6

added = {
    "unmarked": lambda: Unmarked(),
    "sinusoidal": lambda: Sinusoidal(0.5),
    "learned": lambda: Learned(11, C),
}
turned = {
    "still": lambda: Still(),
    "halves": lambda: Rotary(speeds(D), halves),
    "neighbours": lambda: Rotary(speeds(D), neighbours),
}
scored = {
    "alibi": lambda: lambda t, s: alibi(t, s, H),
    "bucketed": lambda: Bucketed(H, 8, 20),
}


def normal(*shape, seed=0, dtype=torch.float64):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=dtype)


def kinds(*groups):
    every = {name: make for group in groups for name, make in group.items()}
    return pytest.mark.parametrize("make", every.values(), ids=every)


# A text that is read in parts


@kinds(added)
def test_a_stream_that_goes_on_later_has_the_places_that_come_next(make):
    model, x = make(), normal(B, T, C)
    parts = model(x[:, :2]), model(x[:, 2:], first=2)
    assert torch.equal(torch.cat(parts, 1), model(x))


@kinds(turned)
def test_queries_and_keys_that_come_later_have_the_places_that_come_next(make):
    model, q, k = make(), normal(B, H, T, D), normal(B, H, T, D, seed=1)
    for whole, *parts in zip(
        model(q, k),
        model(q[:, :, :2], k[:, :, :2]),
        model(q[:, :, 2:], k[:, :, 2:], first=2),
        strict=True,
    ):
        assert torch.equal(torch.cat(parts, 2), whole)


@kinds(scored)
def test_only_the_distance_counts_for_a_bias(make):
    bias, places = make(), torch.arange(19)
    found = bias(places, places)
    assert torch.equal(found[:, 7:, 7:], found[:, :-7, :-7])
    assert torch.equal(bias(places[-1:], places), found[:, -1:])
    assert torch.equal(bias(places + 10**6, places + 10**6), found)


# Borders


@kinds(added)
def test_no_token_is_a_stream_as_well(make):
    assert make()(normal(B, 0, C)).shape == (B, 0, C)


@kinds(turned)
def test_no_query_is_turned_as_well(make):
    none = normal(B, H, 0, D)
    assert [one.shape for one in make()(none, none)] == [(B, H, 0, D)] * 2


@kinds(scored)
def test_no_token_has_no_bias(make):
    none, places = torch.arange(0), torch.arange(T)
    assert make()(none, places).shape == (H, 0, T)
    assert make()(places, none).shape == (H, T, 0)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32])
@kinds({name: make for name, make in added.items() if name != "learned"})
def test_a_stream_keeps_its_type(make, dtype):
    assert make()(normal(B, T, C).to(dtype)).dtype == dtype


def test_learned_rows_have_a_type_of_their_own_and_widen_a_stream_as_any_sum_does():
    model, x = Learned(T, C), normal(B, T, C).bfloat16()
    assert model(x).dtype == torch.float32
    assert model.bfloat16()(x).dtype == torch.bfloat16


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32])
@kinds(turned)
def test_queries_and_keys_keep_their_types_each_its_own(make, dtype):
    q, k = make()(normal(B, H, T, D).to(dtype), normal(B, H, T, D))
    assert q.dtype == dtype and k.dtype == torch.float64


@kinds(turned)
def test_there_may_be_fewer_keys_than_queries(make):
    q, k = make()(normal(B, H, T, D), normal(B, 1, T, D))
    assert q.shape == (B, H, T, D) and k.shape == (B, 1, T, D)


@pytest.mark.parametrize("width", [1, 3, 7])
def test_a_head_of_odd_width_is_an_error(width):
    with pytest.raises(ValueError, match=f"Of {width} numbers in a head, one has none"):
        speeds(width)


@pytest.mark.parametrize("pairing", [halves, neighbours])
def test_speeds_for_a_head_of_another_width_are_an_error(pairing):
    """One speed would turn all pairs alike, without a word."""
    with pytest.raises(ValueError, match="1 speeds cannot turn the 6 numbers of a head"):
        Rotary(speeds(2), pairing)(normal(B, H, T, 6), normal(B, H, T, 6))


@pytest.mark.parametrize(("buckets", "longest"), [(1, 20), (8, 4), (32, 10)])
def test_buckets_that_lead_nowhere_are_an_error(buckets, longest):
    with pytest.raises(ValueError, match=f"do not lead to a distance of {longest}"):
        Bucketed(H, buckets, longest)


def test_what_is_computed_is_not_kept_with_the_weights_nor_rounded_with_them():
    model = Rotary(speeds(D), halves)
    assert not model.state_dict() and not Sinusoidal(1.0).state_dict()
    assert torch.equal(model.bfloat16().turns, speeds(D))


# What positions are for


class Pointer(nn.Module):
    """One head whose tokens all say the same: if they differ at all, then by where they stand."""

    def __init__(self, adds, turns, bias):
        super().__init__()
        self.adds, self.turns, self.bias = adds, turns, bias
        self.row = nn.Parameter(normal(1, 1, 16, seed=1).float())
        self.query, self.key = nn.Linear(16, 16), nn.Linear(16, 16)

    def forward(self, length):
        places = torch.arange(length)
        x = self.adds(self.row.expand(1, length, -1))
        q, k = self.turns(self.query(x)[:, None], self.key(x)[:, None])
        scores = (q @ k.mT / 4 + self.bias(places, places))[0, 0]
        return scores.masked_fill(torch.ones(length, length).triu(1) > 0, -math.inf)


def taught(kind):
    """The loss of pointing at the token before, after some steps; not to know is 1.87."""
    torch.manual_seed(0)
    parts = {"adds": Unmarked(), "turns": Still(), "bias": lambda t, s: 0}
    model = Pointer(**parts | kind)
    optimizer = torch.optim.AdamW(model.parameters(), 0.03)
    for _ in range(120):
        loss = F.cross_entropy(model(13)[1:], torch.arange(12))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return loss.item()


def test_without_positions_no_token_finds_the_one_before():
    assert taught({}) > 1.8


@pytest.mark.parametrize(
    "kind",
    [
        {"adds": Sinusoidal(1.0)},
        {"adds": Learned(13, 16)},
        {"turns": Rotary(speeds(16), halves)},
        {"turns": Rotary(speeds(16), neighbours)},
        {"bias": Bucketed(1, 8, 20)},
    ],
    ids=["sinusoidal", "learned", "halves", "neighbours", "bucketed"],
)
def test_with_positions_a_token_learns_to_find_the_one_before(kind):
    assert taught(kind) < 0.3
