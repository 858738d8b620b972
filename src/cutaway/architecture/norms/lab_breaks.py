"""What the faults of this lab cost in training."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from cutaway.kit.judging import decided
from cutaway.kit.pairs import values
from cutaway.kit.statistics import Verdict
from cutaway.kit.tables import Table
from cutaway.kit.verdicts import above_chance, lowers, raises
from cutaway.kit.words import Claim, Experiment, Figure, Row

from .lab_arms import SHAPE
from .lab_tuning import LEFT, MARGIN, among

if TYPE_CHECKING:
    from cutaway.kit.worlds import World

RATE, STEPS = 0.003, 100
LENGTHS = (5, 11, 17, 23, 29)
LEAKS = ("mean_over_tokens", "size_over_tokens")
FAULTS = (
    None,
    *LEAKS,
    "size_over_text",
    "size_over_batch",
    "no_centre",
    "one_fewer",
    "no_division",
    "large_epsilon",
    "detached_mean",
    "no_bias",
    "frozen_gain",
    "variance",
    "no_root",
    "multiplied",
    "epsilon_outside",
    "detached_size",
    "early_gain",
    "gain_plus_one",
    "no_root_of_two",
    "approximate",
    "swapped_constants",
    "squared_inside",
    "share_alone",
    "sigmoid_alone",
    "inverted",
    "gradient_passes",
)


def loss_by_fault(world: World, *, seed: int, steps: int) -> Iterator[Row]:
    """Losses after training a model in which every norm and bend has a place.

    `loss` is read on whole windows, `used` on windows that end where the model is asked.
    """
    from cutaway.kit.teaching import taught, truncated

    from .lab_model import EXAM, final, patchwork, short, some, unigram

    net = patchwork(world, seed)
    losses = taught(net, EXAM, seed, steps=steps, rate=RATE)
    loss = final(net, some()) if len(losses) == steps else None
    used = None if loss is None else truncated(net, some(), LENGTHS)
    gap = None if used is None or loss is None else short(used - loss)
    yield {
        "loss": loss,
        "used": used,
        "gap": gap,
        "diverged": loss is None,
        "unigram": unigram(),
    }


EXPERIMENTS = (
    Experiment(
        "loss_by_fault",
        loss_by_fault,
        grid={"fault": FAULTS, "steps": (STEPS,)},
        seeds=16,
        quick={"fault": (None, "mean_over_tokens", "no_division"), "steps": (20,), "seeds": 1},
        outcome="used",
        margin=MARGIN,
        data=("shakespeare",),
    ),
)

FIGURES = (
    Figure(
        "used_by_fault",
        "loss_by_fault",
        title="Most slips in a norm or a bend cost little, and two end lower",
        x="fault",
        y="used",
        mark="bar",
        alt="Bars: the loss in use by fault, where the model is fed only what precedes.",
    ),
    Figure(
        "gap_by_fault",
        "loss_by_fault",
        title="Norms over the tokens are given away by the gap to the loss in use",
        x="fault",
        y="gap",
        mark="bar",
        alt="Bars: the loss in use less that on whole windows, by fault; the two that read over "
        "the tokens stand out.",
    ),
)
CLEAN = {"fault": None}


def learnt(table: Table) -> None:
    """Nothing, if the clean models have left what single characters allow."""
    above_chance(table, "loss", CLEAN, min(values(table, "unigram", CLEAN)), LEFT)


def leaks(table: Table) -> Verdict:
    """Whether what norms over tokens loses more in use than a clean model does."""
    found = {
        fault: raises(table, "gap", {"fault": fault}, CLEAN, MARGIN, learnt) for fault in LEAKS
    }
    return among(found)


def flatters(table: Table) -> Verdict:
    """Whether what norms over tokens looks better on whole windows."""
    found = {
        fault: lowers(table, "loss", {"fault": fault}, CLEAN, MARGIN, learnt) for fault in LEAKS
    }
    return among(found)


REGIME = (
    f"4 layers, LayerNorm and RMSNorm in turn, with GELU, GELU by tanh, SiLU and ReLU, {SHAPE}, "
    f"{STEPS} steps at {RATE}"
)
CLAIMS = (
    Claim(
        "A norm over the tokens is a leak: in use the loss is worse than on whole windows",
        "001-53",
        "loss_by_fault",
        decided(leaks),
        f"{REGIME}; the gap compared with that of the clean model, of interest from {MARGIN}",
    ),
    Claim(
        "A leak through a norm looks like an improvement on whole windows",
        "001-53",
        "loss_by_fault",
        decided(flatters),
        REGIME,
    ),
)
