"""What deleting the scale does to training: by rate, by step, and by how long one trains."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from cutaway.kit.words import Experiment, Figure, Row

from .lab_scale import LIFELESS

if TYPE_CHECKING:
    from torch import nn

    from cutaway.kit.worlds import World

WIDTH, CONTEXT, SIZE, WARM, EVERY, LONG = 64, 32, 8, 20, 10, 2000
HEADS = (16, 64)
INITS: Mapping[str, float | None] = {"torch": None, "normal": 0.02}
RATES = (0.0005, 0.001, 0.002, 0.004, 0.008, 0.016)
LOWER, HIGHER = 0.002, 0.004
COMMON = 2.45
HORIZONS = (125, 250, 500, 1000, 2000)
SEEN = (0, 50, 100, 200, 300, 450, 600)
STILL, REST = 0.02, 0.2
Look = Callable[[int, "nn.Module"], None]


def chance() -> float:
    """The held-out loss of a model that knows how often each character occurs, and no more."""
    import numpy as np

    from .lab_model import shakespeare

    found = shakespeare()
    train, held_out = (
        np.bincount(np.asarray(side), minlength=found.tokenization.vocab) + 1.0
        for side in (found.train, found.held_out)
    )
    return float(-(held_out / held_out.sum() * np.log(train / train.sum())).sum())


def curve(world: World, seed: int, look: Look = lambda step, net: None, **how: Any) -> list[float]:
    """The held-out loss every few steps of training, up to the first that is not finite."""
    import torch

    from .lab_model import held_out, loss_of, model, shakespeare, text_batches

    shape = {"width": WIDTH, "heads": WIDTH // how["head"], "depth": 1, "context": CONTEXT}
    vocab = shakespeare().tokenization.vocab
    net = model(world, seed, vocab=vocab, std=INITS[how["init"]], **shape)
    optimizer = torch.optim.AdamW(net.parameters(), weight_decay=0.0)
    batches, exam = text_batches(seed, size=SIZE, context=CONTEXT), held_out(CONTEXT)[::16]
    losses = []
    for step in range(how["steps"]):
        look(step, net)
        for group in optimizer.param_groups:
            group["lr"] = how["rate"] * min(1.0, (step + 1) / WARM)
        optimizer.zero_grad()
        loss_of(net, batches(step)).backward()
        optimizer.step()
        if (step + 1) % EVERY == 0:
            with torch.no_grad():
                losses.append(loss_of(net, exam).item())
            if not math.isfinite(losses[-1]):
                break
    look(how["steps"], net)
    return losses


def plateau(losses: Sequence[float], horizon: int) -> int | None:
    """The first step from which the best loss gains next to nothing in a fifth of the horizon."""
    best = list(itertools.accumulate(losses[: horizon // EVERY], min))
    rest = round(REST * horizon) // EVERY
    ends = (at for at in range(len(best) - rest) if best[at] - best[at + rest] < STILL)
    at = next(ends, None)
    return None if at is None else (at + 1) * EVERY


def reached(losses: Sequence[float], level: float) -> int | None:
    """The first step at which the loss is no higher than a level."""
    return next((at * EVERY for at, loss in enumerate(losses, 1) if loss <= level), None)


def short(value: float | None) -> float | None:
    """Six digits of a number, or None if it is none."""
    return float(f"{value:.6g}") if value is not None and math.isfinite(value) else None


def loss_by_rate(world: World, *, seed: int, rate: float, steps: int) -> Iterator[Row]:
    """Where training ends at a rate, for each initialisation and head width.

    `final` is the mean of the last five readings, `plateau` and `reach` (of a common loss) are None
    where the steps did not suffice, `diverged` counts the models without a finite loss.
    """
    row: dict[str, float | int | None] = {"chance": short(chance()), "diverged": 0}
    for init, head in itertools.product(INITS, HEADS):
        losses = curve(world, seed, init=init, head=head, rate=rate, steps=steps)
        finite = math.isfinite(losses[-1])
        found = {
            "final": short(sum(losses[-5:]) / len(losses[-5:])),
            "best": short(min(losses)) if finite else None,
            "plateau": plateau(losses, steps) if finite else None,
            "reach": reached(losses, COMMON),
        }
        row["diverged"] = int(row["diverged"] or 0) + (not finite)
        row |= {f"{what}_{init}_{head}": value for what, value in found.items()}
    yield row


def plateau_by_horizon(world: World, *, seed: int, rate: float, steps: int) -> Iterator[Row]:
    """The best loss, and the plateau if there is one, had the run ended at each of some horizons.

    The rate is constant, so that one run is as many as it has horizons. Heads of 64, torch's start.
    """
    losses = curve(world, seed, init="torch", head=64, rate=rate, steps=steps)
    finite = math.isfinite(losses[-1])
    for horizon in [one for one in HORIZONS if one <= steps]:
        found = plateau(losses, horizon) if finite else None
        yield {
            "horizon": horizon,
            "best": short(min(losses[: horizon // EVERY])) if finite else None,
            "plateau": found,
            "stopped": found is not None if finite else None,
            "chance": short(chance()),
        }


def seen_through(parts: Any, net: nn.Module) -> dict[str, float | None]:
    """What the weights of a model are like on held-out text, and what passes them backwards.

    `passed` and `dead` are as in lab_scale.py, of the gradient of the loss itself; `arrives` is the
    size of what reaches the scores. The first token, which has no choice, is left out.
    """
    import torch

    from cutaway.kit.watch import watch

    from .lab_model import held_out, loss_of

    with watch(parts.attend, "scores", "weights") as seen:
        loss = loss_of(net, held_out(CONTEXT)[::16])
    scores, weights = seen["scores"][-1], seen["weights"][-1]
    to_scores, to_weights = torch.autograd.grad(loss, (scores, weights))
    free = torch.ones(CONTEXT, CONTEXT).tril()
    count = free.sum(-1)
    arrived = (to_weights * free).norm(dim=-1)
    passed = (to_scores.norm(dim=-1) / arrived * count)[..., 1:]
    entropy = (torch.special.entr(weights.detach()).sum(-1) / count.log())[..., 1:]
    found = {
        "entropy": entropy.mean(),
        "score": scores.detach()[..., free.bool()].abs().max(),
        "passed": passed.square().mean().sqrt(),
        "dead": (passed < LIFELESS).float().mean(),
        "arrives": to_scores.norm(),
    }
    return {name: short(value.item()) for name, value in found.items()}


def scores_by_step(world: World, *, seed: int, rate: float, steps: int) -> Iterator[Row]:
    """Entropy, scores and gradients through the softmax while training, by head width."""
    floor = short(chance())
    kept = [step for step in SEEN if step <= steps]
    rows: dict[int, dict[str, Any]] = {step: {"step": step, "chance": floor} for step in kept}
    for head in HEADS:

        def look(step: int, net: nn.Module, head: int = head) -> None:
            if step in rows:
                found = seen_through(world.attention, net)
                rows[step] |= {f"{name}_{head}": value for name, value in found.items()}

        losses = curve(world, seed, look, init="torch", head=head, rate=rate, steps=steps)
        for step in kept[1:]:
            rows[step][f"loss_{head}"] = short(losses[step // EVERY - 1])
    yield from rows.values()


AGAIN = "scores_by_step", "scores_at_twice_the_rate"
HORIZON = "plateau_by_horizon", "plateau_at_twice_the_rate"
EXPERIMENTS = (
    Experiment(
        "loss_by_rate",
        loss_by_rate,
        grid={"fault": (None, "no_scale"), "rate": RATES, "steps": (480,)},
        seeds=18,
        quick={"rate": (0.001, 0.004, 0.016), "steps": (60,), "seeds": 2},
        data=("shakespeare",),
    ),
    *(
        Experiment(
            name,
            measure,
            grid={"fault": (None, "no_scale"), "rate": (rate,), "steps": (steps,)},
            seeds=seeds,
            quick={"steps": (250,) if steps == LONG else (100,), "seeds": 1},
            data=("shakespeare",),
        )
        for names, measure, steps, seeds in (
            (HORIZON, plateau_by_horizon, LONG, 24),
            (AGAIN, scores_by_step, SEEN[-1], 8),
        )
        for name, rate in zip(names, (LOWER, HIGHER))
    ),
)


def line(name: str, experiment: str, x: str, y: str, log: str, says: tuple[str, str]) -> Figure:
    """A figure with one line for each arm: its finding, and what one sees."""
    return Figure(name, experiment, title=says[0], x=x, y=y, alt=says[1], log=log)


FIGURES = (
    line(
        "loss_by_rate_torch",
        "loss_by_rate",
        "rate",
        "final_torch_64",
        "x",
        (
            "From torch's start, wide heads without the scale lose at every rate",
            "Final loss by rate, heads of 64, torch's initialisation: the line without the scale "
            "stands above the clean one, and the gap is widest to the right of the best rate.",
        ),
    ),
    line(
        "loss_by_rate_normal",
        "loss_by_rate",
        "rate",
        "final_normal_64",
        "x",
        (
            "From a smaller start, deleting the scale helps at every rate up to the best one",
            "Final loss by rate, heads of 64, matrices normal at 0.02: the two lines cross.",
        ),
    ),
    line(
        "loss_by_rate_narrow",
        "loss_by_rate",
        "rate",
        "final_torch_16",
        "x",
        (
            "In narrow heads the scale matters most beyond the best rate",
            "Final loss by rate, heads of 16, torch's initialisation: two lines that lie together "
            "around the best rate and part to the right of it.",
        ),
    ),
    line(
        "best_by_horizon",
        "plateau_by_horizon",
        "horizon",
        "best",
        "x",
        (
            "At the lower rate the loss without the scale is higher at every horizon",
            "Best loss by horizon at the lower rate, heads of 64: both lines go on falling.",
        ),
    ),
    line(
        "best_by_horizon_at_twice",
        "plateau_at_twice_the_rate",
        "horizon",
        "best",
        "x",
        (
            "At the higher rate it falls far more slowly, and stays higher",
            "Best loss by horizon at the higher rate, heads of 64: one falls less steeply.",
        ),
    ),
    line(
        "entropy_by_step",
        "scores_at_twice_the_rate",
        "step",
        "entropy_64",
        "",
        (
            "At the higher rate, attention without the scale saturates while it trains",
            "Entropy of the weights by step, heads of 64: the clean line falls by a third, the "
            "other to near zero.",
        ),
    ),
    line(
        "score_by_step",
        "scores_by_step",
        "step",
        "score_64",
        "",
        (
            "Scores grow in both arms; without the scale they are larger from the first step",
            "Largest score by step at the lower rate, heads of 64, one line for each arm.",
        ),
    ),
    line(
        "dead_by_step",
        "scores_at_twice_the_rate",
        "step",
        "dead_64",
        "",
        (
            "At the higher rate half of the queries without the scale pass next to no gradient",
            "Share of queries that pass less than a hundredth of what uniform weights pass, by "
            "step, heads of 64: near zero with the scale, rising to a half without it.",
        ),
    ),
    line(
        "arrives_by_step",
        "scores_by_step",
        "step",
        "arrives_64",
        "y",
        (
            "What of the gradient reaches the scores while training, at the lower rate",
            "Norm of the gradient of the loss at the scores by step, heads of 64, one line an arm.",
        ),
    ),
)
