"""Paths: how an outline runs, in whole tenths of a pixel, and the shortest text that says so."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

Point = tuple[int, int]
Step = tuple[str, tuple[Point, ...]]  # M, L, Q, C or z, and the points it names


def tenths(pixels: float) -> int:
    """A length in whole tenths."""
    return round(pixels * 10)


def number(length: int) -> str:
    """Tenths as a number of pixels."""
    whole, rest = divmod(abs(length), 10)
    return f"{'-' * (length < 0)}{whole}" + (f".{rest}" if rest else "")


def steps(text: str, at: tuple[float, float] = (0.0, 0.0)) -> list[Step]:
    """The steps of a path as Matplotlib writes one, moved to a place."""
    found = []
    for command, rest in re.findall(r"([MLQCz])([^MLQCz]*)", text):
        values = [float(value) for value in rest.split()]
        points = zip(values[::2], values[1::2], strict=True)
        found.append((command, tuple((tenths(at[0] + x), tenths(at[1] + y)) for x, y in points)))
    return found


def radius(path: Sequence[Step]) -> int | None:
    """The radius of a path that is a circle around 0, 0; None if it is anything else."""
    if {command for command, _ in path} != {"M", "C", "z"}:
        return None
    far = {math.hypot(*points[-1]) for _, points in path if points}
    return round(max(far)) if max(far) - min(far) < 1 else None


def is_straight(path: Sequence[Step]) -> bool:
    """Whether a path is lines of two ends each, which have no inside and no corner."""
    return all(command == "ML"[at % 2] for at, (command, _) in enumerate(path))


def box(path: Sequence[Step]) -> tuple[int, int, int, int]:
    """The least and the largest x and y of a path."""
    xs, ys = zip(*[point for _, points in path for point in points], strict=True)
    return min(xs), min(ys), max(xs), max(ys)


def apart(one: Sequence[int], other: Sequence[int]) -> bool:
    """Whether two boxes share no point."""
    beside = one[2] < other[0] or other[2] < one[0]
    return beside or one[3] < other[1] or other[3] < one[1]


def widened(path: Sequence[Step]) -> list[Step]:
    """The same area, with rectangles that stand side by side as one."""
    found: list[tuple[list[Step], tuple[int, int, int, int] | None]] = []
    for outline in outlines(path):
        place = box(outline) if _is_box(outline) else None
        last = found[-1][1] if found else None
        if place and last and (last[2], last[1], last[3]) == (place[0], place[1], place[3]):
            place = (last[0], *place[1:])
            found.pop()
            outline = _box(*place)
        found.append((outline, place))
    return [step for outline, _ in found for step in outline]


def outlines(path: Sequence[Step]) -> list[list[Step]]:
    """The parts of a path, each from one M to the next."""
    starts = [at for at, (command, _) in enumerate(path) if command == "M"]
    return [list(path[a:b]) for a, b in zip(starts, [*starts[1:], len(path)], strict=True)]


def _box(left: int, top: int, right: int, bottom: int) -> list[Step]:
    """A rectangle."""
    corners = ((left, top), (right, top), (right, bottom), (left, bottom))
    return [(command, (corner,)) for command, corner in zip("MLLL", corners, strict=True)]


def _is_box(outline: Sequence[Step]) -> bool:
    """Whether an outline is a rectangle that goes round once from its upper left corner."""
    ends = ("L", outline[0][1]), ("z", ())
    return [step for step in outline if step not in ends] == _box(*box(outline))


def brief(path: Sequence[Step], stroked: bool) -> str:
    """The text of a path without the steps that draw nothing; a filled one need not close.

    Its steps are relative, so that most numbers are short; in whole tenths no error adds up.
    """
    said, letter, here, start = "", "", (0, 0), (0, 0)
    for command, points in _needed(path, stroked):
        if not points:
            said, letter, here = said + "z", "z", start
            continue
        moves = [(x - here[0], y - here[1]) for x, y in points]
        flat = _joined([length for move in moves for length in move])
        name, here = command.lower(), points[-1]
        if command == "M":
            start = here
            name, flat = min(("M", _joined(here)), ("m", flat), key=lambda one: len(one[1]))
        elif command == "L" and 0 in moves[0]:
            name, flat = ("v" if moves[0][0] == 0 else "h"), number(sum(moves[0]))
        if name == letter:
            said += flat if flat.startswith("-") else f" {flat}"
        else:
            said, letter = said + name + flat, name
    return said


def _joined(lengths: Sequence[int]) -> str:
    """Numbers in a row, with spaces where no sign parts them."""
    return " ".join(map(number, lengths)).replace(" -", "-")


def _needed(path: Sequence[Step], stroked: bool) -> list[Step]:
    """The steps of a path that draw something."""
    kept: list[Step] = []
    first = 0
    for command, points in path:
        if command == "M":
            first = _closed(kept, first, stroked)
        if command != "L" or points != kept[-1][1][-1:] or len(kept) == first + 1:
            kept.append((command, points))
    _closed(kept, first, stroked)
    return kept


def _closed(kept: list[Step], first: int, stroked: bool) -> int:
    """Where the next outline starts, once the one from `first` on ends no later than it must."""
    closes = len(kept) > first and kept[-1][0] == "z"
    if closes:
        kept.pop()
    if (closes or not stroked) and len(kept) > first + 2 and kept[-1] == ("L", kept[first][1]):
        kept.pop()
    if len(kept) == first + 1:
        kept.pop()
    elif closes and stroked:
        kept.append(("z", ()))
    return len(kept)
