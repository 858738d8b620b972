"""What the runs by rate say of norms, their place, and warm-up."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from cutaway.kit.judging import Holds, decided
from cutaway.kit.statistics import Undecidable, Verdict
from cutaway.kit.tables import Table
from cutaway.kit.tuning import TUNING
from cutaway.kit.verdicts import lowers, raises, unchanged
from cutaway.kit.words import Claim

from .lab_arms import (
    CALM,
    DEEP,
    DEPTHS,
    NONE,
    POST,
    PRE,
    PRE_RMS,
    SHAPE,
    WARM,
    WARM_POST,
    WARM_PRE,
)
from .lab_rates import COMMON, STEPS
from .lab_tuning import LEFT, Judge, among, compared, learnt, tuned

REGIME = f"{SHAPE}, {STEPS} steps, each arm's rate tuned on seeds {TUNING}, judged on the others"


def ends(judge: Judge, arm: str, control: str, depth: int) -> Holds:
    """How two arms compare in their final loss at a depth."""
    return compared(judge, f"loss_{depth}", {"arm": arm}, {"arm": control})


def sooner(depth: int) -> Holds:
    """Whether pre-norm comes to the common loss in fewer steps, each arm at its own best rate."""
    column = f"reach_{depth}"

    def decide(table: Table) -> Verdict:
        both = {"arm": PRE}, {"arm": POST}
        judged, words = tuned(table, f"loss_{depth}", both)
        learnt(f"loss_{depth}", both[0])(judged)
        found = lowers(judged, column, *both, 0.1 * STEPS)
        return replace(found, because=f"{words}: {found.because}")

    return decided(decide)


def by_depth(judge: Callable[[int], Holds]) -> Holds:
    """What is decided at each depth; conditional if it holds at some of them only."""

    def decide(table: Table) -> Verdict:
        return among({f"at {depth} layers": judge(depth)(table) for depth in DEPTHS})

    return decided(decide)


def largest(table: Table, arm: str, seed: Any, depth: int) -> float:
    """The largest rate at which a seed learnt: the logarithm, in steps of the grid."""
    rates = sorted(table.values("rate"))
    safe = []
    for at, rate in enumerate(rates):
        rows = table.where(arm=arm, seed=seed, rate=rate).dicts()
        if len(rows) != 1 or not isinstance(rows[0][f"learnt_{depth}"], bool):
            raise Undecidable(f"{arm} was not measured at rate {rate:g}, seed {seed}")
        safe += [at] if rows[0][f"learnt_{depth}"] is True else []
    return float(max(safe, default=-1))


def further(arm: str, control: str, depth: int) -> Holds:
    """Whether an arm learns at rates that are larger by a step of the grid at least."""

    def decide(table: Table) -> Verdict:
        rows = []
        for seed in table.values("seed") if len(table) else []:
            for one in (arm, control):
                found = {"arm": one, "seed": seed, "largest": largest(table, one, seed, depth)}
                rows.append(found)
        if not rows:
            raise Undecidable("nothing was measured")
        if all(row["largest"] < 0 for row in rows if row["arm"] == arm):
            raise Undecidable(f"{arm} learnt at no rate")
        both = {"arm": arm}, {"arm": control}
        found = raises(Table.of(rows, table.failed), "largest", *both, 0.5)
        return replace(found, because=f"in steps of the grid of rates, {found.because}")

    return decided(decide)


def claim(says: str, source: str, holds: Holds, regime: str = REGIME) -> Claim:
    """A claim on the runs by rate."""
    return Claim(says, source, "loss_by_rate", holds, regime)


def at(depth: int) -> str:
    """The regime at one depth."""
    return f"{depth} layers, {REGIME}"


SAFE = f"{DEEP} layers, {SHAPE}, {STEPS} steps, all seeds; learnt is {LEFT} nats below the unigram"
CLAIMS = (
    claim(
        "Pre-LN converges faster: it comes to a common loss in fewer steps than post-LN",
        "002-08",
        by_depth(sooner),
        f"{' / '.join(map(str, DEPTHS))} layers, {REGIME}; a training loss of {COMMON}, of "
        f"interest from {0.1 * STEPS:g} steps",
    ),
    claim(
        "Pre-LN ends at a lower loss than post-LN",
        "002-08",
        by_depth(lambda depth: ends(lowers, PRE, POST, depth)),
        f"{' / '.join(map(str, DEPTHS))} layers, {REGIME}",
    ),
    claim(
        "Post-LN needs warm-up: without it the loss of a deep model is worse",
        "002-08",
        ends(raises, POST, WARM_POST, DEEP),
        f"{at(DEEP)}; {WARM} steps of warm-up",
    ),
    claim(
        "Pre-LN needs no warm-up: with it the loss of a deep model is the same",
        "002-08",
        ends(unchanged, WARM_PRE, PRE, DEEP),
        f"{at(DEEP)}; {WARM} steps of warm-up",
    ),
    claim(
        "Remove the norms and retrain: the loss is worse, each arm at a best rate of its own",
        "001-57",
        by_depth(lambda depth: ends(raises, NONE, PRE, depth)),
        f"{' / '.join(map(str, DEPTHS))} layers, {REGIME}",
    ),
    claim(
        "Remove the norms and start calmly: the loss is worse all the same",
        "001-57",
        by_depth(lambda depth: ends(raises, CALM, PRE, depth)),
        f"{' / '.join(map(str, DEPTHS))} layers, {REGIME}; what blocks write divided by the root "
        "of their number",
    ),
    claim(
        "The mean does not matter: RMSNorm ends where LayerNorm does, before the layers",
        "001-54",
        by_depth(lambda depth: ends(unchanged, PRE_RMS, PRE, depth)),
        f"{' / '.join(map(str, DEPTHS))} layers, {REGIME}",
    ),
    claim(
        "Training stability is engineered: with norms before its layers a model learns at larger "
        "rates than with none",
        "001-59",
        further(PRE, NONE, DEEP),
        SAFE,
    ),
    claim(
        "Training stability is engineered: a norm in another place makes larger rates safe",
        "001-59",
        further(PRE, POST, DEEP),
        SAFE,
    ),
    claim(
        "Training stability is not guaranteed: warm-up makes larger rates safe for post-LN",
        "001-59",
        further(WARM_POST, POST, DEEP),
        SAFE,
    ),
)
