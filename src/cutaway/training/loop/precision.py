"""Mixed precision: products in bfloat16, where the time goes; what adds up stays in single.

bfloat16 has the range of single precision and two or three digits: enough for a product whose
result goes into a sum with others. It is not enough for a weight: a step of a thousandth of it is
lost in rounding, every time. So the weights and what the optimizer remembers stay as they are; each
product is given rounded copies, for as long as it takes.

What is done in which precision on a CPU is not what is done on a GPU: there a softmax, a norm or a
sum is computed in single precision, here it keeps the precision it is given.
"""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

Loss = Callable[[nn.Module, Any], Tensor]


def mixed(loss: Loss, device: str) -> Loss:
    """The same loss, with the model's products in bfloat16; the slopes are computed likewise."""
    def rounded(model: nn.Module, part: Any) -> Tensor:
        with torch.autocast(device, torch.bfloat16):
            value = loss(model, part)
        return value
    return rounded
