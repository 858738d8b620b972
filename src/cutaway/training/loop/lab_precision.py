"""What bfloat16 may hold: products, or the weights as well; and a gain that can only fall."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from cutaway.kit.judging import decided
from cutaway.kit.statistics import Undecidable, Verdict
from cutaway.kit.tables import Table
from cutaway.kit.verdicts import exactly
from cutaway.kit.words import Claim, Experiment, Figure, Row

from .lab_judging import tuned
from .lab_small import RECIPE, SHORT
from .lab_small import STEPS as WHOLE

if TYPE_CHECKING:
    from cutaway.kit.worlds import World

HELD_IN = ("single", "mixed", "half")
RATES = (0.1, 0.316, 1.0, 1.78, 3.16, 10.0)
# Next to 1, bfloat16 has 1 - 2^-8 and 1 + 2^-7: half of the way there is what a step must exceed.
DOWN, UP = 2**-9, 2**-8
SLOW, BETWEEN, FAST = (0.001, 0.0015), (0.0025, 0.003), (0.006, 0.01)
STEPS = 100


def gains_by_rate(world: World, *, seed: int, held: str, rate: float) -> Iterator[Row]:
    """How many gains of norms, which begin at one, were ever above it or below it."""
    from dataclasses import replace
    from itertools import islice

    import torch

    from .lab_small import DEPTH, HELD, Plan, model_of, optimizer_of, recipe_of, text

    plan = Plan(precision=held, decay=0.0)
    model = model_of(world, seed, DEPTH)
    model.to(torch.bfloat16 if held == "half" else torch.float32)
    learnt, _ = world.loop.apart(text(), HELD)
    recipe = replace(recipe_of(world, plan, seed, learnt), rate=lambda step: rate)
    optimizer = optimizer_of(world, plan, model)
    gains = [one for one in model.parameters() if one.dim() == 1]
    above, below = (torch.zeros(sum(one.numel() for one in gains)).bool() for _ in range(2))
    for _ in islice(world.loop.train(model, optimizer, recipe, 0), STEPS):
        now = torch.cat([one.detach() for one in gains])
        above |= now > 1
        below |= now < 1
    share = {"up": above, "down": below, "still": ~(above | below)}
    yield {name: float(one.float().mean()) for name, one in share.items()}


def loss_by_precision(
    world: World, *, seed: int, held: str, rate: float, steps: int
) -> Iterator[Row]:
    """What a run ends at by what is in bfloat16."""
    from .lab_tanked import ended

    yield ended(world, seed, precision=held, rate=rate, steps=steps)


def ratchet(table: Table) -> Verdict:
    """Whether gains in bfloat16 stand still at low rates, only fall above, and then are free."""
    half = table.where(held="half") if len(table) else table
    if not len(half):
        raise Undecidable("nothing was measured")
    moved = {
        rate: (max(half.where(rate=rate).column("up")), max(half.where(rate=rate).column("down")))
        for rate in half.values("rate")
    }
    still = all(moved[rate] == (0, 0) for rate in SLOW if rate in moved)
    falls = all(moved[rate][0] == 0 < moved[rate][1] for rate in BETWEEN if rate in moved)
    free = all(min(moved[rate]) > 0 for rate in FAST if rate in moved)
    said = "; ".join(
        f"at {rate:g} {up:.2g} up, {down:.2g} down" for rate, (up, down) in moved.items()
    )
    return exactly(still and falls and free, f"the largest shares of gains: {said}")


EXPERIMENTS = (
    Experiment(
        "gains_by_rate",
        gains_by_rate,
        grid={"held": ("single", "half"), "rate": (*SLOW, *BETWEEN, *FAST)},
        quick={"held": ("half",), "rate": (SLOW[0], BETWEEN[1]), "seeds": 3},
        data=("shakespeare",),
    ),
    Experiment(
        "loss_by_precision",
        loss_by_precision,
        grid={"held": HELD_IN, "rate": RATES, "steps": (WHOLE,)},
        more=16,
        at=({"rate": 1.0}, {"rate": 1.78}),
        keeps=("loss", "unigram"),
        quick={"rate": (1.0,), "steps": (SHORT,), "seeds": 3},
        data=("shakespeare",),
    ),
)

FIGURES = (
    Figure(
        "gains_that_rose",
        "gains_by_rate",
        title="In bfloat16 no gain rises until a step is longer than 1/256",
        x="rate",
        y="up",
        color="held",
        log="x",
        alt="The share of gains that were ever above one, by rate, in single precision and half.",
    ),
    Figure(
        "gains_that_fell",
        "gains_by_rate",
        title="In bfloat16 no gain falls until a step is longer than 1/512; then more than half do",
        x="rate",
        y="down",
        color="held",
        log="x",
        alt="The share of gains that were ever below one, by rate, in single precision and half.",
    ),
    Figure(
        "loss_by_precision",
        "loss_by_precision",
        title="Weights in bfloat16 cost loss at low rates, and next to none at the best one",
        x="rate",
        y="loss",
        color="held",
        log="x",
        alt="Held-out loss by rate: all in single precision, products in bfloat16, all in it.",
    ),
)

CLAIMS = (
    Claim(
        "A gain of one in bfloat16 stands still at low rates, can only fall at higher ones, and is "
        "free beyond",
        source="004-14",
        experiment="gains_by_rate",
        holds=decided(ratchet),
        regime=f"AdamW, {STEPS} steps at a constant rate; {SLOW} still, {BETWEEN} down only, "
        f"{FAST} free; a quarter and half of a step of bfloat16 are {DOWN:.4g} and {UP:.4g}",
    ),
    Claim(
        "Products in bfloat16 cost a run nothing",
        source="003-09",
        experiment="loss_by_precision",
        holds=tuned("unchanged", {"held": "mixed"}, {"held": "single"}),
        regime=f"{RECIPE}; each at its best rate",
    ),
    Claim(
        "Weights in bfloat16 cost a run loss, even at its own best rate",
        source="004-14",
        experiment="loss_by_precision",
        holds=tuned("raises", {"held": "half"}, {"held": "single"}),
        regime=f"{RECIPE}; weights and what the optimizer remembers, each at its best rate",
    ),
)
