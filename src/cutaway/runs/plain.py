"""Plain data as the bytes of a sealed file, and back: nothing that JSON would bend, no other text.

What is read must be, byte for byte, what would be written: so a name that occurs twice, NaN, other
spacing and any changed bit are one and the same thing, a file that is not one of ours.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

from cutaway.errors import UsageError

from .sealing import sealed

MOST_BYTES = 2**22  # of text; read, the worst of it takes about 30 times as much memory
MOST_DEPTH = 64


def to_bytes(data: Mapping[str, Any]) -> bytes:
    """The sealed JSON of plain data; an error names what JSON would bend."""
    try:
        _check(data, "", MOST_DEPTH)
        raw = sealed(data).encode("ascii")
    except ValueError as error:
        raise UsageError(f"This cannot be kept: {error}.", "Keep plain data only.") from error
    if len(raw) > MOST_BYTES:
        raise UsageError(
            f"This cannot be kept: it is {len(raw):,} bytes of text, of at most {MOST_BYTES:,}.",
            "Keep large lists of numbers as tensors.",
        )
    return raw


def from_bytes(raw: bytes | bytearray) -> dict[str, Any]:
    """The data of sealed JSON; any other bytes are a ValueError that says what is wrong."""
    if len(raw) > MOST_BYTES:
        raise ValueError(f"it is larger than {MOST_BYTES:,} bytes")
    try:
        data = json.loads(raw.decode("ascii"))
        del data["digest"]
        _check(data, "", MOST_DEPTH)
        text = sealed(data)
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise ValueError("it was cut short, or is not a file of cutaway") from error
    if text.encode("ascii") != raw:
        raise ValueError("it was changed after it was written")
    return dict(data)


def _check(value: Any, where: str, depth: int) -> None:
    """A ValueError for the first thing in some data that would not come back as it is."""
    what = f"{where or 'the data'} {{}}"
    if isinstance(value, dict):
        if not depth:
            raise ValueError(what.format(f"is nested more than {MOST_DEPTH} deep"))
        for name, inner in value.items():
            if type(name) is not str:
                raise ValueError(what.format(f"has the name {name!r:.40}, which is no text"))
            _check(name, f"a name in {where or 'the data'}", depth)
            _check(inner, f"{where}.{name}".lstrip(".")[:200], depth - 1)
    elif type(value) is list:
        if not depth:
            raise ValueError(what.format(f"is nested more than {MOST_DEPTH} deep"))
        for at, inner in enumerate(value):
            if type(inner) is not int:
                _check(inner, f"{where}[{at}]"[:200], depth - 1)
    elif type(value) is str:
        if not value.isascii() and any("\ud800" <= letter <= "\udfff" for letter in value):
            raise ValueError(what.format("is no valid Unicode"))
    elif type(value) is float:
        if not math.isfinite(value):
            raise ValueError(what.format(f"is {value}"))
    elif value is not None and type(value) not in (bool, int):
        raise ValueError(what.format(f"is a {type(value).__name__}"))
