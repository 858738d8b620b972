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


def fallen(found: Row) -> Row:
    """What a run ends at, and whether that is no number."""
    return {**found, "diverged": found["loss"] is None}


def loss_by_fault(
    world: World, *, seed: int, rule: str, precision: str, steps: int
) -> Iterator[Row]:
    """What a run ends at under each fault that it can meet."""
    yield fallen(ended(world, seed, rule=rule, precision=precision, steps=steps))


def loss_after_a_bad_step(world: World, *, seed: int, bad: int, steps: int) -> Iterator[Row]:
    """What a run ends at one of whose steps has a loss that is no number."""
    yield fallen(ended(world, seed, bad=bad, steps=steps))


KEPT = ("loss", "last_loss", "diverged", "unigram")


def _by_fault(
    name: str,
    faults: Sequence[str],
    rule: str,
    precision: str = "single",
    keeps: Sequence[str] = (),
) -> Experiment:
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
        keeps=keeps,
        quick={"fault": (None, *faults[:2]), "steps": (SHORT,), "seeds": 3},
        outcome="loss",
        margin=MARGIN,
        data=("shakespeare",),
    )


EXPERIMENTS = (
    _by_fault("loss_by_fault", OF_ADAMW, "AdamW", keeps=KEPT),
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
    """The loss under each fault of an experiment, up to about chance."""
    look: dict[str, Any] = {"x": "fault", "y": "loss", "mark": "bar", "log": "y", "most": 3.6}
    return Figure(experiment, experiment, title=title, alt=alt, **look)


FIGURES = (
    _bars(
        "loss_by_fault",
        "Six of forty faults leave a run no better than the letters; most cost nothing one sees",
        "Held-out loss after a run with AdamW, a bar for the unbroken one and one for each fault.",
    ),
    _bars(
        "loss_by_fault_of_muon",
        "Three of five faults of Muon end lower than the rule as it stands",
        "Held-out loss after a run with Muon, a bar for the unbroken one and one for each fault.",
    ),
    _bars(
        "loss_by_fault_of_half",
        "Weights rounded to bfloat16 cost a little; a narrow range and a rounded loss do not",
        "Held-out loss after a run with products in bfloat16, unbroken and under three faults.",
    ),
    _bars(
        "loss_after_a_bad_step",
        "One loss that is no number ends a run without the guard and costs nothing with it",
        "Held-out loss after a run one of whose steps is no number, with the guard and without.",
    ),
)
