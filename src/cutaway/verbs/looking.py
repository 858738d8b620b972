"""A corpus in pictures made of letters, and examples of a task."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from cutaway.data.ladder import Rung
from cutaway.data.portrait import Bar, Portrait
from cutaway.data.prepared import Prepared
from cutaway.data.tasks import Task

from .talk import show, show_grid, size

WIDTH = 60
FEW = 12  # bars or pairs that are shown; the report and --json have them all


def show_portrait(prepared: Prepared, found: Portrait) -> None:
    """Print what one can see of a corpus."""
    corpus = prepared.corpus
    show(f"{corpus.name}: {len(corpus.documents):,} documents, {size(corpus.size)}", "bold")
    show_grid([], [[key, value] for key, value in facts(prepared).items()])
    _title(f"The ladder: nats a token of the held-out text, in {prepared.tokenization.name}")
    for line in strip(found.ladder):
        show(line)
    show_grid(
        ["model", "nats a token", "bits a byte", "plug-in, nats (training text)"],
        [rung_words(rung, found.bytes_a_token) for rung in found.ladder],
    )
    for title, bars in {
        "Lengths of documents, in bytes": found.lengths,
        "Bytes": found.bytes,
        "Scripts, letters of": found.scripts,
    }.items():
        _title(title)
        _bars(bars)
    _title("Most frequent in the training text")
    for name, bars in found.ngrams.items():
        words = "  ".join(f"{marked(bar.name)} {bar.count:,}" for bar in bars)
        show(f"{name:14} {words}")
    _title("Near-duplicates: documents that share runs of 50 bytes")
    pairs = [[f"{one.share:.0%}", one.one, one.other] for one in found.duplicates[:FEW]]
    more = len(found.duplicates) - len(pairs)
    show_grid([], pairs) if pairs else show("none found")
    if more > 0:
        show(f"and {more:,} more pairs")


def facts(prepared: Prepared) -> dict[str, str]:
    """What a corpus is, in words."""
    corpus, split = prepared.corpus, prepared.split
    return {
        "source": corpus.source,
        "licence": corpus.licence,
        "digest": corpus.digest,
        "training text": f"{len(split.train):,} documents, {len(prepared.train):,} tokens",
        "held-out text": f"{len(split.held_out):,} documents, {len(prepared.held_out):,} tokens",
        "removed from it": f"{split.removed:.3%}: runs of 50 bytes that the training text has too",
        "vocabulary": f"{prepared.tokenization.vocab:,} {prepared.tokenization.name}",
    }


def rung_words(rung: Rung, bytes_a_token: float) -> list[str]:
    """A rung as a row."""
    bits = rung.nats / math.log(2) / bytes_a_token
    return [rung.name, f"{rung.nats:.4f}", f"{bits:.4f}", f"{rung.plug_in:.4f}"]


def strip(ladder: Sequence[Rung]) -> list[str]:
    """The ladder as two lines: where each model stands between nothing lost and knowing nothing."""
    top = max(rung.nats for rung in ladder)
    marks, line = [" "] * (WIDTH + 1), ["─"] * (WIDTH + 1)
    for rung in ladder:
        at = round(rung.nats / top * WIDTH)
        while marks[at] != " " and at:
            at -= 1
        marks[at], line[at] = str(rung.order), "┴"
    return ["  " + "".join(marks).rstrip(), f"0 {''.join(line)} {top:.3f}"]


def marked(text: str) -> str:
    """A text whose blanks can be seen."""
    return text.replace(" ", "␣").replace("\n", "⏎").replace("\t", "⇥")


def _title(text: str) -> None:
    """A title above a picture."""
    show("")
    show(text, "bold")


def _bars(bars: Sequence[Bar]) -> None:
    """Bars made of blocks, the longest first where there are many."""
    most = max((bar.count for bar in bars), default=1) or 1
    for bar in bars[: FEW * 2]:
        block = "█" * max(round(bar.count / most * 40), bar.count > 0)
        show(f"{bar.name:>24} {bar.count:>12,} {block}")
    if len(bars) > FEW * 2:
        show(f"{'':>24} and {len(bars) - FEW * 2} more")


def show_task(name: str, task: Task, examples: int = 5) -> None:
    """Print what a task is, what is known of it, and some examples."""
    show(f"{name}: {' '.join(str(task.__doc__).split())}", "bold")
    show_grid([], [[key, value] for key, value in task_facts(task).items()])
    show("")
    for row in task.draw(0, 0, examples).tokens:
        show(f"  {task.show(row)}")


def task_facts(task: Task) -> dict[str, Any]:
    """What is known of a task, in words."""
    return {
        "vocabulary": str(task.vocab),
        "length": str(task.length),
        "entropy": f"{task.exact.entropy:.4f} nats a scored token: no model's loss is lower",
        "best accuracy": f"{task.exact.accuracy:.4f}",
        "chance": f"{task.exact.chance:.4f}, the accuracy of one who has not seen the row",
    }
