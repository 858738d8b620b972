"""What memory a run needs, worked out before any is taken; what will not fit is refused."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from cutaway.data.prepared import Prepared
from cutaway.errors import Unavailable
from cutaway.runs.memory import SHARE, Plan, admit, size
from cutaway.runs.memory_free import free_memory
from cutaway.runs.memory_trace import Job, plan

from .assembling import Parts, Training
from .settings import Settings

BLOCK = 9  # times the square of the width: no block has fewer numbers
TIMES = 3 * 4  # bytes for each of them: itself, its gradient, and the probes' copy of it


def needed(settings: Settings, text: Prepared, resumed: bool = False) -> str:
    """What a run needs, in words, from its first step on or from a checkpoint."""
    free, rows = free_memory(), settings.batch // settings.parts
    _not_hopeless(settings, free)

    def with_rows(few: int) -> Plan:
        return planned(settings, text, few, resumed)

    def advice(few: int) -> str:
        whole = settings.batch % few == 0
        return f"--parts {settings.batch // few}" if whole else f"--batch {few} --parts 1"

    return admit(with_rows(rows), free, rows, with_rows, advice)


def _not_hopeless(settings: Settings, free: int | None) -> None:
    """Refuse a model so large that even to plan it would take for ever."""
    least = TIMES * BLOCK * settings.depth * settings.width**2
    if free is not None and least > SHARE * free:
        raise Unavailable(
            f"This job needs {size(least)} at least, for {settings.depth:,} blocks of width "
            f"{settings.width:,}. {size(free)} are free, of which {size(int(SHARE * free))} may be "
            "used.",
            "Choose a smaller --width or --depth.",
        )


def planned(settings: Settings, text: Prepared, rows: int, resumed: bool = False) -> Plan:
    """What a run holds at its most, if a part of its batch has so many rows.

    That is in a step that is looked at, or while a checkpoint lies beside what it is loaded into.
    """
    import torch

    parts = min(settings.parts, 2)  # each further one adds nothing but time
    small = replace(settings, batch=rows * parts, parts=parts, compile="no")  # as written

    def made() -> Job:
        one = Training(small, text)

        def part(_: int) -> Any:
            shape = rows, small.context + 1
            return one.loop.parts(torch.zeros(shape, dtype=torch.int64), rows)[0]

        def step() -> None:
            with one.probes.at(0):
                next(states)

        # There are no contents to draw, nor to have a digest.
        recipe = replace(one.recipe, batches=lambda _: Parts(part, parts))
        states = one.loop.train(one.model, one.optimizer, recipe, 0)
        if resumed:
            groups = one.groups().items()
            one.load({name: {at: x.clone() for at, x in them.items()} for name, them in groups})
        return Job(one.model, one.optimizer.state.values, step)

    return plan(made, steps=1)
