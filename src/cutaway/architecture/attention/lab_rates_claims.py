"""What the training runs without the scale say of the claims about it."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Mapping
from typing import Any

from cutaway.kit.pairs import values
from cutaway.kit.statistics import Undecidable, Verdict
from cutaway.kit.tables import Table
from cutaway.kit.verdicts import above_chance, lowers, raises
from cutaway.kit.words import Claim

from .lab_rates import (
    AGAIN,
    CONTEXT,
    HIGHER,
    HORIZON,
    HORIZONS,
    LONG,
    LOWER,
    SEEN,
    SIZE,
    WARM,
    WIDTH,
)

TUNING, NEAR = (0, 1), 0.05
MARGIN, RATIO = 0.02, 0.85
CLEAN, BROKEN = {"fault": None}, {"fault": "no_scale"}
MODEL = (
    f"one layer, width {WIDTH}, characters of Shakespeare, {SIZE} windows of {CONTEXT}, AdamW "
    f"without decay, constant rate after {WARM} steps of warm-up, held-out loss"
)
Judge = Callable[[Table], Verdict]


def best_rate(table: Table, column: str, arm: Mapping[str, Any]) -> float:
    """The rate that is best on the tuning seeds; undecidable at either end of the grid."""
    rates = sorted(table.values("rate"))
    means = {}
    for rate in rates:
        rows = table.where(**arm, rate=rate).dicts()
        found = [row[column] for row in rows if row["seed"] in TUNING]
        if len(found) < len(TUNING):
            raise Undecidable(f"the tuning seeds were not measured at rate {rate}")
        lost = any(value is None for value in found)
        means[rate] = math.inf if lost else sum(found) / len(found)
    best = min(rates, key=lambda rate: means[rate])
    if best in (rates[0], rates[-1]):
        raise Undecidable(f"the best rate, {best:g}, stands at an end of the grid: extend it")
    return best


def fresh(table: Table, column: str, necessity: bool) -> tuple[Table, str]:
    """Both arms on fresh seeds at the clean arm's best rate, or each at its own; and the rates."""
    chosen = {None: best_rate(table, column, CLEAN)}
    chosen["no_scale"] = best_rate(table, column, BROKEN) if necessity else chosen[None]
    rows = [
        row
        for row in table.dicts()
        if row["seed"] not in TUNING and row["rate"] == chosen.get(row["fault"])
    ]
    return Table.of(rows), f"at rate {chosen[None]:g}, without the scale {chosen['no_scale']:g}"


def said(found: Verdict, words: str) -> Verdict:
    """A verdict with some words before its reason."""
    return Verdict(**{**vars(found), "because": f"{words}: {found.because}"})


def learnt(column: str) -> Callable[[Table], None]:
    """A guard: the clean models must have left what single characters allow."""
    return lambda table: above_chance(
        table, column, CLEAN, min(values(table, "chance", CLEAN)), 0.2
    )


def worse(case: str, necessity: bool) -> Judge:
    """Whether the final loss is higher without the scale."""
    name = f"final_{case}"

    def holds(table: Table) -> Verdict:
        judged, words = fresh(table, name, necessity)
        return said(raises(judged, name, BROKEN, CLEAN, MARGIN, learnt(name)), words)

    return holds


def narrower(case: str) -> Judge:
    """Whether fewer rates of the grid come near the best of their arm without the scale."""
    name = f"final_{case}"

    def holds(table: Table) -> Verdict:
        judged, words = fresh(table, name, necessity=True)
        learnt(name)(judged)
        rows = []
        for arm, seed in itertools.product((CLEAN, BROKEN), judged.values("seed")):
            found = table.where(**arm, seed=seed).column(name)
            finite = [value for value in found if value is not None]
            if not finite:
                raise Undecidable("an arm has no finite loss")
            near = sum(value < min(finite) + NEAR for value in finite)
            rows.append({**arm, "seed": seed, "near": near})
        return said(lowers(Table.of(rows), "near", BROKEN, CLEAN, 0.5), words)

    return holds


def earlier(table: Table, column: str, horizon: int, loss: str) -> Verdict:
    """Whether the plateau comes earlier without the scale, by at least so much of the time.

    A run without a plateau counts as one at the horizon: of a clean one that understates what is
    earlier, of a broken one it overstates it. Where most runs of both have none, nothing is said.
    """
    learnt(loss)(table)
    rows = table.dicts()
    if any(row[loss] is None for row in rows):
        raise Undecidable("some runs have no finite loss")
    count = {
        fault: sum(row[column] is not None for row in rows if row["fault"] == fault)
        for fault in (None, "no_scale")
    }
    each = len(rows) // 2
    words = f"{count[None]} of {each} runs plateau, without the scale {count['no_scale']}"
    if max(count.values()) * 2 < each:
        raise Undecidable(f"{words}: within {horizon} steps most runs have no plateau to compare")
    logs = [{**row, "log": math.log(row[column] or horizon)} for row in rows]
    return said(lowers(Table.of(logs), "log", BROKEN, CLEAN, -math.log(RATIO)), words)


def earlier_in_grid(table: Table) -> Verdict:
    """Whether the plateau comes earlier without the scale, each arm at its own best rate."""
    judged, words = fresh(table, "final_torch_64", necessity=True)
    steps = max(table.values("steps"))
    return said(earlier(judged, "plateau_torch_64", steps, "final_torch_64"), words)


def at_the_end(judge: Judge) -> Judge:
    """A judge of the rows of the longest horizon."""
    return lambda table: judge(table.where(horizon=HORIZONS[-1]))


def less_passes(table: Table) -> Verdict:
    """Whether at the end less of the gradient passes without the scale, in heads of 64."""
    end = table.where(step=SEEN[-1])
    return lowers(end, "passed_64", BROKEN, CLEAN, 0.1, learnt("loss_64"))


def claim(says: str, source: str, experiment: str, holds: Judge, regime: str) -> Claim:
    """A claim in this lab's small model."""
    return Claim(says, source, experiment, holds, regime=f"{MODEL}; {regime}")


def by_rate(says: str, judge: Callable[[str, bool], Judge], case: str, necessity: bool) -> Claim:
    """A claim on the final loss in one case of initialisation and head width."""
    init, head = case.split("_")
    start = "torch's initialisation" if init == "torch" else "every matrix normal at 0.02"
    count = "one head" if int(head) == WIDTH else f"{WIDTH // int(head)} heads"
    arms = "each arm's rate" if necessity else "the clean arm's rate for both"
    regime = (
        f"480 steps, {count} of {head}, {start}, {arms} tuned on seeds {TUNING}, judged on others"
    )
    return claim(says, "004-18", "loss_by_rate", judge(case, necessity), regime)


CLAIMS = (
    by_rate("Who deletes the scale gets a worse loss", worse, "torch_64", False),
    by_rate("Who deletes the scale in narrow heads gets a worse loss", worse, "torch_16", False),
    by_rate(
        "Who deletes the scale of a model with a small start gets a worse loss",
        worse,
        "normal_64",
        False,
    ),
    by_rate(
        "Who deletes the scale of narrow heads with a small start gets a worse loss",
        worse,
        "normal_16",
        False,
    ),
    by_rate(
        "Without the scale the loss is worse even at a best rate of its own",
        worse,
        "torch_64",
        True,
    ),
    by_rate(
        "Without the scale the loss of narrow heads is worse even at a best rate of its own",
        worse,
        "torch_16",
        True,
    ),
    by_rate(
        "Without the scale the loss from a small start is worse even at a best rate of its own",
        worse,
        "normal_64",
        True,
    ),
    by_rate(
        "Without the scale fewer rates come within 0.05 nats of the best",
        lambda case, _: narrower(case),
        "torch_64",
        True,
    ),
    claim(
        "Without the scale the model plateaus earlier, each arm at its own best rate",
        "004-18",
        "loss_by_rate",
        earlier_in_grid,
        f"480 steps, heads of 64, ratio below {RATIO}",
    ),
    *(
        claim(
            f"Without the scale the model plateaus earlier, at {words}",
            "004-18",
            name,
            at_the_end(lambda t: earlier(t, "plateau", LONG, "best")),
            f"{LONG} steps at {rate}, heads of 64, torch's initialisation, ratio below {RATIO}",
        )
        for name, words, rate in zip(
            HORIZON, ("the lower rate", "the higher rate"), (LOWER, HIGHER)
        )
    ),
    *(
        claim(
            f"Without the scale the model ends at a worse loss, at {words}",
            "004-18",
            name,
            at_the_end(lambda t: raises(t, "best", BROKEN, CLEAN, MARGIN, learnt("best"))),
            f"{LONG} steps at {rate}, heads of 64, torch's initialisation",
        )
        for name, words, rate in zip(
            HORIZON, ("the lower rate", "the higher rate"), (LOWER, HIGHER)
        )
    ),
    *(
        claim(
            f"Training without the scale, less of a gradient passes the softmax, at {words}",
            "004-19",
            name,
            less_passes,
            f"after {SEEN[-1]} steps at {rate}, heads of 64, torch's initialisation",
        )
        for name, words, rate in zip(AGAIN, ("the lower rate", "the higher rate"), (LOWER, HIGHER))
    ),
)
