"""Schedules: how large a share of its rate a run uses at each step, as a function of the step.

A rate rises at first, while the optimizer knows little of the slopes, and falls at last, so that
what is learnt settles. A schedule remembers nothing, so none can be lost: to go on at step 1000 is
to ask for step 1000.

    warm    steps of the rise; the last of them has the whole rate, the first one a part, not none
    steps   where the fall ends; the last step taken is the one before
    fall    steps of the fall
    least   the share that is left at the end

What they lack: an idea of how the run is doing.
"""

import math


def bounded(share: float) -> float:
    """A share, no less than nothing and no more than all."""
    share = max(share, 0.0)
    share = min(share, 1.0)
    return share


def rising(step: float, warm: int) -> float:
    """How much of the rise is done at a step."""
    return bounded((step + 1) / max(warm, 1))


def passed(step: float, start: int, end: int) -> float:
    """How much of the way from one step to another is behind a step."""
    return bounded((step - start) / max(end - start, 1))


def constant(step: float, warm: int) -> float:
    """A rise, and then the whole rate for good."""
    return rising(step, warm)


def cosine(step: float, warm: int, steps: int, least: float) -> float:
    """A rise, and then half a wave down to the least."""
    done = passed(step, warm, steps)
    share = (1 + math.cos(math.pi * done)) / 2
    share = least + (1 - least) * share
    share = share * rising(step, warm)
    return share


def stable(step: float, warm: int, steps: int, fall: int, least: float) -> float:
    """A rise, the whole rate for most of the run, and a straight fall at its end."""
    start = max(steps - fall, warm)
    done = passed(step, start, steps)
    share = 1 - (1 - least) * done
    share = share * rising(step, warm)
    return share
