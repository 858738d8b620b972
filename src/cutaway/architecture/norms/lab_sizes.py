"""How large the stream is, layer by layer, what blocks add to it, and what comes back."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from cutaway.kit.judging import decided
from cutaway.kit.statistics import Undecidable, Verdict
from cutaway.kit.tables import Table
from cutaway.kit.verdicts import raises
from cutaway.kit.words import Claim, Experiment, Figure, Row

from .lab_arms import CALM, DEEP, NONE, POST, PRE, PRE_RMS, SHAPE

if TYPE_CHECKING:
    from torch import Tensor

    from cutaway.kit.worlds import World

RATE, STEPS = 0.003, 100
ARMS = (PRE, PRE_RMS, POST, NONE, CALM)
BINS = tuple(range(-12, 13))  # powers of two


def flowing(net: Any) -> tuple[dict[str, Tensor], Tensor]:
    """What leaves each part of a model on held-out text, by name; and the loss."""
    from cutaway.kit.teaching import surprise

    from .lab_model import some

    found: dict[str, Tensor] = {}

    def keep(name: str) -> Callable[..., None]:
        def hook(module: Any, given: Any, out: Tensor) -> None:
            found[name] = out

        return hook

    parts = {"stream 0": net.positions}
    for at, block in enumerate(net.blocks, 1):
        first = getattr(block.mlp, "gate", block.mlp.widen)
        some_parts = {"stream": block, "heads": block.heads, "mlp": block.mlp, "hidden": first}
        parts |= {f"{name} {at}": part for name, part in some_parts.items()}
    hooks = [part.register_forward_hook(keep(name)) for name, part in parts.items()]
    try:
        loss = surprise(net, some())
    finally:
        for one in hooks:
            one.remove()
    return found, loss


def size(x: Tensor) -> float | None:
    """The root of the mean square of some numbers, or None if it is no number."""
    value = x.detach().double().square().mean().sqrt().item()
    return float(f"{value:.4g}") if math.isfinite(value) else None


def inside(net: Any) -> list[dict[str, Any]]:
    """By layer: the size of the stream and of what is added, silent units, and gradients.

    Layer 0 is what enters. `gradient` is that of the last matrix of each block, `back` that of the
    stream that leaves it; silent is a hidden number that is positive for no token.
    """
    import torch

    found, loss = flowing(net)
    depth = len(net.blocks)
    streams = [found[f"stream {at}"] for at in range(depth + 1)]
    matrices = [block.mlp.narrow.weight for block in net.blocks]
    slopes = torch.autograd.grad(loss, [*streams, *matrices])
    rows: list[dict[str, Any]] = [
        {"layer": at, "stream": size(stream), "back": size(back)}
        for at, (stream, back) in enumerate(zip(streams, slopes[: depth + 1], strict=True))
    ]
    for at, slope in enumerate(slopes[depth + 1 :], 1):
        silent = (found[f"hidden {at}"] <= 0).flatten(0, -2).all(0).double().mean().item()
        rows[at] |= {name: size(found[f"{name} {at}"]) for name in ("heads", "mlp")}
        rows[at] |= {"silent": round(silent, 4), "gradient": size(slope)}
    return rows


def sizes(world: World, *, seed: int, arm: str, depth: int, steps: int) -> Iterator[Row]:
    """What is inside a model by layer, at the start and after training."""
    from cutaway.kit.teaching import taught

    from .lab_model import EXAM, model

    net = model(world, seed, arm, depth)
    before = inside(net)
    losses = taught(net, EXAM, seed, steps=steps, rate=RATE)
    lost = len(losses) < steps
    for one, other in zip(before, inside(net), strict=True):
        row: dict[str, Any] = {"layer": one.pop("layer"), "diverged": lost}
        row |= {f"{name}_start": value for name, value in one.items()}
        row |= {f"{name}_end": value for name, value in other.items() if name != "layer"}
        yield row


def values_by_layer(world: World, *, seed: int, arm: str) -> Iterator[Row]:
    """The share of a layer's hidden numbers in each power of two, before any training."""
    import torch

    from .lab_model import model

    found, _ = flowing(model(world, seed, arm, DEEP))
    for at in range(1, DEEP + 1):
        powers = found[f"hidden {at}"].detach().abs().clamp(min=1e-30).log2().floor()
        powers = powers.clamp(BINS[0], BINS[-1]).int().flatten()
        shares = torch.bincount(powers - BINS[0], minlength=len(BINS)) / len(powers)
        for power, share in zip(BINS, shares.tolist(), strict=True):
            yield {"layer": at, "power": power, "share": round(share, 5)}


VALUES = {"normed": PRE, "by_size": PRE_RMS, "after": POST, "unnormed": NONE}
EXPERIMENTS = (
    Experiment(
        f"sizes_at_{DEEP}",
        sizes,
        grid={"arm": ARMS, "depth": (DEEP,), "steps": (STEPS,)},
        quick={"arm": (PRE, POST, NONE), "steps": (5,), "seeds": 1},
        data=("shakespeare",),
    ),
    *(
        Experiment(
            f"values_{name}", values_by_layer, grid={"arm": (arm,)}, seeds=1, data=("shakespeare",)
        )
        for name, arm in VALUES.items()
    ),
)


def figure(name: str, y: str, title: str, alt: str, log: str = "y") -> Figure:
    """A figure by layer of the deepest models."""
    return Figure(name, f"sizes_at_{DEEP}", title, "layer", y, alt, color="arm", log=log)


FIGURES = (
    figure(
        "stream_at_the_start",
        "stream_start",
        "Without a norm sizes multiply; before the layers it makes them add up, after them all one",
        "Size of the stream by layer before training, a line for each norm and place.",
    ),
    figure(
        "stream_after_training",
        "stream_end",
        "Training makes a pre-norm stream larger; without norms the two starts become alike",
        "Size of the stream by layer after training, a line for each norm and place.",
    ),
    figure(
        "added_at_the_start",
        "mlp_start",
        "What blocks add is of one size with a norm before them, and grows with the stream without",
        "Size of what each MLP adds by layer before training, a line for each norm and place.",
    ),
    figure(
        "gradient_at_the_start",
        "gradient_start",
        "At the start a norm after the layers gives the last more gradient; one before, the first",
        "Gradient of the last matrix of each block before training, a line for each arm.",
    ),
    figure(
        "gradient_after_training",
        "gradient_end",
        "After training at this rate the first layers under post-norm get next to no gradient",
        "Gradient of the last matrix of each block after training, a line for each arm.",
    ),
    figure(
        "silent_after_training",
        "silent_end",
        "With post-norm about half of the hidden numbers of the later layers have fallen silent",
        "Share of hidden numbers that are positive for no token, by layer, after training.",
        "",
    ),
    *(
        Figure(
            f"values_{name}",
            f"values_{name}",
            title,
            x="layer",
            y="power",
            color="share",
            mark="heat",
            alt="Shares of the hidden numbers of each layer by their power of two, as a heat map.",
        )
        for name, title in (
            ("normed", "LayerNorm before the layers: the bend sees one size at every layer"),
            ("by_size", "RMSNorm before the layers: the same"),
            ("after", "LayerNorm after the layers: the same again"),
            ("unnormed", "No norm: the bend sees larger numbers at each layer"),
        )
    ),
)


def grown(arm: str, column: str) -> Callable[[Table], list[dict[str, Any]]]:
    """By seed, the logarithm to base 2 of how much larger the last layer is than the first."""

    def rows(table: Table) -> list[dict[str, Any]]:
        found = []
        for seed in table.values("seed") if len(table) else []:
            ends = []
            for layer in (1, max(table.values("layer"))):
                (one, *_) = table.where(arm=arm, seed=seed, layer=layer).dicts() or [{}]
                ends.append(one.get(column))
            if not all(end and math.isfinite(end) for end in ends):
                raise Undecidable(f"{column} of {arm} is no number at seed {seed}")
            found.append({"arm": arm, "seed": seed, "doublings": math.log2(ends[1] / ends[0])})
        return found

    return rows


def steeper(column: str, arm: str, control: str, margin: float) -> Any:
    """Whether something grows more from the first layer to the last in one arm than in another."""

    def decide(table: Table) -> Verdict:
        rows = [row for one in (arm, control) for row in grown(one, column)(table)]
        if not rows:
            raise Undecidable("nothing was measured")
        both = {"arm": arm}, {"arm": control}
        return raises(Table.of(rows, table.failed), "doublings", *both, margin)

    return decided(decide)


def claim(says: str, source: str, holds: Any, when: str = "before training") -> Claim:
    """A claim on what is inside the deepest models."""
    regime = f"{DEEP} layers, {SHAPE}, {when}; doublings from first to last, of interest from 1"
    return Claim(says, source, f"sizes_at_{DEEP}", holds, regime)


CLAIMS = (
    claim(
        "Without a norm the stream grows more from layer to layer than with one before the layers",
        "001-58",
        steeper("stream_start", NONE, PRE, 1.0),
    ),
    claim(
        "From the first layer to the last the gradient grows more with the norm after the layers "
        "than before them",
        "002-08",
        steeper("gradient_start", POST, PRE, 1.0),
    ),
    claim(
        "With the norm after the layers the first of them end up with next to no gradient",
        "001-59",
        steeper("gradient_end", POST, PRE, 1.0),
        f"after {STEPS} steps at {RATE}",
    ),
)
