"""Groups: which weights decay, which ones Muon may move, and the optimizers that follow from it.

Decay pulls a weight toward zero, which is right for a matrix that can make up for it elsewhere. It
is wrong for the gain of a norm, which begins at one, and for a row of a table, which would shrink
at every step while its token is hardly ever read.
"""

from torch import Tensor, nn

from .muon import Muon
from .optimizers import AdamW, Together

TABLES = ("tokens.weight", "positions.weight")      # how the names of tables end
BLOCKS = "blocks."                                  # how the names begin of what is in a block
Weights = dict[str, Tensor]


def decayed(model: nn.Module) -> tuple[Weights, Weights]:
    """The weights that decay, which are matrices; and norms, biases and tables, which do not."""
    every = dict(model.named_parameters())
    some = {name: one for name, one in every.items()
            if one.dim() > 1 and not name.endswith(TABLES)}
    return some, {name: one for name, one in every.items() if name not in some}


def split(model: nn.Module) -> tuple[Weights, Weights]:
    """The matrices in blocks, which Muon may move; and everything else."""
    every = dict(model.named_parameters())
    some = {name: one for name, one in every.items()
            if one.dim() == 2 and name.startswith(BLOCKS)}
    return some, {name: one for name, one in every.items() if name not in some}


def with_adamw(model: nn.Module, decay: float, betas: tuple[float, float],
               epsilon: float) -> Together:
    """AdamW for a whole model, with decay where it belongs."""
    some, others = decayed(model)
    return Together((AdamW(some, decay, betas, epsilon), 1.0),
                    (AdamW(others, 0.0, betas, epsilon), 1.0))


def with_muon(model: nn.Module, decay: float, momentum: float, betas: tuple[float, float],
              epsilon: float, times: float) -> Together:
    """Muon for the matrices in blocks; for the rest AdamW, at a multiple of Muon's rate."""
    matrices, rest = split(model)
    some, others = ({name: one for name, one in side.items() if name in rest}
                    for side in decayed(model))
    return Together((Muon(matrices, decay, momentum), 1.0),
                    (AdamW(some, decay, betas, epsilon), times),
                    (AdamW(others, 0.0, betas, epsilon), times))
