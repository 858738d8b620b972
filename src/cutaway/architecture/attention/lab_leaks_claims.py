"""What the runs with broken attention say: what leaks, where it shows, what is harmless."""

from __future__ import annotations

from typing import Any

from cutaway.kit.judging import Holds, at_every, decided, every
from cutaway.kit.pairs import values
from cutaway.kit.statistics import Undecidable, Verdict, interval
from cutaway.kit.tables import Table
from cutaway.kit.verdicts import above_chance, exactly, lowers, raises, unchanged
from cutaway.kit.words import Claim

from .lab_leaks import BOTH, CONTEXT, DEPTH, HEADS, RATE, RATES, SIZE, STEPS, WIDTH, less
from .lab_leaks_judging import beside, fingerprints, mean_of

MARGIN, LEFT = 0.02, 0.2  # of interest, in nats; and how far the clean model must be from chance
READ = ("reported", "validation", "deployed", "spoken")
SABOTAGES = ("no_scale", "no_mask", "no_softmax_finite")
CLEAN, LEVEL = {"fault": None}, {"fault": "level"}
MODEL = (
    f"characters of Shakespeare, context {CONTEXT}, width {WIDTH}, {HEADS} heads, batches of {SIZE}"
)
REGIME = (
    f"{MODEL}; {DEPTH} layer, {STEPS} steps of AdamW at {RATE}, chosen on pilots of the clean model"
)


def learnt(table: Table) -> None:
    """Nothing, if the clean model has learnt to predict; else no break can be judged."""
    above_chance(table, "deployed", CLEAN, least(table.where(**CLEAN), "chance"), LEFT)


def source_learnt(table: Table) -> None:
    """Nothing, if the clean model has learnt its source."""
    above_chance(table, "deployed", CLEAN, least(table.where(**CLEAN), "untrained"), LEFT)


def least(table: Table, column: str) -> float:
    """The smallest value of a column; 0 where one is missing, which no loss is better than."""
    return min((row[column] or 0.0 for row in table.dicts()), default=0.0)


def guarded(holds: Holds) -> Holds:
    """The same judgement, undecided where the clean model has not learnt."""

    def judged(table: Table) -> Verdict:
        learnt(table)
        return holds(table)

    return judged


def blind(table: Table) -> Verdict:
    """Whether no score of the clean model ever depends on later tokens, and the probe can see."""
    learnt(table)
    columns = ("future_untrained", "future")
    seen = max(max(values(table, column, CLEAN)) for column in columns)
    open_ = min(min(values(table, column, {"fault": "no_mask"})) for column in columns)
    because = f"the largest change is {seen:g}; without the mask, at least {open_:.3g}"
    return exactly(seen == 0 and open_ > 0, because, effect=seen)


def told_apart(table: Table) -> Verdict:
    """Whether every fault that surely leaks is seen by the probe that changes the future."""
    learnt(table)
    leaks, missed = [], []
    for fault in table.values("fault"):
        arm = {"fault": fault}
        if fault is None or None in table.where(**arm).column("leak"):
            continue
        if interval(values(table, "leak", arm)).low > MARGIN:
            leaks.append(fault)
            missed += [fault] if max(values(table, "future", arm)) == 0 else []
    if not leaks:
        raise Undecidable("no fault leaks surely")
    because = f"of {len(leaks)} that leak it misses {', '.join(missed) or 'none'}"
    return exactly(not missed, because)


def at_once(table: Table) -> Verdict:
    """Whether not one step survives without the softmax, and the clean model survives them all."""
    steps = table.where(fault="no_softmax").column("survived")
    if not steps or None in table.column("survived"):
        raise Undecidable("some runs were not counted")
    whole = not any(table.where(**CLEAN).column("diverged"))
    return exactly(max(steps) == 0 and whole, f"the steps that survive: {steps}")


def last_of_one_layer(table: Table) -> Verdict:
    """Whether the last score of one layer moves at all without the mask, where others do move."""
    clean = {"depth": 1, "mask": "causal"}
    above_chance(table, "every", clean, least(table, "chance"), LEFT)
    rows = table.where(depth=1, mask="none").dicts()
    moved = [(row["last_change"], row["change"]) for row in rows]
    if not moved or any(None in pair for pair in moved):
        raise Undecidable("not every model of one layer was read without the mask")
    last, other = max(pair[0] for pair in moved), min(pair[1] for pair in moved)
    if other == 0:
        raise Undecidable("no score of some model moves, as if it had no mask to lose")
    because = f"its scores move by {last:g} at most; those of other tokens by {other:.3g} at least"
    return exactly(last > 0, because, effect=last)


def same_bits(table: Table) -> Verdict:
    """Whether a mask of -10000 leaves every number of the clean model as it is, to the last bit."""
    learnt(table)
    pairs = [(values(table, c, {"fault": "mask_10000"}), values(table, c, CLEAN)) for c in READ]
    apart = max(abs(a - b) for one, other in pairs for a, b in zip(one, other, strict=True))
    return exactly(apart == 0, f"the largest difference in any loss is {apart:g}", effect=apart)


def improves_and_fails(fault: str) -> Holds:
    """Whether a fault is better than the clean model by validation, and worse when deployed."""
    arm = {"fault": fault}
    return lambda t: every(
        lowers(t, "validation", arm, CLEAN, MARGIN, learnt),
        raises(t, "deployed", arm, CLEAN, MARGIN, learnt),
    )


def crosses(length: int) -> bool:
    """Whether the last 1 / heads of so many tokens reach over a border of the training's slices."""
    slice_ = CONTEXT // HEADS
    return length * (HEADS - 1) < (length - 1) // slice_ * slice_ * HEADS


LONG = range(CONTEXT // HEADS, CONTEXT + 1)
GROUPS = {
    "divided": [length for length in LONG if length % HEADS == 0],
    "crossing": [length for length in LONG if crosses(length)],
    "within": [length for length in LONG if not crosses(length)],
}


def by_group(table: Table) -> Table:
    """The leak of head views on both sides beyond the clean model's: a group of lengths an arm."""
    rows: list[dict[str, Any]] = []
    for seed in table.values("seed"):
        arms = {fault: table.where(fault=fault, seed=seed).dicts() for fault in (None, BOTH)}
        for name, lengths in GROUPS.items():
            clean, both = (
                gap([row for row in arms[a] if row["position"] in lengths]) for a in arms
            )
            rows.append({"fault": name, "seed": seed, "leak": less(both, clean)})
        deployed, chance = mean_of([row["deployed"] for row in arms[None]]), least(table, "chance")
        known = {"leak": 0.0, "deployed": deployed, "chance": chance}
        rows.append({"fault": None, "seed": seed, **known})
    return Table.of(rows, table.failed)


def gap(rows: list[dict[str, Any]]) -> float | None:
    """The mean of deployed less validation loss over some rows."""
    return mean_of([less(row["deployed"], row["validation"]) for row in rows])


def claim(says: str, source: str, holds: Holds, **other: str) -> Claim:
    """A claim on the losses by fault, unless another experiment and regime are named."""
    named = {"experiment": "loss_by_fault", "regime": REGIME} | other
    return Claim(says, source, holds=decided(holds), **named)


def leaks_at_every_rate(fault: str) -> Holds:
    """Whether the leak of a fault is above the clean model's at every rate."""
    return at_every("rate", lambda t: raises(t, "leak", {"fault": fault}, CLEAN, MARGIN, learnt))


INFERENCE = {"experiment": "mask_at_inference", "regime": f"{MODEL}; 400 steps at {RATE}"}
BY_RATE = {
    "experiment": "finite_masks",
    "regime": f"{MODEL}; two layers, 300 steps of AdamW at each of the rates {RATES}",
}
SLICE = {
    "experiment": "loss_by_slice",
    "regime": f"{REGIME}; lengths {LONG[0]} to {LONG[-1]}",
}
SOURCE = {
    "experiment": "loss_above_entropy",
    "regime": f"Markov sources of 12 tokens, context 32, width 32, 200 steps at {RATE}",
}
NO_MASK, TWICE = {"fault": "no_mask"}, {"fault": "softmax_twice"}


def unmasked(depth: int, column: str) -> Holds:
    """Whether a loss of models of a depth rises when they are read without the mask."""
    none, causal = ({"depth": depth, "mask": mask} for mask in ("none", "causal"))

    def read(table: Table) -> None:
        above_chance(table, "every", causal, least(table, "chance"), LEFT)

    return lambda t: raises(t, column, none, causal, MARGIN, read)


CLAIMS = (
    claim(
        "With the mask no score depends on a later token, before training and after it",
        "001-20",
        blind,
    ),
    claim(
        "Changing the future finds every fault that makes validation better than deployment",
        "001-20",
        told_apart,
    ),
    claim(
        "Without the mask the training loss falls below what the data allow, their entropy",
        "003-07",
        lambda t: every(
            lowers(t, "reported", NO_MASK, CLEAN, MARGIN, source_learnt),
            lowers(beside(t, "reported", 0.0), "reported", NO_MASK, LEVEL, MARGIN, source_learnt),
        ),
        **SOURCE,
    ),
    claim(
        "Without the mask the training loss on a text falls below the clean model's",
        "003-07",
        lambda t: lowers(t, "reported", NO_MASK, CLEAN, MARGIN, learnt),
    ),
    claim(
        "A model trained without the mask, deployed, is worse than the frequencies of characters",
        "003-07",
        lambda t: raises(
            beside(t, "deployed", "chance"), "deployed", NO_MASK, LEVEL, MARGIN, learnt
        ),
    ),
    claim(
        "The mask matters at inference to the last token of a model of one layer",
        "003-17",
        last_of_one_layer,
        **INFERENCE,
    ),
    claim(
        "The mask matters at inference to the tokens before the last, with one layer already",
        "003-17",
        unmasked(1, "every"),
        **INFERENCE,
    ),
    claim(
        "The mask matters at inference to the last token of a model of two layers",
        "003-17",
        unmasked(2, "last"),
        **INFERENCE,
    ),
    claim(
        "The mask matters at inference to the last token of a model of three layers",
        "003-17",
        unmasked(3, "last"),
        **INFERENCE,
    ),
    claim(
        "No scale, no mask and no softmax (mask of -10000) leave losses that tell them apart",
        "004-12",
        guarded(fingerprints(READ, SABOTAGES)),
    ),
    claim(
        "Each of these three sabotages is told from a clean model by its losses",
        "004-12",
        guarded(fingerprints(READ, (None, *SABOTAGES))),
    ),
    claim(
        "Without the softmax, under a mask of minus infinity, not one step of training survives",
        "004-12",
        at_once,
    ),
    claim(
        "Without the softmax, under a mask of -10000, validation improves and use gets worse",
        "004-12",
        improves_and_fails("no_softmax_finite"),
    ),
    claim(
        "Heads cut by a view on the way in: validation improves and use gets worse",
        "003-07",
        improves_and_fails("view_in"),
    ),
    claim(
        "Heads cut by a view on both sides: validation improves and use gets worse",
        "003-07",
        improves_and_fails(BOTH),
    ),
    claim(
        "Heads cut by a view on both sides have no gap at lengths that the heads divide",
        "001-20",
        lambda t: unchanged(by_group(t), "leak", {"fault": "divided"}, CLEAN, MARGIN, learnt),
        **SLICE,
    ),
    claim(
        "They lose more on average where the last slice crosses a border that no slice had crossed",
        "001-20",
        lambda t: raises(
            by_group(t), "leak", {"fault": "crossing"}, {"fault": "within"}, MARGIN, learnt
        ),
        **SLICE,
    ),
    claim(
        "Softmax taken twice is a leak: deployed, the model is worse than by validation",
        "004-12",
        lambda t: raises(t, "leak", TWICE, CLEAN, MARGIN, learnt),
    ),
    claim(
        "A mask of -10000 gives the losses of a mask of minus infinity to the last bit",
        "003-17",
        same_bits,
    ),
    claim(
        "In one layer a mask of -3 costs 0.02 nats or more in use",
        "003-17",
        lambda t: raises(t, "leak", {"fault": "mask_3"}, CLEAN, MARGIN, learnt),
    ),
    claim(
        "In two layers a mask of -3 costs 0.02 nats or more in use, at both rates",
        "003-17",
        leaks_at_every_rate("mask_3"),
        **BY_RATE,
    ),
    claim(
        "In two layers a mask of -5 costs 0.02 nats or more in use, at both rates",
        "003-17",
        leaks_at_every_rate("mask_5"),
        **BY_RATE,
    ),
    claim(
        "In two layers a mask of -10 costs less than 0.02 nats in use, at both rates",
        "003-17",
        at_every(
            "rate", lambda t: unchanged(t, "leak", {"fault": "mask_10"}, CLEAN, MARGIN, learnt)
        ),
        **BY_RATE,
    ),
)
