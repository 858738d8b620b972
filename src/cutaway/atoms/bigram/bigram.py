"""The smallest language model: a table of scores in which each token looks up its successor.

It reads one token back and no further, so the best it can do is known exactly: the entropy of
the next token given this one. Everything later models add is there to read further back.

    B batch   T tokens   V vocabulary
"""

import torch
from torch import Tensor, nn


def log_softmax(scores: Tensor) -> Tensor:
    """Scores as log-probabilities over the last axis, whatever their size."""
    largest = scores.max(-1, keepdim=True).values     # (B, T, 1)
    scores = scores - largest                         # (B, T, V)
    total = scores.exp().sum(-1, keepdim=True)        # (B, T, 1)
    scores = scores - total.log()                     # (B, T, V)
    return scores


def shift(tokens: Tensor) -> tuple[Tensor, Tensor]:
    """Each token beside the one that follows it: inputs and targets."""
    inputs = tokens[:, :-1]                           # (B, T)
    targets = tokens[:, 1:]                           # (B, T)
    return inputs, targets


def cross_entropy(scores: Tensor, targets: Tensor) -> Tensor:
    """Mean surprise, in nats, at the tokens that really came."""
    logs = log_softmax(scores)                        # (B, T, V)
    hits = logs.gather(-1, targets[..., None])        # (B, T, 1)
    loss = -hits.mean()                               # ()
    return loss


class Bigram(nn.Module):
    """One row of scores for each token: what tends to come next."""

    def __init__(self, vocab: int) -> None:
        super().__init__()
        self.table = nn.Parameter(torch.empty(vocab, vocab))
        self.reset_parameters()

    def reset_parameters(self) -> None:
        nn.init.normal_(self.table, std=0.02)         # near zero: every successor equally likely

    def forward(self, tokens: Tensor) -> Tensor:
        scores = self.table[tokens]                   # (B, T, V)
        return scores


@torch.no_grad()
def sample(model: nn.Module, tokens: Tensor, steps: int, generator: torch.Generator) -> Tensor:
    """The tokens and `steps` more, each drawn from what the model expects after the last."""
    for _ in range(steps):
        last = tokens[:, -1:]
        odds = log_softmax(model(last))[:, -1].exp()
        drawn = torch.multinomial(odds, 1, generator=generator)
        tokens = torch.cat([tokens, drawn], dim=1)
    return tokens
