"""What the models with and without a residual path say of the information highway."""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import Any

from cutaway.kit.judging import at_every, every
from cutaway.kit.statistics import Undecidable, Verdict
from cutaway.kit.tables import Table
from cutaway.kit.tuning import TUNING
from cutaway.kit.verdicts import lowers, raises, unchanged
from cutaway.kit.words import Claim

from .lab_judging import Judge, at_best, learnt, measured, said, tabled
from .lab_stream import ASKED, DEEP, DEPTHS, LONG, RATE, RATES, READ, RECALL, STEPS

MARGIN, NEAR, DECADE = 0.05, 0.05, 0.5
RECALL_MARGIN = 0.2
CLEAN, BROKEN = {"fault": None}, {"fault": "no_stream"}
ARMS = {"with": CLEAN, "without": BROKEN}
MODEL = "width 32, 32 characters of Shakespeare at a time, AdamW"
TUNED = {
    name: f"{MODEL}, {STEPS} steps, each arm at its best of the rates {rates}, tuned on seeds "
    f"{TUNING} and judged on others, held-out loss, of interest beyond {MARGIN} nats"
    for name, rates in RATES.items()
}
STARTS = {
    "fan_in": "from a start that keeps the size of what passes",
    "small": "from a start of 0.02",
}
ON_RECALL = (
    f"width 32, a task of looking up, AdamW, {ASKED} steps, {STARTS['fan_in']}, each arm at its "
    f"best of the rates {RECALL}, tuned on seeds {TUNING} and judged on others, of interest beyond "
    f"{RECALL_MARGIN} nats"
)


def by_depth(table: Table) -> Table:
    """A row for each depth, where the table has a column."""
    rows: list[dict[str, Any]] = []
    for row in table.dicts():
        common = {name: value for name, value in row.items() if not name.startswith("nats_")}
        rows += [{**common, "depth": depth, "nats": row[f"nats_{depth}"]} for depth in DEPTHS]
    return tabled(rows, table)


def tuned(table: Table) -> tuple[Table, str]:
    """Both arms at their best rates, if the clean one has left what single characters allow."""
    judged, words = at_best(table, ARMS)
    learnt(judged, {"arm": "with"})
    return judged, words


def worse(margin: float) -> Judge:
    """Whether the loss is higher without the stream."""

    def holds(table: Table) -> Verdict:
        judged, words = tuned(table)
        return said(raises(judged, "nats", {"arm": "without"}, {"arm": "with"}, margin), words)

    return holds


def at_unigram(table: Table) -> Verdict:
    """Whether without the stream a model knows how often characters occur, and no more."""
    judged, words = tuned(table)
    rows = judged.dicts()
    level = [{**row, "arm": "level", "nats": row["chance"]} for row in rows]
    both = tabled([*rows, *level[: len(level) // 2]], table)
    return said(unchanged(both, "nats", {"arm": "without"}, {"arm": "level"}, NEAR), words)


def at_every_depth(decide: Judge) -> Judge:
    """A claim at every depth; conditional if it holds at some of them only."""
    at_each = at_every("depth", decide)
    return measured(lambda table: at_each(by_depth(table)))


def deeper(margin: float) -> Judge:
    """Whether four blocks are better than one, each at its best rate."""

    def holds(table: Table) -> Verdict:
        rows, chosen = [], []
        for depth in (1, 4):
            judged, words = at_best(by_depth(table).where(depth=depth), {"with": CLEAN})
            learnt(judged, {"arm": "with"})
            rows += judged.dicts()
            chosen.append(f"{depth} blocks at {words}")
        found = lowers(tabled(rows, table), "nats", {"depth": 4}, {"depth": 1}, margin)
        return said(found, ", ".join(chosen))

    return measured(holds)


def passes(table: Table) -> Verdict:
    """Whether the first block's gradient is about as large as the last's with a stream alone."""
    first = table.where(block=0).dicts()
    level = [{**row, "fault": "level", "decades": 0.0} for row in first if row["fault"] is None]
    both = tabled([*first, *level], table)
    found = unchanged(both, "decades", CLEAN, {"fault": "level"}, DECADE)
    other = unchanged(both, "decades", BROKEN, {"fault": "level"}, DECADE)
    turned = {"supported": "refuted", "refuted": "supported"}.get(other.verdict, other.verdict)
    because = f"with a stream {found.because}; without {other.because}"
    return replace(every(found, replace(other, verdict=turned)), because=because)


def vanishes(table: Table) -> Verdict:
    """Whether without the stream the first block gets less than set out, and less than with it."""
    table = table.where(block=0)
    first = table.where(**BROKEN).dicts()
    level = [{**row, "fault": "level", "decades": 0.0} for row in first]
    alone = lowers(tabled([*first, *level], table), "decades", BROKEN, {"fault": "level"}, DECADE)
    beside = lowers(table, "decades", BROKEN, CLEAN, DECADE)
    because = f"of what set out: {alone.because}; beside a stream: {beside.because}"
    return replace(every(alone, beside), because=because)


def nearer(table: Table) -> Verdict:
    """Whether the loss read off the stream falls from part to part."""
    orders = sorted(table.values("order"))
    if len(orders) < 2:
        raise Undecidable("there are no parts to compare")
    learnt(table, {"order": orders[-1]})
    steps: list[dict[str, Any]] = []
    for before, after in itertools.pairwise(orders):
        for at, arm in ((before, "before"), (after, "after")):
            rows = table.where(order=at).dicts()
            steps += [
                {"seed": r["seed"], "step": after, "arm": arm, "nats": r["nats"]} for r in rows
            ]
    falls = at_every("step", lambda t: lowers(t, "nats", {"arm": "after"}, {"arm": "before"}, 0.02))
    return falls(tabled(steps, table))


def smaller(table: Table) -> Verdict:
    """Whether what a part adds is smaller than the stream that it adds to."""
    learnt(table, {"part": "end"})
    rows = [row for row in table.dicts() if row["part"] != "end"]
    level = [{**row, "arm": "level", "share": 1.0} for row in rows]
    both = [{**row, "arm": "measured"} for row in rows] + level
    adds = at_every(
        "order", lambda t: lowers(t, "share", {"arm": "measured"}, {"arm": "level"}, 0.05)
    )
    return adds(tabled(both, table))


GRADIENT = f"{MODEL}, {DEEP} blocks before training; of interest beyond half a power of ten"
TRAINED = f"{MODEL}, {READ} blocks, {LONG} steps at {RATE}"
CLAIMS = (
    *(
        Claim(
            f"Without the residual path the loss is higher, {words}",
            source="002-07",
            experiment=f"loss_by_depth_from_{name}",
            holds=at_every_depth(worse(MARGIN)),
            regime=f"{TUNED[name]}; at each of {DEPTHS} blocks",
        )
        for name, words in STARTS.items()
    ),
    *(
        Claim(
            f"Without it a model learns how often characters occur, and no more, {words}",
            source="002-07",
            experiment=f"loss_by_depth_from_{name}",
            holds=at_every_depth(at_unigram),
            regime=f"{TUNED[name]}; at each of {DEPTHS} blocks; to within {NEAR} nats",
        )
        for name, words in STARTS.items()
    ),
    *(
        Claim(
            "The residual path, and nothing else, carries the gradient to the first block as it "
            f"is, {words}",
            source="002-07",
            experiment=f"gradient_by_block_from_{name}",
            holds=measured(passes),
            regime=GRADIENT,
        )
        for name, words in STARTS.items()
    ),
    *(
        Claim(
            f"Without it the gradient vanishes on its way back to the first block, {words}",
            source="002-07",
            experiment=f"gradient_by_block_from_{name}",
            holds=measured(vanishes),
            regime=GRADIENT,
        )
        for name, words in STARTS.items()
    ),
    Claim(
        "A stack of four blocks learns a text better than one block does",
        source="001-23",
        experiment="loss_by_depth_from_fan_in",
        holds=deeper(MARGIN),
        regime=TUNED["fan_in"],
    ),
    Claim(
        "Without the residual path less is looked up, at every depth",
        source="002-07",
        experiment="recall_by_depth",
        holds=at_every_depth(worse(RECALL_MARGIN)),
        regime=f"{ON_RECALL}; at each of {DEPTHS} blocks",
    ),
    Claim(
        "Four blocks look things up better than one block does",
        source="001-23",
        experiment="recall_by_depth",
        holds=deeper(RECALL_MARGIN),
        regime=ON_RECALL,
    ),
    Claim(
        "Read off the stream, the next letter is guessed better after every part",
        source="002-07",
        experiment="stream_by_part",
        holds=measured(nearer),
        regime=f"{TRAINED}; the last norm and head at every part; of interest beyond 0.02 nats",
    ),
    Claim(
        "What a part adds is smaller than the stream that it adds to",
        source="002-07",
        experiment="stream_by_part",
        holds=measured(smaller),
        regime=f"{TRAINED}; mean length over held-out tokens; of interest beyond 0.05",
    ),
)
