"""What a trained model loses with each of its heads, and with several of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from cutaway.kit.statistics import interval
from cutaway.kit.words import Experiment, Figure, Row

from .lab_small import (
    SHAKESPEARE,
    chance,
    halves,
    lacking,
    looks,
    mean,
    named,
    surprises,
    trained,
)

if TYPE_CHECKING:
    import torch

    from cutaway.kit.worlds import World

Head = tuple[int, int]
APART = 2**20  # added to a seed: a model that is trained apart


def costs(
    world: World, net: Any, rows: Any, gone: list[list[Head]]
) -> tuple[torch.Tensor, list[torch.Tensor]]:
    """The surprise at each row, and by how much it rises without each of some sets of heads."""
    before, found = surprises(net, rows), []
    for heads in gone:
        with lacking(world, net, heads):
            found.append(surprises(net, rows) - before)
    return before, found


def cost_by_head(world: World, *, seed: int, exam: str, share: float) -> Iterator[Row]:
    """What each head of a model is worth, the dearest first: nats that are lost without it.

    Half of the held-out rows put the heads in order, the others tell the cost, with the low end of
    its interval over rows. `together` is the cost without this head and all cheaper ones.
    """
    net = trained(world, exam, seed, share)
    order, rows = halves(exam)
    heads = named(net)
    _, first = costs(world, net, order, [[head] for head in heads])
    worth = {head: cost.mean().item() for head, cost in zip(heads, first, strict=True)}
    heads.sort(key=lambda head: -worth[head])
    before, alone = costs(world, net, rows, [[head] for head in heads])
    _, joint = costs(world, net, rows, [heads[at:] for at in range(len(heads))])
    for rank, cost in enumerate(alone):
        yield {
            "rank": rank + 1,
            "layer": heads[rank][0] + 1,
            "cost": mean(cost),
            "low": interval(cost.tolist()).low,
            "together": mean(joint[rank]),
            "nats": mean(before),
            "chance": chance(exam),
        }


def common(one: torch.Tensor, other: torch.Tensor) -> float:
    """How much of their weight every two heads of two groups have in common, (B, H, T, S)."""
    import torch

    both = torch.minimum(one[:, :, None], other[:, None]).sum(-1)[
        ..., 1:
    ]  # the first has no choice
    found = both.mean((0, 3))
    if one is other:
        found = found[~torch.eye(len(found), dtype=torch.bool)]
    return found.mean().item()


def overlap_by_pair(world: World, *, seed: int, exam: str, share: float) -> Iterator[Row]:
    """What two heads of a layer have in common, of one model, of two, and before training."""
    from cutaway.kit.teaching import nats

    from .lab_small import untrained

    net, apart = (trained(world, exam, one, share) for one in (seed, seed + APART))
    rows, _ = halves(exam)
    tokens = rows.tokens[:64, :-1]
    loss = nats(net, rows)
    models = {"mine": net, "theirs": apart, "before": untrained(world, exam, seed)}
    seen = {name: looks(world, one, tokens) for name, one in models.items()}
    pairs = {
        "of one model": ("mine", "mine"),
        "of two models": ("mine", "theirs"),
        "before training": ("before", "before"),
    }
    for words, (one, other) in pairs.items():
        for layer in range(len(seen["mine"])):
            yield {
                "heads": words,
                "layer": layer + 1,
                "overlap": common(seen[one][layer], seen[other][layer]),
                "nats": loss,
                "chance": chance(exam),
            }


EXPERIMENTS = tuple(
    Experiment(
        name,
        measure,
        grid={"exam": ("text", "induction"), "share": (1.0,)},
        seeds=16,
        quick={"exam": ("text",), "share": (0.1,), "seeds": 2},
        data=SHAKESPEARE,
    )
    for name, measure in (("cost_by_head", cost_by_head), ("overlap_by_pair", overlap_by_pair))
)
FIGURES = (
    Figure(
        "cost_by_rank",
        "cost_by_head",
        title="Alone, the dearest of eight heads costs many times what the cheapest does",
        x="rank",
        y="cost",
        color="exam",
        alt="Nats lost without a head, by its rank: a steep fall over the first few.",
    ),
    Figure(
        "cost_together",
        "cost_by_head",
        title="Heads that cost little alone can cost much more together",
        x="rank",
        y="together",
        color="exam",
        alt="Nats lost without a head and all cheaper ones, by rank: a rise towards the first.",
    ),
    Figure(
        "overlap_by_pair",
        "overlap_by_pair",
        title="Alike before training, apart after it: heads of one model as much as heads of two",
        x="heads",
        y="overlap",
        color="exam",
        mark="bar",
        alt="Bars of the weight that two heads of a layer have in common, of one model, of two, "
        "and before training, for text and for induction.",
    ),
)
