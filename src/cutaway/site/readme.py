"""The README's figure: one break, drawn from committed results. `python -m cutaway.site.readme`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from cutaway.errors import CheckFailed, UsageError
from cutaway.kit.labs import PACKAGE, load, place
from cutaway.kit.statistics import Interval
from cutaway.kit.tables import Table
from cutaway.runs.disk import write_file

from .book.live import EXPERIMENT, FAULT, LAB, Live, Reading, live
from .markup import Html, number, tag
from .report import Entry

PAPER, INK, SOFT, CLEAN, BROKEN = "#f6f5f1", "#22201c", "#5f5a52", "#7c786f", "#a5301b"
WIDTH, LEFT, LONGEST, TOP, ROW, BAR = 760, 260, 380, 84, 72, 22
FONT = "system-ui, 'Segoe UI', 'Helvetica Neue', 'Liberation Sans', sans-serif"
FINDING = "Delete the mask, and the loss looks perfect. The model is ruined."


def svg() -> str:
    """The figure, from what is recorded of the lab now."""
    path = place(LAB).results / f"{EXPERIMENT}.json"
    tables = {EXPERIMENT: Table.load(path)} if path.is_file() else {}
    found = live([Entry(load(LAB), tables)])
    if found is None or found.fault.name != FAULT or len(found.readings) != 2:
        raise CheckFailed(
            f"{LAB} has no measurement of {FAULT} to draw.", f"cutaway run {LAB} --record"
        )
    return drawing(found)


def drawing(found: Live) -> str:
    """The readings of both arms as bars under their finding, or an error if they show another."""
    looks, is_worth = found.readings
    if not (looks.broken.high < looks.clean.low and is_worth.clean.high < is_worth.broken.low):
        what = "The tables do not show what the README's figure says."
        raise CheckFailed(what, "Give the figure another title, in site/readme.py.")
    most = max(one.high for reading in found.readings for one in (reading.clean, reading.broken))
    height = TOP + ROW * len(found.readings) + 30
    rows = [_row(one, TOP + ROW * at, most) for at, one in enumerate(found.readings)]
    n, home = looks.clean.n, f"{found.entry.lab.name}, {found.experiment.name}"
    source = f"{home}: means of {n} models trained alike, with 95 % intervals"
    inside = (
        tag("title", FINDING),
        tag("desc", _description(found.readings)),
        tag("rect", width=WIDTH, height=height, rx=8, fill=PAPER),
        _text(24, 36, FINDING, INK, size=18, weight=600),
        *_legend(),
        *rows,
        _text(24, height - 16, source, SOFT, size=13),
    )
    box = f"0 0 {WIDTH} {height}"
    where = {"xmlns": "http://www.w3.org/2000/svg", "viewBox": box, "role": "img"}
    return str(tag("svg", *inside, width=WIDTH, height=height, font_family=FONT, **where)) + "\n"


def _row(one: Reading, y: int, most: float) -> Html:
    """A reading: its name, the bar of each arm, its interval as a line, its mean as a number."""
    bars = [
        _bar(arm, y + at * (BAR + 4), most, colour)
        for at, (arm, colour) in enumerate(((one.clean, CLEAN), (one.broken, BROKEN)))
    ]
    name = _text(24, y + 18, one.name, INK, size=16, weight=600)
    return tag("g", name, _text(24, y + 38, one.says, SOFT, size=13), *bars)


def _bar(arm: Interval, y: int, most: float, colour: str) -> Html:
    """The bar of an arm, never so short that it cannot be seen."""
    low, mean, high = (LONGEST * max(0.0, one) / most for one in (arm.low, arm.mean, arm.high))
    middle = y + BAR / 2
    ends = f"M{LEFT + low:.1f} {middle}H{LEFT + high:.1f}"
    return tag(
        "g",
        tag("rect", x=LEFT, y=y, width=f"{max(1.5, mean):.1f}", height=BAR, fill=colour),
        tag("path", d=ends, stroke=INK, stroke_width=2, fill="none"),
        _text(LEFT + max(high, mean) + 10, y + 16, number(arm.mean), INK, size=16, weight=600),
    )


def _legend() -> list[Html]:
    """What the two colours are."""
    words = ((LEFT, CLEAN, "with the mask"), (LEFT + 150, BROKEN, "without"))
    return [
        tag(
            "g",
            tag("rect", x=x, y=54, width=14, height=14, fill=fill),
            _text(x + 20, 66, word, INK),
        )
        for x, fill, word in words
    ]


def _text(x: float, y: float, said: str, fill: str, size: int = 14, weight: int = 400) -> Html:
    """A line of text."""
    where = {"x": f"{x:.1f}", "y": y, "fill": fill}
    return tag("text", said, font_size=size, font_weight=weight, **where)


def _description(readings: Sequence[Reading]) -> str:
    """The figure in words."""
    said = [
        f"{one.name}: {number(one.clean.mean)} with the mask, {number(one.broken.mean)} without"
        for one in readings
    ]
    return f"Bars. {'; '.join(said)}."


def main() -> Path:
    """Write the figure beside the README of a checkout; where it is."""
    root = PACKAGE.parents[1]
    if not (root / "README.md").is_file() or not (root / "pyproject.toml").is_file():
        what = "The README's figure stands in a checkout, and this is an installed package."
        raise UsageError(what, "Clone the project and run it there.")
    write_file(root / "break.svg", svg())
    return root / "break.svg"


if __name__ == "__main__":
    print(main())
