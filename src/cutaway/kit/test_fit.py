"""The measuring instrument's training loop: plain AdamW, and seeds that pair the arms."""

from __future__ import annotations

import random
from typing import Any

import numpy
import pytest
import torch
from torch import nn

from cutaway.errors import UsageError

from .fit import fit, generator, seeded


class Gain(nn.Module):
    """A gain whose values are drawn."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self.gain = nn.Parameter(torch.empty(size))
        self.bias = nn.Parameter(torch.empty(size))
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw them."""
        nn.init.normal_(self.gain)
        nn.init.uniform_(self.bias)


def layers(**named: nn.Module) -> nn.ModuleDict:
    """A model of named parts."""
    return nn.ModuleDict(named)


def weights(model: nn.Module) -> dict[str, torch.Tensor]:
    """The parameters by name."""
    return {name: value.detach().clone() for name, value in model.named_parameters()}


def batch(step: int) -> tuple[torch.Tensor, torch.Tensor]:
    """A batch of a line with noise."""
    stream = generator(step, "batch")
    x = torch.randn(8, 3, generator=stream)
    return x, x.sum(-1, keepdim=True) + torch.randn(8, 1, generator=stream)


def squared(model: nn.Module, pair: Any) -> torch.Tensor:
    """The mean squared error."""
    result: torch.Tensor = (model(pair[0]) - pair[1]).square().mean()
    return result


def adamw_by_hand(
    model: nn.Module, steps: int, rate: float, decay: float
) -> tuple[list[float], list[torch.Tensor]]:
    """The losses and weights of AdamW as its authors wrote it, in float64."""
    now = [p.detach().clone().requires_grad_() for p in model.parameters()]
    first = [torch.zeros_like(p) for p in now]
    second = [torch.zeros_like(p) for p in now]
    losses = []
    for step in range(1, steps + 1):
        x, y = (part.double() for part in batch(step - 1))
        loss = (x @ now[0].T + now[1] - y).square().mean()
        losses.append(loss.item())
        for at, grad in enumerate(torch.autograd.grad(loss, now)):
            first[at] = 0.9 * first[at] + 0.1 * grad
            second[at] = 0.999 * second[at] + 0.001 * grad**2
            move = (first[at] / (1 - 0.9**step)) / ((second[at] / (1 - 0.999**step)).sqrt() + 1e-8)
            now[at] = (now[at] * (1 - rate * decay) - rate * move).detach().requires_grad_()
    return losses, [p.detach() for p in now]


@pytest.mark.parametrize("decay", [0.0, 0.1])
def test_fit_is_a_plain_torch_loop_to_the_last_bit(decay: float) -> None:
    mine, theirs = (seeded(nn.Linear(3, 1), 3) for _ in range(2))
    losses = fit(mine, batch, squared, steps=20, rate=0.01, decay=decay)
    optimizer = torch.optim.AdamW(theirs.parameters(), lr=0.01, weight_decay=decay)
    expected = []
    for step in range(20):
        x, y = batch(step)
        loss = ((theirs(x) - y) ** 2).mean()
        expected.append(loss.item())
        theirs.zero_grad()
        loss.backward()
        optimizer.step()
    assert losses == expected
    assert all(
        torch.equal(a, b) for a, b in zip(mine.parameters(), theirs.parameters(), strict=True)
    )


@pytest.mark.parametrize("decay", [0.0, 0.1])
def test_fit_is_adamw_as_its_authors_wrote_it(decay: float) -> None:
    model = seeded(nn.Linear(3, 1), 3).double()
    expected, after = adamw_by_hand(model, 30, 0.05, decay)

    def loss(model: nn.Module, pair: Any) -> torch.Tensor:
        return squared(model, [part.double() for part in pair])

    losses = fit(model, batch, loss, steps=30, rate=0.05, decay=decay)
    assert losses == pytest.approx(expected, rel=1e-10)
    for found, wanted in zip(model.parameters(), after, strict=True):
        torch.testing.assert_close(found.detach(), wanted, rtol=1e-9, atol=1e-12)


def test_fit_learns() -> None:
    model = seeded(nn.Linear(3, 1), 0)
    losses = fit(model, batch, squared, steps=300, rate=0.05)
    assert sum(losses[-50:]) / 50 < sum(losses[:20]) / 20 / 2
    torch.testing.assert_close(model.weight.detach(), torch.ones(1, 3), atol=0.2, rtol=0)


def test_fit_asks_for_each_batch_once_and_in_order() -> None:
    asked: list[int] = []

    def batches(step: int) -> Any:
        asked.append(step)
        return batch(step)

    fit(seeded(nn.Linear(3, 1), 0), batches, squared, steps=5, rate=0.1)
    assert asked == [0, 1, 2, 3, 4]


def test_gradients_left_from_before_do_not_count() -> None:
    one, other = (seeded(nn.Linear(3, 1), 0) for _ in range(2))
    squared(other, batch(9)).backward()  # type: ignore[no-untyped-call]
    assert fit(one, batch, squared, steps=5, rate=0.1) == fit(
        other, batch, squared, steps=5, rate=0.1
    )


def test_fit_ends_where_the_loss_is_not_finite_and_leaves_the_weights_as_they_were() -> None:
    model = seeded(nn.Linear(3, 1), 0)
    seen: list[dict[str, torch.Tensor]] = []

    def loss(model: nn.Module, pair: Any) -> torch.Tensor:
        seen.append(weights(model))
        value = squared(model, pair)
        return value / 0 if len(seen) == 4 else value

    losses = fit(model, batch, loss, steps=10, rate=0.1)
    assert (len(losses), losses[-1]) == (4, float("inf"))
    assert all(torch.equal(seen[-1][name], value) for name, value in weights(model).items())


def test_a_seed_is_a_model_and_another_seed_another() -> None:
    models = [seeded(layers(a=nn.Linear(4, 4), b=Gain(3)), seed) for seed in (0, 0, 1)]
    same, again, other = (weights(model) for model in models)
    assert all(torch.equal(same[name], again[name]) for name in same)
    assert not any(torch.equal(same[name], other[name]) for name in same)


def test_what_two_models_share_by_name_is_equal_to_the_bit() -> None:
    small = layers(embed=nn.Embedding(7, 4), block=layers(mix=nn.Linear(4, 4)))
    large = layers(
        before=Gain(5),
        embed=nn.Embedding(7, 4),
        block=layers(norm=nn.LayerNorm(4), mix=nn.Linear(4, 4), mix2=nn.Linear(4, 4)),
        head=nn.Linear(4, 7),
    )
    one, other = weights(seeded(small, 5)), weights(seeded(large, 5))
    assert len(one) == 3
    assert all(torch.equal(value, other[name]) for name, value in one.items())
    assert not torch.equal(other["block.mix.weight"], other["block.mix2.weight"])


def test_the_order_of_modules_is_irrelevant() -> None:
    parts = {"a": (3, 3), "b": (3, 5), "c": (3, 3)}
    forward = seeded(layers(**{name: nn.Linear(*parts[name]) for name in "abc"}), 1)
    backward = seeded(layers(**{name: nn.Linear(*parts[name]) for name in "cba"}), 1)
    one, other = weights(forward), weights(backward)
    assert all(torch.equal(one[name], other[name]) for name in one)


def tied(order: str) -> nn.ModuleDict:
    """An embedding and a head that share their weight, in some order."""
    parts: dict[str, nn.Module] = {"e": nn.Embedding(6, 4), "h": nn.Linear(4, 6)}
    model = layers(**{name: parts[name] for name in order})
    model["h"].weight = model["e"].weight
    return model


def test_a_shared_parameter_is_drawn_once_by_its_first_name_whatever_the_order() -> None:
    one, other = seeded(tied("eh"), 2), seeded(tied("he"), 2)
    drawn = weights(seeded(layers(e=nn.Embedding(6, 4)), 2))["e.weight"]
    for model in (one, other):
        assert model["e"].weight is model["h"].weight
        assert torch.equal(weights(model)["e.weight" if model is one else "h.weight"], drawn)
    assert torch.equal(weights(one)["h.bias"], weights(other)["h.bias"])


def test_the_draws_have_the_spread_that_reset_parameters_gives_them() -> None:
    weight = seeded(nn.Linear(400, 300), 0).weight.detach()
    uniform = (torch.arange(weight.numel()) + 0.5) / weight.numel() * 0.1 - 0.05
    torch.testing.assert_close(weight.flatten().sort().values, uniform, atol=1e-3, rtol=0)


def test_two_parameters_of_one_module_are_drawn_from_two_streams() -> None:
    class Twin(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.a = nn.Parameter(torch.empty(50))
            self.b = nn.Parameter(torch.empty(50))
            self.reset_parameters()

        def reset_parameters(self) -> None:
            nn.init.normal_(self.a)
            nn.init.normal_(self.b)

    model = seeded(Twin(), 0)
    assert abs(torch.corrcoef(torch.stack([model.a, model.b]))[0, 1].item()) < 0.5


def test_a_module_that_cannot_redraw_its_parameters_is_refused_by_name() -> None:
    class Fixed(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.scale = nn.Parameter(torch.randn(3))

    with pytest.raises(UsageError, match=r"Fixed owns 'deep.scale' but has no reset_parameters"):
        seeded(layers(fine=nn.Linear(2, 2), deep=Fixed()), 0)


def test_the_global_generators_are_left_alone() -> None:
    model = layers(a=nn.Linear(3, 1), b=Gain(3))
    torch.manual_seed(1)
    before = torch.get_rng_state(), random.getstate(), str(numpy.random.get_state())
    fit(seeded(model, 0)["a"], batch, squared, steps=3, rate=0.1)
    generator(0, "x").seed()
    assert torch.equal(before[0], torch.get_rng_state())
    assert before[1:] == (random.getstate(), str(numpy.random.get_state()))


def test_the_global_generator_has_no_say_in_the_draws() -> None:
    models = []
    for seed in (1, 2):
        torch.manual_seed(seed)
        models.append(weights(seeded(Gain(4), 0)))
    assert all(torch.equal(models[0][name], models[1][name]) for name in models[0])


def test_a_failure_on_the_way_leaves_the_global_generator_alone() -> None:
    class Fixed(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.scale = nn.Parameter(torch.randn(3))

    model = layers(a=nn.Linear(2, 2), b=Fixed())
    before = torch.get_rng_state()
    with pytest.raises(UsageError):
        seeded(model, 0)
    assert torch.equal(before, torch.get_rng_state())


def test_streams_differ_by_seed_and_by_name_and_by_nothing_else() -> None:
    names = [(seed, name) for seed in range(20) for name in ("data", "chain", "0", "1/data", "")]
    drawn = [torch.rand(4, generator=generator(*one)) for one in names]
    assert len({tuple(values.tolist()) for values in drawn}) == len(names)
    again = [torch.rand(4, generator=generator(*one)) for one in names]
    assert all(torch.equal(a, b) for a, b in zip(drawn, again, strict=True))
