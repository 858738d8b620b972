"""Embeddings: a token's id picks a row of a table, and that row is all the model knows of it.

To pick a row is to multiply: the id written as a vector, one at its place and zero elsewhere, times
the table. So an embedding is a layer like any other whose product nobody multiplies out. Its
gradient falls on the rows that were picked, and adds up where one was picked more than once.

    B batch   T tokens   V vocabulary   C stream width

What it lacks: order. A row is the same wherever its token stands (positions).
"""

import torch
from torch import Tensor, nn


def one_hot(ids: Tensor, vocab: int) -> Tensor:
    """Each id as a vector, one at its place and zero elsewhere."""
    every = torch.arange(vocab, device=ids.device)  # (V,)
    return (ids[..., None] == every).double()       # (B, T, V)


def multiplied(ids: Tensor, table: Tensor) -> Tensor:
    """The rows of some ids, as a product."""
    picks = one_hot(ids, len(table))                # (B, T, V)
    picks = picks.to(table.dtype)                   # (B, T, V)
    return picks @ table                            # (B, T, C)


def lookup(ids: Tensor, table: Tensor) -> Tensor:
    """The same rows, picked; an id that has none is an error, where `table[-1]` would be a row."""
    rows = table.index_select(0, ids.flatten())     # (B*T, C)
    rows = rows.view(*ids.shape, table.shape[1])    # (B, T, C)
    return rows


def gradient(ids: Tensor, above: Tensor, vocab: int) -> Tensor:
    """What the table's rows get of the gradient above: nothing, or a sum over all who picked it."""
    above = above.flatten(0, -2)                    # (B*T, C)
    rows = above.new_zeros(vocab, above.shape[1])   # (V, C)
    rows = rows.index_add(0, ids.flatten(), above)  # (V, C)
    return rows


class Embedding(nn.Module):
    """A table of rows to learn; `scores` reads it the other way round."""

    def __init__(self, vocab: int, width: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(vocab, width))
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw every row anew."""
        nn.init.normal_(self.weight)

    def forward(self, ids: Tensor) -> Tensor:
        x = lookup(ids, self.weight)                # (B, T, C)
        return x

    def scores(self, x: Tensor) -> Tensor:
        """How well each token's row answers the stream: the head of a model that ties the two."""
        scores = x @ self.weight.mT                 # (B, T, V)
        return scores
