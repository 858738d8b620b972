"""What each break of a GPT costs: the faults of this lab, and every line of a model, one by one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from cutaway.kit.judging import decided
from cutaway.kit.statistics import Undecidable, Verdict
from cutaway.kit.tables import Table
from cutaway.kit.verdicts import above_chance, exactly, raises, unchanged
from cutaway.kit.words import Claim, Experiment, Figure, Row

from .lab_judging import MARGIN, unigram
from .lab_small import RECIPE

if TYPE_CHECKING:
    from torch import nn

    from cutaway.kit.exams import Text
    from cutaway.kit.worlds import World

LENGTHS, FEW, SHORTER = (7, 13, 22, 31), 150, 200
OF_GPT2, OF_LLAMA = 0.001, 0.003  # near the best rates of the two
TRAINED = (
    "no_positions",
    "no_last_norm",
    "block_missing",
    "only_last_block",
    "blocks_twice",
    "blocks_reversed",
    "blocks_shared",
    "untied",
    "exact_gelu",
    "std_one",
    "all_zero",
    "writers_wide",
    "half_the_writers",
    "layers_alike",
    "tables_undrawn",
    "biases_undrawn",
    "gains_zero",
)
# Where a model like Llama passes, from its ids to its scores.
WAY = {
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
NONE, STYLE = "nothing", "style"


def loss_by_fault(world: World, *, seed: int, rate: float, steps: int) -> Iterator[Row]:
    """What a model like GPT-2 ends at, and begins at, under each fault."""
    import torch

    from cutaway.kit.exams import Text
    from cutaway.kit.fit import generator
    from cutaway.kit.teaching import nats

    from .lab_small import CONTEXT, SIZE, count, drawn, read, sizes

    exam = Text(context=CONTEXT, size=SIZE)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(generator(seed, "undrawn").initial_seed() % 2**31)
        model = drawn(world.gpt.gpt2, sizes(world, exam.vocab), seed)
    begins = nats(model, exam.held_out())
    row = {"begins": begins, "parameters": count(model), **read(model, exam, seed, rate, steps)}
    yield {**row, "unigram": exam.rung("unigram"), "bigram": exam.rung("bigram")}


def ended(make: Callable[[], nn.Module], exam: Text, seed: int, rate: float, steps: int) -> Row:
    """How a model ends, if it does: at once, at what is no number, or with what it has learnt."""
    from cutaway.kit.teaching import nats, truncated

    from .lab_small import read

    nothing = {"loss": None, "cut": None}
    try:
        model = make()
        start = nats(model, exam.held_out())
        found = read(model, exam, seed, rate, steps)
    except Exception as error:
        return {"ends": "at once", "error": type(error).__name__, **nothing}
    if start is None or found["loss"] is None:
        return {"ends": "not a number", "error": None, **nothing}
    cut = truncated(model, exam.held_out(), LENGTHS)
    return {"ends": "trained", "error": None, "begins": start, **found, "cut": cut}


def loss_by_line(world: World, *, seed: int, where: str, rate: float, steps: int) -> Iterator[Row]:
    """How a model like Llama ends without each line of a part of it; and one without a break.

    `cut` is the loss at tokens whose future was not there to be seen.
    """
    from functools import partial

    from cutaway.kit.deleting import deletions
    from cutaway.kit.exams import Text
    from cutaway.kit.worlds import broken

    from .lab_small import CONTEXT, SIZE, drawn, sizes

    exam = Text(context=CONTEXT, size=SIZE)
    rest = (exam, seed, rate, steps)
    rung = {"unigram": exam.rung("unigram")}

    def llama(one: World, style: str = "llama") -> nn.Module:
        gate = {} if style == "gpt2" else {"groups": 2, "hidden": 171}
        return drawn(getattr(one.gpt, style), sizes(one, exam.vocab, **gate), seed)

    if where in (NONE, STYLE):
        for style in ("llama",) if where == NONE else ("gpt2", "qwen3"):
            name = {"function": style, "line": 0, "text": None}
            yield {**name, **ended(partial(llama, world, style), *rest), **rung}
        return
    for one in deletions(*WAY[where]):
        with broken(one.fault) as gone:
            found = ended(partial(llama, gone), *rest)
        said = {"function": one.function, "line": one.line, "text": one.text}
        yield {**said, **found, **rung}


def no_gain(table: Table) -> Verdict:
    """Whether a head of its own ends where the tied one does."""
    if not len(table):
        raise Undecidable("nothing was measured")
    above_chance(table, "loss", {"fault": None}, unigram(table), 0.2)
    return unchanged(table, "loss", {"fault": "untied"}, {"fault": None}, MARGIN)


def noticed(table: Table) -> Verdict:
    """Whether at least half of the lines that are deleted end a run at once."""
    rows = [row for row in table.dicts() if row["where"] not in (NONE, STYLE)]
    if not rows:
        raise Undecidable("no line was deleted")
    if any(row["ends"] is None for row in rows):
        raise Undecidable("some lines were not measured")
    loud = sum(row["ends"] != "trained" for row in rows)
    return exactly(
        loud * 2 >= len(rows), f"{loud} of {len(rows)} runs do not train", loud / len(rows)
    )


def style_or_line(table: Table) -> Verdict:
    """Whether the median line that is lost in silence moves the loss more than a style does."""
    import statistics

    if not len(table):
        raise Undecidable("nothing was measured")
    above_chance(table, "loss", {"where": NONE}, unigram(table), 0.2)
    rows = []
    for seed in table.values("seed"):
        part = table.where(seed=seed).dicts()
        (clean,) = [row["cut"] for row in part if row["where"] == NONE]
        moved = {
            who: [
                abs(row["cut"] - clean)
                for row in part
                if (row["where"] == STYLE) == (who == STYLE)
                and row["where"] != NONE
                and row["cut"] is not None
            ]
            for who in (STYLE, "line")
        }
        if not all(moved.values()):
            raise Undecidable(f"no line or no style was trained at seed {seed}")
        rows.append({"seed": seed, "arm": "line", "moved": statistics.median(moved["line"])})
        rows.append({"seed": seed, "arm": STYLE, "moved": max(moved[STYLE])})
    return raises(Table.of(rows), "moved", {"arm": "line"}, {"arm": STYLE}, MARGIN)


EXPERIMENTS = (
    Experiment(
        "loss_by_fault",
        loss_by_fault,
        grid={"fault": (None, *TRAINED), "rate": (OF_GPT2,), "steps": (SHORTER,)},
        quick={"fault": (None, "std_one", "all_zero"), "steps": (40,), "seeds": 3},
        outcome="loss",
        margin=MARGIN,
        data=("shakespeare",),
    ),
    Experiment(
        "loss_by_line",
        loss_by_line,
        grid={"where": (NONE, STYLE, *WAY), "rate": (OF_LLAMA,), "steps": (FEW,)},
        quick={"where": (NONE, "block"), "steps": (20,), "seeds": 1},
        data=("shakespeare",),
    ),
)

FIGURES = (
    Figure(
        "loss_by_fault",
        "loss_by_fault",
        title="A missing last norm and four wrong starts show in the loss; other faults hardly do",
        x="fault",
        y="loss",
        mark="bar",
        alt="Held-out loss after training, a bar for the clean model and one for each fault.",
    ),
    Figure(
        "loss_at_the_start_by_fault",
        "loss_by_fault",
        title="Before the first step, only what is drawn far too wide shows in the loss",
        x="fault",
        y="begins",
        mark="bar",
        alt="Held-out loss before training, a bar for the clean model and one for each fault.",
    ),
    Figure(
        "loss_by_line",
        "loss_by_line",
        title="On average a line lost in silence costs most in attention; table and bend have none",
        x="where",
        y="cut",
        color="ends",
        mark="point",
        alt=(
            "The loss at tokens whose future was cut off, by the part of the model that a line was "
            "lost in: a dot for each seed, the mean of the lines without which it still trained."
        ),
    ),
)

CLAIMS = (
    Claim(
        "A head of its own costs nothing and gains nothing, at equal width",
        source="003-18",
        experiment="loss_by_fault",
        holds=decided(no_gain),
        regime=f"{RECIPE}, here {SHORTER} at {OF_GPT2}, which suits the tied head",
    ),
    Claim(
        "Most lines of a model cannot be lost in silence",
        source="000-19",
        experiment="loss_by_line",
        holds=decided(noticed),
        regime=f"like Llama, every statement from ids to scores deleted alone, {FEW} steps",
    ),
    Claim(
        "Which style a model has moves its loss less than a line of it that is lost in silence",
        source="000-19",
        experiment="loss_by_line",
        holds=decided(style_or_line),
        regime=(
            f"the median over all lines without which it still trains, against GPT-2 or Qwen3 in "
            f"Llama's place, {FEW} steps at {OF_LLAMA}, the loss with the future cut off"
        ),
    ),
)
