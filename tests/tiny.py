"""The smallest lab there can be: no torch, a millisecond a cell, and a cell for each misfortune."""

from __future__ import annotations

INIT = '''"""Doubling and tripling."""

from .tiny import double, triple

__all__ = ["double", "triple"]
'''

COMPONENT = '''"""Twice and three times a number."""


def double(x: float) -> float:
    """Twice a number."""
    y = 0.0
    y = y + x
    y = y + x
    return y


def triple(x: float) -> float:
    """Three times a number."""
    y = double(x)
    y = y + x
    return y
'''

TESTS = '''"""What doubling and tripling must do."""

from .tiny import double, triple


def test_a_number_and_its_double_differ_by_the_number():
    assert double(5) - 5 == 5


def test_the_triple_is_the_double_and_one_more():
    assert triple(3) - double(3) == 3


def test_the_double_of_nothing_is_nothing():
    assert double(0) == 0
'''

LAB = '''"""The tiny lab."""

import math
import os
import time

from cutaway.kit.verdicts import raises
from cutaway.kit.words import Claim, Experiment, Fault, Lab


def error_by_fault(world, *, seed):
    """How far the double is off; TINY_PAUSE makes it slow."""
    time.sleep(float(os.environ.get("TINY_PAUSE", 0)))
    yield {"error": abs(world.tiny.double(1 + seed / 100) - 2 - seed / 50) + seed / 1000}


def fate_by_kind(world, *, seed, kind):
    """One cell for each way in which a measurement can go wrong."""
    if kind == "raises":
        raise ValueError("no luck today")
    if kind == "hangs":
        time.sleep(60)
    if kind == "dies":
        os.kill(os.getpid(), 9)
    yield {"fate": math.nan if kind == "nan" else 1.0}


def observe(world):
    """What a fault must change."""
    return {"double": world.tiny.double(7.0), "triple": world.tiny.triple(7.0)}


no_more = Fault(
    "no_more", "tiny.py", old="y = y + x", new="y = y  # BROKEN: nothing is added", where="triple",
    says="The third part is not added",
)
negative = Fault(
    "negative", "tiny.py", old="y = 0.0", new="y = -2 * x  # BROKEN: starts too low",
    says="The double is always nothing",
)

lab = Lab(
    name="tiny",
    number=2,
    lesson="Twice a number is the number and the number again.",
    observe=observe,
    faults=(no_more, negative),
    experiments=(
        Experiment(
            "error_by_fault", error_by_fault, grid={"fault": (None, "negative", "no_more")},
            seeds=4, quick={"seeds": 3}, outcome="error", margin=0.1,
        ),
        Experiment(
            "fate_by_kind", fate_by_kind, grid={"kind": ("fine", "raises", "nan", "hangs", "dies")},
            seeds=1, quick={"kind": ("fine",)}, limit=1,
        ),
    ),
    claims=(
        Claim(
            "A double that starts too low is too small",
            source="000-01",
            experiment="error_by_fault",
            holds=lambda t: raises(t, "error", {"fault": "negative"}, {"fault": None}, 0.1),
            regime="numbers near one",
        ),
    ),
)
'''

# Stands in for torch, which this lab does not need and which takes seconds to start.
TORCH = """
__version__ = "0"


class Nothing(str):
    def __getattr__(self, name):
        return self

    def __call__(self, *args, **kwargs):
        return self


def __getattr__(name):
    return Nothing()
"""

FILES = {"__init__.py": INIT, "tiny.py": COMPONENT, "test_tiny.py": TESTS, "lab.py": LAB}
