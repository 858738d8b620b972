"""A GPT of four blocks learns Shakespeare: what it writes, step by step, and what that cost."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from cutaway.kit.judging import Holds, decided
from cutaway.kit.pairs import values
from cutaway.kit.statistics import Undecidable, Verdict
from cutaway.kit.tables import Table
from cutaway.kit.verdicts import above_chance, exactly, raises, unchanged
from cutaway.kit.words import Claim, Experiment, Figure, Row

if TYPE_CHECKING:
    import numpy as np
    from torch import Tensor, nn

    from cutaway.kit.worlds import World

BLOCKS, WINDOW, BATCH, RATE, STEPS = 4, 64, 16, 0.001, 600
SEEN = (0, 25, 50, 100, 200, 400, 600)
LONG, SHOWN, TEXTS, ORDERS = 200, 160, 8, (1, 2, 3, 4, 5)
REGIME = (
    f"four blocks of width 64 like GPT-2, characters of Shakespeare, {STEPS} steps of {BATCH} "
    f"windows of {WINDOW} at {RATE}"
)


def written(model: nn.Module, first: int, seed: int) -> Tensor:
    """What a model writes after one token: each next drawn from what it expects."""
    import torch

    from cutaway.kit.fit import generator

    stream, tokens = generator(seed, "writing"), torch.full((TEXTS, 1), first)
    with torch.no_grad():
        for _ in range(LONG):
            odds = model(tokens[:, -WINDOW:])[:, -1].softmax(-1)
            tokens = torch.cat([tokens, torch.multinomial(odds, 1, generator=stream)], 1)
    return tokens[:, 1:]


def runs(tokens: np.ndarray, order: int, vocab: int) -> np.ndarray:
    """Every run of so many tokens, as one number each."""
    import numpy as np

    length = tokens.shape[-1] - order + 1
    found = np.zeros((*tokens.shape[:-1], length), np.int64)
    for at in range(order):
        found = found * vocab + tokens[..., at : at + length]
    return found.ravel()


def known(tokens: np.ndarray, corpus: np.ndarray, vocab: int) -> dict[str, float]:
    """The share of the runs of a text that stand in the corpus, by their length."""
    import numpy as np

    found = {}
    for order in ORDERS:
        every = np.unique(runs(corpus, order, vocab))
        found[f"known_{order}"] = float(np.isin(runs(tokens, order, vocab), every).mean())
    return found


def text_by_step(world: World, *, seed: int, steps: int) -> Iterator[Row]:
    """Loss, cost and a piece of what is written, while a model learns; and of the corpus itself."""
    import numpy as np

    from cutaway.kit.exams import Text, prepared
    from cutaway.kit.teaching import nats, taught

    from .lab_small import WARM, drawn, sizes

    exam, corpus = Text(context=WINDOW, size=BATCH), prepared("shakespeare")
    train, held_out = np.asarray(corpus.train), np.asarray(corpus.held_out)
    c = sizes(world, exam.vocab, depth=BLOCKS, context=WINDOW)
    cost = 3 * BATCH * world.gpt.operations(c, WINDOW, 2)
    rungs = {name: exam.rung(name) for name in ("unigram", "bigram", "trigram")}
    rows: list[dict[str, Any]] = []

    def look(step: int, model: nn.Module) -> None:
        if step in SEEN:
            found = written(model, int(held_out[0]), seed).numpy()
            text = corpus.tokenization.decode(found[0, :SHOWN].tolist())
            row = {"who": "the model", "step": step, "loss": nats(model, exam.held_out())}
            row |= {"operations": float(step * cost), **known(found, train, exam.vocab)}
            rows.append({**row, **rungs, "text": text})

    model = drawn(world.gpt.gpt2, c, seed)
    taught(model, exam, seed, steps=steps, rate=RATE, warm=WARM, look=look)
    starts = np.random.default_rng(seed).integers(0, len(held_out) - LONG, TEXTS)
    real = held_out[starts[:, None] + np.arange(LONG)].astype(np.int64)
    text = corpus.tokenization.decode(real[0, :SHOWN].tolist())
    yield from rows
    yield {"who": "the corpus", "step": steps, **known(real, train, exam.vocab), "text": text}


def ends(table: Table) -> tuple[Table, dict[str, Any], dict[str, Any], dict[str, Any]]:
    """The table, and which of its rows are the model's first and last, and the corpus's."""
    if not len(table):
        raise Undecidable("nothing was measured")
    last = max(table.values("step"))
    first = {"who": "the model", "step": 0}
    return table, first, {**first, "step": last}, {"who": "the corpus", "step": last}


def learnt(table: Table) -> None:
    """Nothing, if the model at the end is better than single characters; else Undecidable."""
    _, _, last, _ = ends(table)
    above_chance(table, "loss", last, min(values(table, "unigram", last)), 0.2)


def more_like_it(table: Table) -> Verdict:
    """Whether more of the runs of three are the corpus's after training than before."""
    _, first, last, _ = ends(table)
    return raises(table, "known_3", last, first, 0.2, learnt)


def as_like_it(table: Table) -> Verdict:
    """Whether as many of the runs of three are known as in held-out text of the corpus."""
    _, _, last, corpus = ends(table)
    return unchanged(table, "known_3", last, corpus, 0.02, learnt)


def below(rung: str, most: float) -> Holds:
    """How a table decides whether every run passes a rung within so many operations."""

    def holds(table: Table) -> Verdict:
        learnt(table)
        found = []
        for seed in table.values("seed"):
            rows = table.where(seed=seed, who="the model").dicts()
            if any(row["loss"] is None or row[rung] is None for row in rows):
                raise Undecidable(f"seed {seed} has no finite loss, or no {rung}")
            passed = [row["operations"] for row in rows if row["loss"] < row[rung]]
            found.append(min(passed, default=float("inf")))
        if min(found) > most > max(table.where(who="the model").column("operations")):
            raise Undecidable(f"no run went on for {most:.2g} operations")
        late = [one for one in found if one > most]
        because = f"{len(found) - len(late)} of {len(found)} runs pass within {most:.2g} operations"
        return exactly(not late, because)

    return decided(holds)


EXPERIMENTS = (
    Experiment(
        "text_by_step",
        text_by_step,
        grid={"steps": (STEPS,)},
        seeds=4,
        limit=400.0,
        quick={"steps": (25,), "seeds": 1},
        data=("shakespeare",),
    ),
)

FIGURES = (
    Figure(
        "loss_of_four_blocks",
        "text_by_step",
        title="The loss of four blocks falls fast at first, and is still falling at the end",
        x="step",
        y="loss",
        color="who",
        alt="Held-out loss by step, from the even guess on, the mean of four models.",
    ),
    Figure(
        "runs_of_five",
        "text_by_step",
        title="What it writes comes nearer to the corpus step by step, and stays far from it",
        x="step",
        y="known_5",
        color="who",
        alt=(
            "Share of written runs of five characters that stand in the training text, by step; "
            "beside it, as one point, that of held-out text."
        ),
    ),
)

CLAIMS = (
    Claim(
        "A GPT from a blank file learns to write what looks like its corpus",
        source="004-13",
        experiment="text_by_step",
        holds=decided(more_like_it),
        regime=f"{REGIME}; the share of written runs of three that stand in the training text",
    ),
    Claim(
        "By its runs of three, what it writes cannot be told from its corpus",
        source="004-13",
        experiment="text_by_step",
        holds=decided(as_like_it),
        regime=f"{REGIME}; against held-out text of the same length, to within 0.02",
    ),
    Claim(
        "A small GPT trains in minutes without a GPU: to below what any two characters tell",
        source="004-15",
        experiment="text_by_step",
        holds=below("bigram", 8e11),
        regime=f"{REGIME}; 8e11 operations, which are under two minutes at 1e10 a second",
    ),
    Claim(
        "A small GPT trains in minutes without a GPU: to below what any three characters tell",
        source="004-15",
        experiment="text_by_step",
        holds=below("trigram", 8e11),
        regime=f"{REGIME}; 8e11 operations, which are under two minutes at 1e10 a second",
    ),
)
