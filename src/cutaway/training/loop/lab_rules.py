"""Which rule ends lowest, each at its own best rate; and what Muon's second rate is worth."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from cutaway.kit.words import Claim, Experiment, Figure, Row

from .lab_judging import forgiving, tuned
from .lab_small import RECIPE, SHORT, STEPS

if TYPE_CHECKING:
    from cutaway.kit.worlds import World

RATES = (0.1, 0.178, 0.316, 0.562, 1.0, 1.78, 3.16, 5.62, 10.0)  # times what is usual
BEST = (1.0, 1.78)  # where most are lowest, on the seeds that choose; the others' best, and around
NEAR = (("Muon", 0.562), ("SGD", 0.316), ("SGD", 3.16), ("AdamW", 0.562), ("AdamW", 5.62))
RULES = ("SGD", "momentum", "AdamW", "Muon")
SECOND, CHOSEN = (0.05, 0.15, 0.5, 1.0), 0.5  # the best on the seeds that choose


def loss_by_rule(world: World, *, seed: int, rule: str, rate: float, steps: int) -> Iterator[Row]:
    """What each rule ends at by its rate, Muon with the second rate that is best for it."""
    from .lab_small import USUAL
    from .lab_tanked import ended

    found = ended(world, seed, rule=rule, rate=rate, times=CHOSEN, steps=steps)
    yield {"absolute": USUAL[rule] * rate, **found}


def loss_by_second_rate(
    world: World, *, seed: int, times: float, rate: float, steps: int
) -> Iterator[Row]:
    """What Muon ends at by what AdamW is given of its rate, for all that is no matrix."""
    from .lab_tanked import ended

    yield ended(world, seed, rule="Muon", rate=rate, times=times, steps=steps)


EXPERIMENTS = (
    Experiment(
        "loss_by_rule",
        loss_by_rule,
        grid={"rule": RULES, "rate": RATES, "steps": (STEPS,)},
        more=32,
        at=(*({"rate": rate} for rate in BEST), *({"rule": one, "rate": by} for one, by in NEAR)),
        keeps=("absolute", "loss", "unigram"),
        quick={"rule": ("SGD", "AdamW"), "rate": (1.0,), "steps": (SHORT,), "seeds": 3},
        data=("shakespeare",),
    ),
    Experiment(
        "loss_by_second_rate",
        loss_by_second_rate,
        grid={"times": SECOND, "rate": (0.316, 1.0, 3.16), "steps": (STEPS,)},
        keeps=("loss", "unigram"),
        quick={"times": (0.15, 0.5), "rate": (1.0,), "steps": (SHORT,), "seeds": 3},
        data=("shakespeare",),
    ),
)

FIGURES = (
    Figure(
        "loss_by_rule",
        "loss_by_rule",
        title="At its own best rate Muon ends lowest, then AdamW; the others are far behind",
        x="absolute",
        y="loss",
        color="rule",
        log="x",
        alt="Held-out loss after a run by rate, a line for each of four rules.",
    ),
    Figure(
        "loss_by_second_rate",
        "loss_by_second_rate",
        title="Half of Muon's own rate or all of it, for what is no matrix, beats the usual share",
        x="rate",
        y="loss",
        color="times",
        log="x",
        alt="Held-out loss after a run with Muon by its rate, a line for each second rate.",
    ),
)


def lower(rule: str, other: str, says: str) -> Claim:
    """A claim that one rule ends lower than another."""
    return Claim(
        says,
        source="003-26",
        experiment="loss_by_rule",
        holds=tuned("lowers", {"rule": rule}, {"rule": other}),
        regime=f"{RECIPE}; each rule at the best of {len(RATES)} rates, judged on other seeds; "
        f"Muon's second rate is {CHOSEN} of its own",
    )


CLAIMS = (
    lower("AdamW", "SGD", "AdamW ends lower than plain descent, each at its own best rate"),
    lower("AdamW", "momentum", "AdamW ends lower than momentum, each at its own best rate"),
    lower("momentum", "SGD", "Momentum ends lower than plain descent, each at its best rate"),
    lower("Muon", "AdamW", "Muon ends lower than AdamW, each at its own best rate"),
    Claim(
        "AdamW forgives a wrong rate more than plain descent does",
        source="003-26",
        experiment="loss_by_rule",
        holds=forgiving({"rule": "AdamW"}, {"rule": "SGD"}),
        regime=f"{RECIPE}; the mean loss half a power of ten to either side of a rule's best rate, "
        "less that at its best",
    ),
    Claim(
        "Muon needs a second rate: one rate for matrices and all else costs loss",
        source="003-09",
        experiment="loss_by_second_rate",
        holds=tuned("raises", {"times": 1.0}, {"times": 0.15}),
        regime=f"{RECIPE}; AdamW at Muon's rate against 0.15 of it, each at Muon's best rate",
    ),
)
