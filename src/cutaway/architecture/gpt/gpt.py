"""GPT: tokens become a stream, blocks add to it, and what is left is read as the next token.

Nothing here is new: a table, positions, blocks, a norm and a head. Which of each is a list of parts
(styles.py). The names in a model's state are these, and they stay:

    tokens.weight     positions.weight (GPT-2)
    blocks.0.before.weight
    blocks.0.heads.query|key|value|output.weight     blocks.0.heads.place.query|key.weight (Qwen3)
    blocks.0.between.weight
    blocks.0.mlp.gate|widen|narrow.weight
    last.weight       head.weight (Llama)

and the same with `bias` where there is one. A head that is tied to the table has no weight.

    B batch   T tokens   V vocabulary   C stream width
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from torch import Tensor, nn

from ..attention import causal
from ..attention.attention import Mask


@dataclass(frozen=True)
class Config:
    """The sizes of a model."""

    vocab: int
    context: int                                    # tokens at a time that it is trained on
    width: int                                      # numbers in the stream
    depth: int                                      # blocks
    heads: int
    groups: int                                     # heads that share a key and a value: heads / G
    size: int                                       # numbers in a head
    hidden: int                                     # numbers between the products of an MLP
    epsilon: float = 1e-5                           # what a norm adds, against division by nothing
    base: float = 10_000.0                          # how slow the slowest turn is, of a rotation
    std: float = 0.02                               # how wide weights are drawn

    def __post_init__(self) -> None:
        sizes = {name: value for name, value in vars(self).items() if name != "std"}
        for name, value in sizes.items():
            if not value > 0:                       # NaN is not, and not <= 0 either
                raise ValueError(f"A model has no {name} of {value}.")
        if not self.std >= 0:
            raise ValueError(f"Weights have no spread of {self.std}.")
        if self.heads % self.groups:
            raise ValueError(f"{self.heads} heads cannot share in {self.groups} equal groups.")


class GPT(nn.Module):
    """From ids to scores of the next one."""

    def __init__(self, tokens: nn.Module, positions: nn.Module, blocks: Iterable[nn.Module],
                 last: nn.Module, head: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.tokens, self.positions, self.blocks = tokens, positions, nn.ModuleList(blocks)
        self.last, self.head = last, head

    def forward(self, ids: Tensor, mask: Mask = causal, first: int = 0) -> Tensor:
        x = self.tokens(ids)                        # (B, T, C)
        x = self.positions(x, first)                # (B, T, C)
        for block in self.blocks:
            x = block(x, mask, first)               # (B, T, C)
        x = self.last(x)                            # (B, T, C)
        scores = self.head(x)                       # (B, T, V)
        return scores
