"""GPT-2's bend without its tanh, which a compiler makes slow code of.

One more than a tanh, halved, is the logistic of twice the number: the same bend, rounded elsewhere.
How much of a step it takes is printed by `benchmarks/training.py --where`.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from cutaway.kit.worlds import CLEAN, World

if TYPE_CHECKING:
    from torch import Tensor, nn

TWICE = 2 * math.sqrt(2 / math.pi)


def bent(model: nn.Module, world: World = CLEAN) -> None:
    """Have every layer that bends by a tanh bend by a logistic."""
    layers: Any = model.modules()
    for one in layers:
        if getattr(one, "bend", None) is world.norms.gelu_tanh:
            one.bend = by_logistic


def by_logistic(x: Tensor) -> Tensor:
    """What `norms.gelu_tanh` makes of a number."""
    twice = TWICE * x * (1 + 0.044715 * x * x)
    return x * twice.sigmoid()
