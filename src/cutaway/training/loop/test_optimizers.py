"""What an optimizer must do, one property a test. It also runs on broken copies."""

import pytest
import torch
from torch import nn

from .optimizers import SGD, AdamW, Momentum, Optimizer, Together

BETAS, EPSILON, DECAY, MOMENTUM, RATE = (0.9, 0.95), 1e-8, 0.1, 0.9, 0.01
SHAPES = {"scalar": (), "row": (13,), "matrix": (7, 5), "cube": (2, 3, 4)}
SCALES = (1.0, 1e-12, 1e6)


def sgd(weights, decay=0.0):
    return SGD(weights, decay)


def momentum(weights, decay=0.0):
    return Momentum(weights, decay, MOMENTUM)


def adamw(weights, decay=0.0, betas=BETAS, epsilon=EPSILON):
    return AdamW(weights, decay, betas, epsilon)


def their_sgd(weights, decay):
    return torch.optim.SGD(weights, RATE, weight_decay=decay, foreach=False)


def their_momentum(weights, decay):
    return torch.optim.SGD(weights, RATE, MOMENTUM, weight_decay=decay, foreach=False)


def their_adamw(weights, decay):
    options = {"betas": BETAS, "eps": EPSILON, "weight_decay": decay}
    return torch.optim.AdamW(weights, RATE, **options, foreach=False, fused=False)


PAIRS = [(sgd, their_sgd), (momentum, their_momentum), (adamw, their_adamw)]
RULES = [sgd, momentum, adamw]
each = pytest.mark.parametrize("rule", RULES)


def drawn(seed=0, dtype=torch.float64):
    stream = torch.Generator().manual_seed(seed)
    return {
        name: nn.Parameter(torch.randn(shape, generator=stream, dtype=torch.float64).to(dtype))
        for name, shape in SHAPES.items()
    }


def slopes(weights, step, scale=1.0):
    """Gradients that belong to no loss; every fifth step one weight has none."""
    for at, one in enumerate(weights.values()):
        stream = torch.Generator().manual_seed(1000 * step + at)
        found = scale * torch.randn(one.shape, generator=stream, dtype=torch.float64)
        one.grad = None if (step + at) % 5 == 4 else found.to(one.dtype)


def one_weight(value=1.0, dtype=torch.float64):
    return {"w": nn.Parameter(torch.tensor([value], dtype=dtype))}


def moved(optimizer, *gradients, rate=RATE):
    """Where the first weight of an optimizer goes, step by step."""
    weight, found = next(iter(optimizer.weights.values())), []
    for gradient in gradients:
        weight.grad = torch.full_like(weight, gradient)
        optimizer.rate = rate
        optimizer.step()
        found.append(weight.flatten()[0].item())
    return found


# Against torch


@pytest.mark.oracle
@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize("decay", [0.0, DECAY])
@pytest.mark.parametrize(("mine", "theirs"), PAIRS)
def test_fifty_steps_are_those_of_torch(mine, theirs, decay, scale):
    own, other = drawn(), drawn()
    optimizer, reference = mine(own, decay), theirs(other.values(), decay)
    for step in range(50):
        slopes(own, step, scale)
        slopes(other, step, scale)
        optimizer.rate = RATE
        optimizer.step()
        reference.step()
    for name, one in own.items():
        torch.testing.assert_close(one, other[name], rtol=1e-12, atol=1e-12)


@pytest.mark.oracle
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("decay", [0.0, DECAY])
@pytest.mark.parametrize(("mine", "theirs"), PAIRS)
def test_in_single_and_half_precision_they_are_those_of_torch_to_the_last_bit(
    mine, theirs, decay, dtype
):
    own, other = drawn(dtype=dtype), drawn(dtype=dtype)
    optimizer, reference = mine(own, decay), theirs(other.values(), decay)
    for step in range(50):
        slopes(own, step)
        slopes(other, step)
        optimizer.rate = RATE
        optimizer.step()
        reference.step()
    assert all(torch.equal(one, other[name]) for name, one in own.items())


# What every rule does


@each
def test_a_step_goes_down_the_slope(rule):
    assert moved(rule(one_weight()), 3.0)[0] < 1 < moved(rule(one_weight()), -3.0)[0]


@each
def test_a_step_at_twice_the_rate_is_twice_as_long(rule):
    """Exactly, but for the one rounding of each new weight."""
    once, twice = (moved(rule(one_weight()), 3.0, rate=rate)[0] for rate in (RATE, 2 * RATE))
    assert 1 - twice == pytest.approx(2 * (1 - once), rel=1e-12)


@each
def test_at_no_rate_nothing_moves(rule):
    assert moved(rule(one_weight(), DECAY), 3.0, -1.0, rate=0.0) == [1.0, 1.0]


@each
def test_a_weight_without_a_gradient_stays_and_nothing_of_it_is_remembered(rule):
    weights = drawn()
    optimizer = rule(weights, DECAY)
    weights["row"].grad = torch.ones_like(weights["row"])
    before = {name: one.detach().clone() for name, one in weights.items()}
    optimizer.rate = RATE
    optimizer.step()
    stayed = {name for name, one in weights.items() if torch.equal(one, before[name])}
    assert stayed == SHAPES.keys() - {"row"}
    assert all((one == 0).all() for key, one in optimizer.state.items() if "row" not in key)


@each
def test_every_weight_that_has_a_gradient_moves(rule):
    weights = drawn()
    optimizer = rule(weights)
    before = {name: one.detach().clone() for name, one in weights.items()}
    for one in weights.values():
        one.grad = torch.ones_like(one)
    optimizer.rate = RATE
    optimizer.step()
    assert all((one != before[name]).all() for name, one in weights.items())


@each
def test_a_gradient_is_as_it_was_after_the_step(rule):
    weights = one_weight()
    moved(rule(weights, DECAY), 3.0)
    assert weights["w"].grad.tolist() == [3.0]


def test_a_gradient_of_nothing_is_no_division_by_zero():
    assert moved(adamw(one_weight()), 0.0, 0.0) == [1, 1]


@each
def test_decay_pulls_a_weight_toward_zero(rule):
    for value in (1.0, -1.0):
        [there] = moved(rule(one_weight(value), DECAY), 0.0)
        assert abs(there) < 1


@each
def test_without_decay_and_without_slope_nothing_moves(rule):
    assert moved(rule(one_weight()), 0.0, 0.0) == [1.0, 1.0]


@each
def test_a_step_leaves_no_trace_in_the_graph_of_gradients(rule):
    weights = one_weight()
    moved(rule(weights, DECAY), 3.0)
    assert weights["w"].is_leaf and weights["w"].requires_grad
    assert not any(one.requires_grad for one in rule(drawn()).state.values())


def test_an_optimizer_without_a_rule_says_so():
    weights = one_weight()
    weights["w"].grad = torch.ones_like(weights["w"])
    with pytest.raises(NotImplementedError):
        Optimizer(weights, 0.0).step()


# Clearing


@each
def test_what_is_cleared_is_gone(rule):
    weights = drawn()
    slopes(weights, 0)
    rule(weights).clear()
    assert all(one.grad is None for one in weights.values())


# What is remembered


@each
@pytest.mark.parametrize("stop", [0, 1, 7])
def test_a_run_goes_on_from_what_was_remembered_to_the_last_bit(rule, stop):
    through, first = drawn(), drawn()
    whole, begun = rule(through, DECAY), rule(first, DECAY)
    for step in range(12):
        if step == stop:
            kept = {key: one.clone() for key, one in begun.state.items()}
            first = {name: nn.Parameter(one.detach().clone()) for name, one in first.items()}
            begun = rule(first, DECAY)
            begun.load(kept)
        for optimizer, weights in ((whole, through), (begun, first)):
            slopes(weights, step)
            optimizer.rate = RATE
            optimizer.step()
    assert all(torch.equal(one, first[name]) for name, one in through.items())
    assert all(torch.equal(one, begun.state[key]) for key, one in whole.state.items())


@each
def test_what_was_loaded_is_a_copy(rule):
    weights = drawn()
    source, optimizer = rule(weights), rule(weights)
    kept = {key: one.clone() for key, one in source.state.items()}
    optimizer.load(kept)
    slopes(weights, 0)
    optimizer.rate = RATE
    optimizer.step()
    assert all((one == 0).all() for one in kept.values())


def wrong(state, change):
    """A state that does not fit: a name too few, one too many, another shape or type."""
    key = "mean/row"
    if change == "fewer":
        return {name: one for name, one in state.items() if name != key}
    other = {"more": "mean/else"}.get(change, key)
    value = {"shape": torch.ones(1), "type": torch.ones(13)}.get(change, torch.ones(13).double())
    return {**state, other: value}


@pytest.mark.parametrize("change", ["fewer", "more", "shape", "type"])
def test_what_other_weights_remember_is_refused_and_changes_nothing(change):
    optimizer = adamw(drawn())
    given = {key: torch.ones_like(one) for key, one in optimizer.state.items()}
    with pytest.raises(ValueError):
        optimizer.load(wrong(given, change))
    assert all((one == 0).all() for one in optimizer.state.values())


def test_what_is_remembered_of_a_weight_bears_its_name():
    found = adamw(one_weight()).state
    assert {key: tuple(one.shape) for key, one in found.items()} == {
        "mean/w": (1,),
        "power/w": (1,),
        "steps/w": (),
    }


# Several together


def pair(times=3.0):
    weights = drawn()
    some = {name: weights[name] for name in ("scalar", "row")}
    others = {name: weights[name] for name in ("matrix", "cube")}
    return weights, Together((sgd(some), 1.0), (sgd(others, DECAY), times))


def test_each_of_several_moves_its_own_weights_by_its_own_rule():
    weights, both = pair(1.0)
    before = {name: one.detach().clone() for name, one in weights.items()}
    for one in weights.values():
        one.grad = torch.zeros_like(one)
    both.rate = RATE
    both.step()
    decayed = {name for name, one in weights.items() if not torch.equal(one, before[name])}
    assert decayed == {"matrix", "cube"}


def test_each_of_several_has_its_own_multiple_of_the_rate():
    _, both = pair()
    assert both.rate == 0
    both.rate = 0.5
    assert both.rate == 0.5 and [one.rate for one, _ in both.members] == [0.5, 1.5]


def test_several_clear_all_their_weights():
    weights, both = pair()
    for one in weights.values():
        one.grad = torch.zeros_like(one)
    both.clear()
    assert all(one.grad is None for one in weights.values())


def test_several_remember_what_each_does_and_take_it_back():
    weights = drawn()
    some, others = {"row": weights["row"]}, {"cube": weights["cube"]}
    both = Together((adamw(some), 1.0), (momentum(others), 1.0))
    both.load({key: torch.full_like(one, 7) for key, one in both.state.items()})
    kept = {key for one, _ in both.members for key in one.state}
    assert kept == {"mean/row", "power/row", "steps/row", "velocity/cube"}
    assert all((one == 7).all() for each, _ in both.members for one in each.state.values())


@pytest.mark.parametrize("name", ["row", "other"])
def test_two_optimizers_do_not_move_one_weight(name):
    weights = drawn()
    with pytest.raises(ValueError, match="one weight"):
        Together((sgd({"row": weights["row"]}), 1.0), (sgd({name: weights["row"]}), 1.0))


def test_two_weights_of_one_name_are_refused():
    weights = drawn()
    with pytest.raises(ValueError, match="one name"):
        Together((sgd({"row": weights["row"]}), 1.0), (sgd({"row": weights["cube"]}), 1.0))
