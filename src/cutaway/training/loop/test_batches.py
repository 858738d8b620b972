"""What batches must be, one property a test. It also runs on broken copies."""

from itertools import pairwise

import pytest
import torch

from .batches import apart, parts, windows

TEXT = torch.arange(103)  # no token twice: each says where it stands
SIZE, CONTEXT = 4, 5
COUNT = 102 // CONTEXT  # windows of an epoch: 20, which is 5 steps


def rows(step, seed=0, text=TEXT):
    return windows(text, seed, step, SIZE, CONTEXT)


def starts(steps, seed=0):
    return [row[0].item() for step in steps for row in rows(step, seed)]


def test_a_row_is_a_piece_of_the_text_and_one_token_more():
    for row in rows(3):
        assert torch.equal(row, torch.arange(row[0].item(), row[0].item() + CONTEXT + 1))


def test_an_epoch_reads_every_window_once():
    assert sorted(starts(range(5))) == [CONTEXT * at for at in range(COUNT)]


def test_the_next_epoch_does_so_again():
    assert sorted(starts(range(5, 10))) == [CONTEXT * at for at in range(COUNT)]


def test_windows_come_in_no_order_of_the_text():
    found = starts(range(5))
    assert found != sorted(found)
    steps = [abs(one - other) for one, other in pairwise(found)]
    assert sum(steps) / len(steps) > 4 * CONTEXT


def test_two_epochs_have_two_orders():
    assert starts(range(5)) != starts(range(5, 10))


def test_two_seeds_have_two_orders():
    assert starts(range(5), seed=0) != starts(range(5), seed=1)


def test_the_orders_of_one_seed_are_not_those_of_the_next_one_epoch_later():
    assert starts(range(5, 10), seed=0) != starts(range(5), seed=1)


def test_no_step_repeats_the_one_before():
    assert not torch.equal(rows(0), rows(1))


def test_a_step_may_be_asked_for_at_any_time():
    forward = [rows(step) for step in range(12)]
    backward = [rows(step) for step in reversed(range(12))]
    assert all(torch.equal(a, b) for a, b in zip(forward, backward[::-1], strict=True))


def test_a_batch_may_reach_into_the_next_epoch():
    found = [row[0].item() for step in range(3) for row in windows(TEXT, 0, step, 8, CONTEXT)]
    assert len(set(found[:20])) == 20 and len(found) == 24


def test_a_batch_may_be_larger_than_the_text():
    assert windows(TEXT[:11], 0, 0, 7, CONTEXT).shape == (7, CONTEXT + 1)


def test_a_text_of_one_window_is_read_over_and_over():
    assert torch.equal(windows(TEXT[:6], 0, 9, 2, CONTEXT), TEXT[:6].expand(2, 6))


def test_what_is_to_be_predicted_is_the_token_after_each():
    for inputs, targets in parts(rows(0), 2):
        assert torch.equal(targets, inputs + 1)


def test_no_token_is_predicted_from_itself():
    assert all((inputs != targets).all() for inputs, targets in parts(rows(0), 2))


def test_what_is_to_be_predicted_is_of_the_row_that_is_read():
    for inputs, targets in parts(rows(0), 2):
        assert ((targets - inputs).abs() < CONTEXT).all()


def test_no_token_of_a_window_is_left_out():
    [(inputs, _)] = parts(rows(0), SIZE)
    assert inputs.shape == (SIZE, CONTEXT)


@pytest.mark.parametrize("most", [1, 2, 3, 4, 9])
def test_the_parts_of_a_batch_are_the_batch(most):
    found = parts(rows(0), most)
    assert torch.equal(torch.cat([inputs for inputs, _ in found]), rows(0)[:, :-1])
    assert max(len(inputs) for inputs, _ in found) == min(most, SIZE)


def test_what_a_model_is_judged_on_is_nothing_that_it_learns_from():
    learnt, judged = apart(TEXT, 0.1)
    assert not {*learnt.tolist()} & {*judged.tolist()}


def test_nothing_is_lost_between_what_is_learnt_and_what_is_judged():
    assert torch.equal(torch.cat(apart(TEXT, 0.1)), TEXT)


def test_a_tenth_of_the_text_is_kept_to_judge_by():
    assert len(apart(TEXT, 0.1)[1]) == 10
