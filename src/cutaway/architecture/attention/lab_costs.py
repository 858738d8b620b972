"""What attention costs: time beside a recurrent layer, and memory, by the length of the text."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Mapping
from statistics import median
from typing import TYPE_CHECKING

from cutaway.kit.fit import generator, seeded
from cutaway.kit.pairs import values
from cutaway.kit.statistics import Interval, Undecidable, Verdict, interval, t_p
from cutaway.kit.tables import Table
from cutaway.kit.verdicts import ALPHA, exactly
from cutaway.kit.words import Claim, Experiment, Figure, Row

from .lab_ledger import FORMS, counted, forms

if TYPE_CHECKING:
    from torch import Tensor, nn

    from cutaway.kit.worlds import World

WIDTH, HEADS = 64, 2
FEWEST, MOST, PATIENCE = 3, 25, 0.25  # rounds at least, at most, and seconds after which no more
LENGTHS = (32, 64, 128, 256, 512, 1024, 2048)
HEAD_WIDTH, LONG = 16, (128, 256, 512, 1024, 2048, 4096)
LINEAR, SQUARE = 1.1, 1.8  # below the one an exponent is called linear, above the other square
NOTABLE = 1.1  # a ratio of times nearer to 1 is of no interest

TIMED = (
    f"width {WIDTH}, {HEADS} heads, forward and backward, float32, one thread of a CPU, lengths of "
    f"{LENGTHS[0]} to {LENGTHS[-1]}; ratios of medians of the processor's time, taken in turns"
)
HELD = (
    f"one sequence, one head of width {HEAD_WIDTH}, float32, lengths of {LONG[0]} to {LONG[-1]}; "
    "bytes of tensors beyond the inputs; the exponent over the last two doublings"
)


def layers(world: World, seed: int) -> dict[str, nn.Module]:
    """Layers of equal width, and how each is named in the table."""
    from torch import nn

    parts = world.attention
    made = {
        "readable attention": parts.SelfAttention(WIDTH, HEADS),
        "fused attention": parts.SelfAttention(WIDTH, HEADS, parts.fused),
        "plain recurrence": nn.RNN(WIDTH, WIDTH, batch_first=True),
        "GRU": nn.GRU(WIDTH, WIDTH, batch_first=True),
    }
    return {name: seeded(layer, seed) for name, layer in made.items()}


def seconds(layer: nn.Module, x: Tensor, toward: Tensor) -> float:
    """The time of one pass through a layer and back, on the processor.

    On one thread that is the time of the clock wherever the core is not shared.
    """
    import torch

    start = time.process_time()
    found = layer(x)
    out = found[0] if isinstance(found, tuple) else found
    torch.autograd.grad(out, [x, *layer.parameters()], toward)
    return time.process_time() - start


def named(layer: str, batch: int) -> str:
    """A layer and how many sequences it takes at once, in words."""
    return f"{layer}, {batch} sequence{'s' * (batch > 1)}"


def time_by_length(world: World, *, seed: int, batch: int, length: int) -> Iterator[Row]:
    """How long each layer takes, and how many times as long as either recurrent layer.

    The GRU has no rows: everything is a multiple of it.
    """
    import torch

    stream = generator(seed, "timed")
    x = torch.randn(batch, length, WIDTH, generator=stream, requires_grad=True)
    toward = torch.randn(batch, length, WIDTH, generator=stream)
    made = layers(world, seed)
    spent = sum(seconds(layer, x, toward) for layer in made.values())
    count = max(FEWEST, min(MOST, int(PATIENCE / max(spent, 0.001))))
    rounds = [[seconds(layer, x, toward) for layer in made.values()] for _ in range(count)]
    taken = dict(zip(made, map(median, zip(*rounds, strict=True)), strict=True))
    gru = taken.pop("GRU")
    for name, one in taken.items():
        found = {
            "milliseconds": 1000 * one,
            "times_of_GRU": one / gru,
            "times_of_plain_recurrence": one / taken["plain recurrence"],
        }
        short = {key: float(f"{value:.4g}") for key, value in found.items()}
        yield {"layer": named(name, batch), **short}


def memory_by_length(world: World, *, seed: int, length: int) -> Iterator[Row]:
    """The bytes at the peak of a forward pass without gradients, and of both passes."""
    import torch

    stream, shape = generator(seed, "held"), (1, 1, length, HEAD_WIDTH)
    q, k, v = (torch.randn(shape, generator=stream, requires_grad=True) for _ in range(3))
    toward = torch.randn(shape, generator=stream)
    causal = world.attention.causal
    for name, attend in forms(world).items():
        with torch.no_grad(), counted(q, k, v, toward) as forward:
            attend(q, k, v, causal)
        with counted(q, k, v, toward) as both:
            torch.autograd.grad(attend(q, k, v, causal), (q, k, v), toward)
        yield {"form": name, "forward_bytes": forward.peak, "both_passes_bytes": both.peak}


def faster(table: Table, layer: str, column: str) -> Verdict:
    """Whether a layer takes less time at every length, or only at some, or at none.

    That it does at all lengths needs all of them to show it; that it does at some, a correction for
    their number.
    """
    rows = table.where(layer=layer)
    try:
        found = {length: _logs(rows, column, length) for length in sorted(rows.values("length"))}
    except Undecidable as reason:
        return Verdict("undecided", because=str(reason))
    ratios = {length: interval(logs) for length, logs in found.items()}
    ps = {length: t_p(logs) for length, logs in found.items()}
    notable = {at: one.mean for at, one in ratios.items() if abs(one.mean) > math.log(NOTABLE)}
    if ps and all(ps[length] < ALPHA and notable.get(length, 1) < 0 for length in ps):
        return _timed("supported", ratios, max(ps.values()), list(ps), [])
    sure = {at: min(1.0, len(ps) * ps[at]) for at in notable if len(ps) * ps[at] < ALPHA}
    less = [length for length in sure if notable[length] < 0]
    more = [length for length in sure if notable[length] > 0]
    if not more:
        return _timed("undecided", ratios, 1.0, less, more)
    p = max(min(sure[length] for length in some) for some in (less, more) if some)
    return _timed("conditional" if less else "refuted", ratios, p, less, more)


def _logs(rows: Table, column: str, length: int) -> list[float]:
    """The logarithms of the ratios at a length, by seed."""
    ratios = values(rows, column, {"length": length})
    if min(ratios) <= 0:
        raise Undecidable(f"{column} is {min(ratios)} at {length} tokens, which is no ratio")
    return [math.log(ratio) for ratio in ratios]


def _timed(
    verdict: str, ratios: Mapping[int, Interval], p: float, less: list[int], more: list[int]
) -> Verdict:
    """A verdict with the ratio where it is largest, and the lengths at which it goes either way."""
    if not ratios:
        return Verdict("undecided", because="no length was measured")
    worst = max(ratios, key=lambda length: ratios[length].mean)
    one = ratios[worst]
    mean, low, high = (math.exp(value) for value in (one.mean, one.low, one.high))
    because = (
        f"at {worst} tokens it takes {mean:.3g} times as long (95 % interval {low:.3g} to "
        f"{high:.3g}, n = {one.n}), the most of all lengths; surely less time at "
        f"{_listed(less)}, surely more at {_listed(more)}"
    )
    return Verdict(verdict, mean, low, high, p, one.n, because)


def _listed(lengths: list[int]) -> str:
    """Some lengths in words."""
    return ", ".join(map(str, lengths)) or "no length"


def exponent(table: Table, form: str, column: str) -> float:
    """The power of the length with which bytes grow, over the last two doublings."""
    rows = table.where(form=form).dicts()
    sizes = {row["length"]: row[column] for row in rows}
    if len(sizes) < 3 or not all(isinstance(size, int) and size > 0 for size in sizes.values()):
        raise Undecidable(f"{form}: {column} was not measured at three lengths or more")
    first, _, last = sorted(sizes)[-3:]
    return math.log(sizes[last] / sizes[first]) / math.log(last / first)


def exponents(table: Table, form: str) -> tuple[float, float]:
    """Those of the forward pass and of both passes."""
    return exponent(table, form, "forward_bytes"), exponent(table, form, "both_passes_bytes")


def grows(form: str, forward: str, both: str) -> Callable[[Table], Verdict]:
    """How a table decides whether the two passes of a form grow as named: linear or square."""

    def holds(table: Table) -> Verdict:
        found = exponents(table, form)
        named = [_growth(one) for one in found]
        because = f"the exponents are {found[0]:.3f} forward and {found[1]:.3f} in both passes"
        return exactly(named == [forward, both], because, found[1])

    return holds


def _growth(power: float) -> str:
    """An exponent in a word."""
    return "linear" if power < LINEAR else "square" if power > SQUARE else "neither"


def unrestricted(table: Table) -> Verdict:
    """Whether every form that sees all tokens needs the square of the length."""
    found = {form: exponents(table, form)[1] for form in FORMS}
    said = ", ".join(f"{form}: {power:.3f}" for form, power in found.items())
    least = min(found.values())
    return exactly(least > SQUARE, f"the exponents of both passes are {said}", least)


def timed(says: str, layer: str, column: str, batch: int) -> Claim:
    """A claim that a layer is faster than a recurrent one."""
    rows = "one sequence" if batch == 1 else f"{batch} sequences"
    return Claim(
        says,
        source="003-14",
        experiment="time_by_length",
        holds=lambda table: faster(table, named(layer, batch), column),
        regime=f"{rows}, {TIMED}",
    )


EXPERIMENTS = (
    Experiment(
        "time_by_length",
        time_by_length,
        grid={"batch": (1, 4), "length": LENGTHS},
        exact=False,
        quick={"length": (32, 256), "seeds": 3},
    ),
    Experiment(
        "memory_by_length",
        memory_by_length,
        grid={"length": LONG},
        seeds=1,
        quick={"length": LONG[1:4]},
    ),
)

FIGURES = (
    Figure(
        "time_by_length",
        "time_by_length",
        title="Written out, attention beats a GRU on short texts; on long ones it may not",
        x="length",
        y="times_of_GRU",
        color="layer",
        log="xy",
        alt=(
            "Time as a multiple of a GRU's, by length, for one sequence and for several at once. "
            "Readable attention falls, then rises, above the GRU for several sequences; fused "
            "attention stays below it, and the plain recurrence falls a little."
        ),
    ),
    Figure(
        "memory_forward",
        "memory_by_length",
        title="Forward alone, tiles need memory that grows with the length, not with its square",
        x="length",
        y="forward_bytes",
        color="form",
        log="xy",
        alt=(
            "Peak bytes of a forward pass by length. The readable form rises twice as steeply as "
            "the tiled and the fused ones; both tiled forms are one line."
        ),
    ),
    Figure(
        "memory_both_passes",
        "memory_by_length",
        title="Backward too, but only if the tiles are made again instead of kept",
        x="length",
        y="both_passes_bytes",
        color="form",
        log="xy",
        alt=(
            "Peak bytes of both passes by length. Tiles under plain autograd rise as steeply as "
            "the readable form; tiles that are made again, and the fused form, half as steeply."
        ),
    ),
)

CLAIMS = (
    timed(
        "Attention, which treats all tokens at once, is faster than a GRU of its width",
        "readable attention",
        "times_of_GRU",
        1,
    ),
    timed(
        "With several sequences, too, attention is faster than a GRU of its width",
        "readable attention",
        "times_of_GRU",
        4,
    ),
    timed(
        "Fused attention is faster than a GRU of its width",
        "fused attention",
        "times_of_GRU",
        4,
    ),
    timed(
        "Fused attention is faster than the plainest recurrence of its width",
        "fused attention",
        "times_of_plain_recurrence",
        4,
    ),
    Claim(
        "Memory grows with the square of the length unless attention is restricted in scope",
        source="002-11",
        experiment="memory_by_length",
        holds=unrestricted,
        regime=HELD,
    ),
    Claim(
        "Attention as it is written down needs memory that grows with the square of the length",
        source="002-11",
        experiment="memory_by_length",
        holds=grows("readable", "square", "square"),
        regime=HELD,
    ),
    Claim(
        "In tiles, made again in the backward pass, it grows with the length in both passes",
        source="002-11",
        experiment="memory_by_length",
        holds=grows("tiled", "linear", "linear"),
        regime=HELD,
    ),
    Claim(
        "With plain autograd only the forward pass of the tiles does; both passes need the square",
        source="002-11",
        experiment="memory_by_length",
        holds=grows("tiled, plain autograd", "linear", "square"),
        regime=HELD,
    ),
    Claim(
        "Fused attention, which knows the causal rule by name, grows with the length",
        source="002-11",
        experiment="memory_by_length",
        holds=grows("fused", "linear", "linear"),
        regime=HELD,
    ),
)
