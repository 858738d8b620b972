"""A question before a result, as a page's `predict` directive writes it."""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping
from dataclasses import dataclass

from cutaway.errors import UsageError

NEEDED = ("experiment", "column", "arms")
FIELDS = (*NEEDED, "by", "where", "unit", "what")
QUOTED = 'A value with a comma stands in quotes: "a, b".'
CODE = re.compile(r"`([^`]+)`")
# What Markdown, or a notebook's mathematics, reads as more than itself; a_b is left alone.
SPECIAL = re.compile(r"[<>&\[\]*`~$|#!\\]|(?<!\w)_|_(?!\w)")


@dataclass(frozen=True)
class Prediction:
    """What a page asks; arms and selection are words until a table says what they name.

    `what` is the column in words, where its name is none.
    """

    question: str
    experiment: str
    column: str
    arms: tuple[str, str]
    by: str = "fault"
    where: tuple[tuple[str, str], ...] = ()
    unit: str = ""
    what: str = ""
    body: str = ""


def parse(title: str, options: Mapping[str, str], body: str = "") -> Prediction:
    """What a directive asks, by its title, its options and its body."""
    question = line(title)
    given = {name: line(text) for name, text in options.items() if line(text)}
    if not question:
        raise UsageError("A {predict} has no question.", "Write it behind the directive's name.")
    if unknown := [name for name in options if name not in FIELDS]:
        raise wrong(question, unknown[0], "is no field", f"It has {', '.join(FIELDS)}.")
    if lacking := [name for name in NEEDED if name not in given]:
        raise wrong(question, lacking[0], "is missing", "Every question needs it.")
    arms, chosen = _parted(given.pop("arms")), _parted(given.pop("where", ""))
    if len(arms) != 2:
        raise wrong(question, "arms", f"names {len(arms)} arms, not two", QUOTED)
    pairs = [tuple(map(str.strip, part.partition("=")[::2])) for part in chosen]
    where = {name: value for name, value in pairs if name and value}
    if len(where) < len(chosen) or given.get("by", "fault") in where:
        said = "is not a list of name=value, each name once and none of them the arms'"
        raise wrong(question, "where", said, f"Write width=64, rate=0.004. {QUOTED}")
    both, selected = (arms[0], arms[1]), tuple(where.items())
    return Prediction(question, arms=both, where=selected, body=body.strip("\n"), **given)


def markdown(prediction: Prediction) -> str:
    """The question and its body as Markdown, for a notebook; nothing of the answer."""
    parts = CODE.split(prediction.question)
    shown = [f"`{p}`" if at % 2 else SPECIAL.sub(_spelled, p) for at, p in enumerate(parts)]
    return "\n\n".join(part for part in (f"**Predict.** {''.join(shown)}", prediction.body) if part)


def _spelled(found: re.Match[str]) -> str:
    """A character as an entity, which is never more than itself."""
    return f"&#{ord(found[0])};"


def _parted(text: str) -> list[str]:
    """The parts of a list with commas; a part may stand in quotes."""
    return [part.strip() for part in next(csv.reader([text], skipinitialspace=True), [])]


def line(text: str) -> str:
    """Text in one line."""
    return " ".join(text.split())


def wrong(question: str, field: str, said: str, then: str) -> UsageError:
    """What is wrong with a field of a question, and what to do."""
    return UsageError(f"{{predict}} {question!r}: :{field}: {said}.", then)
