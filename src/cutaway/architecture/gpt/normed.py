"""Queries and keys brought to one size before they are compared: no score can grow without end.

    B batch   H heads   G groups that share   T tokens   D head width
"""

from torch import Tensor, nn

from ..norms import RMSNorm


class Normed(nn.Module):
    """Queries and keys, each through a norm, and then told where they stand."""

    def __init__(self, size: int, epsilon: float, then: nn.Module) -> None:
        super().__init__()
        self.query, self.key, self.then = RMSNorm(size, epsilon), RMSNorm(size, epsilon), then

    def forward(self, q: Tensor, k: Tensor, first: int = 0) -> tuple[Tensor, Tensor]:
        q = self.query(q)                           # (B, H, T, D)
        k = self.key(k)                             # (B, G, T, D)
        return self.then(q, k, first)
