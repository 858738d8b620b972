"""What a schedule must do, one property a test, on every small schedule. Runs on copies too."""

import math
import warnings
from functools import partial
from itertools import pairwise, product

import pytest
import torch
from torch.optim import lr_scheduler

from .schedules import constant, cosine, stable

WARM, STEPS, FALL, LEAST = (0, 1, 2, 3, 7), (1, 2, 5, 9), (0, 1, 3, 9), (0.0, 0.1, 1.0)
GRID = [step / 4 for step in range(-12, 60)]


def every():
    """Every schedule, with its warm-up, the two ends of its fall, and its least share."""
    for warm in WARM:
        yield partial(constant, warm=warm), warm, math.inf, math.inf, 1.0
    for warm, steps, least in product(WARM, STEPS, LEAST):
        yield partial(cosine, warm=warm, steps=steps, least=least), warm, warm, steps, least
        for fall in FALL:
            given = {"warm": warm, "steps": steps, "fall": fall, "least": least}
            yield partial(stable, **given), warm, max(steps - fall, warm), steps, least


ALL = list(every())


def theirs(make, steps):
    """The shares that a scheduler of torch gives, step by step."""
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], 1.0)
    found = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that nothing is learnt in between
        scheduler = make(optimizer)
        for _ in range(steps):
            found.append(optimizer.param_groups[0]["lr"])
            scheduler.step()
    return found


def rise(optimizer, warm):
    return lr_scheduler.LinearLR(optimizer, 1 / warm, total_iters=warm - 1)


@pytest.mark.oracle
@pytest.mark.parametrize("warm", [1, 2, 5])
def test_a_rise_is_that_of_torch(warm):
    expected = theirs(lambda optimizer: rise(optimizer, warm), 12)
    assert [constant(step, warm) for step in range(12)] == pytest.approx(expected, abs=1e-12)


@pytest.mark.oracle
@pytest.mark.parametrize(("warm", "steps", "least"), [(1, 9, 0.0), (4, 11, 0.1), (5, 30, 0.5)])
def test_half_a_wave_after_a_rise_is_that_of_torch(warm, steps, least):
    def make(optimizer):
        wave = lr_scheduler.CosineAnnealingLR(optimizer, steps - warm, eta_min=least)
        return lr_scheduler.SequentialLR(optimizer, [rise(optimizer, warm), wave], [warm])

    found = [cosine(step, warm, steps, least) for step in range(steps)]
    assert found == pytest.approx(theirs(make, steps), abs=1e-12)


@pytest.mark.oracle
@pytest.mark.parametrize(("warm", "steps", "fall", "least"), [(1, 9, 3, 0.0), (4, 20, 8, 0.1)])
def test_a_straight_fall_after_a_rise_is_that_of_torch(warm, steps, fall, least):
    def make(optimizer):
        end = lr_scheduler.LinearLR(optimizer, 1.0, least, total_iters=fall)
        return lr_scheduler.SequentialLR(optimizer, [rise(optimizer, warm), end], [steps - fall])

    found = [stable(step, warm, steps, fall, least) for step in range(steps + 1)]
    assert found == pytest.approx(theirs(make, steps + 1), abs=1e-12)


def test_a_rise_begins_below_the_whole_rate():
    assert all(schedule(0) < 1 for schedule, warm, *_ in ALL if warm > 1)


def test_the_first_step_after_n_steps_of_warm_up_has_the_whole_rate():
    assert [constant(step, 4) for step in range(6)] == [0.25, 0.5, 0.75, 1, 1, 1]


def test_the_first_step_is_not_wasted():
    assert all(schedule(0) > 0 for schedule, *_ in ALL)


def test_without_warm_up_the_first_step_has_the_whole_rate():
    for schedule, warm, start, *_ in ALL:
        assert warm > 0 or start < 0 or schedule(0) == 1


def test_no_share_is_below_nothing_or_above_all():
    assert all(0 <= schedule(step) <= 1 for schedule, *_ in ALL for step in GRID)


def test_before_the_first_step_there_is_no_rate():
    assert all(schedule(step) == 0 for schedule, *_ in ALL for step in (-1, -2, -100))


def test_long_past_the_end_the_least_is_left():
    for schedule, *_, least in ALL:
        assert schedule(100) == pytest.approx(least) == schedule(10**9)


def test_the_end_of_a_fall_is_where_it_is_said_to_be():
    for schedule, _, start, end, least in ALL:
        if start < end < math.inf:
            assert schedule(end) == pytest.approx(least)
            assert least == 1 or schedule(end - 1) > least


def test_the_rate_rises_until_it_is_warm():
    for schedule, warm, *_ in ALL:
        shares = [schedule(step) for step in range(-1, warm)]
        assert all(one < other for one, other in pairwise(shares))
        assert not warm or shares[-1] == 1


def test_the_rate_never_rises_once_it_is_warm():
    for schedule, warm, *_ in ALL:
        shares = [schedule(step) for step in GRID if step >= warm]
        assert all(one >= other - 1e-15 for one, other in pairwise(shares))


def test_between_rise_and_fall_the_rate_is_whole():
    for schedule, warm, start, *_ in ALL:
        assert all(schedule(step) == 1 for step in GRID if warm <= step <= start)


def test_a_rate_never_jumps():
    """From the first step on a quarter of a step changes less than 0.4."""
    for schedule, *_ in ALL:
        shares = [schedule(step) for step in GRID if step >= -1]
        assert max(abs(one - other) for one, other in pairwise(shares)) < 0.4


def test_half_way_down_half_a_wave_the_share_is_half_way_to_the_least():
    assert cosine(7, 2, 12, 0.2) == pytest.approx(0.6)


def test_half_a_wave_falls_slowly_at_first_and_at_last():
    shares = [cosine(step, 0, 8, 0.0) for step in range(9)]
    drops = [one - other for one, other in pairwise(shares)]
    assert drops == pytest.approx(drops[::-1])
    assert drops[0] < drops[1] < drops[2] < drops[3]


def test_half_way_down_a_straight_fall_the_share_is_half_way_to_the_least():
    assert stable(15, 2, 20, 10, 0.2) == pytest.approx(0.6)


def test_a_schedule_remembers_nothing():
    for schedule, *_ in ALL:
        backward = [schedule(step) for step in reversed(GRID)]
        assert backward[::-1] == [schedule(step) for step in GRID]
