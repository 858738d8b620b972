"""Whether a job will fit in memory, said before its first step, and what to do where it will not.

A plan counts the tensors that are alive at the worst moment (memory_trace.py). An allocator may
hold more: glibc keeps what was let go and cannot always hand it out again, which took up to 2.5
times the plan in our measurements (benchmarks/memory.py). Told to map every large block on its own
it gives each back at once, takes what was planned, and is slower. So that is done where memory is
scarce, and only there.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from dataclasses import dataclass

from cutaway.errors import Unavailable

SHARE = 0.9  # of what is free may be used
SCATTER = 3.0  # times the plan is what glibc may hold of its own accord
LARGE = 128 * 1024  # bytes of a block that is mapped on its own in a sparing process
M_MMAP_THRESHOLD = -3  # the number that glibc has for it


@dataclass(frozen=True)
class Plan:
    """What a training job holds at the moment when it holds most, in bytes."""

    weights: int
    gradients: int
    optimizer: int
    activations: int  # everything else

    @property
    def total(self) -> int:
        """All of it."""
        return self.weights + self.gradients + self.optimizer + self.activations

    def __str__(self) -> str:
        parts = ", ".join(f"{name} {_number(n, self.total)}" for name, n in vars(self).items())
        return f"{size(self.total)}: {parts}"


def size(count: int) -> str:
    """A number of bytes as people say it."""
    return f"{_number(count, count)} {'GB' if count >= 1e9 else 'MB'}"


def _number(count: int, whole: int) -> str:
    """A number of bytes in the unit that fits a larger one."""
    return f"{count / 1e9:.1f}" if whole >= 1e9 else f"{count / 1e6:.{int(whole < 1e8)}f}"


def fits(plan: Plan, free: int | None) -> bool:
    """Whether a job stays within nine tenths of what is free; true where that is not known."""
    return free is None or plan.total <= SHARE * free


def admit(
    plan: Plan,
    free: int | None,
    rows: int,
    smaller: Callable[[int], Plan],
    advice: Callable[[int], str] = lambda rows: f"--batch {rows}",
) -> str:
    """What a job needs, in words; one that will not fit is refused, a tight one made sparing.

    `rows` are those of a part of a batch, `smaller` plans the job with fewer of them, and `advice`
    says how to ask for those.
    """
    refuse(plan, free, rows, smaller, advice)
    if free is None:
        return f"needs {plan}; how much is free is not known, so nothing is refused."
    said = f"needs {plan}; {size(free)} are free."
    if SCATTER * plan.total <= SHARE * free:
        return said
    if sparing():
        return f"{said} That is tight: memory is given back at once, which is slower."
    return f"{said} That is tight: an allocator may hold up to {SCATTER:.0f} times what is needed."


def refuse(
    plan: Plan,
    free: int | None,
    rows: int,
    smaller: Callable[[int], Plan],
    advice: Callable[[int], str] = lambda rows: f"--batch {rows}",
) -> None:
    """Raise an error if a job will not fit, with the number of rows at which it would."""
    if free is None or fits(plan, free):
        return
    what = f"This job needs {plan}. {size(free)} are free, of which {size(int(SHARE * free))} "
    less = plan
    while rows > 1:
        rows //= 2
        less = smaller(rows)
        if fits(less, free):
            step = f"Try {advice(rows)} ({size(less.total)})."
            raise Unavailable(f"{what}may be used.", step)
    alone = f"Not even one row fits ({size(less.total)}): make the model smaller or its text "
    raise Unavailable(f"{what}may be used.", f"{alone}shorter, or use a larger machine.")


def sparing() -> bool:
    """Have glibc give every large block back when it is let go; false where there is no glibc."""
    try:
        return bool(ctypes.CDLL(None).mallopt(M_MMAP_THRESHOLD, LARGE))
    except (AttributeError, OSError, TypeError):
        return False
