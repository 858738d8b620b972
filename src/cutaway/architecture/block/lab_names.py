"""Queries, keys and values exchanged, emptied or shared, before training and after it."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from cutaway.kit.words import Experiment, Figure, Row

from .lab_stream import levels

if TYPE_CHECKING:
    from cutaway.kit.worlds import World

Q, K, V = "query", "key", "value"
NAMES = (Q, K, V)
DEPTH, STEPS, LONG, AGAIN, RATE = 2, 150, 300, 100, 0.01
RATES = (0.003, 0.01, 0.03, 0.1)
Change = Callable[[Any], None]


def exchanged(one: str, other: str) -> Change:
    """Each takes the other's numbers."""

    def change(heads: Any) -> None:
        a, b = getattr(heads, one).weight, getattr(heads, other).weight
        a.data, b.data = b.data.clone(), a.data.clone()

    return change


def emptied(*names: str) -> Change:
    """Each has no number but zero."""

    def change(heads: Any) -> None:
        for name in names:
            getattr(heads, name).weight.data.zero_()

    return change


def shared(*names: str) -> Change:
    """All are one matrix, the first of them."""

    def change(heads: Any) -> None:
        for name in names[1:]:
            setattr(heads, name, getattr(heads, names[0]))

    return change


def nothing(heads: Any) -> None:
    """Everything stays as it is."""


EXCHANGED: Mapping[str, Change] = {
    "Q and K exchanged": exchanged(Q, K),
    "K and V exchanged": exchanged(K, V),
    "Q and V exchanged": exchanged(Q, V),
}
EMPTIED: Mapping[str, Change] = {
    "Q empty": emptied(Q),
    "K empty": emptied(K),
    "V empty": emptied(V),
    "Q and K empty": emptied(Q, K),
    "all empty": emptied(*NAMES),
}
SHARED: Mapping[str, Change] = {
    "Q and K shared": shared(Q, K),
    "K and V shared": shared(K, V),
    "all shared": shared(*NAMES),
}
AS_DRAWN = "as drawn"
Q_AND_K = "Q and K exchanged"  # a test proves all three to be relabellings: one is measured
STARTS = {AS_DRAWN: nothing, Q_AND_K: EXCHANGED[Q_AND_K], **EMPTIED, **SHARED}
AS_LEARNT = "as learnt"
CHANGES = {AS_LEARNT: nothing, **EXCHANGED, **EMPTIED}


def loss_by_start(
    world: World, *, seed: int, task: str, begin: str, rate: float, steps: int
) -> Iterator[Row]:
    """Where training ends whose queries, keys and values began otherwise, and how high it rose.

    What is shared stays shared; what is exchanged or emptied is free to change from then on.
    `rise` is the highest training loss after the first, less the first: below 0 if none was above.
    """
    from cutaway.kit.teaching import accuracy, nats

    from . import lab_model as models

    exam = models.exam_of(task)
    model = models.built(world, exam, seed, depth=DEPTH)
    for block in model.blocks:
        STARTS[begin](block.heads)
    losses = models.learn(model, exam, seed, steps=steps, rate=rate)
    found = nats(model, exam.held_out())
    finite = found is not None and len(losses) == steps
    yield {
        "nats": models.short(found),
        "accuracy": models.short(accuracy(model, exam.held_out())),
        "rise": models.short(max(losses[1:]) - losses[0]) if finite else None,
        "chance": models.short(models.chance(task)),
        "diverged": not finite,
    }


def loss_by_change(world: World, *, seed: int, task: str, steps: int, again: int) -> Iterator[Row]:
    """The loss of a trained model whose queries, keys and values are changed, and of it in time.

    `nats` is the loss at once, `right` the share of right answers, and `later` the loss after some
    more steps; `query`, `key` and `value` are the sizes of the gradients of each at once, over all
    blocks.
    """
    from cutaway.kit.teaching import accuracy, nats, surprise

    from . import lab_model as models

    exam = models.exam_of(task)
    trained = models.built(world, exam, seed, depth=DEPTH)
    models.learn(trained, exam, seed, steps=steps, rate=RATE)
    for name, change in CHANGES.items():
        model = copy.deepcopy(trained)
        for block in model.blocks:
            change(block.heads)
        at_once = nats(model, exam.held_out())
        right = accuracy(model, exam.held_out())
        surprise(model, exam.rows(seed, steps)).backward()  # type: ignore[no-untyped-call]
        slopes = {
            each: sum(
                getattr(block.heads, each).weight.grad.square().sum().item()
                for block in model.blocks
            )
            ** 0.5
            for each in NAMES
        }
        model.zero_grad()
        models.learn(model, Later(exam, steps), seed, steps=again, rate=RATE)
        row = {"nats": at_once, "right": right, "later": nats(model, exam.held_out()), **slopes}
        every = {**row, **levels(task)}
        short = {each: models.short(value) for each, value in every.items()}
        yield {"change": name, **short}


class Later:
    """An exam whose rows begin some steps on."""

    def __init__(self, exam: Any, steps: int) -> None:
        self.exam, self.steps, self.vocab = exam, steps, exam.vocab

    def rows(self, seed: int, step: int) -> Any:
        """What is learnt at a step, counted from the later one."""
        return self.exam.rows(seed, self.steps + step)

    def held_out(self) -> Any:
        """What every model is read on."""
        return self.exam.held_out()


EXPERIMENTS = (
    Experiment(
        "recall_by_start",
        loss_by_start,
        grid={"task": ("recall",), "begin": tuple(STARTS), "rate": RATES, "steps": (STEPS,)},
        quick={"begin": (AS_DRAWN, Q_AND_K), "rate": (0.01,), "steps": (20,), "seeds": 1},
        data=("shakespeare",),
    ),
    *(
        Experiment(
            name,
            loss_by_change,
            grid={"task": (task,), "steps": (steps,), "again": (AGAIN,)},
            quick={"steps": (30,), "again": (5,), "seeds": 1},
            data=("shakespeare",),
        )
        for name, task, steps in (
            ("loss_by_change", "text", LONG),
            ("recall_by_change", "recall", STEPS),
        )
    ),
)


FIGURES = (
    Figure(
        "recall_by_start_and_rate",
        "recall_by_start",
        title="Exchanged or emptied before training, looking up is learnt all the same, but where "
        "queries and keys are both empty",
        x="rate",
        y="begin",
        color="nats",
        mark="heat",
        alt="Losses on a task of looking up, kinds of start by rates: near zero at the best rate "
        "in most rows, far from it where queries and keys are both empty and at the highest rate.",
    ),
    Figure(
        "nats_by_change",
        "loss_by_change",
        title="Exchanged or emptied in a trained model, each of the three is missed at once",
        x="change",
        y="nats",
        mark="bar",
        color="change",
        alt="Bars of held-out loss, one for each change: the lowest as learnt, the others higher "
        "by tenths of nats, those that touch values by most.",
    ),
    Figure(
        "later_by_change",
        "loss_by_change",
        title="A hundred steps later most of the loss is made good",
        x="change",
        y="later",
        mark="bar",
        color="change",
        alt="Bars of held-out loss after more training, one for each change: nearly level, with "
        "those highest that cannot learn again.",
    ),
    Figure(
        "right_by_change",
        "recall_by_change",
        title="A model that looks things up fails at once, whichever is exchanged or emptied",
        x="change",
        y="right",
        mark="bar",
        color="change",
        alt="Bars of the share of right answers, one for each change: nearly all as learnt, about "
        "a third at most after any change.",
    ),
    Figure(
        "recall_later_by_change",
        "recall_by_change",
        title="A hundred steps later it is made good, but where queries and keys stay empty",
        x="change",
        y="later",
        mark="bar",
        color="change",
        alt="Bars of loss after more training, one for each change: near zero in most, higher "
        "where queries and keys are both empty.",
    ),
    Figure(
        "query_gradient_by_change",
        "loss_by_change",
        title="Where queries and keys are both empty, neither has a gradient: they stay empty",
        x="change",
        y="query",
        mark="bar",
        color="change",
        alt="Bars of the size of the gradient of the queries, one for each change: none where keys "
        "or values are empty.",
    ),
)
