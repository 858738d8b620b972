"""What the loop must do, one property a test. It also runs on broken copies."""

import math
from collections import Counter
from dataclasses import replace
from itertools import islice

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from ...architecture.gpt import Config, gpt2, llama
from .batches import parts, windows
from .groups import with_adamw, with_muon
from .loop import Recipe, State, train
from .losses import UNASKED, asked, surprise
from .optimizers import SGD, AdamW
from .precision import mixed
from .schedules import constant, cosine

V, T = 13, 8
SMALL = Config(vocab=V, context=T, width=16, depth=2, heads=2, groups=1, size=8, hidden=24)
BETAS = (0.9, 0.95)


def text(length=400, seed=0):
    """Each token is followed by one of two: 0.69 nats for who knows that, 2.5 for who does not."""
    steps = torch.randint(2, (length,), generator=torch.Generator().manual_seed(seed))
    return (steps + 1).cumsum(0) % V


def some_batches(step, most=3):
    return parts(windows(text(), 0, step, 5, T), most)


def rate(step):
    return 0.01 * cosine(step, 5, 30, 0.1)


RECIPE = Recipe(some_batches, asked, surprise, rate, 1.1)


def double(style=llama, seed=0):
    torch.manual_seed(seed)
    return style(SMALL).double()


class Slope(nn.Module):
    """One weight whose gradient is the mean of the numbers in a batch."""

    def __init__(self, value=0.0):
        super().__init__()
        self.weight = nn.Parameter(torch.tensor(value, dtype=torch.float64))


def lost(model, part):
    return (model.weight * torch.as_tensor(part, dtype=torch.float64)).sum()


def plain(*batches, rate=1.0, limit=math.inf):
    """A run of one weight: each batch is a list of parts, each part a list of slopes."""
    return Recipe(lambda step: batches[step], len, lost, lambda step: rate, limit)


def states(recipe, model=None, first=0, count=1):
    model = model or Slope()
    run = train(model, SGD({"weight": model.weight}, 0.0), recipe, first)
    return list(islice(run, count)), model.weight.item()


def sought(first, cut=1):
    """The steps whose batches, and whose rates, a run asks for from its first on."""
    read, rated = [], []
    recipe = replace(plain(), batches=lambda step: read.append(step) or [[1.0]] * cut)
    recipe = replace(recipe, rate=lambda step: rated.append(step) or 0.0)
    states(recipe, first=first, count=3)
    return read, rated


# One step after another


def test_a_step_is_taken():
    assert states(plain([[1.0]]))[1] != 0


def test_every_step_reads_another_batch():
    assert len({*sought(0)[0]}) == 3


def test_every_step_has_a_rate_of_its_own():
    assert len({*sought(0)[1]}) == 3


def test_a_run_that_goes_on_reads_on():
    assert sought(7)[0][0] == 7


def test_a_run_that_goes_on_has_the_rate_of_where_it_is():
    assert sought(7)[1][0] == 7


def test_the_rate_knows_nothing_of_parts():
    assert sought(1, cut=3)[1] == sought(1)[1]


def test_a_step_goes_against_the_mean_slope_of_its_tokens():
    assert states(plain([[1.0, 2.0], [6.0]]))[1] == -3


def test_slopes_of_an_earlier_step_are_forgotten():
    assert states(plain([[1.0]], [[10.0]]), count=2)[1] == -11


def test_a_step_is_taken_at_the_rate_of_its_own_number():
    recipe = replace(plain(*[[[1.0]]] * 9), rate=lambda step: 10.0**step)
    found, weight = states(recipe, first=1, count=3)
    assert weight == -1110 and [one.rate for one in found] == [10, 100, 1000]


def test_nothing_is_done_before_it_is_asked_for():
    read = []
    recipe = replace(plain(), batches=lambda step: [[float(not read.append(step))]])
    model = Slope()
    run = train(model, SGD({"weight": model.weight}, 0.0), recipe, 0)
    assert read == []
    for step in range(3):
        next(run)
        assert read == [*range(step + 1)] and model.weight.item() == -step - 1


def test_a_run_goes_on_for_as_long_as_it_is_asked():
    recipe = replace(plain(), batches=lambda step: [[1.0]], rate=rate)
    assert [one.step for one in states(recipe, count=50)[0]] == [*range(50)]


def test_a_model_is_set_to_learn_at_every_step():
    """Whoever asks for the next step may have judged the model in between."""
    torch.manual_seed(0)
    model = nn.Sequential(nn.Embedding(V, V), nn.Dropout(0.5))
    modes = []
    model.register_forward_hook(lambda module, *_: modes.append(module.training))
    run = train(model, SGD(dict(model.named_parameters()), 0.0), RECIPE, 0)
    for _ in range(3):
        model.eval()
        next(run)
    assert modes and all(modes)


# What is told


def test_the_loss_is_that_of_a_token_before_the_step():
    [found], _ = states(plain([[1.0, 2.0], [6.0]]), Slope(5.0))
    assert found.loss == 15


def test_all_tokens_of_all_parts_are_counted():
    [found], _ = states(plain([[1.0, 2.0], [6.0]]))
    assert found.tokens == 3


def test_the_length_of_the_gradient_is_told_as_it_was():
    [found], _ = states(plain([[-8.0]], limit=0.5))
    assert found.norm == 8


def test_what_is_told_are_plain_numbers():
    [found], _ = states(plain([[1.0]]))
    kinds = {name: type(value) for name, value in vars(found).items()}
    assert kinds == {"step": int, "loss": float, "tokens": int, "norm": float, "rate": float}
    assert isinstance(found, State)


# Safeguards


def test_no_step_is_longer_than_the_limit_allows():
    assert states(plain([[-800.0]], limit=0.5))[1] == pytest.approx(0.5, rel=1e-5)


def test_a_slope_within_the_limit_is_followed_as_it_is():
    assert states(plain([[0.25]], limit=0.5))[1] == -0.25


def test_the_whole_batch_is_clipped_and_not_its_parts():
    """Two steep slopes of opposite signs cancel before anyone looks at their length."""
    assert states(plain([[100.0], [-99.0]], limit=1.0))[1] == -0.5


@pytest.mark.parametrize("slope", [math.nan, math.inf])
def test_a_slope_that_is_no_number_moves_nothing_and_is_told(slope):
    [first, bad, last], weight = states(plain([[1.0]], [[slope]], [[2.0]]), count=3)
    assert weight == -3 and not math.isfinite(bad.norm)
    assert math.isfinite(first.norm) and math.isfinite(last.norm)


def test_a_slope_may_be_no_number_where_the_loss_is_one():
    """A root at zero: its value is a number, and its slope is none."""
    recipe = replace(plain([[1.0]]), loss=lambda model, part: model.weight.abs().sqrt())
    [bad], weight = states(recipe)
    assert bad.loss == 0 == weight and not math.isfinite(bad.norm)


def test_a_slope_that_is_no_number_is_not_remembered():
    model = Slope()
    optimizer = AdamW({"weight": model.weight}, 0.0, BETAS, 1e-8)
    list(islice(train(model, optimizer, plain([[math.nan]], [[1.0]]), 0), 2))
    assert optimizer.state["steps/weight"] == 1
    assert all(one.isfinite() for one in optimizer.state.values())


def test_a_batch_in_which_nothing_is_asked_moves_nothing():
    model = double()
    before = {name: one.clone() for name, one in model.state_dict().items()}
    silent = [(inputs, torch.full_like(targets, UNASKED)) for inputs, targets in some_batches(0)]
    recipe = replace(RECIPE, batches=lambda step: silent)
    next(train(model, with_adamw(model, 0.1, BETAS, 1e-8), recipe, 0))
    assert all(torch.equal(one, before[name]) for name, one in model.state_dict().items())


# Parts


def gradient(batch, seed=0):
    """The gradient of a batch in parts, read off a step at rate one; and what was told."""
    model = double(seed=seed)
    before = torch.cat([one.detach().flatten().clone() for one in model.parameters()])
    recipe = Recipe(lambda step: batch, asked, surprise, lambda step: 1.0, math.inf)
    state = next(train(model, SGD(dict(model.named_parameters()), 0.0), recipe, 0))
    return before - torch.cat([one.detach().flatten() for one in model.parameters()]), state


@pytest.mark.oracle
@pytest.mark.parametrize("most", [1, 2, 3, 4])
@pytest.mark.parametrize("hidden", [0.0, 0.6])
def test_parts_of_any_sizes_have_the_gradient_of_the_whole_batch(most, hidden):
    """With tokens left out, the parts differ in how many they predict; some predict none."""
    inputs, targets = some_batches(0, 5)[0]
    out = torch.rand(targets.shape, generator=torch.Generator().manual_seed(1)) < hidden
    targets = targets.masked_fill(out, UNASKED)
    targets[1] = UNASKED if hidden else targets[1]
    split = list(zip(inputs.split(most), targets.split(most), strict=True))
    (whole, told), (pieces, state) = gradient([(inputs, targets)]), gradient(split)
    torch.testing.assert_close(pieces, whole, rtol=1e-12, atol=1e-12)
    assert state.tokens == told.tokens == asked((inputs, targets))
    assert state.loss == pytest.approx(told.loss, rel=1e-12)
    assert state.norm == pytest.approx(told.norm, rel=1e-12)


def test_twice_the_same_parts_are_no_steeper_than_once():
    assert states(plain([[1.0]] * 2))[1] == states(plain([[1.0]]))[1]


def test_a_part_counts_as_much_as_it_has_tokens():
    """A mean of means would be 3.5, and 2.25 only where the cut is in the middle."""
    cuts = [[1.0, 1.0, 1.0], [6.0]], [[1.0, 1.0], [1.0, 6.0]], [[1.0, 1.0, 1.0, 6.0]]
    assert len({states(plain(parts))[1] for parts in cuts}) == 1


def test_twice_as_many_tokens_are_no_steeper():
    assert states(plain([[1.0, 1.0]]))[1] == states(plain([[1.0]]))[1]


# Against a plain loop of torch


def by_torch(model, recipe, steps):
    """The same recipe with what torch has, each batch in one piece."""
    decays = [
        one for name, one in model.named_parameters() if one.dim() > 1 and "tokens" not in name
    ]
    rest = [one for name, one in model.named_parameters() if one.dim() == 1 or "tokens" in name]
    groups = [{"params": decays, "weight_decay": 0.1}, {"params": rest, "weight_decay": 0.0}]
    optimizer = torch.optim.AdamW(groups, lr=0.01, betas=BETAS, eps=1e-8)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: cosine(step, 5, 30, 0.1))
    for step in range(steps):
        rows = windows(text(), 0, step, 5, T)
        scores = model(rows[:, :-1])
        loss = F.cross_entropy(scores.flatten(0, 1), rows[:, 1:].flatten())
        optimizer.zero_grad()
        loss.backward()
        norm = nn.utils.clip_grad_norm_(model.parameters(), recipe.limit)
        yield loss.item(), norm.item(), schedule.get_last_lr()[0]
        optimizer.step()
        schedule.step()


@pytest.mark.oracle
def test_thirty_steps_of_a_gpt_are_those_of_a_plain_loop_of_torch():
    mine, theirs = double(), double()
    run = train(mine, with_adamw(mine, 0.1, BETAS, 1e-8), RECIPE, 0)
    found = [(one.loss, one.norm, one.rate) for one in islice(run, 30)]
    expected = list(by_torch(theirs, RECIPE, 30))
    torch.testing.assert_close(torch.tensor(found), torch.tensor(expected), rtol=1e-10, atol=1e-10)
    for one, other in zip(mine.parameters(), theirs.parameters(), strict=True):
        torch.testing.assert_close(one, other, rtol=1e-10, atol=1e-10)
    clipped = sum(norm > RECIPE.limit for _, norm, _ in expected)
    assert 5 <= clipped <= 25


# Going on


def made(kind):
    torch.manual_seed(0)
    model = gpt2(SMALL)
    if kind == "muon":
        return model, with_muon(model, 0.1, 0.95, BETAS, 1e-8, 0.3), RECIPE
    recipe = replace(RECIPE, loss=mixed(surprise, "cpu")) if kind == "mixed" else RECIPE
    return model, with_adamw(model, 0.1, BETAS, 1e-8), recipe


@pytest.mark.parametrize("kind", ["adamw", "muon", "mixed"])
@pytest.mark.parametrize("stop", [0, 1, 4, 9])
def test_a_run_that_was_stopped_goes_on_as_if_it_had_not_been(kind, stop):
    """With the weights, what the optimizer remembers and the step's number, and nothing else."""
    model, optimizer, recipe = made(kind)
    through = list(islice(train(model, optimizer, recipe, 0), 10))

    begun, optimizer, recipe = made(kind)
    first = list(islice(train(begun, optimizer, recipe, 0), stop))
    weights = {name: one.clone() for name, one in begun.state_dict().items()}
    memory = {name: one.clone() for name, one in optimizer.state.items()}
    torch.manual_seed(99)
    again, optimizer, recipe = made(kind)
    again.load_state_dict(weights)
    optimizer.load(memory)
    rest = list(islice(train(again, optimizer, recipe, stop), 10 - stop))

    assert repr([*first, *rest]) == repr(through)
    for one, other in zip(again.parameters(), model.parameters(), strict=True):
        torch.testing.assert_close(one, other, rtol=0, atol=0, equal_nan=True)


# Learning


@pytest.mark.parametrize("kind", ["adamw", "muon", "mixed"])
def test_a_small_gpt_learns_who_follows_whom(kind):
    """Below the entropy of single tokens, which is all that counting them would give."""
    model, optimizer, recipe = made(kind)
    recipe = replace(recipe, rate=lambda step: 0.02 * constant(step, 5), limit=1.0)
    run = list(islice(train(model, optimizer, recipe, 0), 60))
    counts = Counter(text().tolist())
    shares = [count / counts.total() for count in counts.values()]
    unigram = -sum(share * math.log(share) for share in shares)
    assert run[0].loss == pytest.approx(math.log(V), abs=0.1)
    assert sum(one.loss for one in run[-5:]) / 5 < 0.7 * unigram
