"""Whether behaviour emerges from the interplay of parts: what blocks that miss some say."""

from __future__ import annotations

from collections.abc import Mapping

from cutaway.kit.statistics import Verdict
from cutaway.kit.tables import Table
from cutaway.kit.tuning import TUNING
from cutaway.kit.verdicts import raises
from cutaway.kit.words import Claim

from .lab_interplay import DEPTH, NAMES, PARTS, RATES, STEPS, named
from .lab_judging import Judge, at_best, learnt, measured, said, summed

ALL = set(PARTS)
MARGIN = {"text": 0.02, "recall": 0.2}
WORDS = {"heads": "heads", "mlp": "MLP", "stream": "residual path", "norms": "norms"}
REGIME = (
    f"{DEPTH} blocks of width 32, characters of Shakespeare or a task of looking up, "
    f"AdamW, each arm at its best of the rates {RATES['text']} on text and {RATES['recall']} in "
    f"looking up, tuned on seeds {TUNING} and judged on others, held-out loss"
)


def without(*gone: str) -> str:
    """The name of a block that has all parts but some."""
    return named(ALL - set(gone))


def compared(
    table: Table, task: str, sums: Mapping[str, Mapping[str, float]], margin: float
) -> Verdict:
    """Whether the sum of arms "more" lies above "less", each arm at its best rate."""
    names = dict.fromkeys([named(ALL), *(arm for terms in sums.values() for arm in terms)])
    judged, words = at_best(table, {name: {"parts": name} for name in names})
    learnt(judged, {"arm": named(ALL)})
    found = raises(summed(judged, sums), "nats", {"arm": "more"}, {"arm": "less"}, margin)
    return said(found, words)


def needed(task: str, part: str) -> Judge:
    """Whether the loss is higher without a part."""
    sums = {"more": {without(part): 1.0}, "less": {named(ALL): 1.0}}
    return lambda table: compared(table, task, sums, MARGIN[task])


def emergent(task: str) -> Judge:
    """Whether all parts together gain more than the sum of what each gains alone."""
    none = named(set())
    less = {none: float(len(PARTS))}  # what each gains, added up
    for part in PARTS:
        alone = named({part})
        less[alone] = less.get(alone, 0.0) - 1.0
    sums = {"more": {none: 1.0, named(ALL): -1.0}, "less": less}  # what all of them gain, and less
    return lambda table: compared(table, task, sums, MARGIN[task])


def worth_more(task: str, part: str, other: str, *, where_gone: bool) -> Judge:
    """Whether a part is worth more where another is gone, or where it is there."""
    there = {without(part): 1.0, named(ALL): -1.0}
    gone = {without(part, other): 1.0, without(other): -1.0}
    more, less = (gone, there) if where_gone else (there, gone)
    sums = {"more": more, "less": less}
    return lambda table: compared(table, task, sums, MARGIN[task])


def claim(says: str, task: str, holds: Judge) -> Claim:
    """A claim on one of the two tasks."""
    what = f"{REGIME}; {task}, {STEPS[task]} steps, of interest beyond {MARGIN[task]} nats"
    return Claim(says, "000-18", NAMES[task], measured(holds), regime=what)


ON = {"text": "On a text", "recall": "In a task of looking up"}
CLAIMS = (
    *(
        claim(f"{ON[task]} the loss is higher without the {WORDS[part]}", task, needed(task, part))
        for task in NAMES
        for part in PARTS
    ),
    *(
        claim(
            f"{ON[task]} the four parts together gain more than the sum of what each gains alone",
            task,
            emergent(task),
        )
        for task in NAMES
    ),
    claim(
        "On a text the norms are worth more where there is no residual path",
        "text",
        worth_more("text", "norms", "stream", where_gone=True),
    ),
    claim(
        "On a text the MLP is worth more where heads have brought it something",
        "text",
        worth_more("text", "mlp", "heads", where_gone=False),
    ),
    claim(
        "In a task of looking up the heads are worth more where there is a residual path",
        "recall",
        worth_more("recall", "heads", "stream", where_gone=False),
    ),
)
