"""What it costs to norm in the precision that was given."""

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
    from cutaway.kit.worlds import World

WIDTH, TOKENS, EPSILON = 64, 256, 1e-5
TYPES = ("bfloat16", "float16", "float32")
SCALES = (0.001, 1.0, 300.0)
CARELESS = ("half_squares", "late_single")


def error_by_precision(world: World, *, seed: int, dtype: str, scale: float) -> Iterator[Row]:
    """The largest error of each norm, and of torch's own, against float64 on the same numbers."""
    import torch
    from torch.nn import functional as F

    kind = getattr(torch, dtype)
    x, gain = (
        torch.randn(*shape, generator=generator(seed, name), dtype=torch.float64)
        for name, shape in (("input", (TOKENS, WIDTH)), ("gain", (WIDTH,)))
    )
    x, gain = (scale * (x + 1)).to(kind), (gain.abs() + 0.5).to(kind)
    theirs = {
        "LayerNorm": lambda x, gain: F.layer_norm(x, (WIDTH,), gain, None, EPSILON),
        "RMSNorm": lambda x, gain: F.rms_norm(x, (WIDTH,), gain, EPSILON),
    }
    for name, other in theirs.items():
        norm = getattr(world.norms, name)(WIDTH, EPSILON).to(kind)
        norm.weight.data.copy_(gain)
        true = other(x.double(), gain.double())
        mine, its = (
            (found.double() - true).abs().max().item() for found in (norm(x), other(x, gain))
        )
        row = {"norm": name, "error": mine, "torch": its, "times": mine / its}
        yield {key: f if isinstance(f, str) else float(f"{f:.4g}") for key, f in row.items()}


EXPERIMENTS = (
    Experiment(
        "error_by_precision",
        error_by_precision,
        grid={"fault": (None, *CARELESS), "dtype": TYPES, "scale": SCALES},
        seeds=3,
        quick={"seeds": 1},
    ),
)

FIGURES = (
    Figure(
        "error_by_precision",
        "error_by_precision",
        title="Squares taken in halves cost a little in bfloat16, and everything in float16",
        x="dtype",
        y="times",
        mark="bar",
        log="y",
        alt="Bars: the largest error of the norms as a multiple of torch's own, by precision, "
        "clean and with squares taken in the precision that was given.",
    ),
)


def most(table: Table, fault: str | None, *types: str) -> float:
    """The largest error as a multiple of torch's; undecidable if one was not measured."""
    rows = [row for row in table.where(fault=fault).dicts() if row["dtype"] in types]
    found = [row["times"] for row in rows]
    if not found or any(value is None or value != value for value in found):
        raise Undecidable(f"the error was not measured: {fault or 'clean'}, {', '.join(types)}")
    return float(max(found))


def careful(table: Table) -> Verdict:
    """Whether no norm errs more than twice as much as torch's own."""
    found = most(table, None, *TYPES)
    return exactly(found <= 2, f"at most {found:.3g} times the error of torch's own", found)


def careless(table: Table) -> Verdict:
    """Whether squares in half precision err more than twice as much as torch's own."""
    found = [most(table, fault, "float16", "bfloat16") for fault in CARELESS]
    said = ", ".join(f"{fault} {one:.3g}" for fault, one in zip(CARELESS, found, strict=True))
    if most(table, None, *TYPES) > 2:
        raise Undecidable("the clean norms err as much")
    return exactly(min(found) > 2, f"times the error of torch's own: {said}", min(found))


def claim(says: str, source: str, holds: Holds) -> Claim:
    """A claim on the precision of the norms."""
    regime = f"width {WIDTH}, tokens of mean and deviation {', '.join(map(str, SCALES))}, on a CPU"
    return Claim(says, source, "error_by_precision", decided(holds), regime)


CLAIMS = (
    claim(
        "A norm that works in single precision errs no more than twice torch's", "001-53", careful
    ),
    claim("A norm must not square in half precision: it errs more than twice", "001-54", careless),
)
