"""Sealed files: JSON to read and to diff, closed by the digest of its content."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cutaway.errors import Refused

MOST_BYTES = 2**27  # of a sealed file; one that is larger is something else
AGAIN = "Delete the file and measure again: `cutaway run` makes a new one."


def canonical(data: Any) -> str:
    """The one JSON text of some data."""
    return json.dumps(data, sort_keys=True, separators=(",", ":"), allow_nan=False)


def digest(data: Any) -> str:
    """SHA-256 of the canonical JSON of some data."""
    return hashlib.sha256(canonical(data).encode()).hexdigest()


def sealed(data: Mapping[str, Any]) -> str:
    """Data as JSON to read and to diff (a row a line), closed by the digest of its content."""
    lines = []
    for key in sorted(data):
        value = data[key]
        if isinstance(value, list) and value:
            inside = ",\n  ".join(canonical(item) for item in value)
            lines.append(f"{canonical(key)}: [\n  {inside}\n ]")
        elif isinstance(value, dict) and value:
            inside = ",\n  ".join(f"{canonical(k)}: {canonical(value[k])}" for k in sorted(value))
            lines.append(f"{canonical(key)}: {{\n  {inside}\n }}")
        else:
            lines.append(f"{canonical(key)}: {canonical(value)}")
    lines.append(f'"digest": "{digest(data)}"')
    return "{\n " + ",\n ".join(lines) + "\n}\n"


def unsealed(path: Path, again: str = AGAIN) -> dict[str, Any]:
    """The data of a sealed file, if its digest is still the digest of its content.

    `again` says how to make the file anew, where that is not by measuring.
    """
    try:
        if path.stat().st_size > MOST_BYTES:
            raise ValueError("no sealed file is as large as this")
        data = json.loads(path.read_text(encoding="utf-8"), object_pairs_hook=_unique)
        seal = data.pop("digest")
        found = digest(data)
    except (ValueError, RecursionError, KeyError, AttributeError, TypeError) as error:
        raise Refused(f"{path} was cut short or is not a file of cutaway.", again) from error
    if seal != found:
        raise Refused(f"{path} was changed after it was written (its digest differs).", again)
    return dict(data)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """The object of some pairs, no name of which occurs twice."""
    data = dict(pairs)
    if len(data) < len(pairs):
        raise ValueError("a name occurs twice")
    return data
