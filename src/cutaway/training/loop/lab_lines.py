"""Every line of the loop and of the model, deleted alone: what a run ends at without it."""

from __future__ import annotations

import statistics
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from cutaway.kit.judging import decided
from cutaway.kit.statistics import Undecidable, Verdict
from cutaway.kit.tables import Table
from cutaway.kit.verdicts import above_chance, exactly, raises
from cutaway.kit.words import Claim, Experiment, Figure, Row

from .lab_judging import MARGIN, unigram

if TYPE_CHECKING:
    from cutaway.kit.worlds import World

STEPS, LENGTHS, NONE = 80, (7, 13, 22, 31), "nothing"
RULE = (
    "Optimizer.__init__",
    "Optimizer.clear",
    "Optimizer.step",
    "Optimizer.memory",
    "Optimizer.load",
    "AdamW.__init__",
    "AdamW.move",
    "Together.__init__",
    "Together.rate",
    "Together.step",
)
LOOP = {
    "loop": ("training/loop/loop.py", ("train",)),
    "clip": ("training/loop/clipping.py", ("length", "clip")),
    "schedule": ("training/loop/schedules.py", ("bounded", "rising", "passed", "cosine")),
    "data": ("training/loop/batches.py", ("order", "chosen", "windows", "parts", "apart")),
    "loss": ("training/loop/losses.py", ("asked", "surprise", "nats")),
    "rule": ("training/loop/optimizers.py", RULE),
    "groups": ("training/loop/groups.py", ("decayed", "with_adamw")),
}
MODEL = {
    "gpt": ("architecture/gpt/gpt.py", ("GPT.forward",)),
    "table": ("atoms/embeddings/embeddings.py", ("lookup", "Embedding.forward")),
    "block": ("architecture/block/block.py", ("Block.forward",)),
    "mlp": ("architecture/block/mlp.py", ("Gated.forward",)),
    "bend": ("architecture/norms/activations.py", ("silu",)),
    "norm": ("architecture/norms/norms.py", ("RMSNorm.forward",)),
    "heads": ("architecture/heads/heads.py", ("shared", "grouped", "Heads.forward")),
    "places": ("atoms/positions/rotary.py", ("halves", "rotated", "Rotary.forward")),
    "attention": (
        "architecture/attention/attention.py",
        ("causal", "allowed", "softmax", "attend", "split", "merge"),
    ),
}


def loss_without_line(world: World, *, seed: int, where: str, steps: int) -> Iterator[Row]:
    """How a run ends without each line of a part of the loop or of the model, and without a break.

    `cut` is the loss at tokens whose future was not there to be seen.
    """
    from cutaway.kit.deleting import deletions
    from cutaway.kit.worlds import broken

    if where == NONE:
        yield {"side": NONE, "function": None, "line": 0, "text": None, **end(world, seed, steps)}
        return
    side = "loop" if where in LOOP else "model"
    for one in deletions(*(LOOP | MODEL)[where]):
        with broken(one.fault) as gone:
            found = end(gone, seed, steps)
        said = {"function": one.function, "line": one.line, "text": one.text}
        yield {"side": side, **said, **found}


def end(world: World, seed: int, steps: int) -> dict[str, Any]:
    """How a run ends: at once, at what is no number, or with what it has learnt."""
    from cutaway.kit.exams import Text
    from cutaway.kit.teaching import finite, nats, truncated

    from .lab_small import CONTEXT, Plan, run

    exam = Text(context=CONTEXT)
    known = {
        "error": None,
        "loss": None,
        "cut": None,
        "told": None,
        "unigram": exam.rung("unigram"),
    }
    try:
        ran = run(world, Plan(steps=steps), seed)
        loss, told = nats(ran.model, exam.held_out()), finite(float(ran.states[-1].loss))
    except Exception as error:
        return {**known, "ends": "at once", "error": type(error).__name__}
    if loss is None:
        return {**known, "ends": "not a number", "told": told}
    cut = truncated(ran.model, exam.held_out(), LENGTHS)
    return {**known, "ends": "trained", "loss": loss, "told": told, "cut": cut}


def loop_moves_more(table: Table) -> Verdict:
    """Whether the median line lost in silence moves a run more in the loop than in the model."""
    trained(table)
    rows = []
    for seed in table.values("seed"):
        part = table.where(seed=seed).dicts()
        (clean,) = [row["cut"] for row in part if row["where"] == NONE]
        for side in ("loop", "model"):
            ends = [row["cut"] for row in part if row["side"] == side and row["cut"] is not None]
            if not ends:
                raise Undecidable(f"no line of the {side} was lost in silence at seed {seed}")
            moved = statistics.median(abs(one - clean) for one in ends)
            rows.append({"seed": seed, "side": side, "moved": moved})
    return raises(Table.of(rows), "moved", {"side": "loop"}, {"side": "model"}, MARGIN)


def loop_is_silent(table: Table) -> Verdict:
    """Whether a run ends without more of the loop's lines than of the model's: two counts."""
    trained(table)
    shares, said = [], []
    for side in ("loop", "model"):
        ends: dict[Any, bool] = {}
        for row in table.where(side=side).dicts():
            line = row["where"], row["line"], row["text"]
            ends[line] = ends.get(line, True) and row["cut"] is not None
        shares.append(sum(ends.values()) / len(ends))
        said.append(f"{sum(ends.values())} of {len(ends)} lines of the {side}")
    return exactly(shares[0] > shares[1], "; ".join(said), shares[0] - shares[1])


def trained(table: Table) -> None:
    """Nothing, if the run that lacks no line has left chance."""
    if not len(table):
        raise Undecidable("nothing was measured")
    above_chance(table, "cut", {"where": NONE}, unigram(table), 0.2)


EXPERIMENTS = (
    Experiment(
        "loss_without_line",
        loss_without_line,
        grid={"where": (NONE, *LOOP, *MODEL), "steps": (STEPS,)},
        seeds=6,
        keeps=("side", "line", "text", "ends", "cut", "unigram"),
        quick={"where": (NONE, "clip"), "steps": (20,), "seeds": 1},
        limit=300.0,
        data=("shakespeare",),
    ),
)

FIGURES = (
    Figure(
        "loss_without_line",
        "loss_without_line",
        title="Lines of rule and loop, lost in silence, cost most; many of both cost nothing",
        x="where",
        y="cut",
        color="ends",
        mark="point",
        alt=(
            "The loss at tokens whose future was cut off, by the part of the loop or of the model "
            "that a line was lost in: a dot for each seed, the mean of the lines without which a "
            "run still ended."
        ),
    ),
)

REGIME = f"every statement of a run and of a model like Llama deleted alone, {STEPS} steps, AdamW"
CLAIMS = (
    Claim(
        "A line of the loop that is lost in silence moves a run more than one of the model",
        source="000-19",
        experiment="loss_without_line",
        holds=decided(loop_moves_more),
        regime=f"{REGIME}; the medians of how far the loss moves, the future cut off",
    ),
    Claim(
        "More of the loop's lines than of the model's can be lost in silence",
        source="000-19",
        experiment="loss_without_line",
        holds=decided(loop_is_silent),
        regime=f"{REGIME}; the shares of lines without which a run still ends, at every seed",
    ),
)
