"""What a norm does to the gradient that passes it back: three facts and where they end."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from cutaway.kit.fit import generator
from cutaway.kit.judging import Holds, decided
from cutaway.kit.statistics import Undecidable, Verdict
from cutaway.kit.tables import Table
from cutaway.kit.verdicts import exactly
from cutaway.kit.words import Claim, Experiment, Figure, Row

if TYPE_CHECKING:
    from torch import Tensor

    from cutaway.kit.worlds import World

NORMS = ("LayerNorm", "RMSNorm", "none")
WHERE = ("branch", "stream")
WIDTH, TOKENS = 31, 257
SMALL = 0.02
NOTHING, MUCH = 1e-12, 1e-3


def angle(one: Tensor, other: Tensor) -> float:
    """The largest cosine, in size, of the rows of two tables."""
    from torch.nn.functional import cosine_similarity

    return float(f"{cosine_similarity(one, other, -1).abs().max().item():.4g}")


def gradient_by_norm(world: World, *, seed: int, norm: str, epsilon: float) -> Iterator[Row]:
    """The angles between the gradient at a norm's input, all ones, the input, and the output.

    Zero is a right angle: to all ones, the gradient's sum is zero. `branch` is the gradient that
    passes the norm alone, `stream` with what goes past it; each for tokens of two sizes.
    """
    import torch

    parts = world.norms
    part = torch.nn.Identity() if norm == "none" else getattr(parts, norm)(WIDTH, epsilon).double()
    drawn, above = (
        torch.randn(TOKENS, WIDTH, generator=generator(seed, name), dtype=torch.float64)
        for name in ("input", "gradient")
    )
    for scale in (SMALL, 1.0):
        x = (scale * (drawn + 0.5)).requires_grad_()
        row = {"scale": scale}
        for where in WHERE:
            out = part(x)
            leaving = out if where == "branch" else x / scale + out
            (back,) = torch.autograd.grad(leaving, x, above)
            row[f"{where}_ones"] = angle(back, torch.ones_like(back))
            row[f"{where}_input"] = angle(back, x.detach())
            row[f"{where}_output"] = angle(back, out.detach())
        yield row


EXPERIMENTS = (
    Experiment(
        "gradient_by_norm",
        gradient_by_norm,
        grid={
            "fault": (None, "no_centre", "detached_mean", "detached_size"),
            "norm": NORMS,
            "epsilon": (0.0, 1e-5),
        },
        seeds=3,
    ),
    Experiment(
        "gradient_of_clean_norms",
        gradient_by_norm,
        grid={"norm": NORMS, "epsilon": (0.0, 1e-5)},
        seeds=3,
    ),
)

FIGURES = (
    Figure(
        "centred_by_norm",
        "gradient_of_clean_norms",
        title="The gradient that has passed a LayerNorm sums to zero, and no other does",
        x="norm",
        y="branch_ones",
        color="norm",
        mark="bar",
        alt="Bars: the largest cosine between all ones and the gradient that passed a norm. Only "
        "that of LayerNorm is zero.",
    ),
    Figure(
        "centred_stream_by_norm",
        "gradient_of_clean_norms",
        title="In the stream around it, what goes past the norm is not centred",
        x="norm",
        y="stream_ones",
        color="norm",
        mark="bar",
        alt="Bars: the largest cosine between all ones and the gradient of the stream around a "
        "norm. None is zero.",
    ),
    Figure(
        "along_by_norm",
        "gradient_of_clean_norms",
        title="It is at right angles to the normed token, but for what epsilon leaves",
        x="norm",
        y="branch_output",
        color="epsilon",
        mark="bar",
        alt="Bars: the largest cosine between the normed token and the gradient that passed the "
        "norm, by norm and epsilon. Those of both norms are zero for epsilon 0.",
    ),
)


def column(table: Table, name: str, **arm: str | float | None) -> list[float]:
    """What was measured of an arm; undecidable if nothing was, or nothing that is a number."""
    rows = table.where(**arm).dicts()
    found = [row.get(name) for row in rows]
    if not found or any(value is None or value != value for value in found):
        raise Undecidable(f"{name} was not measured: {arm}")
    return [float(value) for value in found if value is not None]


def centred(table: Table) -> Verdict:
    """Whether LayerNorm centres the gradient of its branch, whatever epsilon, and no other does."""
    mine = max(column(table, "branch_ones", norm="LayerNorm", fault=None))
    found = {name: column(table, "branch_ones", norm=name, fault=None) for name in NORMS[1:]}
    others = [min(one) for one in found.values()]
    if min(others) < MUCH:
        raise Undecidable("the gradients were centred without it: nothing is shown")
    return exactly(mine < NOTHING, f"the largest cosine to all ones is {mine:.2g}", mine)


def centred_stream(table: Table) -> Verdict:
    """Whether LayerNorm centres the gradient of the stream around it too."""
    mine = max(column(table, "stream_ones", norm="LayerNorm", fault=None))
    return exactly(mine < NOTHING, f"the largest cosine to all ones is {mine:.2g}", mine)


def by_the_mean(table: Table) -> Verdict:
    """Whether the centring goes with the mean: when it stays, or is a constant to the gradient."""
    mine = {
        fault: min(column(table, "branch_ones", norm="LayerNorm", fault=fault))
        for fault in ("no_centre", "detached_mean")
    }
    said = ", ".join(f"{fault} {found:.2g}" for fault, found in mine.items())
    clean = max(column(table, "branch_ones", norm="LayerNorm", fault=None))
    holds = clean < NOTHING and all(found > MUCH for found in mine.values())
    return exactly(holds, f"cosines to all ones: clean {clean:.2g}, {said}", min(mine.values()))


def right_angled(table: Table) -> Verdict:
    """Whether the gradient is at right angles to the normed token for epsilon 0, and only then."""
    without = max(column(table, "branch_output", norm="LayerNorm", epsilon=0.0))
    small = min(column(table, "branch_output", norm="LayerNorm", epsilon=1e-5, scale=SMALL))
    said = f"cosines: without epsilon {without:.2g}, with it {small:.2g} for tokens of {SMALL}"
    return exactly(without < NOTHING < MUCH < small, said, small)


def by_the_size(table: Table) -> Verdict:
    """Whether RMSNorm's gradient is at right angles to its input, and not if its size is fixed."""
    found, broken = (
        column(table, "branch_input", norm="RMSNorm", epsilon=0.0, fault=fault)
        for fault in (None, "detached_size")
    )
    said = f"cosines: {max(found):.2g}; where its size is a constant to it {min(broken):.2g}"
    return exactly(max(found) < NOTHING and min(broken) > MUCH, said, max(found))


def claim(says: str, holds: Holds, experiment: str = "gradient_by_norm") -> Claim:
    """A claim on the gradient that passes a norm."""
    regime = f"float64, {TOKENS} tokens of width {WIDTH}, sizes {SMALL} and 1, random cotangents"
    return Claim(says, "002-08", experiment, holds, regime)


CLAIMS = (
    claim("LayerNorm centers gradients: those that pass it sum to zero", decided(centred)),
    claim("LayerNorm centers the gradient of the stream around it", decided(centred_stream)),
    claim(
        "It is the mean that centers them: left in, or detached, it does not", decided(by_the_mean)
    ),
    claim(
        "A gradient that passed a LayerNorm is at right angles to the normed token if epsilon is "
        "zero, and only then",
        decided(right_angled),
        "gradient_of_clean_norms",
    ),
    claim(
        "RMSNorm leaves gradients at right angles to its input, unless its size is detached",
        decided(by_the_size),
    ),
)
