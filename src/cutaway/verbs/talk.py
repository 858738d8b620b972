"""How the command line talks: data on standard output, everything else on standard error."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)
from rich.table import Table as Grid
from rich.text import Text

from . import printed

SCHEMA = 1
STYLES = {
    "supported": "green",
    "refuted": "red",
    "conditional": "yellow",
    "undecided": "dim",
    "fresh": "green",
    "stale": "yellow",
    "damaged": "red",
}
_live: list[Console] = []  # where a bar is drawn: what is said meanwhile goes above it
_CONTROL = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)


def visible(text: object) -> str:
    """A text whose control characters cannot repaint a terminal, and that can be encoded."""
    return _CONTROL.sub(lambda hit: repr(hit[0])[1:-1], str(text))


def out() -> Console:
    """Where data goes."""
    return Console(file=sys.stdout, highlight=False, soft_wrap=True)


def say(text: object, style: str = "") -> None:
    """Say something that is not data."""
    console = _live[-1] if _live else Console(file=sys.stderr, highlight=False)
    console.print(Text(visible(text), style=style), soft_wrap=True)


def show(text: object, style: str = "") -> None:
    """Print a line of data."""
    print(printed.line(visible(text), style, out()), end="", flush=True)


def show_json(data: dict[str, Any]) -> None:
    """Print one object for a script to read."""
    print(printed.json_of({"schema_version": SCHEMA, **data}))


def show_grid(headings: list[str], rows: list[list[str]]) -> None:
    """Print rows in columns; words that have a colour wear it."""
    grid = Grid(box=None, pad_edge=False, padding=(0, 2, 0, 0), show_header=bool(headings))
    for heading in headings or [""] * max(map(len, rows), default=0):
        grid.add_column(heading, header_style="dim", overflow="fold")
    for row in rows:
        cells = (visible(cell).replace("\n", "\\n") for cell in row)
        grid.add_row(*(Text(cell, style=STYLES.get(cell, "")) for cell in cells))
    console = out()
    if console.is_terminal:
        console.print(grid)
        return
    console.width = 1000
    with console.capture() as drawn:
        console.print(grid)
    print("\n".join(line.rstrip() for line in drawn.get().splitlines()))


def show_diff(text: str) -> None:
    """Print a difference in its usual colours."""
    for line in text.splitlines():
        bold = line.startswith(("---", "+++"))
        style = "bold" if bold else {"-": "red", "+": "green", "@": "cyan"}.get(line[:1], "")
        show(line, style)


def live_on(console: Console) -> bool:
    """Whether a bar can be drawn there."""
    dumb = os.environ.get("TERM") == "dumb" or bool(os.environ.get("CI"))
    return console.is_terminal and not dumb


@contextmanager
def transfer(what: str) -> Iterator[Callable[[int, int | None], None]]:
    """A bar of what has come so far, drawn once something comes; a line without a terminal."""
    console = Console(file=sys.stderr, highlight=False)
    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(bar_width=30),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeElapsedColumn(),
        console=console,
        disable=not live_on(console),
        transient=True,
    )
    begun: list[TaskID] = []

    def told(done: int, total: int | None) -> None:
        if not begun:
            begun.append(bar.add_task(f"{what}: fetching", total=None))
            if bar.disable:
                say(f"{what}: fetching ...", "dim")
        bar.update(begun[0], completed=done, total=total)

    with bar:
        _live.extend([] if bar.disable else [console])
        try:
            yield told
        finally:
            _live.clear()


@contextmanager
def stages(what: str) -> Iterator[Callable[[str, int, int | None], None]]:
    """A bar of one stage after another of something; a line without a terminal."""
    console = Console(file=sys.stderr, highlight=False)
    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(bar_width=30),
        TimeElapsedColumn(),
        console=console,
        disable=not live_on(console),
        transient=True,
    )
    if bar.disable:
        say(f"{what} ...", "dim")
    one = bar.add_task(what, total=None)

    def said(stage: str, done: int, total: int | None) -> None:
        bar.update(one, description=visible(f"{what}: {stage}"), completed=done, total=total)

    with bar:
        yield said


@contextmanager
def progress(what: str, total: int) -> Iterator[Progress]:
    """A bar with what is done and the time left; a few plain lines where there is no terminal."""
    console = Console(file=sys.stderr, highlight=False)
    live = live_on(console)
    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(bar_width=30),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(compact=True),
        console=console,
        disable=not live,
        transient=True,
    )
    if not live and total:
        say(f"{what} ...", "dim")
    with bar:
        bar.add_task(what, total=total)
        _live.extend([console] if live else [])
        try:
            yield bar
        finally:
            _live.clear()


def duration(seconds: float) -> str:
    """A time in words."""
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def size(count: float) -> str:
    """A number of bytes in words."""
    for unit in ("B", "kB", "MB", "GB"):
        if count < 1000 or unit == "GB":
            return f"{count:.0f} {unit}" if count >= 10 or unit == "B" else f"{count:.1f} {unit}"
        count /= 1000
    raise AssertionError
