"""What exchanged, emptied and shared matrices say of the roles of queries, keys and values."""

from __future__ import annotations

from cutaway.kit.judging import every
from cutaway.kit.statistics import Verdict
from cutaway.kit.tables import Table
from cutaway.kit.tuning import TUNING
from cutaway.kit.verdicts import exactly, raises, unchanged
from cutaway.kit.words import Claim

from .lab_judging import Judge, at_best, learnt, mean_over, measured, said, tabled
from .lab_names import (
    AGAIN,
    AS_DRAWN,
    AS_LEARNT,
    DEPTH,
    EMPTIED,
    EXCHANGED,
    LONG,
    Q_AND_K,
    RATE,
    RATES,
    SHARED,
    STEPS,
)

MARGIN, RISE = 0.02, 1.0
RECALL_MARGIN = 0.2
MODEL = f"{DEPTH} blocks of width 32, 4 heads without biases, AdamW, held-out loss"
TUNED = f"{MODEL}, each arm at its best of some rates, tuned on seeds {TUNING}, judged on others"
ON_RECALL = (
    f"{TUNED}; a task of looking up, {STEPS} steps, rates {RATES}, of interest beyond "
    f"{RECALL_MARGIN} nats"
)
TRAINED = f"{MODEL}, characters of Shakespeare, {LONG} steps at {RATE}"


def started(begin: str, same: bool, margin: float) -> Judge:
    """Whether a start ends where the usual one does, or higher, each at its best rate."""

    def holds(table: Table) -> Verdict:
        arms = {name: {"begin": name} for name in (AS_DRAWN, begin)}
        judged, words = at_best(table, arms)
        learnt(judged, {"arm": AS_DRAWN})
        judge = unchanged if same else raises
        found = judge(judged, "nats", {"arm": begin}, {"arm": AS_DRAWN}, margin)
        return said(found, words)

    return holds


def explodes(begin: str) -> Judge:
    """Whether over all rates the training loss rises higher than from the usual start."""

    def holds(table: Table) -> Verdict:
        arms = (AS_DRAWN, begin)
        rows = [row for row in table.dicts() if row["begin"] in arms]
        count = {name: sum(r["diverged"] for r in rows if r["begin"] == name) for name in arms}
        words = f"without a finite loss: {count[begin]} runs, and {count[AS_DRAWN]} as drawn"
        if count[begin] > count[AS_DRAWN]:
            return exactly(True, words, float(count[begin] - count[AS_DRAWN]))
        means = mean_over(table, "begin", "rise", arms, "rate")
        return said(raises(means, "rise", {"begin": begin}, {"begin": AS_DRAWN}, RISE), words)

    return holds


def changed(change: str, column: str, same: bool, margin: float) -> Judge:
    """Whether a change in a trained model costs something, or nothing, at once or later."""
    judge = unchanged if same else raises

    def holds(table: Table) -> Verdict:
        usual = {"change": AS_LEARNT}
        return judge(table, column, {"change": change}, usual, margin, lambda t: learnt(t, usual))

    return holds


def all_of(judges: list[Judge]) -> Judge:
    """Whether several judgements of one table all hold."""
    return measured(lambda table: every(*(judge(table) for judge in judges)))


def stuck(table: Table) -> Verdict:
    """Whether queries and keys that are both empty have no gradient at all, in any seed."""
    rows = table.where(change="Q and K empty").dicts()
    found = [row[name] for row in rows for name in ("query", "key")]
    known = [one for one in found if one is not None and one == one]
    if len(known) < len(found) or len(rows) < len(table.values("seed")) or not rows:
        return Verdict("undecided", because="some gradients are missing")
    largest = max(known)
    return exactly(largest == 0, f"the largest gradient of {len(rows)} models", largest)


def bigram(table: Table) -> Verdict:
    """Whether a trained model without values knows what pairs of characters allow, and no more."""
    learnt(table, {"change": AS_LEARNT})
    rows = table.where(change="V empty").dicts()
    level = [{**row, "change": "level", "nats": row["bigram"]} for row in rows]
    both = tabled([*rows, *level], table)
    return unchanged(both, "nats", {"change": "V empty"}, {"change": "level"}, 0.1)


def alone(table: Table) -> Verdict:
    """Whether who never hears from its heads knows what pairs allow, and less than the clean."""
    learnt(table, {"fault": None})
    rows = table.where(fault="heads_dropped").dicts()
    level = [{**row, "fault": "level", "nats": row["bigram"]} for row in rows]
    both = tabled([*rows, *level], table)
    near = unchanged(both, "nats", {"fault": "heads_dropped"}, {"fault": "level"}, 0.1)
    worse = raises(table, "nats", {"fault": "heads_dropped"}, {"fault": None}, MARGIN)
    return every(near, worse)


def claim(
    says: str, source: str, holds: Judge, experiment: str = "loss_by_change", regime: str = TRAINED
) -> Claim:
    """A claim on the roles of the three."""
    return Claim(says, source, experiment, measured(holds), regime)


FROM_RECALL = {
    "experiment": "recall_by_change",
    "regime": f"{MODEL}, a task of looking up, {STEPS} steps at {RATE}",
}
RECALL = {"experiment": "recall_by_start", "regime": ON_RECALL}
EXPLODES = {
    "experiment": "recall_by_start",
    "regime": f"{MODEL}; a task of looking up, over all of the rates {RATES}: runs that leave the "
    f"numbers, or a mean rise of the training loss of {RISE} nat or more above the first step's",
}
PROVED = (
    f"{ON_RECALL}; from exchanged starts training is the same, exchanged: "
    "a test proves it for any two of the three; here the mean is the same"
)
CLAIMS = (
    claim(
        f"{Q_AND_K} before training, the loss is what it would have been",
        "001-25",
        started(Q_AND_K, True, RECALL_MARGIN),
        "recall_by_start",
        PROVED,
    ),
    *(
        claim(
            f"{name} in a trained model, the loss is higher at once",
            "001-25",
            changed(name, "nats", False, MARGIN),
        )
        for name in EXCHANGED
    ),
    claim(
        "Whichever of the three is emptied before training, the model learns all the same",
        "001-26",
        all_of([started(f"{one} empty", True, RECALL_MARGIN) for one in "QKV"]),
        **RECALL,
    ),
    claim(
        "Whichever of the three is emptied in a trained model, the loss is higher at once",
        "001-26",
        all_of([changed(name, "nats", False, MARGIN) for name in EMPTIED]),
    ),
    claim(
        "A trained model whose values are emptied is a model of pairs of characters",
        "001-26",
        bigram,
        regime=f"{TRAINED}; at once, to within 0.1 nats of the bigram rung",
    ),
    Claim(
        "A model that learns without what its heads find learns pairs of characters, and no more",
        source="001-26",
        experiment="loss_by_fault",
        holds=measured(alone),
        regime=f"{MODEL}, characters of Shakespeare, 300 steps at the rate that is best for the "
        f"clean arm; to within 0.1 nats of the bigram rung, and beyond {MARGIN} of the clean one",
    ),
    claim(
        "A trained model whose values were emptied makes it good when training goes on",
        "001-26",
        changed("V empty", "later", True, 0.05),
        regime=f"{TRAINED}, {AGAIN} more; to within 0.05 nats of a model that was left alone",
    ),
    claim(
        "Whichever of the three is exchanged or emptied in a model that looks things up, the loss "
        "is higher at once",
        "001-25",
        all_of([changed(name, "nats", False, RECALL_MARGIN) for name in (*EXCHANGED, *EMPTIED)]),
        **FROM_RECALL,
    ),
    claim(
        "A model that looks things up makes it good, when training goes on, if its values are "
        "emptied",
        "001-26",
        changed("V empty", "later", True, RECALL_MARGIN),
        experiment="recall_by_change",
        regime=f"{FROM_RECALL['regime']}, {AGAIN} more; to within {RECALL_MARGIN} nats of a model "
        "that was left alone",
    ),
    claim(
        "Where queries and keys are both empty neither has a gradient: they stay so",
        "001-26",
        stuck,
        regime=f"{TRAINED}; exactly",
    ),
    *(
        claim(f"{name} before training, training explodes", "001-27", explodes(name), **EXPLODES)
        for name in (Q_AND_K, "all empty", "all shared")
    ),
    *(
        claim(
            f"In a task of looking up the loss is higher with {name.replace(' shared', '')} shared",
            "001-28",
            started(name, False, RECALL_MARGIN),
            **RECALL,
        )
        for name in SHARED
    ),
)
