"""What dividing by the root of the head width does before any training."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from cutaway.kit.fit import generator
from cutaway.kit.statistics import Undecidable, Verdict
from cutaway.kit.verdicts import exactly
from cutaway.kit.words import Claim, Experiment, Figure, Row

if TYPE_CHECKING:
    from torch import Tensor

    from cutaway.kit.tables import Table
    from cutaway.kit.worlds import World

STREAM, TOKENS, TEXTS = 256, 64, 4  # the stream is as wide in every cell; the heads share it
WIDTHS = (4, 8, 16, 32, 64, 128, 256)
INITS = ("normal", "xavier", "torch")
SATURATED, UNIFORM, LIFELESS = 0.5, 0.99, 0.01
START = (
    f"at initialisation; a stream {STREAM} wide of independent normal numbers of unit variance, "
    f"cut into heads of {WIDTHS[0]} to {WIDTHS[-1]}; every token sees {TOKENS}; query and key "
    "matrices normal at 0.02, Xavier uniform, or torch's default for Linear"
)


def short(value: Tensor | float) -> float | None:
    """Four digits of a number, or None if it is none."""
    number = value if isinstance(value, float) else value.item()
    return float(f"{number:.4g}") if math.isfinite(number) else None


def matrix(init: str, seed: int, name: str) -> Tensor:
    """A matrix as one of three initialisations draws it."""
    import torch

    weight, draws = torch.empty(STREAM, STREAM), generator(seed, name)
    if init == "normal":
        return torch.nn.init.normal_(weight, std=0.02, generator=draws)
    if init == "xavier":
        return torch.nn.init.xavier_uniform_(weight, generator=draws)
    return torch.nn.init.kaiming_uniform_(weight, a=math.sqrt(5), generator=draws)


def looked(parts: Any, q: Tensor, k: Tensor, cotangent: Tensor) -> dict[str, float | None]:
    """What the weights of some queries are like, and what of a gradient comes back through them.

    The values are the identity, so that the output is the weights and the cotangent is the gradient
    that reaches them. `passed` is the share of it that reaches the scores, where uniform weights
    pass 1; `dead` is how many queries pass less than a hundredth; `queries` is what reaches the
    queries, as a share of the cotangent.
    """
    import torch

    from cutaway.kit.watch import watch

    q = q.detach().requires_grad_()
    identity = torch.eye(TOKENS)
    with watch(parts.attend, "scores") as seen:
        weights = parts.attend(q, k, identity, lambda t, s: s >= 0 * t)
    scores = seen["scores"][-1]
    to_scores, to_queries = torch.autograd.grad(weights, (scores, q), cotangent)
    arrived = cotangent.norm(dim=-1)
    passed = to_scores.norm(dim=-1) / arrived * TOKENS
    entropy = torch.special.entr(weights).sum(-1) / math.log(TOKENS)
    found = {
        "entropy": entropy.mean(),
        "score": scores.abs().max(),
        "weight": weights.amax(-1).mean(),
        "passed": passed.square().mean().sqrt(),
        "dead": (passed < LIFELESS).float().mean(),
        "queries": (to_queries.norm(dim=-1) / arrived).square().mean().sqrt(),
    }
    return {name: short(value) for name, value in found.items()}


def scores_by_width(world: World, *, seed: int, width: int) -> Iterator[Row]:
    """Scores, weights and gradients before any training, for each initialisation.

    Columns end in the initialisation, and in `normed` where queries and keys are normalised first.
    """
    import torch

    parts, heads = world.attention, STREAM // width
    stream = torch.randn(TEXTS, TOKENS, STREAM, generator=generator(seed, "stream"))
    shape = (TEXTS, heads, TOKENS, TOKENS)
    cotangent = torch.randn(shape, generator=generator(seed, "cotangent"))
    row: dict[str, float | None] = {}
    for init in INITS:
        q, k = (parts.split(stream @ matrix(init, seed, n).T, heads) for n in ("query", "key"))
        normed = [x / x.square().mean(-1, keepdim=True).sqrt() for x in (q, k)]
        for name, pair in {init: (q, k), f"{init}_normed": normed}.items():
            found = looked(parts, *pair, cotangent)
            row |= {f"{what}_{name}": value for what, value in found.items()}
    yield row


def column(table: Table, name: str, **where: Any) -> list[float]:
    """The measured values of some rows, all of them numbers."""
    found = table.where(**where).column(name) if len(table) else []
    if not found or any(value is None for value in found):
        raise Undecidable(f"{name} was not measured everywhere")
    return found


def saturation(table: Table, suffix: str = "") -> Verdict:
    """Whether without the scale the weights of the widest head saturate, and with it never do."""
    clean = [min(column(table, f"entropy_{init}{suffix}", fault=None)) for init in INITS]
    wide = {"fault": "no_scale", "width": WIDTHS[-1]}
    broken = [max(column(table, f"entropy_{init}{suffix}", **wide)) for init in INITS]
    said = ", ".join(f"{init} {b:.3g} ({c:.3g})" for init, b, c in zip(INITS, broken, clean))
    because = f"entropy without the scale at width {WIDTHS[-1]} (least with it): {said}"
    hits = sum(value < SATURATED for value in broken)
    if min(clean) < SATURATED:
        return Verdict("refuted", because=because)
    return Verdict(graded(hits, len(INITS)), because=because)


def graded(hits: int, of: int) -> str:
    """The verdict on what holds so many times of so many."""
    return "supported" if hits == of else "conditional" if hits else "refuted"


def uniform(table: Table) -> Verdict:
    """Whether division by the width itself leaves all weights of wide heads alike."""
    wide: list[Any] = [width for width in WIDTHS if width >= 64]
    over = [
        v
        for i in INITS
        for w in wide
        for v in column(table, f"entropy_{i}", fault="squared_scale", width=w)
    ]
    clean = [v for w in wide for v in column(table, "entropy_xavier", fault=None, width=w)]
    because = f"least entropy {min(over):.4g}; {max(clean):.4g} under Xavier with the root"
    return exactly(min(over) > UNIFORM > max(clean), because)


def dead(table: Table) -> Verdict:
    """Where most queries pass next to nothing without the scale, while with it none is so."""
    clean = max(v for init in INITS for v in column(table, f"dead_{init}", fault=None))
    places = [(init, width) for init in INITS for width in (64, 128, 256)]
    shares = {
        f"{init} {width}": min(column(table, f"dead_{init}", fault="no_scale", width=width))
        for init, width in places
    }
    hits = sum(share > 0.5 for share in shares.values())
    because = f"{hits} of {len(places)} have most queries dead; the most is {max(shares.values())}"
    if clean > 0.01:
        return Verdict("refuted", because=f"with the scale {clean:.3g} are dead too; {because}")
    return Verdict(graded(hits, len(places)), because=because)


def less_passes(table: Table) -> Verdict:
    """Whether without the scale less of a gradient reaches the scores, root mean square."""
    places = [(init, width) for init in INITS for width in (16, 64, 256)]
    ratios = []
    for init, width in places:
        broken = column(table, f"passed_{init}", fault="no_scale", width=width)
        clean = column(table, f"passed_{init}", fault=None, width=width)
        ratios.append(max(b / c for b, c in zip(broken, clean, strict=True)))
    hits = sum(ratio < 1 for ratio in ratios)
    because = f"less in {hits} of {len(places)}; broken to clean {min(ratios):.3g} to "
    return Verdict(graded(hits, len(places)), because=f"{because}{max(ratios):.3g}")


def drawn(name: str, y: str, title: str, alt: str, log: str = "x") -> Figure:
    """A figure of the surface: one line for each scale rule."""
    return Figure(name, "scores_by_width", title=title, x="width", y=y, alt=alt, log=log)


EXPERIMENTS = (
    Experiment(
        "scores_by_width",
        scores_by_width,
        grid={"fault": (None, "no_scale", "squared_scale"), "width": WIDTHS},
        seeds=4,
        quick={"width": (4, 16, 64, 128, 256), "seeds": 1},
    ),
)
FIGURES = (
    Figure(
        "entropy_by_width",
        "scores_by_width",
        title="Only the root keeps the sharpness of attention the same at every head width",
        x="width",
        y="fault",
        color="entropy_xavier",
        mark="heat",
        alt="Entropy of the weights, 1 for uniform, by head width and scale rule under Xavier: "
        "level with the root, falling towards 0 without a scale, near 1 divided by the width.",
    ),
    drawn(
        "entropy_by_width_normal",
        "entropy_normal",
        "Drawn at 0.02, weights stay far from saturated even without the scale",
        "Entropy by head width, matrices normal at 0.02: near 1 with a scale, and without one "
        "falling steadily with the width, yet never below a half.",
    ),
    drawn(
        "entropy_by_width_normed",
        "entropy_normal_normed",
        "Normalised queries and keys need the scale as much as any",
        "Entropy by head width after query-key norm: level with the root, and falling without it.",
    ),
    drawn(
        "passed_by_width",
        "passed_xavier",
        "Sharper weights first pass more gradient to the scores, then less",
        "Share of the gradient that reaches the scores, where uniform weights pass 1, by head "
        "width under Xavier: without the scale it rises above the clean line and falls back.",
    ),
    drawn(
        "dead_by_width",
        "dead_xavier",
        "Queries whose gradient is dead: none with the scale, ever more of wide heads without",
        "Share of queries that pass less than a hundredth of what uniform weights pass, by head "
        "width under Xavier: zero with a scale, rising with the width without one.",
    ),
)
Judge = Callable[["Table"], Verdict]


def claim(says: str, source: str, holds: Judge) -> Claim:
    """A claim on the surface."""
    return Claim(says, source=source, experiment="scores_by_width", holds=holds, regime=START)


CLAIMS = (
    claim(
        "Dividing by the root of the head width keeps the softmax from saturating, which it "
        f"does without (entropy below {SATURATED:g} of its maximum)",
        "002-06",
        saturation,
    ),
    claim(
        "Divided by the head width itself, the weights of wide heads start out uniform "
        f"(entropy above {UNIFORM:g} of its maximum)",
        "002-06",
        uniform,
    ),
    claim(
        "Where queries and keys are normalised first, weights saturate without the scale as "
        "without the norm",
        "004-18",
        lambda t: saturation(t, "_normed"),
    ),
    claim(
        "The scale makes the difference between a useful gradient and a dead one: without it "
        "most queries of a wide head pass almost none",
        "004-19",
        dead,
    ),
    claim(
        "Without the scale less of the gradient passes the softmax to the scores",
        "004-19",
        less_passes,
    ),
)
