"""A small model of a text in tokens, and what it is measured by: the bits a byte of other text."""

from __future__ import annotations

import math
from collections.abc import Iterable
from functools import cache
from typing import TYPE_CHECKING, Any

from cutaway.kit.fit import fit, seeded
from cutaway.kit.words import Row

from .lab_bits_claims import CONTEXT, HIDDEN, PLAYS, SIZE, WIDTH

if TYPE_CHECKING:
    from torch import Tensor, nn

READ = 40_000  # characters of held-out text
SCRIPTS = {  # where the letters of other scripts stand: capitals, and small ones
    "latin": (0x41, 0x61),
    "cyrillic": (0x410, 0x430),
    "georgian": (0x10A0, 0x10D0),
}


@cache
def plays(script: str = "latin") -> tuple[str, str]:
    """The training text, and held-out text that shares no passage with it, in some letters."""
    from cutaway.data.prepared import prepare

    split = prepare(PLAYS, "bytes").split
    sides = (split.train, split.held_out)
    train, held_out = ("\n\n".join(one.text for one in side) for side in sides)
    return in_letters(train, script), in_letters(held_out[:READ], script)


def in_letters(text: str, script: str) -> str:
    """A text with each letter of ASCII replaced by the letter of its number in another script."""
    table = {
        latin + at: other + at
        for latin, other in zip(SCRIPTS["latin"], SCRIPTS[script], strict=True)
        for at in range(26)
    }
    return text.translate(table)


def multiplications(vocab: int) -> int:
    """Of two numbers, for one token: in the recurrent layer and in the head."""
    return 3 * HIDDEN * (WIDTH + HIDDEN) + HIDDEN * vocab


def model(vocab: int, outputs: int, seed: int) -> nn.ModuleDict:
    """An embedding, a recurrent layer (GRU) and a head, not trained."""
    from torch import nn

    made = nn.ModuleDict(
        {
            "embedding": nn.Embedding(vocab, WIDTH),
            "body": nn.GRU(WIDTH, HIDDEN, batch_first=True),
            "head": nn.Linear(HIDDEN, outputs),
        }
    )
    return seeded(made, seed)


def surprise(net: nn.Module, tokens: Tensor, reduction: str = "mean") -> Tensor:
    """The surprise at each token of windows but the first, in nats, as a mean or a sum."""
    from torch.nn import functional as F

    parts: Any = net
    states, _ = parts["body"](parts["embedding"](tokens[:, :-1]))
    scores = parts["head"](states).flatten(0, 1)
    return F.cross_entropy(scores, tokens[:, 1:].flatten(), reduction=reduction)


def fitted(
    ids: Any, vocab: int, context: int, seed: int, steps: int, rate: float
) -> tuple[nn.Module, bool]:
    """A model that was trained on a row of tokens, and whether its loss stayed a number."""
    import torch

    from cutaway.data.batches import batch

    net = model(vocab, vocab, seed)
    losses = fit(
        net,
        lambda step: torch.from_numpy(batch(ids, seed, step, size=SIZE, context=context)),
        surprise,
        steps=steps,
        rate=rate,
    )
    return net, math.isfinite(losses[-1])


def held_out_bits(net: nn.Module, tokens: Any, context: int) -> float:
    """The bits for all tokens of a text but the first, read in windows."""
    import torch

    from cutaway.data.batches import windows

    with torch.no_grad():
        blocks = (torch.from_numpy(block) for block in windows(tokens, context, 64))
        nats = sum(surprise(net, block, "sum").item() for block in blocks)
    return nats / math.log(2)


def unigram_bits(train: str, text: str) -> float:
    """Chance: the bits a byte of a text under the frequencies of the training text's bytes."""
    import numpy as np

    learnt, asked = (np.frombuffer(one.encode(), np.uint8) for one in (train, text))
    counts = np.bincount(learnt, minlength=256) + 1
    return float(-np.log2(counts[asked] / counts.sum()).mean())


def context_of(tokens: int, characters: int) -> int:
    """How many tokens a window has, so that it has as many characters at every vocabulary."""
    return max(1, round(CONTEXT * tokens / characters))


def finite(row: Row, names: Iterable[str]) -> Row:
    """The row, with none where some of its numbers are not finite."""
    return {**row, **{name: None for name in names if not math.isfinite(row[name])}}
