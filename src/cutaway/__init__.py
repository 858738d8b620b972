"""A large language model that can be taken apart. Build it. Break it. Measure it.

from cutaway import broken

with broken("bigram.no_shift") as world:
    print(world.bigram.shift(tokens))
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .kit.notebook import draw, measure, recorded
    from .kit.watch import watch
    from .kit.words import Claim, Experiment, Fault, Figure, Lab
    from .kit.worlds import CLEAN, World, broken

__version__ = "0.1.0"

_HOMES = {
    "broken": "worlds",
    "World": "worlds",
    "CLEAN": "worlds",
    "watch": "watch",
    "measure": "notebook",
    "draw": "notebook",
    "recorded": "notebook",
    **dict.fromkeys(("Claim", "Experiment", "Fault", "Figure", "Lab"), "words"),
}
__all__ = [
    "CLEAN",
    "Claim",
    "Experiment",
    "Fault",
    "Figure",
    "Lab",
    "World",
    "broken",
    "draw",
    "measure",
    "recorded",
    "watch",
]


def __getattr__(name: str) -> Any:
    """What the package offers, imported when it is first asked for."""
    if name in _HOMES:
        return getattr(importlib.import_module(f"cutaway.kit.{_HOMES[name]}"), name)
    raise AttributeError(f"module 'cutaway' has no attribute {name!r}")
