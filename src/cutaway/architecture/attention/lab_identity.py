"""Deleting the scale is a larger start and a larger rate of one matrix: how exactly."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from cutaway.kit.statistics import Undecidable, Verdict
from cutaway.kit.verdicts import exactly
from cutaway.kit.words import Claim, Experiment, Figure, Row

from .lab_scale import column

if TYPE_CHECKING:
    from torch import nn

    from cutaway.kit.tables import Table
    from cutaway.kit.worlds import World

CONDITIONS = ("adam", "sgd", "epsilon", "clipping", "decay", "only the start")
HEADS, STEPS, SGD_RATE, ADAM_RATE, DECAY, CLIP, EPS = (16, 64), 120, 0.3, 0.002, 0.1, 0.5, 1e-8
SAME = (
    f"heads of {HEADS[0]} and {HEADS[1]}, whose roots are powers of two; float32, {STEPS} steps "
    f"at a constant rate, a layer of width 64 on characters of Shakespeare"
)


def optimizer_of(net: nn.Module, root: float, condition: str) -> Any:
    """An optimizer in which the queries' matrix has its rate divided as the identity asks.

    Adam's step does not depend on the size of the gradient, that of SGD does. Epsilon is added to
    a root of squared gradients, which here are larger, and so it has to grow with them.
    """
    import torch

    queries = [p for name, p in net.named_parameters() if name.endswith("query.weight")]
    others = [p for name, p in net.named_parameters() if not name.endswith("query.weight")]
    if condition == "sgd":
        rate = SGD_RATE / root**2
        return torch.optim.SGD([{"params": others}, {"params": queries, "lr": rate}], lr=SGD_RATE)
    alone = {
        "params": queries,
        "lr": ADAM_RATE if condition == "only the start" else ADAM_RATE / root,
        "eps": EPS if condition == "epsilon" else EPS * root,
    }
    decay = DECAY if condition == "decay" else 0.0
    groups = [{"params": others}, alone]
    return torch.optim.AdamW(groups, lr=ADAM_RATE, eps=EPS, weight_decay=decay)


def losses_of(world: World, seed: int, head: int, root: float, condition: str) -> list[float]:
    """The losses of a model whose query matrix and its rate were divided by a root."""
    import torch

    from .lab_model import loss_of, model, shakespeare, text_batches

    vocab = shakespeare().tokenization.vocab
    net = model(world, seed, width=64, heads=64 // head, depth=1, context=32, vocab=vocab)
    with torch.no_grad():
        for name, weight in net.named_parameters():
            if name.endswith("query.weight"):
                weight /= root
    optimizer, batches = optimizer_of(net, root, condition), text_batches(seed, size=8, context=32)
    losses = []
    for step in range(STEPS):
        loss = loss_of(net, batches(step))
        losses.append(loss.item())
        optimizer.zero_grad()
        loss.backward()
        if condition == "clipping":
            torch.nn.utils.clip_grad_norm_(net.parameters(), CLIP)
        optimizer.step()
    return losses


def identity(world: World, *, seed: int, condition: str, head: int) -> Iterator[Row]:
    """How far a world, its queries' matrix and rate divided by the root, is from the clean one.

    Where the world has no scale they should be one and the same. Where it has one (the control) the
    scale is applied twice. `difference` is the largest of the losses, `at` the first step at which
    they differ (0 if none), `drift` the mean of the last twenty.
    """
    from cutaway.kit.worlds import CLEAN

    ours = losses_of(world, seed, head, math.sqrt(head), condition)
    clean = losses_of(CLEAN, seed, head, 1.0, condition)
    gaps = [a - b for a, b in zip(ours, clean, strict=True)]
    finite = all(map(math.isfinite, gaps))
    yield {
        "case": f"{condition}, {head}",
        "difference": max(map(abs, gaps)) if finite else None,
        "at": next((step for step, gap in enumerate(gaps, 1) if gap), 0) if finite else None,
        "drift": sum(gaps[-20:]) / 20 if finite else None,
    }


PLAIN = CONDITIONS[:2]  # nothing that looks at the matrix itself


def identical(table: Table, conditions: Sequence[str], equal: bool) -> Verdict:
    """Whether worlds are bit-equal under some conditions, or differ under each of them alone."""
    most, least, control = {}, {}, []
    for condition in conditions:
        found = column(table, "difference", fault="no_scale", condition=condition)
        most[condition], least[condition] = max(found), min(found)
        control += column(table, "difference", fault=None, condition=condition)
    if not min(control) > 0:
        raise Undecidable("the control, in which the scale is applied twice, does not differ")
    plain = [column(table, "difference", fault="no_scale", condition=one) for one in PLAIN]
    alone = max(max(found) for found in plain) == 0
    holds = max(most.values()) == 0 if equal else alone and min(least.values()) > 0
    said = ", ".join(f"{condition} {gap:.2g}" for condition, gap in most.items())
    because = (
        f"largest difference of a loss, in nats: {said}; the control's least {min(control):.2g}"
    )
    return exactly(holds, because, effect=max(most.values()))


EXPERIMENTS = (
    Experiment(
        "identity",
        identity,
        grid={"fault": (None, "no_scale"), "condition": CONDITIONS, "head": HEADS},
        seeds=3,
        quick={"head": (64,), "seeds": 1},
        data=("shakespeare",),
    ),
)
FIGURES = (
    Figure(
        "identity_by_case",
        "identity",
        title="Deleting the scale is a rescaled start and rate; clipping and decay see through it",
        x="case",
        y="difference",
        mark="point",
        log="y",
        alt="Largest difference of any loss between the world without the scale, compensated, and "
        "the clean one, by condition and head width; equal cases have no dot there, and the "
        "control, in which the scale is applied twice, has one in every case.",
    ),
)
CLAIMS = (
    Claim(
        "Under Adam, and under SGD, deleting the scale is to multiply the start and the rate of "
        "the queries' matrix, bit for bit",
        source="004-18",
        experiment="identity",
        holds=lambda t: identical(t, ("adam", "sgd"), equal=True),
        regime=SAME,
    ),
    Claim(
        "Clipping, weight decay and an epsilon that is left as it was each break that identity, "
        "and so does a start without its rate",
        source="004-18",
        experiment="identity",
        holds=lambda t: identical(t, CONDITIONS[2:], equal=False),
        regime=SAME,
    ),
)
