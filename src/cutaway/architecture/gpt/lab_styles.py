"""GPT-2, Llama and Qwen3 side by side, and the way from the first to the second, part by part."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from cutaway.kit.judging import Holds, at_every, decided
from cutaway.kit.statistics import Undecidable, Verdict
from cutaway.kit.tables import Table
from cutaway.kit.verdicts import above_chance, raises, unchanged
from cutaway.kit.words import Claim, Experiment, Figure, Row

from .lab_judging import MARGIN, at_best, tuned, unigram
from .lab_small import PARTS, RATES, RECIPE, STEPS, WARM

if TYPE_CHECKING:
    from torch import nn

    from cutaway.kit.worlds import World

STYLES = ("gpt2", "llama", "qwen3")
ARMS = ("gpt2", *PARTS, "llama", "qwen3")
NARROW, ROWS, PAIRS, TAUGHT = 32, 32, 8, 400
ASKED = ("recall", "dyck")
OPEN = ("gpt2", "norm", "gate")  # what six seeds did not decide, more may


def arm(world: World, part: str, vocab: int, seed: int) -> nn.Module:
    """GPT-2, or it with one part of Llama's, or with all, or Qwen3: all of one count, or nearly."""
    from .lab_small import as_large, count, drawn, sizes

    c = sizes(world, vocab)
    if part == "qwen3":
        like = sizes(world, vocab, groups=c.heads // 2, hidden=c.hidden * 2 // 3)
        wanted = count(as_large(world, c, (), seed))
        gap = wanted - count(drawn(world.gpt.qwen3, like, seed))
        more = round(gap / (3 * c.width * c.depth))
        like = sizes(world, vocab, groups=c.heads // 2, hidden=like.hidden + more)
        return drawn(world.gpt.qwen3, like, seed)
    return as_large(world, c, {"gpt2": (), "llama": PARTS}.get(part, (part,)), seed)


def loss_by_part(world: World, *, seed: int, part: str, rate: float, steps: int) -> Iterator[Row]:
    """What a model ends at, which is GPT-2 but for one part, all of one size."""
    from cutaway.kit.exams import Text

    from .lab_small import CONTEXT, SIZE, count, read

    exam = Text(context=CONTEXT, size=SIZE)
    model = arm(world, part, exam.vocab, seed)
    row = {"parameters": count(model), **read(model, exam, seed, rate, steps)}
    yield {**row, "unigram": exam.rung("unigram"), "bigram": exam.rung("bigram")}


def answers_by_style(
    world: World, *, seed: int, task: str, style: str, rate: float, steps: int
) -> Iterator[Row]:
    """How often a model of a style is right where only what was said decides."""
    from cutaway.data.tasks import Dyck, Recall
    from cutaway.kit.exams import Quiz
    from cutaway.kit.teaching import accuracy, nats, taught

    from .lab_small import drawn, sizes

    exam = Quiz(Recall(joined=True) if task == "recall" else Dyck(pairs=PAIRS), ROWS)
    size = {"width": NARROW, "context": exam.task.length}
    gate = {} if style == "gpt2" else {"hidden": round(4 * NARROW * 2 / 3)}
    c = sizes(world, exam.vocab, **size, **gate)
    model = drawn(getattr(world.gpt, style), c, seed)
    taught(model, exam, seed, steps=steps, rate=rate, warm=WARM)
    held_out, exact = exam.held_out(), exam.task.exact
    yield {
        "place": f"{task} at {rate:g}",
        "accuracy": accuracy(model, held_out),
        "loss": nats(model, held_out),
        "chance": exact.chance,
        "entropy": exact.entropy,
    }


def nearer(style: str, against: str) -> Holds:
    """How a task decides whether one style is nearer to the task's entropy than another."""

    def holds(table: Table) -> Verdict:
        arms = {name: {"style": name} for name in (style, against)}
        judged = at_best(table, "accuracy", arms, better="higher")
        chance = float(max(table.column("chance")))
        one, other = {"arm": style}, {"arm": against}
        above_chance(judged, "accuracy", one, chance, 0.1, better="higher")
        return raises(judged, "accuracy", one, other, 0.05)

    return decided(holds)


def spread(table: Table) -> Verdict:
    """Whether the three styles end within the margin of one another, each at its best rate."""
    if not len(table):
        raise Undecidable("nothing was measured")
    judged = at_best(table, "loss", {name: {"part": name} for name in STYLES})
    above_chance(judged, "loss", {"arm": "gpt2"}, unigram(table), 0.2)
    rows = []
    for seed in judged.values("seed"):
        found = judged.where(seed=seed).column("loss")
        if None in found:
            raise Undecidable(f"a style has no finite loss at seed {seed}")
        ends = {"worst": max(found), "best": min(found)}
        rows += [{"seed": seed, "arm": name, "loss": loss} for name, loss in ends.items()]
    return unchanged(Table.of(rows), "loss", {"arm": "worst"}, {"arm": "best"}, 0.05)


EXPERIMENTS = (
    Experiment(
        "loss_by_part",
        loss_by_part,
        grid={"part": ARMS, "rate": RATES, "steps": (STEPS,)},
        more=24,
        at=tuple({"part": part, "rate": rate} for part in OPEN for rate in (0.001, 0.003)),
        quick={"part": ("gpt2", "positions", "llama"), "rate": (0.01,), "steps": (40,), "seeds": 3},
        outcome="loss",
        margin=MARGIN,
        data=("shakespeare",),
    ),
    Experiment(
        "answers_by_style",
        answers_by_style,
        grid={"task": ASKED, "style": STYLES[:2], "rate": (0.001, 0.003, 0.01), "steps": (TAUGHT,)},
        quick={"task": ("recall",), "rate": (0.003,), "steps": (60,), "seeds": 3},
        data=("shakespeare",),  # not opened: it stands beside the tasks
    ),
)

FIGURES = (
    Figure(
        "loss_by_part",
        "loss_by_part",
        title="Turned queries and keys bring most of the way from GPT-2 to Llama, at every rate",
        x="part",
        y="loss",
        color="rate",
        mark="point",
        alt=(
            "Held-out loss of GPT-2, of seven models with one part of Llama's in its place, of "
            "Llama and of Qwen3, dots in four colours for the rates, one for each seed."
        ),
    ),
    Figure(
        "answers_by_style",
        "answers_by_style",
        title="At recall Llama's parts are right nearly always, GPT-2's seldom; brackets tie them",
        x="place",
        y="accuracy",
        color="style",
        mark="bar",
        alt="Accuracy on recall and brackets (dyck) at three rates, a bar for each of two styles.",
    ),
)


def swapped(part: str, says: str, word: str) -> Claim:
    """A claim on what one part of Llama's does to GPT-2."""
    return Claim(
        says,
        source="003-18",
        experiment="loss_by_part",
        holds=tuned(word, {"part": part}, {"part": "gpt2"}, unigram),
        regime=f"{RECIPE}; equal parameters, each arm's rate tuned on two seeds, judged on others",
    )


CLAIMS = (
    Claim(
        "Which style a GPT has matters little: at equal size all three end alike",
        source="000-19",
        experiment="loss_by_part",
        holds=decided(spread),
        regime=f"{RECIPE}; the best and the worst of three within 0.05 nats, each rate tuned",
    ),
    Claim(
        "Llama's parts give a lower loss than GPT-2's at equal size",
        source="003-08",
        experiment="loss_by_part",
        holds=tuned("lowers", {"part": "llama"}, {"part": "gpt2"}, unigram),
        regime=f"{RECIPE}; equal parameters, each arm's rate tuned on two seeds, judged on others",
    ),
    swapped("positions", "Turned queries and keys give a lower loss than a table", "lowers"),
    swapped("norm", "A norm without a mean changes the loss in nothing", "unchanged"),
    swapped("gate", "A gate gives a lower loss than a bend alone, at equal size", "lowers"),
    swapped("biases", "A model without biases loses nothing by it", "unchanged"),
    swapped("tie", "A head that is the table loses nothing, at equal size", "unchanged"),
    swapped("groups", "Keys that two heads share lose nothing, at equal size", "unchanged"),
    swapped("writers", "Writers as wide as readers lose nothing in two blocks", "unchanged"),
    Claim(
        "Where only what was said decides, Llama's parts are right more often than GPT-2's",
        source="003-08",
        experiment="answers_by_style",
        holds=at_every("task", nearer("llama", "gpt2")),
        regime=(
            f"recall of pairs, brackets; 2 blocks of width {NARROW}, {TAUGHT} steps of {ROWS} "
            "rows, each arm's rate tuned on two seeds, judged on others"
        ),
    ),
)
