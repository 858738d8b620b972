"""One trained model, head by head: where each looks, what it loses without any set of them."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain, combinations
from typing import TYPE_CHECKING, Any

from cutaway.kit.words import Experiment, Figure, Row

from .lab_looks import letters
from .lab_removal import costs
from .lab_roles import AFTER, BEFORE, EXAM, SHOWN, best, scores
from .lab_small import (
    EXAMS,
    SHAKESPEARE,
    chance,
    halves,
    lacking,
    looks,
    mean,
    named,
    part,
    surprises,
    trained,
)

if TYPE_CHECKING:
    import torch

    from cutaway.kit.worlds import World

LETTERS, FROM = 16, {"text": 378, "induction": 8}  # of one held-out row, and which
NOTHING, OTHER = "nothing", "another of its layer, on average"
BEST, REST, WORST = "those that cost least", "all others, on average", "those that cost most"


def said(head: tuple[int, int]) -> str:
    """A head as a name: its layer, and its number in it."""
    return f"{head[0] + 1}.{head[1] + 1}"


def _row(exam: str) -> torch.Tensor:
    """The row that is shown."""
    return EXAMS[exam].held_out().tokens[FROM[exam], :LETTERS]


def _pairs(exam: str, columns: dict[str, Any]) -> Iterator[Row]:
    """For each letter and one that it may look at: the weight in each column, (T, S)."""
    names = letters(exam, _row(exam))
    for t, asking in enumerate(names):
        for s, seen in enumerate(names[: t + 1]):
            shares = {name: round(one[t, s].item(), 3) for name, one in columns.items()}
            yield {"pair": f"{asking} ← {seen}", **shares}


def looks_by_pair(world: World, *, seed: int, exam: str, share: float) -> Iterator[Row]:
    """How much each letter of a row looks at each letter, in every head: a column for a head."""
    net = trained(world, exam, seed, share)
    seen = looks(world, net, _row(exam)[None])
    yield from _pairs(exam, {said((at, h)): seen[at][0, h] for at, h in named(net)})


def looks_without(world: World, *, seed: int, exam: str, share: float) -> Iterator[Row]:
    """The same for the heads of the second layer, without one head of the first at a time."""
    net, found = trained(world, exam, seed, share), {}
    first, second = ([head for head in named(net) if head[0] == layer] for layer in (0, 1))
    for gone in first:
        with lacking(world, net, [gone]):
            seen = looks(world, net, _row(exam)[None])
        found |= {f"{said(one)}-{said(gone)}": seen[1][0, one[1]] for one in second}
    yield from _pairs(exam, found)


def loss_without(world: World, *, seed: int, exam: str, share: float, most: int) -> Iterator[Row]:
    """The held-out loss of a trained model without each set of its heads, on half of the rows."""
    net, rows = trained(world, exam, seed, share), part(halves(exam)[1], 0, most)
    heads = named(net)
    sets = chain.from_iterable(combinations(heads, count) for count in range(len(heads) + 1))
    every = [list(one) for one in sets]
    before, found = costs(world, net, rows, every)
    whole, more = mean(before), [mean(one) for one in found]
    for gone, cost in zip(every, more, strict=True):
        alike = [one for other, one in zip(every, more, strict=True) if len(other) == len(gone)]
        which = REST
        if None not in alike:
            which = {max(alike): WORST, min(alike): BEST}.get(cost, REST)
        yield {
            "gone": " ".join(map(said, gone)) or "none",
            "count": len(gone),
            "which": which,
            "nats": None if whole is None or cost is None else round(whole + cost, 4),
            "cost": None if cost is None else round(cost, 4),
        }


def scores_without(world: World, *, seed: int, share: float) -> Iterator[Row]:
    """How much the best head of the second layer looks at what came after, without one before it.

    Half of the held-out rows choose the heads, the others tell the scores.
    """
    net = trained(world, EXAM, seed, share)
    choose, rows = halves(EXAM)
    read = scores(world, net, part(choose, 0, SHOWN))
    first = {head: one for head, one in read[BEFORE].items() if head[0] == 0}
    last = best({head: one for head, one in read[AFTER].items() if head[0] == 1})
    before, loss = best(first), mean(surprises(net, rows))
    found = {}
    for gone in ([], *([head] for head in first)):
        with lacking(world, net, gone):
            found[tuple(gone)] = scores(world, net, part(rows, 0, SHOWN))[AFTER][last]
    others = [one for gone, one in found.items() if gone and gone != (before,)]
    without = {NOTHING: found[()], BEFORE: found[before,], OTHER: sum(others) / len(others)}
    for gone, score in without.items():
        yield {"gone": gone, "score": score, "nats": loss, "chance": chance(EXAM)}


ON = {"text": "text", "induction": "repeats"}
ONE, SHORT = {"share": (1.0,)}, {"share": (0.1,)}
EXPERIMENTS = (
    *(
        Experiment(
            f"looks_on_{name}",
            looks_by_pair,
            grid={"exam": (exam,), **ONE},
            seeds=1,
            quick=SHORT,
            data=SHAKESPEARE,
        )
        for exam, name in ON.items()
    ),
    *(
        Experiment(
            f"loss_without_{name}",
            loss_without,
            grid={"exam": (exam,), **ONE, "most": (256,)},
            seeds=1,
            quick={**SHORT, "most": (8,)},
            data=SHAKESPEARE,
        )
        for exam, name in ON.items()
    ),
    Experiment(
        "looks_without",
        looks_without,
        grid={"exam": ("induction",), **ONE},
        seeds=1,
        quick=SHORT,
        data=SHAKESPEARE,
    ),
    Experiment(
        "scores_without",
        scores_without,
        grid=ONE,
        seeds=16,
        quick={**SHORT, "seeds": 2},
        data=SHAKESPEARE,  # the model's file can open it
    ),
)
FIGURES = (
    *(
        Figure(
            f"loss_without_{name}",
            f"loss_without_{name}",
            title=f"{words} it matters which heads are gone, and not only how many",
            x="count",
            y="nats",
            color="which",
            alt="Held-out loss of one trained model by the number of heads that are gone, a line "
            "for the set that costs least, one for that which costs most, one for all others.",
        )
        for name, words in (("text", "On text"), ("repeats", "Where letters repeat"))
    ),
    Figure(
        "scores_without",
        "scores_without",
        title="Without the head that looks one step back, the one that copies keeps most of "
        "its aim",
        x="gone",
        y="score",
        color="gone",
        mark="bar",
        alt="Three bars of the weight on what came after, with nothing gone, without the head of "
        "the first layer that looks at the token before, and without another of that layer.",
    ),
)
