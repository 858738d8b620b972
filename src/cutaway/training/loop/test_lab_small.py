"""The small run is one run, whether it is stopped or not, and every fault is measured once."""

import pytest
import torch

from cutaway.kit.deleting import deletions
from cutaway.kit.worlds import CLEAN, broken

from . import lab_tanked
from .lab_faults import FAULTS
from .lab_small import SIZE, Plan, padded, run, text
from .lab_tanked import signs

FEW = Plan(steps=6, dropout=0.0)


def weights(plan, world=CLEAN, seed=0):
    return list(run(world, plan, seed).model.parameters())


@pytest.mark.parametrize("rule", ["SGD", "momentum", "AdamW", "Muon"])
def test_a_run_that_is_stopped_and_gone_on_with_is_the_run_that_was_not(rule):
    one = weights(Plan(rule=rule, steps=6, dropout=0.0))
    other = weights(Plan(rule=rule, steps=6, dropout=0.0, stopped=False))
    assert all(map(torch.equal, one, other))


def test_a_run_is_a_function_of_its_seed():
    plan = Plan(steps=4)
    torch.manual_seed(1)
    one = weights(plan)
    torch.manual_seed(2)
    assert all(map(torch.equal, one, weights(plan)))
    assert not all(map(torch.equal, one, weights(plan, seed=1)))


def test_a_copy_without_a_fault_runs_as_the_package_does():
    with broken() as world:
        assert all(map(torch.equal, weights(FEW, world), weights(FEW)))


def test_the_rows_of_a_batch_end_where_they_end_however_it_is_cut():
    rows = CLEAN.loop.windows(text(), 0, 3, SIZE, 32)
    whole = padded(CLEAN, CLEAN.loop.parts(rows, SIZE), 0, 3)
    for most in (1, 3):
        cut = padded(CLEAN, CLEAN.loop.parts(rows, most), 0, 3)
        assert torch.equal(torch.cat([to for _, to in cut]), whole[0][1])
    asked = [(row != CLEAN.loop.UNASKED).sum() for row in whole[0][1]]
    assert len({int(one) for one in asked}) > 2


def test_a_bad_step_is_one_step_and_the_loop_passes_it():
    ran = run(CLEAN, Plan(steps=6, bad=2), 0)
    told = [one.loss == one.loss for one in ran.states]
    assert told == [True, True, False, True, True, True]
    assert [one > 0 for one in ran.moved] == told


def test_a_loop_that_never_yields_is_stopped():
    every = deletions("training/loop/loop.py", ["train"])
    (silent,) = [one.fault for one in every if one.text.startswith("yield")]
    with broken(silent) as world, pytest.raises(RuntimeError, match="does not end"):
        run(world, FEW, 0)


def test_every_fault_is_measured_by_one_experiment():
    named = [
        fault for one in lab_tanked.EXPERIMENTS for fault in one.grid["fault"] if fault is not None
    ]
    assert sorted(named) == sorted(fault.name for fault in FAULTS)


def test_signs_are_read_off_the_states_of_a_run():
    ran = run(CLEAN, Plan(steps=12, dropout=0.0), 0)
    found = signs(ran)
    assert found["first loss"] == ran.states[0].loss
    assert found["last rate"] == ran.states[-1].rate
    assert found["judged"] == ran.judged[-1]
    assert found["tokens"] == pytest.approx(sum(one.tokens for one in ran.states) / 12)
