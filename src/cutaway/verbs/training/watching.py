"""What is seen of a run while it is on its way: numbers, time left, and a curve."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from rich.console import Console, Group
from rich.live import Live
from rich.text import Text

from cutaway.verbs.talk import duration, live_on, say, size, visible

from .curves import curve

HIGH = 8  # lines of the curve
LAST = 20  # steps whose mean loss is told
OFTEN = 0.1  # seconds between two drawings


class Watch:
    """What is told of a run, shown; on a terminal it moves, elsewhere it is a line now and then."""

    def __init__(self, steps: int) -> None:
        self.steps, self.done, self.tokens = steps, 0, 0
        self.losses: list[tuple[float, float]] = []
        self.judged: list[tuple[int, float]] = []
        self.began = self.drawn = time.monotonic()
        self.first: int | None = None
        self.live: Live | None = None

    def told(self, kind: str, step: int, values: Mapping[str, Any]) -> None:
        """Take in what was done."""
        if kind == "step":
            self._step(step, values)
        elif kind == "judged":
            self.judged.append((step, values["loss"]))
            if not self.live:
                say(f"step {step:,} of {self.steps:,}: {self.numbers()}", "dim")
        elif kind == "sample":
            text = " ".join(values["text"].split())
            self.tell(f"step {step:,} writes: {text[:160]}", "dim")
        elif kind == "resumed":
            self.tell(f"Going on after step {step:,}.")
        elif kind == "skipped":
            self.tell(f"Passed over: {values['what']}", "yellow")

    def _step(self, step: int, values: Mapping[str, Any]) -> None:
        """One more step."""
        if self.first is None:  # it is not timed: what it took holds for no other
            self.first, self.began = step, time.monotonic()
        else:
            self.tokens += values["tokens"]
        self.done = step
        self.losses.append((step, values["loss"]))
        if self.live and time.monotonic() - self.drawn > OFTEN:
            self.live.update(self.picture())
            self.drawn = time.monotonic()

    def tell(self, text: str, style: str = "") -> None:
        """Say something above the picture."""
        if self.live:
            self.live.console.print(Text(visible(text), style=style), soft_wrap=True)
        else:
            say(text, style)

    def numbers(self) -> str:
        """Where the run stands, in numbers."""
        last = [loss for _, loss in self.losses[-LAST:]]
        said = [f"loss {sum(last) / len(last):.3f}"] if last else []
        if self.judged:
            said.append(f"held out {self.judged[-1][1]:.3f}")
        passed, taken = time.monotonic() - self.began, self.done - (self.first or 0)
        if self.tokens and passed > 0:
            said.append(f"{self.tokens / passed:,.0f} tokens/s")
            left = (self.steps - self.done) * passed / taken
            said += [f"{duration(left)} left"] if self.done < self.steps else []
        if used := memory():
            said.append(size(used))
        return " · ".join(said)

    def picture(self) -> Group:
        """The numbers above a curve."""
        console = self.live.console if self.live else Console(file=sys.stderr)
        width = max(min(console.width - 10, 100), 10)
        lines = curve(self.losses, width, HIGH, self.steps)
        head = f"step {self.done:,} of {self.steps:,} · {self.numbers()}"
        return Group(Text(head), *(Text(line, style="cyan") for line in lines))


@contextmanager
def watched(steps: int) -> Iterator[Watch]:
    """What is told of a run, shown while it lasts."""
    console = Console(file=sys.stderr, highlight=False)
    watch = Watch(steps)
    if not live_on(console):
        yield watch
        return
    with Live(console=console, refresh_per_second=8, transient=False) as live:
        watch.live = live
        try:
            yield watch
        finally:
            live.update(watch.picture())


def memory() -> int | None:
    """The bytes that this process holds, if the system tells."""
    try:
        with open("/proc/self/statm", encoding="ascii") as file:
            return int(file.read().split()[1]) * 4096
    except (OSError, ValueError, IndexError):
        return None
