"""A batch in parts: the same gradient, or another one, and what a run makes of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from cutaway.kit.judging import decided
from cutaway.kit.statistics import Undecidable, Verdict
from cutaway.kit.tables import Table
from cutaway.kit.verdicts import exactly
from cutaway.kit.words import Claim, Experiment, Figure, Row

from .lab_judging import compared
from .lab_small import SHORT, SIZE, STEPS

if TYPE_CHECKING:
    from torch import Tensor

    from cutaway.kit.worlds import World

MOST = (8, 3, 1)  # rows of a part
WRONG = ("mean_of_means", "parts_undivided", "no_division")


def gradient_by_parts(world: World, *, seed: int, most: int, even: bool) -> Iterator[Row]:
    """How far a batch's gradient lies from the whole batch's, in double precision.

    `apart` as a share of its length, `turned` but for the length.
    """
    import torch

    from cutaway.kit.worlds import CLEAN

    whole = gradient(CLEAN, seed, SIZE, even)
    found = gradient(world, seed, most, even)
    times = found.norm() / whole.norm()
    apart = torch.dist(found, whole) / whole.norm()
    turned = torch.dist(found / times, whole) / whole.norm()
    yield {"apart": apart.item(), "turned": turned.item(), "times": times.item()}


def gradient(world: World, seed: int, most: int, even: bool) -> Tensor:
    """The gradient of a first step, as a run leaves it before it moves."""
    import math
    from dataclasses import replace

    import torch

    from .lab_small import DEPTH, HELD, Plan, model_of, optimizer_of, recipe_of, text

    plan = Plan(rule="SGD", rate=0.0, limit=math.inf, most=most)
    model = model_of(world, seed, DEPTH).double()
    learnt, _ = world.loop.apart(text(), HELD)
    recipe = recipe_of(world, plan, seed, learnt)
    if even:
        recipe = replace(recipe, batches=whole_rows(world, seed, most, learnt))
    optimizer = optimizer_of(world, plan, model)
    next(world.loop.train(model, optimizer, recipe, 0))
    return torch.cat([one.grad.flatten() for one in model.parameters()])


def whole_rows(world: World, seed: int, most: int, learnt: Tensor) -> Any:
    """Batches all of whose rows are full."""
    from .lab_small import CONTEXT

    loop = world.loop
    return lambda step: loop.parts(loop.windows(learnt, seed, step, SIZE, CONTEXT), most)


def loss_by_parts(world: World, *, seed: int, most: int, steps: int) -> Iterator[Row]:
    """What a run ends at by how many rows a part has."""
    from .lab_tanked import ended

    yield ended(world, seed, most=most, steps=steps, dropout=0.0, stopped=False)


def equal(table: Table) -> Verdict:
    """Whether parts of any sizes add up to the gradient of the batch."""
    rows = table.where(fault=None) if len(table) else table
    if not len(rows):
        raise Undecidable("nothing was measured")
    worst = max(rows.column("apart"))
    return exactly(
        worst < 1e-12, f"the furthest of {len(rows)} is {worst:.2g} of its length", worst
    )


def only_uneven(table: Table) -> Verdict:
    """Whether means of means are the gradient where parts are as long, and another where not."""
    rows = table.where(fault="mean_of_means").dicts() if len(table) else []
    alike = [row["apart"] for row in rows if row["even"] and row["most"] == 1]
    last_short = [row["apart"] for row in rows if row["even"] and row["most"] == 3]
    uneven = [row["turned"] for row in rows if not row["even"] and row["most"] == 1]
    if not (alike and last_short and uneven):
        raise Undecidable("nothing was measured")
    least = min(*last_short, *uneven)
    said = f"apart by at most {max(alike):.2g} where parts are as long, else by {least:.2g} or more"
    return exactly(max(alike) < 1e-12 and least > 0.01, said, least)


EXPERIMENTS = (
    Experiment(
        "gradient_by_parts",
        gradient_by_parts,
        grid={"fault": (None, *WRONG), "most": MOST, "even": (True, False)},
        quick={"fault": (None, WRONG[0]), "most": (1,), "seeds": 3},
        outcome="apart",
        margin=0.01,
        data=("shakespeare",),
    ),
    Experiment(
        "loss_by_parts",
        loss_by_parts,
        grid={"fault": (None, *WRONG), "most": MOST, "steps": (STEPS,)},
        keeps=("loss", "unigram"),
        quick={"fault": (None, WRONG[0]), "most": (3,), "steps": (SHORT,), "seeds": 3},
        outcome="loss",
        margin=0.02,
        data=("shakespeare",),
    ),
)

FIGURES = (
    Figure(
        "loss_by_parts",
        "loss_by_parts",
        title="However a batch is cut, a run ends alike; with means of means it does not",
        x="most",
        y="loss",
        log="x",
        mark="point",
        alt="Held-out loss by the rows of a part, for the loop and three wrong divisions.",
    ),
)

CLAIMS = (
    Claim(
        "Parts of any sizes add up to the gradient of the batch",
        source="003-19",
        experiment="gradient_by_parts",
        holds=decided(equal),
        regime="a GPT in double precision, rows of unequal numbers of tokens: within 1e-12",
    ),
    Claim(
        "A mean of the parts' means is the batch's gradient only where all parts are as long",
        source="003-19",
        experiment="gradient_by_parts",
        holds=decided(only_uneven),
        regime="full rows, a row a part: within 1e-12; eight full rows in parts of three, or "
        "uneven rows: off by more than 0.01",
    ),
    Claim(
        "A run ends alike however its batches are cut",
        source="003-19",
        experiment="loss_by_parts",
        holds=compared("unchanged", {"fault": None, "most": 1}, {"fault": None, "most": 8}),
        regime="160 steps of 8 uneven rows, one part against eight",
    ),
    Claim(
        "Means of means cost a run loss",
        source="003-19",
        experiment="loss_by_parts",
        holds=compared("raises", {"fault": "mean_of_means", "most": 1}, {"fault": None, "most": 1}),
        regime="160 steps of 8 uneven rows, a row a part",
    ),
)
