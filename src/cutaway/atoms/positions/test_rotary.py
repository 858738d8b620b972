"""What turning queries and keys must do, one property a test."""

import math

import pytest
import torch

from .rotary import Rotary, Still, halves, interpolated, neighbours, rotated, speeds, stretched

B, H, T, D = 2, 3, 11, 8
pairings = pytest.mark.parametrize("pairing", [halves, neighbours])


def normal(*shape, seed=0, dtype=torch.float64):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=dtype)


def turned(x, pairing, first=0, turns=None):
    turns = speeds(D) if turns is None else turns
    return rotated(x, torch.arange(first, first + x.shape[-2]), turns, pairing)


def layer(pairing=halves, first=0, dtype=torch.float64):
    """Queries and keys, as they were and as a layer turns them."""
    q, k = (normal(B, H, T, D, seed=seed, dtype=dtype) for seed in range(2))
    return (q, k), Rotary(speeds(D), pairing)(q, k, first)


# One turn


@pytest.mark.oracle
def test_neighbours_are_turned_as_complex_numbers_are():
    x = normal(B, H, T, D)
    angles = torch.arange(T)[:, None] * speeds(D)
    points = torch.view_as_complex(x.unflatten(-1, (-1, 2)))
    expected = torch.view_as_real(points * torch.polar(torch.ones_like(angles), angles)).flatten(-2)
    torch.testing.assert_close(turned(x, neighbours), expected, rtol=1e-12, atol=1e-12)


@pytest.mark.oracle
def test_the_two_pairings_are_one_but_for_the_order_of_the_numbers():
    x = normal(B, H, T, D)
    order = torch.arange(D).view(2, -1).mT.flatten()  # 0, D/2, 1, D/2 + 1, ...
    torch.testing.assert_close(
        turned(x, halves)[..., order], turned(x[..., order], neighbours), rtol=1e-12, atol=1e-12
    )


def partners(pairing):
    """For each number of a head those that it is a part of when it has been turned."""
    return [
        row.nonzero().flatten().tolist() for row in turned(torch.eye(D)[None, None], pairing)[0, 0]
    ]


def test_a_number_of_the_first_half_is_turned_with_its_like_in_the_second():
    assert partners(halves)[1:] == [sorted((i, (i + D // 2) % D)) for i in range(1, D)]


def test_a_number_is_turned_with_its_neighbour():
    assert partners(neighbours)[1:] == [sorted((i, i ^ 1)) for i in range(1, D)]


@pairings
def test_a_turn_changes_no_length(pairing):
    x = normal(B, H, T, D)
    torch.testing.assert_close(turned(x, pairing).norm(dim=-1), x.norm(dim=-1), rtol=1e-12, atol=0)


@pairings
def test_heads_are_turned_alike(pairing):
    x = normal(B, 1, T, D).expand(B, H, T, D)
    found = turned(x, pairing)
    assert torch.equal(found, found[:, :1].expand(B, H, T, D))


@pairings
def test_the_first_place_is_not_turned(pairing):
    x = normal(B, H, T, D)
    assert torch.equal(turned(x, pairing)[..., 0, :], x[..., 0, :])


@pairings
def test_a_turn_leads_from_the_first_number_of_a_pair_to_the_second(pairing):
    x = torch.zeros(1, 1, 2, D)
    x[..., 0] = 1
    assert turned(x, pairing)[0, 0, 1].sum().item() == pytest.approx(math.cos(1) + math.sin(1))


# Speeds


def test_the_first_pair_turns_by_a_radian_and_the_last_hardly():
    assert speeds(D).tolist() == pytest.approx([1, 0.1, 0.01, 0.001])


def test_interpolation_gives_a_longer_text_the_angles_of_a_shorter_one():
    x = normal(B, H, T, D)
    closer = rotated(x, 4 * torch.arange(T), interpolated(speeds(D), 4), halves)
    torch.testing.assert_close(closer, turned(x, halves), rtol=1e-12, atol=1e-12)


def test_stretching_leaves_the_fastest_pair_and_slows_the_slowest_by_the_factor():
    before, after = speeds(D), stretched(D, 4)
    assert after[0].item() == before[0].item() == 1
    assert (before[-1] / after[-1]).item() == pytest.approx(4)
    assert bool((after[1:] < before[1:]).all())
    with pytest.raises(ZeroDivisionError):
        stretched(2, 4)  # a single pair cannot be both


def test_to_stretch_by_one_is_to_leave_all_as_it_was():
    torch.testing.assert_close(stretched(D, 1), speeds(D))
    torch.testing.assert_close(interpolated(speeds(D), 1), speeds(D))


# Queries and keys


@pairings
@pytest.mark.parametrize("shift", [1, 1000, 100_000])
def test_a_product_depends_on_the_distance_alone(pairing, shift):
    here, there = ((q @ k.mT) for q, k in (layer(pairing, first)[1] for first in (0, shift)))
    torch.testing.assert_close(here, there, rtol=0, atol=1e-9)  # an angle of 1e5 has 1e-11 left


@pairings
@pytest.mark.parametrize("shift", [10, 1000, 100_000, 10_000_000])
def test_in_single_precision_far_products_are_as_good_as_near_ones(pairing, shift):
    """The angles are exact before they are rounded: the tolerance need not grow with the place."""
    here, there = (
        (q @ k.mT) for q, k in (layer(pairing, first, torch.float32)[1] for first in (0, shift))
    )
    torch.testing.assert_close(here, there, rtol=0, atol=1e-5)


@pairings
def test_a_product_does_depend_on_the_distance(pairing):
    q, k = normal(1, 1, 1, D).expand(1, 1, T, D), normal(1, 1, 1, D, seed=1).expand(1, 1, T, D)
    products = (turned(q, pairing) @ turned(k, pairing).mT)[0, 0, -1]
    assert products.unique().numel() == T


def test_a_query_meets_the_key_of_its_own_place_as_if_neither_were_turned():
    (q, k), (found, keys) = layer(first=5)
    torch.testing.assert_close((found * keys).sum(-1), (q * k).sum(-1))


def test_keys_are_turned_too():
    (_, k), (_, found) = layer()
    assert (found[..., -1, :] != k[..., -1, :]).any()


def test_queries_are_turned_once():
    (q, _), (found, _) = layer(first=3)
    torch.testing.assert_close(found, turned(q, halves, first=3), rtol=0, atol=1e-12)


def test_to_turn_the_other_way_round_is_to_negate_the_second_number_of_each_pair():
    """The proof that `turned_back` shows only with weights from elsewhere: starts are as likely."""
    (q, k), (found, keys) = layer(neighbours)
    sign = torch.tensor([1.0, -1.0]).repeat(D // 2)
    back = (rotated(x * sign, -torch.arange(T), speeds(D), neighbours) for x in (q, k))
    torch.testing.assert_close(torch.matmul(next(back), next(back).mT), found @ keys.mT)


def test_to_turn_keys_one_place_late_is_to_begin_with_other_keys():
    """The proof that `keys_late` does."""
    k, places = normal(B, H, T, D), torch.arange(T)
    begun = rotated(k, torch.full((T,), -1), speeds(D), halves)
    late = rotated(k, places - 1, speeds(D), halves)
    torch.testing.assert_close(rotated(begun, places, speeds(D), halves), late)


def test_each_text_of_a_batch_may_have_places_of_its_own():
    x, places = normal(B, H, T, D), torch.stack((torch.arange(T), torch.arange(7, 7 + T)))
    for row, where, alone in zip(
        rotated(x, places[:, None], speeds(D), halves), places, x, strict=True
    ):
        assert torch.equal(row, rotated(alone, where, speeds(D), halves))


def test_who_stands_still_is_not_turned():
    q, k = normal(B, H, T, D), normal(B, H, T, D, seed=1)
    found = Still()(q, k, first=3)
    assert found[0] is q and found[1] is k


@pairings
def test_half_precision_keeps_the_angles_of_far_places(pairing):
    x = normal(1, 1, 1, D)
    far = torch.tensor([4097])
    exact = rotated(x, far, speeds(D), pairing)
    short = rotated(x.bfloat16(), far, speeds(D), pairing).double()
    assert (exact - short).abs().max() < 0.05


@pairings
def test_what_comes_back_is_turned_back(pairing):
    x, above = normal(B, H, T, D).requires_grad_(), normal(B, H, T, D, seed=1)
    (found,) = torch.autograd.grad(turned(x, pairing), x, above)
    places = -torch.arange(T)
    torch.testing.assert_close(found, rotated(above, places, speeds(D), pairing))
