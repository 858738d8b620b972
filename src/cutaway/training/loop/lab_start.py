"""What a warm-up and a limit buy: shallow and deep, at rates from too low to too high."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from cutaway.kit.judging import at_every
from cutaway.kit.words import Claim, Experiment, Figure, Row

from .lab_judging import compared, tuned
from .lab_small import SHORT, STEPS, WARM

if TYPE_CHECKING:
    from cutaway.kit.worlds import World

DEPTHS, RATES, HIGH = (2, 8), (0.316, 1.0, 3.16, 10.0), 3.16
BETWEEN = 1.78
ARMS = {
    (True, True): "both",
    (False, True): "no warm-up",
    (True, False): "no limit",
    (False, False): "neither",
}
REGIME = "width 32, 160 steps, AdamW with half a wave, no dropout, 2 and 8 blocks"


def loss_by_rise(
    world: World, *, seed: int, depth: int, warm: int, limited: bool, rate: float, steps: int
) -> Iterator[Row]:
    """What a run ends at by its warm-up and its limit."""
    import math

    from .lab_tanked import ended

    limit = 1.0 if limited else math.inf
    plan = {"depth": depth, "warm": warm, "limit": limit, "rate": rate, "steps": steps}
    found = ended(world, seed, **plan, dropout=0.0, stopped=False)
    at = {f"loss_{one}": found["loss"] if one == depth else None for one in DEPTHS}
    yield {"arm": ARMS[warm > 0, limited], **at, **found}


EXPERIMENTS = (
    Experiment(
        "loss_by_rise",
        loss_by_rise,
        grid={
            "depth": DEPTHS,
            "warm": (0, WARM),
            "limited": (True, False),
            "rate": (*RATES, BETWEEN),
            "steps": (STEPS,),
        },
        more=20,
        keeps=("arm", "loss", "loss_2", "loss_8", "unigram"),
        at=tuple({"rate": rate} for rate in (1.0, BETWEEN, HIGH)),
        quick={"depth": (2,), "limited": (True,), "rate": (1.0,), "steps": (SHORT,), "seeds": 3},
        data=("shakespeare",),
    ),
)

TITLES = {
    2: "In two blocks a warm-up and a limit buy nothing at the usual rate, and some at a high one",
    8: "In eight blocks a warm-up buys more than a limit, and at the usual rate already",
}
FIGURES = tuple(
    Figure(
        f"loss_by_rise_at_{depth}",
        "loss_by_rise",
        title=TITLES[depth],
        x="rate",
        y=f"loss_{depth}",
        color="arm",
        log="x",
        alt=(
            f"Held-out loss of models of {depth} blocks by rate, a line each with a warm-up and a "
            "limit, without one of them, and without either."
        ),
    )
    for depth in DEPTHS
)


def at_best(says: str, arm: dict[str, object], other: dict[str, object]) -> Claim:
    """A claim that one way costs loss at its own best rate, at both depths."""
    return Claim(
        says,
        source="004-14",
        experiment="loss_by_rise",
        holds=at_every("depth", tuned("raises", arm, other)),  # type: ignore[arg-type]
        regime=f"{REGIME}; each at its own best rate",
    )


def at_high(says: str, arm: dict[str, object], other: dict[str, object]) -> Claim:
    """A claim that one way costs loss at a rate that is too high, at both depths."""
    here = {"rate": HIGH}
    return Claim(
        says,
        source="004-14",
        experiment="loss_by_rise",
        holds=at_every("depth", compared("raises", arm | here, other | here)),  # type: ignore[arg-type]
        regime=f"{REGIME}; at {HIGH:g} times the usual rate",
    )


CLEAN = {"warm": WARM, "limited": True}
CLAIMS = (
    at_best(
        "Without a warm-up a run ends higher, even at its own best rate",
        {"warm": 0, "limited": True},
        CLEAN,
    ),
    at_high(
        "Without a warm-up a run at a high rate ends higher", {"warm": 0, "limited": True}, CLEAN
    ),
    at_best(
        "Without a limit to the gradient a run ends higher, even at its own best rate",
        {"warm": WARM, "limited": False},
        CLEAN,
    ),
    at_high(
        "Without a limit to the gradient a run at a high rate ends higher",
        {"warm": WARM, "limited": False},
        CLEAN,
    ),
    at_high(
        "Without either a run at a high rate ends higher than with both",
        {"warm": 0, "limited": False},
        CLEAN,
    ),
)
