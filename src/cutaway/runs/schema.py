"""What a line of telemetry may hold: one table, by which lines are written, read and explained.

A line is one JSON object: names sorted, no spaces, ASCII. A number that is not finite is one of the
texts "nan", "inf" and "-inf", since JSON has no other way to say it. What is read must be, byte for
byte, what would be written: a name that occurs twice, an unknown one, other spacing are refused.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from cutaway.errors import UsageError

from . import plain
from .sealing import canonical

VERSION = 1
MOST_LINE = 2**22  # bytes of one line; read, the worst of it takes about 30 times as much memory
PART = "a part"  # of a `layers` line, which has an object for each layer and each of its parts
Line = dict[str, Any]


class Field(NamedTuple):
    """A name on one kind of line ("*" is any): what its value is, in which unit, what it says."""

    line: str
    name: str
    kind: str
    unit: str
    meaning: str
    needed: bool = True


SCHEMA = (
    Field("*", "kind", "text", "", "which of the lines below this is"),
    Field("*", "step", "step", "", "the last step that was done before; -1 before the first"),
    Field("*", "time", "number", "s", "when the line was written, since the start of 1970"),
    Field("run", "version", "whole", "", "of this table"),
    Field("run", "run", "text", "", "which run this is; it stays when the run is resumed"),
    Field("run", "config", "plain", "", "what the run was asked to do"),
    Field("run", "meta", "plain", "", "what it ran on: packages, machine, data"),
    Field("step", "loss", "number", "nats a token", "on the step's batch, before the step"),
    Field("step", "tokens", "whole", "", "those that were predicted"),
    Field("step", "norm", "number", "", "length of the whole gradient, before it was clipped"),
    Field("step", "rate", "number", "", "the learning rate"),
    Field("step", "limit", "number", "", "a longer gradient is clipped to this length", False),
    Field("step", "data", "hash", "", "digest of the ids of the batch", False),
    Field("step", "seconds", "number", "s", "the step took, its statistics included", False),
    Field("layers", "parts", "parts", "", "an object for each layer, and for each of its parts"),
    Field("layers", "clip_rate", "number", "share", "of steps clipped since the last one", False),
    Field("layers", "left_out", "plain", "", "statistics that could not be had, and why", False),
    Field(PART, "gradient", "number", "", "length of its gradient, before clipping", False),
    Field(PART, "weight", "number", "", "length of its weights, before the step", False),
    Field(PART, "update", "number", "", "length of what the step added to them", False),
    Field(PART, "ratio", "number", "", "update by weight", False),
    Field(PART, "mean_square", "number", "", "of the numbers that leave it", False),
    Field(PART, "largest", "number", "", "of their absolute values", False),
    Field(PART, "zeros", "number", "share", "of zeros among what enters its last matrix", False),
    Field(PART, "silent", "number", "share", "of units there below 1 % of the loud tenth", False),
    Field(PART, "entropy", "numbers", "nats", "of each head's weights; mean of the queries", False),
    Field(PART, "first", "numbers", "share", "each head's weight on the first token", False),
    Field("judged", "loss", "number", "nats a token", "on texts that are not learnt from"),
    Field("judged", "on", "text", "", "which texts those are"),
    Field("judged", "tokens", "whole", "", "those that were predicted", False),
    Field("judged", "seconds", "number", "s", "the judging took", False),
    Field("sample", "prompt", "text", "", "what the model was given"),
    Field("sample", "text", "text", "", "how it went on"),
    Field("saved", "checkpoint", "text", "", "this line and all before were safe before it was"),
    Field("ended", "status", "text", "", "done, stopped or failed"),
    Field("ended", "reason", "text", "", "why, where that needs saying", False),
    Field("ended", "seconds", "number", "s", "since the run was begun or resumed", False),
)
KINDS = tuple(dict.fromkeys(one.line for one in SCHEMA if one.line not in ("*", PART)))
FIELDS = {
    line: {one.name: one for one in SCHEMA if one.line in (line, "" if line == PART else "*")}
    for line in (*KINDS, PART)
}
ODD = {str(number): number for number in (math.nan, math.inf, -math.inf)}


def text(line: Mapping[str, Any]) -> str:
    """A line as it is written; a ValueError says what does not belong on it."""
    found = canonical(_checked(_kind(line), line))
    if len(found) >= MOST_LINE:
        raise ValueError(f"it has {len(found):,} bytes, of at most {MOST_LINE:,}")
    return found


def parsed(raw: bytes) -> Line:
    """The line that was written as these bytes; any others are a ValueError that says why."""
    if len(raw) >= MOST_LINE:
        raise ValueError(f"it has more than {MOST_LINE:,} bytes")
    try:
        data = json.loads(raw.decode("ascii"))
    except (ValueError, RecursionError) as error:
        raise ValueError("it is no JSON in ASCII") from error
    if not isinstance(data, dict):
        raise ValueError("it is no object")
    if data.get("kind") == "run" and data.get("version") != VERSION:
        raise ValueError(f"it is of version {data.get('version')!r:.20}, and {VERSION} is known")
    line = _decoded(_kind(data), data)
    if text(line).encode("ascii") != raw:
        raise ValueError("it was changed after it was written")
    return line


def content(line: Mapping[str, Any]) -> Line:
    """A line without what is measured in seconds: the same each time a run is repeated."""
    fields = FIELDS[line["kind"]]
    return {name: value for name, value in line.items() if fields[name].unit != "s"}


def _kind(line: Mapping[str, Any]) -> str:
    kind = line.get("kind")
    if kind not in KINDS:
        raise ValueError(f"{kind!r:.40} is no kind of line")
    return str(kind)


def _checked(kind: str, data: Mapping[str, Any]) -> Line:
    """The fields of a line, or of one of its parts, as JSON has them."""
    fields, found = FIELDS[kind], {}
    for name, value in data.items():
        if name not in fields:
            raise ValueError(f"{name!r:.40} is no field of a line of kind {kind}")
        try:
            found[name] = CHECKS[fields[name].kind](value)
        except ValueError as error:
            raise ValueError(f"{name} {error}") from error
    for name in fields:
        if fields[name].needed and name not in data:
            raise ValueError(f"a line of kind {kind} needs {name}")
    return found


def _decoded(kind: str, data: Mapping[str, Any]) -> Line:
    """The same with numbers for the texts that stand for them."""
    found = dict(data)
    for name, value in data.items():
        form = FIELDS[kind][name].kind if name in FIELDS[kind] else ""
        if form == "number" and isinstance(value, str):
            found[name] = ODD.get(value, value)
        elif form == "numbers" and isinstance(value, list):
            found[name] = [ODD.get(one, one) if isinstance(one, str) else one for one in value]
        elif form == "parts" and isinstance(value, dict):
            parts = {at: part for at, part in value.items() if isinstance(part, dict)}
            found[name] = value | {at: _decoded(PART, part) for at, part in parts.items()}
    return found


def _number(value: Any) -> Any:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f"is no number but a {type(value).__name__}")
    if isinstance(value, int):
        return _whole(value, 1 - 2**63)
    return value if math.isfinite(value) else str(float(value))


def _whole(value: Any, least: int = 0) -> int:
    if type(value) is not int or not least <= value < 2**63:
        raise ValueError(f"is no whole number from {least} on")
    return value


def _text(value: Any, letters: str = "[^\ud800-\udfff]*") -> str:
    if not isinstance(value, str) or not re.fullmatch(letters, value):
        raise ValueError("is no valid text")
    return value


def _plain(value: Any) -> Any:
    try:
        plain.to_bytes(value)
    except UsageError as error:
        raise ValueError(f"is no object of plain data ({error})") from error
    return value


def _of(kind: type, value: Any) -> Any:
    if not isinstance(value, kind):
        raise ValueError(f"is no {kind.__name__}")
    return value


CHECKS: dict[str, Callable[[Any], Any]] = {
    "step": lambda value: _whole(value, -1),
    "whole": _whole,
    "number": _number,
    "numbers": lambda value: [_number(one) for one in _of(list, value)],
    "text": _text,
    "hash": lambda value: _text(value, "[0-9a-f]{16}"),
    "plain": lambda value: _plain(_of(dict, value)),
    "parts": lambda value: {
        _text(name): _checked(PART, _of(dict, part)) for name, part in _of(dict, value).items()
    },
}
