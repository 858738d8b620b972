"""The embeddings lab: a draft. Its parts, its faults and its tests are whole."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cutaway.kit.fit import generator, seeded
from cutaway.kit.words import Lab

from .lab_faults import FAULTS

if TYPE_CHECKING:
    from cutaway.kit.worlds import World


def observe(world: World) -> dict[str, Any]:
    """What a fault of this lab must change."""
    import torch

    parts, stream = world.embeddings, generator(0, "observed")
    ids = torch.randint(400, (2, 5), generator=stream)
    ids[:, 0] = torch.tensor([0, 399])
    table = torch.randn(400, 3, generator=stream, requires_grad=True)
    above = torch.randn(2, 5, 3, generator=stream)
    model = seeded(parts.Embedding(7, 3), 0)
    rows, scores = parts.lookup(ids, table), model.scores(above)
    try:
        beyond = str(parts.lookup(torch.tensor([400]), table).tolist())
    except IndexError:
        beyond = "an error"
    return {
        "one hot": parts.one_hot(ids, 400),
        "rows as products": parts.multiplied(ids, table).detach(),
        "rows": rows.detach(),
        "gradients of rows": _slope((rows * above).sum(), table),
        "gradients by hand": parts.gradient(ids.clamp(max=2), above, 400),
        "a row beyond the table": beyond,
        "the first rows": model.weight.detach().clone(),
        "rows of a layer": model(ids % 7).detach(),
        "scores": scores.detach(),
        "gradients of scores": _slope(scores.square().sum(), model.weight),
    }


def _slope(value: Any, weight: Any) -> Any:
    """The gradient at a weight; zero where the value does not depend on it."""
    import torch

    return torch.autograd.grad(value + 0 * weight.sum(), weight)[0]


lab = Lab(
    name="embeddings",
    number=5,
    lesson="A token's id picks a row of a table: a product that nobody multiplies out.",
    observe=observe,
    faults=FAULTS,
    after=("bigram",),
    draft=True,
)
