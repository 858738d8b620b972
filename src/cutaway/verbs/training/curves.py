"""Curves in a terminal: dots of braille, two across and four down in every letter."""

from __future__ import annotations

import math
from collections.abc import Sequence

EMPTY = 0x2800
DOTS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))  # by row and column of a letter
Points = Sequence[tuple[float, float]]


def curve(points: Points, width: int, height: int, last: float) -> list[str]:
    """Some points from 0 to `last` as lines of letters, with the highest and lowest value beside.

    Where several points fall into one column their mean is drawn; between columns nothing is made
    up. What is no number is left out.
    """
    known = [(x, y) for x, y in points if math.isfinite(y)]
    if not known or width < 1 or height < 1:
        return []
    columns: dict[int, list[float]] = {}
    for x, y in known:
        at = min(int(x / max(last, 1) * (2 * width)), 2 * width - 1)
        columns.setdefault(at, []).append(y)
    means = {at: sum(found) / len(found) for at, found in columns.items()}
    low, high = min(means.values()), max(means.values())
    rows = 4 * height
    cells = [[EMPTY] * width for _ in range(height)]
    for at, mean in means.items():
        share = (high - mean) / (high - low) if high > low else 0.5
        row = min(int(share * rows), rows - 1)
        cells[row // 4][at // 2] |= DOTS[row % 4][at % 2]
    lines = ["".join(map(chr, line)) for line in cells]
    if height == 1:
        return [f"{lines[0]} {means[max(means)]:.3f}"]
    return [f"{lines[0]} {high:.3f}", *lines[1:-1], f"{lines[-1]} {low:.3f}"]
