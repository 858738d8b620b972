"""A block: each token hears the others, then thinks for itself, and adds what it found.

The stream is what a token carries from layer to layer. A block never replaces it: it reads a copy,
brought to one size, and adds what it found. So every layer speaks to every later one, and the
gradient has a way back on which nothing is multiplied.

    B batch   T tokens   C stream width

What it lacks: words. It takes a stream and leaves one (gpt).
"""

from torch import Tensor, nn

from ..attention import causal
from ..attention.attention import Mask


class Block(nn.Module):
    """Each part reads the stream through a norm of its own (pre-norm)."""

    def __init__(self, before: nn.Module, heads: nn.Module, between: nn.Module,
                 mlp: nn.Module) -> None:
        super().__init__()
        self.before, self.heads, self.between, self.mlp = before, heads, between, mlp

    def forward(self, x: Tensor, mask: Mask = causal, first: int = 0) -> Tensor:
        read = self.before(x)                       # (B, T, C)
        found = self.heads(read, mask, first)       # (B, T, C)
        x = x + found                               # (B, T, C)
        read = self.between(x)                      # (B, T, C)
        found = self.mlp(read)                      # (B, T, C)
        x = x + found                               # (B, T, C)
        return x


class PostBlock(Block):
    """The norms stand in the stream itself, after what was added (post-norm, as in 2017)."""

    def forward(self, x: Tensor, mask: Mask = causal, first: int = 0) -> Tensor:
        found = self.heads(x, mask, first)          # (B, T, C)
        x = x + found                               # (B, T, C)
        x = self.before(x)                          # (B, T, C)
        found = self.mlp(x)                         # (B, T, C)
        x = x + found                               # (B, T, C)
        x = self.between(x)                         # (B, T, C)
        return x
