"""How a model begins, and how much of that is left when it has been taught."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from cutaway.kit.judging import Holds, decided
from cutaway.kit.pairs import values
from cutaway.kit.statistics import Undecidable, Verdict
from cutaway.kit.tables import Table
from cutaway.kit.verdicts import exactly
from cutaway.kit.words import Claim, Experiment, Figure, Row

from .lab_judging import MARGIN, tuned, unigram
from .lab_small import RATES, RECIPE

if TYPE_CHECKING:
    from cutaway.kit.worlds import World

STDS = (0.0, 0.002, 0.02, 0.2, 1.0)
DEPTHS = (2, 6, 12)
DEEP, SHORT, NARROW = 6, 200, 32
HIGH = (0.03, 0.1)  # what a start that is too wide asks for


def start_by_std(world: World, *, seed: int, std: float, depth: int) -> Iterator[Row]:
    """Before the first step: the loss, the size of the scores, and that of the gradient."""
    import math

    import torch

    from cutaway.kit.exams import Text
    from cutaway.kit.teaching import surprise

    from .lab_small import CONTEXT, drawn, sizes

    exam = Text(context=CONTEXT)
    model = drawn(world.gpt.gpt2, sizes(world, exam.vocab, depth=depth, std=std), seed)
    rows = exam.rows(seed, 0)
    loss = surprise(model, rows)
    loss.backward()  # type: ignore[no-untyped-call]
    slopes = [one.grad.norm() for one in model.parameters() if one.grad is not None]
    with torch.no_grad():
        scores = model(rows.tokens[:, :-1]).std()
    slope = torch.stack(slopes).norm().item()
    yield {
        "spread": f"{std:g}",
        "loss": loss.item(),
        "above": loss.item() - math.log(exam.vocab),
        "scores": scores.item(),
        "slope": slope,
        "tens": math.log10(slope) if slope else None,
    }


def loss_by_start(world: World, *, seed: int, std: float, rate: float, steps: int) -> Iterator[Row]:
    """What is left of a start when a model has been taught."""
    from cutaway.kit.exams import Text

    from .lab_small import CONTEXT, SIZE, drawn, read, sizes

    exam = Text(context=CONTEXT, size=SIZE)
    model = drawn(world.gpt.gpt2, sizes(world, exam.vocab, std=std), seed)
    yield {**read(model, exam, seed, rate, steps), "unigram": exam.rung("unigram")}


def loss_by_writers(
    world: World, *, seed: int, depth: int, rate: float, steps: int
) -> Iterator[Row]:
    """What deep and shallow models end at whose writers begin narrow, or as wide as the rest."""
    from cutaway.kit.exams import Text

    from .lab_small import CONTEXT, SIZE, drawn, read, sizes

    exam = Text(context=CONTEXT, size=SIZE)
    c = sizes(world, exam.vocab, width=NARROW, depth=depth)
    model = drawn(world.gpt.gpt2, c, seed)
    yield {"unigram": exam.rung("unigram"), **read(model, exam, seed, rate, steps)}


def near_even(table: Table) -> Verdict:
    """Whether every model of the usual spread begins within 0.1 of the even guess."""
    usual = table.where(std=0.02)
    found = [value for depth in DEPTHS for value in values(usual, "above", {"depth": depth})]
    worst = max(map(abs, found))
    return exactly(worst < 0.1, f"the furthest of {len(found)} begins {worst:.3g} away", worst)


def stuck(table: Table) -> Verdict:
    """Whether a model whose weights are all zero gets no gradient at all."""
    found = [
        value
        for depth in DEPTHS
        for value in values(table.where(std=0.0), "slope", {"depth": depth})
    ]
    because = f"the largest gradient of {len(found)} models is {max(found):.3g}"
    return exactly(max(found) == 0, because, max(found))


def measured(judge: Holds) -> Holds:
    """The same judgement, undecided where nothing was measured."""

    def holds(table: Table) -> Verdict:
        if not len(table):
            raise Undecidable("nothing was measured")
        return judge(table)

    return decided(holds)


EXPERIMENTS = (
    Experiment(
        "start_by_std",
        start_by_std,
        grid={"std": STDS, "depth": DEPTHS},
        quick={"std": (0.0, 0.02, 1.0), "depth": (2,), "seeds": 3},
        data=("shakespeare",),
    ),
    Experiment(
        "loss_by_start",
        loss_by_start,
        grid={"std": STDS[1:], "rate": (*RATES, *HIGH), "steps": (SHORT,)},
        quick={"std": (0.02, 1.0), "rate": (0.01,), "steps": (30,), "seeds": 3},
        data=("shakespeare",),
    ),
    Experiment(
        "loss_by_writers",
        loss_by_writers,
        grid={
            "fault": (None, "writers_wide"),
            "depth": (DEEP,),
            "rate": RATES,
            "steps": (SHORT,),
        },
        more=48,
        at=({"rate": 0.003},),
        quick={"rate": (0.01,), "steps": (20,), "seeds": 3},
        outcome="loss",
        margin=MARGIN,
        data=("shakespeare",),
    ),
)

FIGURES = (
    Figure(
        "loss_before_the_first_step",
        "start_by_std",
        title="Up to a spread of 0.02 every model begins at the even guess; beyond, far off",
        x="spread",
        y="loss",
        color="depth",
        mark="bar",
        alt=(
            "Loss before the first step by the spread of the weights, a bar for each depth: alike "
            "at the logarithm of the vocabulary up to 0.02, higher at 0.2 and far higher at 1."
        ),
    ),
    Figure(
        "slope_before_the_first_step",
        "start_by_std",
        title="The first gradient grows with spread and depth; at a spread of zero there is none",
        x="spread",
        y="tens",
        color="depth",
        mark="bar",
        alt=(
            "Size of the first gradient, in powers of ten, by the spread of the weights, a bar for "
            "each depth; at a spread of zero there is none."
        ),
    ),
    Figure(
        "loss_by_start",
        "loss_by_start",
        title="No other start gets as low as the usual one; the too wide ask for higher rates",
        x="rate",
        y="loss",
        color="std",
        log="x",
        alt=(
            "Held-out loss after training by rate, one line for each of four spreads of the first "
            "weights."
        ),
    ),
    Figure(
        "loss_by_writers",
        "loss_by_writers",
        title=f"In {DEEP} blocks, writers that begin narrow buy nothing that one sees, at any rate",
        x="rate",
        y="loss",
        log="x",
        alt=(
            "Held-out loss by rate, two lines: with writers that begin narrow and as wide "
            "as the rest."
        ),
    ),
)


def after(std: float, says: str, word: str) -> Claim:
    """A claim on what is left of a start."""
    return Claim(
        says,
        source="003-18",
        experiment="loss_by_start",
        holds=tuned(word, {"std": std}, {"std": 0.02}, unigram),
        regime=f"{RECIPE}, here {SHORT}; each start's rate tuned, judged on other seeds",
    )


CLAIMS = (
    Claim(
        "Before the first step a GPT thinks every token as likely as another",
        source="003-18",
        experiment="start_by_std",
        holds=measured(near_even),
        regime="spread 0.02, width 64, 2, 6 and 12 blocks: within 0.1 nats of the even guess",
    ),
    Claim(
        "A GPT whose weights are all zero has no gradient to leave them by",
        source="003-18",
        experiment="start_by_std",
        holds=measured(stuck),
        regime="tied head, norms at one, width 64, 2, 6 and 12 blocks; to the last bit",
    ),
    after(1.0, "A start fifty times too wide costs loss even at its own best rate", "raises"),
    after(0.2, "A start ten times too wide costs loss even at its own best rate", "raises"),
    after(0.002, "A start ten times too narrow costs nothing at its own best rate", "unchanged"),
    Claim(
        "Writers that begin narrower give a lower loss in a deep model",
        source="003-18",
        experiment="loss_by_writers",
        holds=tuned("raises", {"fault": "writers_wide"}, {"fault": None}, unigram),
        regime=f"width {NARROW}, {DEEP} blocks, {SHORT} steps; each arm's rate tuned on two seeds",
    ),
)
