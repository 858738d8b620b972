"""Data as the text that is printed: for a reader a line in its colour, for a script JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.segment import Segment, Segments


def line(text: str, style: str, console: Console) -> str:
    """A line letter by letter as it is, blanks and all, in the style that a console has for it."""
    styled = Segment(text, console.get_style(style))
    with console.capture() as drawn:
        console.print(Segments([styled, Segment.line()]), end="")
    return drawn.get()


def json_of(data: Mapping[str, Any]) -> str:
    """JSON of plain data, in which a number that is not finite is one of nan, inf and -inf."""
    known = json.loads(json.dumps(data), parse_constant=lambda name: str(float(name)))
    return json.dumps(known, indent=1, allow_nan=False)
