"""Head by head over a text: where a trained model looks, letter by letter."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from cutaway.kit.exams import prepared
from cutaway.kit.words import Experiment, Figure, Row

from .lab_roles import AFTER, BEFORE, best, scores
from .lab_small import EXAMS, REPEATS, SHAKESPEARE, looks, part, trained

if TYPE_CHECKING:
    import torch

    from cutaway.kit.worlds import World

LETTERS, FROM = 20, 3  # of one row, and which
SIGNS = {" ": "␣", "\n": "↵"}  # for letters that cannot be seen
Role = {"before": BEFORE, "after": AFTER}


def letters(exam: str, row: torch.Tensor) -> list[str]:
    """The tokens of a row as one sees them, each with its place."""
    if exam == "text":
        said = list(prepared("shakespeare").tokenization.decode(row))
    else:
        said = REPEATS.show(row.numpy()).split()
    return [f"{at} {SIGNS.get(one, one)}" for at, one in enumerate(said, 1)]


def weights_by_head(world: World, *, seed: int, exam: str, share: float) -> Iterator[Row]:
    """What every head looks at as the model names the letter after the last."""
    net = trained(world, exam, seed, share)
    row = EXAMS[exam].held_out().tokens[FROM, :LETTERS]
    names = letters(exam, row)
    for layer, seen in enumerate(looks(world, net, row[None]), 1):
        for head, found in enumerate(seen[0], 1):
            for name, weight in zip(names, found[-1].tolist(), strict=True):
                short = float(f"{weight:.3g}")
                yield {"head": f"layer {layer}, head {head}", "seen": name, "weight": short}


def weights_by_letter(
    world: World, *, seed: int, exam: str, role: str, share: float
) -> Iterator[Row]:
    """What each letter of a row looks at, in the head that looks most in one of two ways."""
    net, rows = trained(world, exam, seed, share), EXAMS[exam].held_out()
    layer, head = best(scores(world, net, part(rows, 64, 128))[Role[role]])
    row = rows.tokens[FROM, :LETTERS]
    names = letters(exam, row)
    found = looks(world, net, row[None])[layer][0, head]
    for asking, shares in zip(names, found.tolist(), strict=True):
        for name, weight in zip(names, shares, strict=True):
            yield {"asking": asking, "seen": name, "weight": float(f"{weight:.3g}")}


ONE = {"share": (1.0,)}
EXPERIMENTS = (
    Experiment(
        "weights_by_head",
        weights_by_head,
        grid={"exam": ("text",), **ONE},
        seeds=1,
        quick={"share": (0.1,)},
        data=SHAKESPEARE,
    ),
    *(
        Experiment(
            f"weights_{role}",
            weights_by_letter,
            grid={"exam": (exam,), "role": (role,), **ONE},
            seeds=1,
            quick={"share": (0.1,)},
            data=SHAKESPEARE,
        )
        for role, exam in (("before", "text"), ("after", "induction"))
    ),
)
FIGURES = (
    Figure(
        "weights_by_head",
        "weights_by_head",
        title="At one letter: some heads look at the letters just before, one at the spaces",
        x="seen",
        y="head",
        color="weight",
        mark="heat",
        alt="A matrix, heads by the letters of a line: each row is dark at other letters.",
    ),
    Figure(
        "weights_before",
        "weights_before",
        title="One head looks at the letter before, most of the time; a space looks at itself",
        x="seen",
        y="asking",
        color="weight",
        mark="heat",
        alt="A matrix of letters by letters of a line: dark just below the diagonal.",
    ),
    Figure(
        "weights_after",
        "weights_after",
        title="One head looks at what came after the same letter, if not always the last time",
        x="seen",
        y="asking",
        color="weight",
        mark="heat",
        alt="A matrix of letters by letters: dark where the letter before was the one that asks.",
    ),
)
