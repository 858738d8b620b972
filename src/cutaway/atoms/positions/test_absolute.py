"""What is added for a place: waves and learned rows, one property a test."""

import math

import pytest
import torch
from torch import nn

from .absolute import Learned, Sinusoidal, Unmarked, sinusoidal

B, T, C = 2, 5, 8


def rows(first, count, width=C):
    return sinusoidal(torch.arange(first, first + count), width)


# Waves


@pytest.mark.oracle
def test_waves_are_those_of_the_formula():
    found = rows(0, T)
    for t in range(T):
        for i in range(C // 2):
            angle = t / 10_000 ** (2 * i / C)
            assert found[t, 2 * i].item() == pytest.approx(math.sin(angle), abs=1e-12)
            assert found[t, 2 * i + 1].item() == pytest.approx(math.cos(angle), abs=1e-12)


def test_a_sine_stands_beside_its_cosine():
    pairs = rows(0, 1000).unflatten(-1, (-1, 2)).square().sum(-1)
    torch.testing.assert_close(pairs, torch.ones_like(pairs))


def test_the_last_wave_is_almost_as_slow_as_the_base():
    """Tells waves that are too slow from sines and cosines in another order."""
    slowest = rows(1, 1, 512).square().sort().values[0, :2].sqrt()  # the smallest are two sines
    assert slowest.tolist() == pytest.approx([10_000 ** -(510 / 512), 10_000 ** -(508 / 512)])


def test_the_waves_of_two_places_have_in_common_what_their_distance_says():
    here, there = rows(3, T), rows(1003, T)
    torch.testing.assert_close(here @ here.mT, there @ there.mT, rtol=1e-9, atol=1e-9)


def test_every_place_has_waves_of_one_length():
    lengths = rows(0, 1000).norm(dim=-1)
    torch.testing.assert_close(lengths, torch.full_like(lengths, math.sqrt(C / 2)))


@pytest.mark.parametrize("width", [1, 7])
def test_an_odd_width_has_one_cosine_less(width):
    found = rows(0, T, width)
    assert found.shape == (T, width)
    assert torch.equal(found[:, 0], torch.arange(T).double().sin())


def test_waves_begin_before_the_first_place_if_they_must():
    torch.testing.assert_close(rows(-3, 7)[3:], rows(0, 4))


@pytest.mark.parametrize("size", [1.0, 0.1])
def test_waves_are_as_large_as_one_says(size):
    found = Sinusoidal(size)(torch.zeros(1, 1, C, dtype=torch.float64))
    assert found.norm().item() == pytest.approx(size * math.sqrt(C / 2))


def test_every_text_of_a_batch_has_the_same_waves():
    x = torch.zeros(B, T, C, dtype=torch.float64)
    assert torch.equal(*Sinusoidal(1.0)(x))


def test_in_half_precision_no_two_far_places_are_taken_for_one():
    found = Sinusoidal(1.0)(torch.zeros(1, T, C, dtype=torch.bfloat16), first=1000)
    assert torch.equal(found[0], rows(1000, T).bfloat16())


def test_who_is_not_told_keeps_what_it_has():
    x = torch.randn(B, T, C)
    assert Unmarked()(x, first=3) is x


# Learned rows


def table(count=20):
    torch.manual_seed(0)
    return Learned(count, C).double()


def test_a_learned_row_is_added_at_its_place():
    model = table()
    found = model(torch.zeros(B, T, C, dtype=torch.float64), first=3)
    assert torch.equal(found, model.weight[3 : 3 + T].expand(B, T, C))


def test_what_a_token_means_is_kept_beside_where_it_stands():
    model, x = table(), torch.randn(B, T, C, dtype=torch.float64)
    torch.testing.assert_close(model(x) - model(torch.zeros_like(x)), x)


def test_no_two_places_of_a_table_are_alike():
    found = table()(torch.zeros(1, 20, C, dtype=torch.float64))[0]
    assert found.unique(dim=0).shape == (20, C)


def test_a_place_learns_from_all_texts_and_one_that_is_not_there_from_none():
    model = table()
    model(torch.zeros(B, T, C, dtype=torch.float64), first=2).sum().backward()
    assert model.weight.grad[:, 0].tolist() == [0, 0, *[B] * T, *[0] * (20 - 2 - T)]


@pytest.mark.parametrize("first", [1, 100, -1, -T])
def test_there_is_no_place_beyond_the_table_and_none_before_it(first):
    model = table(T)
    model(torch.zeros(B, T, C))
    with pytest.raises(ValueError, match=f"places 0 to 4, not {first} to {first + 4}"):
        model(torch.zeros(B, T, C), first=first)


def test_a_lone_token_before_the_table_is_an_error_too():
    with pytest.raises(ValueError, match="places 0 to 4, not -1 to -1"):
        table(T)(torch.zeros(B, 1, C), first=-1)


@pytest.mark.oracle
def test_learned_rows_are_drawn_as_torch_draws_its_own():
    torch.manual_seed(0)
    found = Learned(100, C)
    torch.manual_seed(0)
    assert torch.equal(found.weight, nn.Embedding(100, C).weight)
