"""How many heads, and how many groups of them: the same parameters, cut once or often."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from cutaway.kit.teaching import accuracy, nats, taught
from cutaway.kit.words import Experiment, Figure, Row

from .lab_small import (
    BRACKETS,
    DEPTH,
    EXAMS,
    HEADS,
    REPEATS,
    SHAKESPEARE,
    STEPS,
    WARM,
    WIDTH,
    chance,
    part,
    surprises,
    trained,
    untrained,
)

if TYPE_CHECKING:
    from cutaway.kit.worlds import World

SLOW, WIDE = (0.001, 0.003, 0.01), (0.001, 0.003, 0.01, 0.03)
RATES = {"text": SLOW, "induction": SLOW, "dyck": WIDE}
COUNTS, GROUPS = (1, 4, 8), (1, 2, 4)
CUTS = {"text": COUNTS, "induction": COUNTS, "dyck": (1, 8)}
EVERY, BYTES = 20, 4  # steps between two looks; bytes of a number


def half_way(exam: str) -> float:
    """The loss from which most of what can be learnt is: a bigram's, or half of a task's."""
    if exam == "text":
        return EXAMS["text"].rung("bigram")  # type: ignore[attr-defined, no-any-return]
    task = REPEATS if exam == "induction" else BRACKETS
    return (chance(exam) + task.exact.entropy) / 2


def loss_by_heads(
    world: World, *, seed: int, exam: str, heads: int, rate: float, share: float
) -> Iterator[Row]:
    """The loss of a model whose width is cut into some heads, and the steps to half of the way.

    `steps` is at most all of them; `chance` is the loss of one who does not look at the context.
    """
    net = untrained(world, exam, seed, heads)
    steps = round(STEPS[exam] * share)
    some, level, reached = part(EXAMS[exam].held_out(), 0, 64), half_way(exam), steps

    def look(step: int, model: Any) -> None:
        nonlocal reached
        if step % EVERY == 0 and reached == steps and surprises(model, some).mean() < level:
            reached = step

    taught(net, EXAMS[exam], seed, steps=steps, rate=rate, warm=WARM, look=look)
    rows = EXAMS[exam].held_out()
    yield {
        "nats": nats(net, rows),
        "accuracy": accuracy(net, rows),
        "steps": reached,
        "chance": chance(exam),
    }


def loss_by_groups(
    world: World, *, seed: int, exam: str, groups: int, share: float
) -> Iterator[Row]:
    """The loss of heads that share keys and values, and what has to be kept of each token."""
    net = trained(world, exam, seed, share, groups=groups)
    rows = EXAMS[exam].held_out()
    yield {
        "nats": nats(net, rows),
        "accuracy": accuracy(net, rows),
        "bytes": kept(net),
        "numbers": sum(weight.numel() for weight in net.parameters()),
        "chance": chance(exam),
    }


def kept(net: Any) -> int:
    """The bytes of all keys and values of one token."""
    layers = [block.heads for block in net.blocks]
    return BYTES * sum(one.key.out_features + one.value.out_features for one in layers)


def expected(groups: int) -> int:
    """The same, counted by hand."""
    return 2 * DEPTH * groups * (WIDTH // HEADS) * BYTES


BY_HEADS = {"text": "loss_by_heads", "induction": "repeats_by_heads", "dyck": "brackets_by_heads"}
EXPERIMENTS = (
    *(
        Experiment(
            name,
            loss_by_heads,
            grid={"exam": (exam,), "heads": CUTS[exam], "rate": RATES[exam], "share": (1.0,)},
            quick={"heads": (1, 8), "rate": (0.003,), "share": (0.1,), "seeds": 2},
            data=SHAKESPEARE,  # the model's file can open it
        )
        for exam, name in BY_HEADS.items()
    ),
    Experiment(
        "loss_by_groups",
        loss_by_groups,
        grid={"exam": ("text", "induction"), "groups": GROUPS, "share": (1.0,)},
        more=24,
        at=({"exam": "text"},),
        quick={"exam": ("text",), "groups": (1, 4), "share": (0.1,), "seeds": 2},
        data=SHAKESPEARE,
    ),
)
TITLES = {
    "text": "On text the rate matters more than the number of heads",
    "induction": "Where letters repeat, four heads end lowest at each rate, and eight highest",
    "dyck": "Brackets that nest: one head and eight, each at four rates",
}
FIGURES = (
    *(
        Figure(
            name,
            name,
            title=TITLES[exam],
            x="rate",
            y="nats",
            color="heads",
            log="x",
            alt="Held-out loss by learning rate, a line for each number of heads.",
        )
        for exam, name in BY_HEADS.items()
    ),
    Figure(
        "steps_by_heads",
        BY_HEADS["induction"],
        title="The narrower the heads, the later they find what repeats",
        x="heads",
        y="steps",
        color="rate",
        alt="Steps to half of what can be learnt by the number of heads, a line for each rate.",
    ),
    Figure(
        "loss_by_bytes",
        "loss_by_groups",
        title="A quarter of the keys and values, and a loss that is little higher on average",
        x="bytes",
        y="nats",
        color="exam",
        alt="Held-out loss by the bytes kept of each token, for text and for induction.",
    ),
)
