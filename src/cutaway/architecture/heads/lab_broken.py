"""What broken heads cost a small model, on text and where only context helps."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from cutaway.kit.teaching import accuracy, nats, truncated
from cutaway.kit.words import Experiment, Figure, Row

from .lab_small import EXAMS, SHAKESPEARE, chance, trained

if TYPE_CHECKING:
    from cutaway.kit.worlds import World

GROUPS, LENGTHS = 2, (5, 13, 23)  # of four heads, so that groups can break; prime to the heads
ORDERS = ("split_by_number", "merged_backwards", "tiled_groups", "other_values")
SOME = ("one_head", "viewed_both", "across_heads", "detached", "first_group", "queries_placed_only")
ARMS = {"text": (None, "viewed_in", "values_placed", *SOME), "induction": (None, *SOME)}


def loss_by_fault(world: World, *, seed: int, exam: str, share: float) -> Iterator[Row]:
    """What a model reports, and what it is worth where it is given only the past.

    `validation` is read on whole held-out rows, at the same tokens as `deployed`, after prefixes
    of three lengths; `nats` and `accuracy` at all that is scored.
    """
    net = trained(world, exam, seed, share, groups=GROUPS)
    rows = EXAMS[exam].held_out()
    read, deployed = validation(net, rows), truncated(net, rows, LENGTHS)
    yield {
        "nats": nats(net, rows),
        "accuracy": accuracy(net, rows),
        "validation": read,
        "deployed": deployed,
        "leak": None if read is None or deployed is None else deployed - read,
        "chance": chance(exam),
    }


def validation(net: object, rows: object) -> float | None:
    """The mean surprise after the same lengths, on whole rows."""
    from cutaway.kit.teaching import by_position

    found = by_position(net, rows)  # type: ignore[arg-type]
    known = [one for at in LENGTHS if (one := found[at - 1]) is not None]
    return sum(known) / len(known) if len(known) == len(LENGTHS) else None


BY_FAULT = {"text": "loss_by_fault", "induction": "repeats_by_fault"}
EXPERIMENTS = (
    *(
        Experiment(
            name,
            loss_by_fault,
            grid={"fault": ARMS[exam], "exam": (exam,), "share": (1.0,)},
            seeds=16,
            quick={"fault": (None, "one_head"), "share": (0.1,), "seeds": 2},
            outcome="deployed",
            margin=0.02,
            data=SHAKESPEARE,  # the model's file can open it
        )
        for exam, name in BY_FAULT.items()
    ),
    Experiment(
        "loss_by_order",
        loss_by_fault,
        grid={"fault": (None, *ORDERS), "exam": ("text",), "share": (0.75,)},
        seeds=40,  # each pair starts from other numbers, so more are needed
        quick={"fault": (None, "tiled_groups"), "share": (0.1,), "seeds": 2},
        outcome="nats",
        margin=0.02,
        data=SHAKESPEARE,
    ),
)
FIGURES = (
    Figure(
        "validation_by_fault",
        "loss_by_fault",
        title="On whole rows, views on both sides look better than the clean model",
        x="fault",
        y="validation",
        mark="bar",
        alt="One bar a fault of the loss on whole held-out rows: views on both sides lie far below "
        "the clean one, a view on one side above it.",
    ),
    Figure(
        "deployed_by_fault",
        "loss_by_fault",
        title="Given only the past, views without a transpose fail most",
        x="fault",
        y="deployed",
        mark="bar",
        alt="The same bars where the model is given only the past: the views are the highest.",
    ),
    Figure(
        "repeats_by_fault",
        "repeats_by_fault",
        title="Where only context helps, heads that hear no other token learn next to nothing",
        x="fault",
        y="accuracy",
        mark="bar",
        alt="One bar a fault of accuracy on rows that repeat: least where heads hear heads.",
    ),
    Figure(
        "nats_by_order",
        "loss_by_order",
        title="Four orders that differ from everyone else's cost nothing when trained from scratch",
        x="fault",
        y="nats",
        mark="bar",
        alt="Five bars of the same height: clean and four faults of order.",
    ),
)
