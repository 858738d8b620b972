"""What each fault costs a run, by a judge that no fault reaches."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from statistics import fmean
from typing import TYPE_CHECKING, Any

from cutaway.kit.words import Experiment, Figure, Row

from .lab_faults import FAULTS
from .lab_judging import MARGIN
from .lab_small import LIMIT, SHORT, STEPS

if TYPE_CHECKING:
    from cutaway.kit.worlds import World

    from .lab_small import Ran

LAST, PLANTED = 20, 60
OF_MUON = ("rates_alike", "no_length", "one_round", "tall_unscaled", "muon_moves_all")
OF_MOMENTUM = ("momentum_adds_up",)
OF_HALF = ("weights_rounded", "narrow_range", "loss_rounded")
GUARD = "no_guard"
APART = (*OF_MUON, *OF_MOMENTUM, *OF_HALF, GUARD)
OF_ADAMW = tuple(fault.name for fault in FAULTS if fault.name not in APART)


def signs(ran: Ran) -> dict[str, float]:
    """What whoever looks at a run's telemetry sees of it."""
    states, half = ran.states, len(ran.states) // 2
    losses, norms = [float(one.loss) for one in states], [one.norm for one in states]
    return {
        "first loss": losses[0],
        "last loss": fmean(losses[-LAST:]),
        "judged": ran.judged[-1],
        "judged early": ran.judged[0],
        "length": fmean(norms[-LAST:]),
        "first length": norms[0],
        "clipped": fmean(one > LIMIT for one in norms),
        "step": fmean(ran.moved),
        "last step": fmean(ran.moved[-LAST:]),
        "weights": ran.weights,
        "mean rate": fmean(one.rate for one in states),
        "last rate": states[-1].rate,
        "tokens": fmean(one.tokens for one in states),
        "jump": fmean(losses[half : half + 5]) - fmean(losses[half - 5 : half]),
    }


def ended(world: World, seed: int, **plan: Any) -> Row:
    """What a run ends at in truth, and what its telemetry says."""
    from cutaway.kit.exams import Text
    from cutaway.kit.teaching import finite, nats

    from .lab_small import CONTEXT, Plan, run

    exam = Text(context=CONTEXT)
    ran = run(world, Plan(**plan), seed)
    loss = nats(ran.model, exam.held_out())
    found = {name.replace(" ", "_"): finite(value) for name, value in signs(ran).items()}
    return {"loss": loss, **found, "unigram": exam.rung("unigram")}


def loss_by_fault(
    world: World, *, seed: int, rule: str, precision: str, steps: int
) -> Iterator[Row]:
    """What a run ends at under each fault that it can meet."""
    yield ended(world, seed, rule=rule, precision=precision, steps=steps)


def loss_after_a_bad_step(world: World, *, seed: int, bad: int, steps: int) -> Iterator[Row]:
    """What a run ends at one of whose steps has a loss that is no number."""
    yield ended(world, seed, bad=bad, steps=steps)


def _by_fault(name: str, faults: Sequence[str], rule: str, precision: str = "single") -> Experiment:
    """The experiment of the faults of one rule."""
    return Experiment(
        name,
        loss_by_fault,
        grid={
            "fault": (None, *faults),
            "rule": (rule,),
            "precision": (precision,),
            "steps": (STEPS,),
        },
        quick={"fault": (None, *faults[:2]), "steps": (SHORT,), "seeds": 3},
        outcome="loss",
        margin=MARGIN,
        data=("shakespeare",),
    )


EXPERIMENTS = (
    _by_fault("loss_by_fault", OF_ADAMW, "AdamW"),
    _by_fault("loss_by_fault_of_muon", OF_MUON, "Muon"),
    _by_fault("loss_by_fault_of_momentum", OF_MOMENTUM, "momentum"),
    _by_fault("loss_by_fault_of_half", OF_HALF, "AdamW", precision="mixed"),
    Experiment(
        "loss_after_a_bad_step",
        loss_after_a_bad_step,
        grid={"fault": (None, GUARD), "bad": (PLANTED,), "steps": (STEPS,)},
        quick={"bad": (9,), "steps": (SHORT,), "seeds": 3},
        outcome="loss",
        margin=MARGIN,
        data=("shakespeare",),
    ),
)


def _bars(experiment: str, title: str, alt: str) -> Figure:
    """The loss under each fault of an experiment, as bars."""
    return Figure(experiment, experiment, title=title, x="fault", y="loss", mark="bar", alt=alt)


FIGURES = (
    _bars(
        "loss_by_fault",
        "Pending",
        "Held-out loss after a run with AdamW, a bar for the unbroken one and one for each fault.",
    ),
    _bars(
        "loss_by_fault_of_muon",
        "Pending",
        "Held-out loss after a run with Muon, a bar for the unbroken one and one for each fault.",
    ),
    _bars(
        "loss_by_fault_of_half",
        "Pending",
        "Held-out loss after a run with products in bfloat16, unbroken and under three faults.",
    ),
    _bars(
        "loss_after_a_bad_step",
        "Pending",
        "Held-out loss after a run one of whose steps is no number, with the guard and without.",
    ),
)
