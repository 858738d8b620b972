"""What the telemetry of a run shows of each fault, beside the same run without it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from cutaway.kit.judging import decided
from cutaway.kit.statistics import Undecidable, Verdict
from cutaway.kit.tables import Table
from cutaway.kit.verdicts import exactly
from cutaway.kit.words import Claim, Experiment, Figure, Row

from .lab_small import RECIPE, SHORT, STEPS
from .lab_tanked import OF_ADAMW, signs

if TYPE_CHECKING:
    from cutaway.kit.worlds import World


def signs_by_fault(world: World, *, seed: int, steps: int) -> Iterator[Row]:
    """Each sign in the telemetry of a run, beside the same run without the fault."""
    import math

    from cutaway.kit.teaching import finite
    from cutaway.kit.worlds import CLEAN

    from .lab_small import Plan, run

    plan = Plan(steps=steps)
    healthy = signs(run(CLEAN, plan, seed))
    seen = signs(run(world, plan, seed)) if world.faults else healthy
    for name, value in seen.items():
        usual = healthy[name]
        both = min(value, usual) > 0 and math.isfinite(value)
        off = abs(math.log2(value / usual)) if both else None
        yield {"sign": name, "value": finite(value), "usual": usual, "doublings": off}


def out_of_band(table: Table, fault: str) -> list[str]:
    """The signs that a fault takes out of the band of unbroken runs, at every seed."""
    found = []
    for sign in sorted(table.values("sign")):
        usual = table.where(fault=None, sign=sign).column("value")
        low, high = min(usual), max(usual)
        shown = table.where(fault=fault, sign=sign).column("value")
        if all(one is None or not low <= one <= high for one in shown):
            found.append(sign)
    return found


def every_fault_shows(table: Table) -> Verdict:
    """Whether each fault takes some sign out of the band."""
    if not len(table.where(fault=None) if len(table) else table):
        raise Undecidable("nothing was measured")
    faults = sorted(one for one in table.values("fault") if one)
    hidden = [fault for fault in faults if not out_of_band(table, fault)]
    said = f"{len(hidden)} of {len(faults)} stay in the band of unbroken runs"
    return exactly(not hidden, f"{said}: {', '.join(hidden)}", float(len(hidden)))


EXPERIMENTS = (
    Experiment(
        "signs_by_fault",
        signs_by_fault,
        grid={"fault": (None, *OF_ADAMW), "steps": (STEPS,)},
        seeds=4,
        more=12,
        at=({"fault": None},),
        keeps=("sign", "value", "doublings"),
        quick={"fault": (None, "no_step", "no_clip"), "steps": (SHORT,), "seeds": 1},
        data=("shakespeare",),
    ),
)

FIGURES = (
    Figure(
        "signs_by_fault",
        "signs_by_fault",
        title="Of forty faults sixteen leave a print of their own, eight share, sixteen leave none",
        x="sign",
        y="fault",
        color="doublings",
        mark="heat",
        most=2.0,
        alt=(
            "For each fault and each sign in the telemetry, how many times it is doubled or "
            "halved beside the same run without the fault."
        ),
    ),
)

CLAIMS = (
    Claim(
        "Every fault takes some sign in the telemetry out of the band of unbroken runs",
        source="004-14",
        experiment="signs_by_fault",
        holds=decided(every_fault_shows),
        regime=f"{RECIPE}; fourteen signs, twelve unbroken runs, at each of four seeds",
    ),
)
