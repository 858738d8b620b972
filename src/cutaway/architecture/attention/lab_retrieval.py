"""Attention as weighted retrieval: what its weights have to do with its answers."""

from __future__ import annotations

import itertools
import statistics
from collections.abc import Callable
from typing import Any

from cutaway.kit.statistics import Verdict
from cutaway.kit.tables import Table
from cutaway.kit.verdicts import above_chance, lowers, raises, unchanged
from cutaway.kit.words import Claim, Experiment, Figure

from .lab_recall import (
    ACCURACY,
    BATCH,
    KEYS,
    MASS,
    PAIRS,
    RATE,
    RIGHT,
    START,
    STEPS,
    VALUES,
    WIDTH,
    WRONG,
    chance,
    intervention,
    retrieval,
    retrieval_by_fault,
    retrieval_by_start,
)

REGIME = (
    f"{PAIRS} of {KEYS} keys, each with one of {VALUES} values in one token, and one question; one "
    f"layer, one head, width {WIDTH}, a residual path, no positions; {STEPS} steps of AdamW at "
    f"{RATE}, batches of {BATCH}, embeddings drawn at a deviation of {START}"
)


def learnt(table: Table, column: str = "accuracy") -> None:
    """Nothing, if the answers are surely better than those of one who cannot tell pairs apart."""
    above_chance(table, column, {}, chance(), 0.2, better="higher")


def shares(table: Table, seed: Any, what: str) -> dict[Any, Any]:
    """One quantity of one seed, by step."""
    rows = table.where(seed=seed, what=what).dicts()
    return {row["step"]: row["share"] for row in rows}


def taught(table: Table) -> None:
    """Nothing, if training left chance."""
    learnt(table.where(what=ACCURACY, step=max(table.column("step"))), "share")


def ranks(values: list[float]) -> list[float]:
    """The rank of each value; equal ones share theirs."""
    return [sum((one > v) + (one == v) / 2 for v in values) for one in values]


def together(table: Table) -> Verdict:
    """Whether mass and accuracy rank the steps of training alike, seed by seed."""
    rows = []
    for seed in table.values("seed"):
        mass, hits = shares(table, seed, MASS), shares(table, seed, ACCURACY)
        both = [(mass[step], hits[step]) for step in sorted(mass.keys() & hits.keys())]
        if len(both) < 3 or None in itertools.chain(*both):
            return Verdict("undecided", because=f"seed {seed} was not measured at every step")
        try:
            found = statistics.correlation(*(ranks(list(one)) for one in zip(*both, strict=True)))
        except statistics.StatisticsError as error:
            return Verdict("undecided", because=f"seed {seed}: {error}")
        rows += [{"seed": seed, "arm": "measured", "rank correlation": found}]
        rows += [{"seed": seed, "arm": "unrelated", "rank correlation": 0.0}]
    return _guarded(table, Table.of(rows, table.failed), "rank correlation", "unrelated", 0.8)


def within(table: Table) -> Verdict:
    """Whether at one step, nearest to half-way from chance, right answers have more mass."""
    rows = []
    half = (1 + chance()) / 2
    for seed in table.values("seed"):
        right, wrong = shares(table, seed, RIGHT), shares(table, seed, WRONG)
        hits = shares(table, seed, ACCURACY)
        known = {at: hit for at, hit in hits.items() if hit is not None}
        step = min(known, key=lambda at: abs(known[at] - half), default=None)
        for arm, mass in (("measured", right), ("wrong", wrong)):
            rows.append({"seed": seed, "arm": arm, "mass": mass.get(step)})
    return _guarded(table, Table.of(rows, table.failed), "mass", "wrong", 0.1)


def _guarded(table: Table, found: Table, column: str, against: str, margin: float) -> Verdict:
    """Whether what was measured lies above the other arm, if training left chance."""
    measured, other = {"arm": "measured"}, {"arm": against}
    return raises(found, column, measured, other, margin, lambda _: taught(table))


def changed(name: str, judge: Callable[..., Verdict], column: str, margin: float) -> Any:
    """How a table decides what a change of the weights does to the answers."""
    arm, usual = {"weights": name}, {"weights": "as learnt"}

    def holds(table: Table) -> Verdict:
        return judge(table, column, arm, usual, margin, lambda t: learnt(t.where(**usual)))

    return holds


def blind(table: Table) -> Verdict:
    """Whether weights that are all alike cost accuracy."""
    arm, clean = {"fault": "uniform"}, {"fault": None}
    return lowers(table, "accuracy", arm, clean, 0.2, lambda t: learnt(t.where(**clean)))


EXPERIMENTS = (
    Experiment("retrieval", retrieval, grid={}, quick={"seeds": 3}),
    Experiment("intervention", intervention, grid={}, quick={"seeds": 3}),
    Experiment(
        "retrieval_by_start",
        retrieval_by_start,
        grid={"start": (0.1, 0.3, 1.0, 3.0)},
        quick={"start": (0.1, 1.0), "seeds": 3},
    ),
    Experiment(
        "retrieval_by_fault",
        retrieval_by_fault,
        grid={"fault": (None, "no_scale", "uniform", "linear_scores", "values_from_keys")},
        quick={"fault": (None, "uniform"), "seeds": 3},
        outcome="accuracy",
        margin=0.05,
    ),
)

FIGURES = (
    Figure(
        "retrieval_by_step",
        "retrieval",
        title="The weight on the right pair and the right answers rise together",
        x="step",
        y="share",
        color="what",
        alt=(
            "Four lines over the steps of training: accuracy, and the weight on the right pair, of "
            "all questions and of those answered right and wrong. The first two rise together."
        ),
    ),
    Figure(
        "accuracy_by_intervention",
        "intervention",
        title="Take the weight from the right pair and the answer is gone; from another, nothing",
        x="weights",
        y="accuracy",
        color="weights",
        mark="bar",
        alt=(
            "Bars of accuracy for six kinds of weights: full as learnt, with the right pair alone, "
            "and without another pair; low without the right pair and with another alone; between "
            "the two where all are alike."
        ),
    ),
    Figure(
        "misled_by_intervention",
        "intervention",
        title="With all the weight on another pair, the answer is the value of that pair",
        x="weights",
        y="misled",
        color="weights",
        mark="bar",
        alt=(
            "Bars: how often the answer is the other pair's value. Always where that pair has all "
            "the weight, less than half of the time otherwise."
        ),
    ),
    Figure(
        "accuracy_by_mass",
        "retrieval_by_start",
        title="In the same steps a head that starts with large embeddings finds fewer of the pairs",
        x="mass",
        y="accuracy",
        color="start",
        mark="point",
        alt=(
            "Trained models as dots, accuracy against the weight on the right pair. Those that "
            "started small stand at the top right, those that started large lower on both axes."
        ),
    ),
    Figure(
        "steps_by_fault",
        "retrieval_by_fault",
        title="Without the scale retrieval comes sooner; without comparing, not in these steps",
        x="fault",
        y="steps",
        mark="bar",
        alt="One bar for each fault: the steps of training until nine answers in ten are right.",
    ),
)

CLAIMS = (
    Claim(
        "Attention is retrieval: the weight on the right pair and the right answers rise together",
        source="000-16",
        experiment="retrieval",
        holds=together,
        regime=f"{REGIME}; rank correlation over the steps of each seed, of interest beyond 0.8",
    ),
    Claim(
        "Half-way through learning, questions answered right have more weight on their pair",
        source="000-16",
        experiment="retrieval",
        holds=within,
        regime=f"{REGIME}; at the step nearest to half-way from chance; of interest beyond 0.1",
    ),
    Claim(
        "Without the weight of the right pair the answer is lost",
        source="000-16",
        experiment="intervention",
        holds=changed("the right pair removed", lowers, "accuracy", 0.2),
        regime=REGIME,
    ),
    Claim(
        "Without the weight of another pair the answer stays what it was",
        source="000-16",
        experiment="intervention",
        holds=changed("another pair removed", unchanged, "probability", 0.02),
        regime=f"{REGIME}; the probability of the right answer, to within 0.02",
    ),
    Claim(
        "With all the weight on the right pair the answer stays what it was",
        source="000-16",
        experiment="intervention",
        holds=changed("the right pair alone", unchanged, "probability", 0.02),
        regime=f"{REGIME}; the probability of the right answer, to within 0.02",
    ),
    Claim(
        "With all the weight on another pair the answer is the value of that pair",
        source="000-16",
        experiment="intervention",
        holds=changed("another pair alone", raises, "misled", 0.5),
        regime=REGIME,
    ),
    Claim(
        "Weights that are all alike do not find the pair that is asked for",
        source="000-16",
        experiment="retrieval_by_fault",
        holds=blind,
        regime=REGIME,
    ),
)
