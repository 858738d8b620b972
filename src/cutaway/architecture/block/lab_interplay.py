"""Four parts, each there or not: what each is worth, and whether that depends on the others."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import TYPE_CHECKING

from cutaway.kit.words import Experiment, Figure, Row

if TYPE_CHECKING:
    from cutaway.kit.worlds import World

PARTS = ("heads", "mlp", "stream", "norms")
DEPTH, STEPS = 2, {"text": 300, "recall": 150}
RATES = {"text": (0.001, 0.003, 0.01, 0.03, 0.1), "recall": (0.003, 0.01, 0.03, 0.1)}
FULL = "heads mlp stream norms"
OPEN = {  # what six seeds did not decide, more may: the sets to compare, and their best rates
    "text": {
        FULL: (0.01,),
        "heads stream norms": (0.01,),
        "heads mlp stream": (0.01,),
        "mlp stream norms": (0.01,),
        "norms": (0.003, 0.01),
    },
    "recall": {FULL: (0.01,), "heads mlp stream": (0.01,)},
}
NAMES = {"text": "text_by_parts", "recall": "recall_by_parts"}


def named(present: set[str]) -> str:
    """Some parts as a table names them. Where nothing is found, nothing can be added to."""
    if not present & {"heads", "mlp"}:
        present = present - {"stream"}
    return " ".join(part for part in PARTS if part in present) or "nothing"


EVERY = (named(set(some)) for count in range(5) for some in itertools.combinations(PARTS, count))
SUBSETS = tuple(dict.fromkeys(EVERY))
SINGLE = tuple(name for name in SUBSETS if len(name.split()) >= 3)


def loss_by_parts(
    world: World, *, seed: int, task: str, parts: str, rate: float, steps: int
) -> Iterator[Row]:
    """Where training ends that has some of the parts of its blocks, and not the others.

    Without the norms the last one is gone too; without the stream what a part finds replaces it.
    """
    from cutaway.kit.teaching import accuracy, nats

    from . import lab_model as models

    exam, present = models.exam_of(task), set(parts.split())

    def block() -> models.Wired:
        return models.Wired(models.parts(world), present)

    model = models.built(world, exam, seed, depth=DEPTH, block=block, last="norms" in present)
    losses = models.learn(model, exam, seed, steps=steps, rate=rate)
    found = nats(model, exam.held_out())
    yield {
        "nats": models.short(found),
        "accuracy": models.short(accuracy(model, exam.held_out())),
        "chance": models.short(models.chance(task)),
        "diverged": len(losses) < steps or found is None,
    }


EXPERIMENTS = tuple(
    Experiment(
        name,
        loss_by_parts,
        grid={"task": (task,), "parts": SUBSETS, "rate": RATES[task], "steps": (STEPS[task],)},
        more=40,
        at=tuple({"parts": p, "rate": rate} for p, rates in OPEN[task].items() for rate in rates),
        quick={"parts": SINGLE, "rate": (0.01,), "steps": (20,), "seeds": 1},
        data=("shakespeare",),
    )
    for task, name in NAMES.items()
)

FIGURES = tuple(
    Figure(
        f"{name}_and_rate",
        name,
        title=title,
        x="rate",
        y="parts",
        color="nats",
        mark="heat",
        most=most,
        alt=alt,
    )
    for name, most, title, alt in (
        (
            "text_by_parts",
            3.5,
            "On a text heads or an MLP that replace the stream are worse than no part at all",
            "Losses on a text, fourteen sets of parts by rates. The lowest stand in the rows with "
            "heads and stream; those with heads and without a stream are the highest; rows without "
            "heads are no lower than pairs of characters allow. Runs that exploded are as dark as "
            "3.5.",
        ),
        (
            "recall_by_parts",
            2.5,
            "Looking up takes heads, and norms to be sure; neither MLP nor stream is missed",
            "Losses on a task of looking up, sets of parts by rates: near zero in the rows "
            "with heads and norms, at chance in all rows without heads.",
        ),
    )
)
