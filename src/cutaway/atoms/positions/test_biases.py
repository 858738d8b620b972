"""What distance costs: slopes and learned buckets, one property a test."""

import math

import pytest
import torch

from .biases import Bucketed, alibi, bucket, slopes

T, H = 7, 4
COUNTS = [1, 2, 3, 5, 6, 8, 12, 16, 20]


# Slopes


@pytest.mark.parametrize("heads", [2, 4, 8, 16])
def test_slopes_fall_by_one_factor_to_one_256th(heads):
    found = slopes(heads).log2()
    torch.testing.assert_close(found[-1], torch.tensor(-8.0))
    torch.testing.assert_close(found.diff(), torch.full((heads - 1,), -8 / heads))


@pytest.mark.parametrize("heads", COUNTS)
def test_every_head_pays_for_a_step_and_none_a_whole_point(heads):
    found = slopes(heads)
    assert len(found) == heads
    assert found.min() > 0 and found.max() < 1


@pytest.mark.parametrize("heads", COUNTS)
def test_no_two_heads_pay_the_same(heads):
    assert slopes(heads).unique().numel() == heads


def test_twelve_heads_take_every_other_slope_of_sixteen_after_those_of_eight():
    assert slopes(12)[:8].tolist() == slopes(8).tolist()
    assert slopes(12)[8:].tolist() == pytest.approx(slopes(16)[0:8:2].tolist())


def test_a_token_costs_itself_nothing():
    assert not alibi(torch.arange(T), torch.arange(T), H).diagonal(0, 1, 2).any()


def test_a_token_further_back_costs_more():
    assert (alibi(torch.tensor([T]), torch.arange(T + 1), H).diff() > 0).all()


def test_each_step_costs_the_slope_of_its_head():
    found = alibi(torch.tensor([T]), torch.arange(T + 1), H).diff().abs()
    torch.testing.assert_close(found, slopes(H)[:, None, None].expand(H, 1, T))


# Buckets


def reference(distance, buckets, longest):
    """T5's rule for a decoder, one distance at a time."""
    near = buckets // 2
    if distance < near:
        return max(distance, 0)
    far = math.log(distance / near) / math.log(longest / near) * (buckets - near)
    return min(near + int(far), buckets - 1)


sizes = pytest.mark.parametrize(("buckets", "longest"), [(32, 128), (8, 20), (16, 1000), (7, 50)])


@sizes
@pytest.mark.oracle
def test_buckets_are_those_of_the_rule(buckets, longest):
    distances = torch.arange(-5, 2 * longest)
    expected = [reference(distance, buckets, longest) for distance in distances.tolist()]
    assert bucket(distances, buckets, longest).tolist() == expected


@sizes
def test_each_near_distance_has_a_bucket_of_its_own(buckets, longest):
    near = buckets // 2
    assert bucket(torch.arange(near), buckets, longest).tolist() == list(range(near))


@sizes
def test_no_bucket_is_nearer_than_one_before(buckets, longest):
    assert (bucket(torch.arange(-5, 3 * longest), buckets, longest).diff() >= 0).all()


def test_no_bucket_is_left_over():
    assert bucket(torch.arange(1000), 32, 128).unique().tolist() == list(range(32))


def test_far_buckets_are_wider_and_wider():
    widths = bucket(torch.arange(128), 32, 128).bincount()[16:]
    assert widths[-1] > 4 * widths[0]


@sizes
def test_however_far_there_is_a_bucket(buckets, longest):
    far = bucket(torch.tensor([longest, longest + 1, 10 * longest, 10**9]), buckets, longest)
    assert far.unique().numel() == 1 and far.max() < buckets


def test_what_comes_later_counts_as_here():
    assert bucket(torch.tensor([-1, -(10**9)]), 8, 20).tolist() == [0, 0]


def test_a_token_is_told_how_far_back_another_is():
    model, places = Bucketed(1, 32, 128), torch.arange(T)
    for t in range(T):
        for s in range(t + 1):
            assert model(places, places)[0, t, s] == model.weight[t - s, 0]


def test_each_head_has_numbers_of_its_own():
    model, places = Bucketed(H, 8, 20), torch.arange(T)
    with torch.no_grad():
        model.weight.copy_(torch.arange(H).expand(8, H))
    assert all((one == head).all() for head, one in enumerate(model(places, places)))


def test_a_bucket_that_many_share_gets_the_sum_of_their_gradients():
    model, places = Bucketed(H, 8, 20), torch.arange(19)
    model(places, places).sum().backward()
    counts = bucket(places[:, None] - places, 8, 20).flatten().bincount(minlength=8)
    assert model.weight.grad[:, 0].tolist() == counts.tolist()
