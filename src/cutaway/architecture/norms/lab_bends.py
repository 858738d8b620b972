"""Which bend stands between the two products, and whether there is one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from cutaway.kit.judging import Holds, decided
from cutaway.kit.statistics import Verdict
from cutaway.kit.tables import Table
from cutaway.kit.tuning import TUNING
from cutaway.kit.verdicts import lowers, raises, unchanged
from cutaway.kit.words import Claim, Experiment, Figure, Row

from .lab_arms import BENDS, PRE, SHAPE
from .lab_tuning import Judge, among, compared

if TYPE_CHECKING:
    from cutaway.kit.worlds import World

DEPTH, STEPS = 2, 300
RATES = (0.003, 0.01, 0.03)


def loss_by_bend(world: World, *, seed: int, bend: str, rate: float, steps: int) -> Iterator[Row]:
    """The held-out loss by bend, and the share of hidden numbers that are never positive.

    All have as many numbers in their matrices: a gated network, which has three, is narrower.
    """
    from cutaway.kit.teaching import taught

    from .lab_model import EXAM, final, model, unigram
    from .lab_sizes import inside

    net = model(world, seed, PRE, DEPTH, bend)
    losses = taught(net, EXAM, seed, steps=steps, rate=rate)
    loss = final(net, EXAM.held_out()) if len(losses) == steps else None
    silent = [one["silent"] for one in inside(net)[1:]]
    yield {
        "loss": loss,
        "diverged": loss is None,
        "silent": sum(silent) / len(silent),
        "unigram": unigram(),
        "parameters": sum(one.numel() for one in net.parameters()),
    }


EXPERIMENTS = (
    Experiment(
        "loss_by_bend",
        loss_by_bend,
        grid={"bend": tuple(BENDS), "rate": RATES, "steps": (STEPS,)},
        seeds=12,
        more=32,
        at=({"rate": 0.01},),  # the best for every bend
        quick={"rate": (0.01,), "steps": (20,), "seeds": 1},
        data=("shakespeare",),
    ),
)

FIGURES = (
    Figure(
        "loss_by_bend",
        "loss_by_bend",
        title="Which bend it is matters little at any rate; that there is one matters more",
        x="rate",
        y="loss",
        color="bend",
        log="x",
        alt=f"Held-out loss after {STEPS} steps by rate, a line for each bend and one for none.",
    ),
    Figure(
        "silent_by_bend",
        "loss_by_bend",
        title="The larger the rate, the more hidden numbers are never positive",
        x="rate",
        y="silent",
        color="bend",
        log="x",
        alt="Share of hidden numbers that are positive for no held-out token, by rate, a line for "
        "each bend.",
    ),
)


def ends(judge: Judge, bend: str, control: str = "GELU") -> Holds:
    """How a bend compares with another in the final loss."""
    return compared(judge, "loss", {"bend": bend}, {"bend": control})


def all_alike(table: Table) -> Verdict:
    """Whether every other bend ends where GELU does."""
    others = ("GELU by tanh", "SiLU", "ReLU")
    return among({bend: ends(unchanged, bend)(table) for bend in others})


REGIME = (
    f"{DEPTH} layers, {SHAPE}, {STEPS} steps, LayerNorm before the layers, equal parameters, "
    f"each arm's rate tuned on seeds {TUNING}, judged on the others, of interest from 0.02 nats"
)


def claim(says: str, source: str, holds: Holds) -> Claim:
    """A claim on the bends."""
    return Claim(says, source, "loss_by_bend", holds, REGIME)


CLAIMS = (
    claim("SwiGLU ends at a lower loss than GELU", "001-56", ends(lowers, "SwiGLU")),
    claim("SwiGLU ends where GELU does", "001-56", ends(unchanged, "SwiGLU")),
    claim("GELU by tanh ends where GELU does", "001-55", ends(unchanged, "GELU by tanh")),
    claim("Almost any bend will do: all end where GELU does", "001-57", decided(all_alike)),
    claim(
        "Remove the bend and retrain: the loss is worse at a best rate of its own",
        "001-57",
        ends(raises, "no bend"),
    ),
)
