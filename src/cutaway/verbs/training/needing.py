"""What memory a run needs, worked out before any is taken; what will not fit is refused."""

from __future__ import annotations

from dataclasses import replace

from cutaway.data.prepared import Prepared
from cutaway.runs.memory import Plan, admit
from cutaway.runs.memory_free import free_memory
from cutaway.runs.memory_trace import Job, plan

from .assembling import Training
from .settings import Settings


def needed(settings: Settings, text: Prepared) -> str:
    """What a run needs, in words."""
    rows = settings.batch // settings.parts

    def with_rows(few: int) -> Plan:
        return planned(settings, text, few)

    def advice(few: int) -> str:
        whole = settings.batch % few == 0
        return f"--parts {settings.batch // few}" if whole else f"--batch {few} --parts 1"

    return admit(with_rows(rows), free_memory(), rows, with_rows, advice)


def planned(settings: Settings, text: Prepared, rows: int) -> Plan:
    """What a run holds at its most, if a part of its batch has so many rows."""
    parts = min(settings.parts, 2)  # each further one adds nothing but time
    small = replace(settings, batch=rows * parts, parts=parts, compile="no")  # as written

    def made() -> Job:
        one = Training(small, text)
        recipe = replace(one.recipe, batches=one.batches)  # no digest: there are no contents
        states = one.loop.train(one.model, one.optimizer, recipe, 0)
        return Job(one.model, one.optimizer.state.values, lambda: next(states))

    return plan(made, steps=1)
