"""What broken attention costs a small language model, and where each number is measured."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

from cutaway.kit.fit import fit
from cutaway.kit.words import Experiment, Figure, Row

if TYPE_CHECKING:
    from torch import Tensor

    from cutaway.kit.worlds import World

CONTEXT = 64  # of lab_model
WIDTH, HEADS, DEPTH, SIZE, STEPS, RATE = 48, 4, 1, 8, 500, 0.005
RATES = (RATE, 0.01)
MASKS = ("mask_10000", "mask_30", "mask_10", "mask_5", "mask_3", "mask_1")
ARMS = (
    *(None, "no_scale", "squared_scale", "no_mask", "inverted_mask", "mask_ahead", "mask_behind"),
    *("late_mask", *MASKS, "wrong_axis", "no_softmax", "no_softmax_finite", "linear_scores"),
    *("softmax_twice", "values_from_keys", "key_dropped", "view_in", "view_out"),
    *("view_both", "no_max", "no_floor", "uniform", "no_output"),
)


def loss_by_fault(world: World, *, seed: int, steps: int) -> Iterator[Row]:
    """What a model reports, and what it is worth: one loss for each place where it is read.

    `reported` is the training loss at the end; `validation` is read on full held-out windows, and
    `deployed` at the same tokens from nothing but their past; `spoken` is the loss of the model's
    own text under a trigram of the corpus. `future` is the largest change of a score when only
    later tokens change. `chance`, `bigram` and `trigram` are rungs of the corpus's ladder.
    """
    from .lab_model import (
        finite,
        future_seen,
        loss_of,
        model,
        rung,
        shakespeare,
        spoken,
        text_batches,
        truncated,
        validation,
    )

    vocab = shakespeare().tokenization.vocab
    net = model(world, seed, width=WIDTH, heads=HEADS, depth=DEPTH, vocab=vocab)
    before = future_seen(net)
    losses = fit(net, text_batches(seed, size=SIZE), loss_of, steps=steps, rate=RATE)
    diverged = not math.isfinite(losses[-1])
    read, deployed = (None, None) if diverged else (validation(net), truncated(net))
    yield {
        "reported": finite(sum(losses[-20:]) / len(losses[-20:])),
        "validation": read,
        "deployed": deployed,
        "leak": less(deployed, read),
        "spoken": None if diverged else spoken(net, seed),
        "future_untrained": before,
        "future": future_seen(net),
        "diverged": diverged,
        "survived": len(losses) - diverged,
        "chance": rung("unigram"),
        "bigram": rung("bigram"),
        "trigram": rung("trigram"),
    }


def loss_by_position(world: World, *, seed: int, every: int, steps: int) -> Iterator[Row]:
    """The held-out loss at every so many positions of full windows, and from only the past."""
    from .lab_model import (
        by_length,
        by_position,
        held_out,
        loss_of,
        model,
        rung,
        shakespeare,
        text_batches,
    )
    from .lab_rates import short

    vocab = shakespeare().tokenization.vocab
    net = model(world, seed, width=WIDTH, heads=HEADS, depth=DEPTH, vocab=vocab)
    fit(net, text_batches(seed, size=SIZE), loss_of, steps=steps, rate=RATE)
    windows, positions = held_out()[::3], range(1, CONTEXT + 1, every)
    read, deployed = by_position(net, windows), by_length(net, windows, positions)
    for at in positions:
        yield {
            "position": at,
            "validation": short(read[at - 1]),
            "deployed": short(deployed[at]),
            "chance": short(rung("unigram")),
        }


def mask_at_inference(world: World, *, seed: int, depth: int, steps: int) -> Iterator[Row]:
    """Models trained with the mask, read with it and without: losses, and how far scores move."""
    import torch

    from .lab_model import (
        by_position,
        held_out,
        loss_of,
        mean,
        model,
        rung,
        shakespeare,
        text_batches,
    )

    vocab = shakespeare().tokenization.vocab
    net = model(world, seed, width=WIDTH, heads=HEADS, depth=depth, vocab=vocab)
    fit(net, text_batches(seed, size=SIZE), loss_of, steps=steps, rate=RATE)
    masks = {"causal": world.attention.causal, "none": lambda t, s: (t >= 0) & (s >= 0)}
    with torch.no_grad():
        scores = {name: net(held_out()[::8, :-1], mask) for name, mask in masks.items()}
    losses = {name: by_position(net, held_out(), mask) for name, mask in masks.items()}
    for name in masks:
        change = (scores[name] - scores["causal"]).abs()
        yield {
            "mask": name,
            "last": losses[name][-1],
            "every": mean(losses[name]),
            "last_cost": less(losses[name][-1], losses["causal"][-1]),
            "last_change": change[:, -1].max().item(),
            "change": change.max().item(),
            "chance": rung("unigram"),
        }


def finite_masks(world: World, *, seed: int, depth: int, rate: float, steps: int) -> Iterator[Row]:
    """What leaks through the mask, in nats, half way and at the end: deployed less validation."""
    from .lab_model import loss_of, model, rung, shakespeare, text_batches, truncated, validation

    vocab = shakespeare().tokenization.vocab
    net = model(world, seed, width=WIDTH, heads=HEADS, depth=depth, vocab=vocab)
    batches, half_way = text_batches(seed, size=SIZE), list[float | None]()

    def watched(step: int) -> Tensor:
        if step == steps // 2:
            half_way.append(less(truncated(net), validation(net)))
        return batches(step)

    fit(net, watched, loss_of, steps=steps, rate=rate)
    read, deployed = validation(net), truncated(net)
    yield {
        "validation": read,
        "deployed": deployed,
        "leak": less(deployed, read),
        "leak_half_way": half_way[0] if half_way else None,
        "chance": rung("unigram"),
    }


def loss_above_entropy(world: World, *, seed: int, steps: int) -> Iterator[Row]:
    """Losses on a Markov source, less its known entropy: what is below zero was not predicted."""
    import torch

    from cutaway.data.tasks import MarkovSource

    from .lab_model import by_length, finite, loss_of, mean, model

    source = MarkovSource.random(12, 33, seed=seed)
    net = model(world, seed, width=32, heads=HEADS, depth=DEPTH, context=32, vocab=12)
    drawn = [source.draw(seed, step, 16) for step in range(steps)]
    losses = fit(
        net, lambda step: torch.from_numpy(drawn[step].tokens), loss_of, steps=steps, rate=RATE
    )
    floor = mean(float(one.nats[:, 1:].mean()) for one in drawn[-20:])
    fresh, lengths = source.draw(seed, steps, 512), (5, 13, 29)
    found = by_length(net, torch.from_numpy(fresh.tokens), lengths)
    deployed = mean(found[at] for at in lengths)
    yield {
        "reported": less(finite(sum(losses[-20:]) / len(losses[-20:])), floor),
        "deployed": less(deployed, mean(float(fresh.nats[:, at].mean()) for at in lengths)),
        "untrained": math.log(12) - floor,
    }


def less(one: float | None, other: float | None) -> float | None:
    """The difference, or None where there is none."""
    return None if one is None or other is None else one - other


SHAKESPEARE = ("shakespeare",)
BOTH = "view_both"
EXPERIMENTS = (
    Experiment(
        "loss_by_fault",
        loss_by_fault,
        grid={"fault": ARMS, "steps": (STEPS,)},
        quick={"fault": (None, "no_mask", "no_softmax_finite"), "steps": (120,), "seeds": 2},
        outcome="deployed",
        margin=0.02,
        data=SHAKESPEARE,
    ),
    Experiment(
        "loss_by_name",
        loss_by_fault,
        grid={"fault": (None, "swapped"), "steps": (STEPS,)},
        seeds=40,  # each pair starts from other numbers, so many are needed
        quick={"steps": (60,), "seeds": 2},
        outcome="deployed",
        margin=0.02,
        data=SHAKESPEARE,
    ),
    *(
        Experiment(
            name,
            loss_by_position,
            grid={"fault": (None, *faults), "every": (every,), "steps": (STEPS,)},
            quick={"fault": (None, faults[0]), "every": (9,), "steps": (60,), "seeds": 2},
            data=SHAKESPEARE,
        )
        for name, every, faults in (
            ("loss_by_position", 7, ("no_mask", "view_in", "mask_ahead", "wrong_axis")),
            ("loss_by_slice", 1, (BOTH,)),
        )
    ),
    Experiment(
        "mask_at_inference",
        mask_at_inference,
        grid={"depth": (1, 2, 3), "steps": (400,)},
        quick={"depth": (1, 2), "steps": (60,), "seeds": 2},
        data=SHAKESPEARE,
    ),
    Experiment(
        "finite_masks",
        finite_masks,
        grid={
            "fault": (None, "mask_10", "mask_5", "mask_3", "mask_1"),
            "depth": (2,),
            "rate": RATES,
            "steps": (300,),
        },
        seeds=16,
        quick={
            "fault": (None, "mask_1"),
            "depth": (1,),
            "rate": (RATE,),
            "steps": (60,),
            "seeds": 2,
        },
        outcome="leak",
        margin=0.02,
        data=SHAKESPEARE,
    ),
    Experiment(
        "loss_above_entropy",
        loss_above_entropy,
        grid={"fault": (None, "no_mask"), "steps": (200,)},
        quick={"seeds": 3},
        outcome="deployed",
        margin=0.02,
        data=SHAKESPEARE,  # the model's file can open it
    ),
)
FIGURES = (
    Figure(
        "validation_by_fault",
        "loss_by_fault",
        title="Read on whole held-out windows, the plain leaks are triumphs; others do not show",
        x="fault",
        y="validation",
        mark="bar",
        alt="One bar a fault: near zero without the mask or past it; some leaks stand above clean.",
    ),
    Figure(
        "deployed_by_fault",
        "loss_by_fault",
        title="Given only the past, the models that were near zero fail worst",
        x="fault",
        y="deployed",
        mark="bar",
        alt="The same bars, deployed: those that were near zero are now the highest or among them.",
    ),
    Figure(
        "validation_by_position",
        "loss_by_position",
        title="A token that can be copied costs nothing; the last has nothing after it to copy",
        x="position",
        y="validation",
        alt="Held-out loss by position: two curves lie at zero up to the last position and end "
        "above the clean one, one lies half way, and one falls to zero at some positions.",
    ),
    Figure(
        "deployed_by_position",
        "loss_by_position",
        title="Deployed, each of these leaks is worse than the clean model at every length",
        x="position",
        y="deployed",
        alt="Loss of the next token by length of the past, a curve for each fault: the clean one "
        "is lowest everywhere.",
    ),
    Figure(
        "validation_by_slice",
        "loss_by_slice",
        title="Heads cut by a view on both sides leave a sawtooth: a slice starts with no past",
        x="position",
        y="validation",
        alt="Held-out loss by position; with views on both sides it jumps up after each quarter.",
    ),
    Figure(
        "deployed_by_slice",
        "loss_by_slice",
        title="Which lengths fail when deployed depends on where the slices of a window fall",
        x="position",
        y="deployed",
        alt="Loss of the next token by length of the past: one smooth curve, one with high teeth.",
    ),
    Figure(
        "last_cost_by_depth",
        "mask_at_inference",
        title="Without its mask a model of one layer ends as before; a deeper one does not",
        x="depth",
        y="last_cost",
        color="mask",
        alt="Rise of the last token's loss without the mask, by depth: zero at depth one.",
    ),
    Figure(
        "leak_by_mask",
        "finite_masks",
        title="The higher a finite mask, the more leaks: next to nothing at -10, much at -1",
        x="fault",
        y="leak",
        color="rate",
        mark="point",
        alt="Deployed less validation loss by mask value, a colour for each learning rate.",
    ),
)
