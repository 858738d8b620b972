"""Where training ends, by norm, its place, the rate and the depth."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from cutaway.kit.words import Experiment, Figure, Row, Scalar

from .lab_arms import ARMS, CALM, DEPTHS, NONE, POST, PRE, PRE_RMS, WARM_POST, WARM_PRE
from .lab_tuning import LEFT

if TYPE_CHECKING:
    from cutaway.kit.worlds import World

RATES = (0.0003, 0.001, 0.003, 0.01, 0.03, 0.1)
STEPS, COMMON, LAST = 100, 3.1, 10
OPEN = {  # what eight seeds did not decide, more may: the arms to compare, and at which rates
    **dict.fromkeys((PRE, POST, NONE, WARM_POST), RATES),
    **dict.fromkeys((CALM, PRE_RMS, WARM_PRE), (0.003, 0.01)),
}


def reached(losses: Sequence[float]) -> int | None:
    """The first step at which the mean of the last ten losses is at most a common one."""
    for at in range(LAST, len(losses) + 1):
        if sum(losses[at - LAST : at]) <= COMMON * LAST:
            return at
    return None


def loss_by_rate(world: World, *, seed: int, arm: str, rate: float, steps: int) -> Iterator[Row]:
    """The held-out loss after training at each depth, and the steps to a common training loss.

    A loss above that of guessing is None, and its run has diverged. `learnt` is whether a run has
    left what single characters allow; a run that never came to the common loss counts all steps.
    """
    from cutaway.kit.teaching import taught

    from .lab_model import EXAM, final, model, some, unigram

    row: dict[str, Scalar] = {"diverged": False, "unigram": unigram()}
    for depth in DEPTHS:
        net = model(world, seed, arm, depth)
        losses = taught(net, EXAM, seed, steps=steps, rate=rate, warm=ARMS[arm].warm)
        loss = final(net, some()) if len(losses) == steps else None
        row["diverged"] = bool(row["diverged"]) or loss is None
        row |= {
            f"loss_{depth}": loss,
            f"diverged_{depth}": loss is None,
            f"learnt_{depth}": loss is not None and loss < unigram() - LEFT,
            f"reach_{depth}": reached(losses) or steps,
        }
    yield row


EXPERIMENTS = (
    Experiment(
        "loss_by_rate",
        loss_by_rate,
        grid={"arm": tuple(ARMS), "rate": RATES, "steps": (STEPS,)},
        more=20,
        at=tuple({"arm": arm, "rate": rate} for arm, rates in OPEN.items() for rate in rates),
        quick={
            "arm": (PRE, POST, NONE, CALM),
            "rate": (0.003, 0.03),
            "steps": (10,),
            "seeds": 1,
        },
        data=("shakespeare",),
    ),
)

SAYS = {
    2: "At two layers models without norms end lowest, and diverge at the largest rate",
    6: "At six layers they end lowest again, and diverge sooner; post-norm needs low rates",
    12: "At twelve layers post-norm hardly learns, and a calm start without norms does best",
}
FIGURES = (
    *(
        Figure(
            f"loss_by_rate_at_{depth}",
            "loss_by_rate",
            title=SAYS[depth],
            x="rate",
            y=f"loss_{depth}",
            color="arm",
            log="x",
            alt=f"Held-out loss after {STEPS} steps by rate at {depth} layers, a line for each "
            "norm and place. Lines end where runs diverged.",
        )
        for depth in DEPTHS
    ),
    Figure(
        "learnt_by_rate",
        "loss_by_rate",
        title="At twelve layers, which rates are safe is a matter of norm, place and start",
        x="rate",
        y="learnt_12",
        color="arm",
        log="x",
        alt="Share of runs of twelve layers that learnt more than letter frequencies, by rate, a "
        "line for each norm and place.",
    ),
)
