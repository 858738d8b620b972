"""Heads that look at the token before, and heads that look at what came after the last time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from cutaway.kit.teaching import accuracy
from cutaway.kit.words import Experiment, Figure, Row

from .lab_removal import costs
from .lab_small import (
    EXAMS,
    SHAKESPEARE,
    Rows,
    chance,
    halves,
    looks,
    mean,
    named,
    part,
    trained,
)

if TYPE_CHECKING:
    from cutaway.kit.worlds import World

Head = tuple[int, int]
EXAM, EVERY, SHOWN = "induction", 25, 64
BEFORE, AFTER, OTHERS = "looks at the token before", "looks at what came after", "the others"
ALL, SUM = "all that look at what came after", "the same one by one, added up"


def scores(world: World, net: Any, rows: Rows) -> dict[str, dict[Head, float]]:
    """How much each head of a model looks in each of two ways."""
    tokens = rows.tokens[:, :-1]
    found: dict[str, dict[Head, float]] = {BEFORE: {}, AFTER: {}}
    for layer, seen in enumerate(looks(world, net, tokens)):
        read = {
            BEFORE: world.heads.previous(seen),
            AFTER: world.heads.induction(seen, tokens),
        }
        for what, values in read.items():
            found[what] |= {(layer, head): one for head, one in enumerate(values.tolist())}
    return found


def best(found: dict[Head, float]) -> Head:
    """The head with the highest score."""
    return max(found, key=lambda head: found[head])


def scores_by_step(world: World, *, seed: int, share: float) -> Iterator[Row]:
    """While a model learns what repeats: the best score of each kind, and accuracy."""
    rows, found = part(EXAMS[EXAM].held_out(), 0, SHOWN), list[Row]()

    def look(step: int, net: Any) -> None:
        if step % EVERY:
            return
        read = scores(world, net, rows)
        values = {what: max(read[what].values()) for what in (BEFORE, AFTER)}
        values["accuracy"] = accuracy(net, rows) or 0.0
        found.extend(
            {"step": step, "what": what, "value": round(value, 5)} for what, value in values.items()
        )

    trained(world, EXAM, seed, share, look)
    yield from found


def cost_by_role(world: World, *, seed: int, share: float) -> Iterator[Row]:
    """What a model loses without the best head of each kind, and without another, on average.

    And without all that look at what came after, at least half as much as the best of them does,
    beside what these cost one by one.
    """
    net = trained(world, EXAM, seed, share)
    choose, rows = halves(EXAM)
    read = scores(world, net, part(choose, 0, SHOWN))
    heads = {BEFORE: best(read[BEFORE]), AFTER: best(read[AFTER])}
    every = named(net)
    least = read[AFTER][heads[AFTER]] / 2
    alike = [head for head in every if read[AFTER][head] >= least]
    before, (joint, *found) = costs(world, net, rows, [alike, *([head] for head in every)])
    cost = dict(zip(every, [mean(one) or 0.0 for one in found], strict=True))
    others = [cost[head] for head in every if head not in heads.values()]
    worth = {what: cost[head] for what, head in heads.items()}
    worth[OTHERS] = sum(others) / len(others)
    worth |= {ALL: mean(joint) or 0.0, SUM: sum(cost[head] for head in alike)}
    for what, value in worth.items():
        head = heads.get(what)
        yield {
            "head": what,
            "cost": value,
            "count": len(alike) if what in (ALL, SUM) else 1,
            "layer": None if head is None else head[0] + 1,
            "score": None if head is None else read[what][head],
            "nats": mean(before),
            "chance": chance(EXAM),
        }


EXPERIMENTS = (
    Experiment(
        "scores_by_step",
        scores_by_step,
        grid={"share": (1.0,)},
        quick={"share": (0.1,), "seeds": 2},
        data=SHAKESPEARE,  # the model's file can open it
    ),
    Experiment(
        "cost_by_role",
        cost_by_role,
        grid={"share": (1.0,)},
        seeds=32,
        quick={"share": (0.1,), "seeds": 2},
        data=SHAKESPEARE,
    ),
)
FIGURES = (
    Figure(
        "scores_by_step",
        "scores_by_step",
        title="Some head looks more and more at what came after, as the model learns to copy",
        x="step",
        y="value",
        color="what",
        alt="Lines over the steps of training: accuracy, and the highest score of any head for "
        "looking at the token before and at what came after the last time.",
    ),
    Figure(
        "cost_by_role",
        "cost_by_role",
        title="One head that looks at what came after costs what others do; all of them, nearly "
        "all that was learnt",
        x="head",
        y="cost",
        color="head",
        mark="bar",
        alt="Bars of nats lost without the best head of each kind, without another, and without "
        "all that look at what came after: together they cost more than one by one.",
    ),
)
