"""A corpus in pictures made of letters, and examples of a task."""

from __future__ import annotations

from collections.abc import Sequence

from cutaway.data.ladder import Rung
from cutaway.data.portrait import Bar, Portrait, seen
from cutaway.data.prepared import MOST_COUNTED, Prepared
from cutaway.data.tasks import Task

from .talk import out, show, show_grid, size

FEW = 12  # bars or pairs that are shown; --json has them all


def show_portrait(prepared: Prepared, found: Portrait) -> None:
    """Print what one can see of a corpus."""
    corpus = prepared.corpus
    show(f"{corpus.name}: {len(corpus.documents):,} documents, {size(corpus.size)}", "bold")
    show_grid([], [[key, value] for key, value in facts(prepared).items()])
    _title(f"The ladder: nats a token of the held-out text, in {prepared.tokenization.name}")
    for line in strip(found.ladder, min(60, out().width - 12)):
        show(line)
    rows = [rung_words(rung, found) for rung in found.ladder]
    show_grid(["", "model", "nats a token", "bits a byte", "plug-in, nats"], rows)
    show("Plug-in is the entropy of the training text's own counts: another quantity, it flatters.")
    _bars("Lengths of documents, in bytes", found.lengths)
    _bars("Bytes", found.bytes)
    _bars("Letters by script", found.scripts)
    _title("Most frequent in the training text")
    for name, bars in found.runs.items():
        show(f"{name:16}" + "  ".join(f"{seen(bar.name)} {bar.count:,}" for bar in bars))
    _duplicates(found)


def facts(prepared: Prepared) -> dict[str, str]:
    """What a corpus is, in words."""
    corpus, split = prepared.corpus, prepared.split
    train, held_out = len(prepared.train), len(prepared.held_out)
    beginning = f", of which the ladder counts {MOST_COUNTED:,}" if train > MOST_COUNTED else ""
    return {
        "source": corpus.source,
        "licence": corpus.licence,
        "digest": corpus.digest,
        "training text": f"{len(split.train):,} documents, {train:,} tokens{beginning}",
        "held-out text": f"{len(split.held_out):,} documents or pieces, {held_out:,} tokens",
        "removed from it": f"{split.removed:.3%}: runs of 50 bytes that the training text has too",
        "vocabulary": f"{prepared.tokenization.vocab:,} {prepared.tokenization.name}",
    }


def rung_words(rung: Rung, found: Portrait) -> list[str]:
    """A rung as a row."""
    values = (rung.nats, found.bits(rung.nats), rung.plug_in)
    return [str(rung.order), rung.name, *(f"{value:.4f}" for value in values)]


def strip(ladder: Sequence[Rung], width: int) -> list[str]:
    """The ladder as two lines: where each model stands between nothing lost and knowing nothing.

    A mark that another model has taken moves to the next free place on its left.
    """
    top = max(rung.nats for rung in ladder) or 1.0
    marks, line = [" "] * (width + 1), ["─"] * (width + 1)
    for rung in ladder:
        at = round(rung.nats / top * width)
        while marks[at] != " " and at:
            at -= 1
        marks[at], line[at] = str(rung.order), "┴"
    return ["  " + "".join(marks).rstrip(), f"0 {''.join(line)} {top:.3f}"]


def _title(text: str) -> None:
    """A title above a picture."""
    show("")
    show(text, "bold")


def _bars(title: str, bars: Sequence[Bar]) -> None:
    """Bars made of blocks."""
    _title(title)
    most = max((bar.count for bar in bars), default=1) or 1
    name = max((len(bar.name) for bar in bars[: 2 * FEW]), default=0)
    width = max(8, min(40, out().width - name - 14))
    for bar in bars[: 2 * FEW]:
        block = "█" * max(round(bar.count / most * width), bar.count > 0)
        show(f"{bar.name:>{name}} {bar.count:>11,} {block}".rstrip())
    if len(bars) > 2 * FEW:
        show(f"and {len(bars) - 2 * FEW} more")


def _duplicates(found: Portrait) -> None:
    """The pairs of documents that share most."""
    _title("Near-duplicates: documents that share half of their runs of 50 bytes, or more")
    pairs = [[f"{one.share:.0%}", seen(one.one), seen(one.other)] for one in found.duplicates[:FEW]]
    if pairs:
        show_grid([], pairs)
    else:
        show("none found")
    if len(found.duplicates) > FEW:
        show(f"and {len(found.duplicates) - FEW:,} more pairs")


def show_task(name: str, task: Task, examples: int = 5) -> None:
    """Print what a task is, what is known of it, and some examples."""
    first, *more = str(task.__doc__).strip().split("\n\n")
    show(f"{name}: {' '.join(first.split())}", "bold")
    for paragraph in more:
        show(" ".join(paragraph.split()))
    show_grid([], [[key, value] for key, value in task_facts(task).items()])
    show("")
    for row in task.draw(0, 0, examples).tokens:
        show(f"  {task.show(row)}")


def task_facts(task: Task) -> dict[str, str]:
    """What is known of a task, in words."""
    return {
        "made by": repr(task) if len(repr(task)) < 200 else type(task).__name__,
        "vocabulary": str(task.vocab),
        "length": str(task.length),
        "entropy": f"{task.exact.entropy:.4f} nats a scored token: no model's loss is lower",
        "best accuracy": f"{task.exact.accuracy:.4f}",
        "chance": f"{task.exact.chance:.4f}, the accuracy of one who has not seen the row",
    }
