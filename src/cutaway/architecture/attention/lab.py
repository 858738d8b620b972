"""The attention lab: what each line of attention is for, and what its loss costs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cutaway.kit.fit import generator, seeded
from cutaway.kit.words import Lab

from . import (
    lab_costs,
    lab_identity,
    lab_leaks,
    lab_rates,
    lab_retrieval,
    lab_scale,
    lab_weights,
)
from .lab_faults import FAULTS
from .lab_leaks_claims import CLAIMS as LEAKS
from .lab_rates_claims import CLAIMS as RATES

if TYPE_CHECKING:
    from cutaway.kit.worlds import World


def observe(world: World) -> dict[str, Any]:
    """What a fault of this lab must change."""
    import torch

    parts = world.attention
    stream, cotangent = generator(0, "observed"), generator(0, "cotangent")
    q, k, v = (torch.randn(2, 3, 70, 4, generator=stream, requires_grad=True) for _ in range(3))
    toward = torch.randn(2, 3, 70, 4, generator=cotangent)
    found = {}
    for name, attend in {"attention": parts.attend, "tiles": parts.tiled}.items():
        for row, mask in {"": parts.causal, " from an empty row": lambda t, s: s < t}.items():
            out = attend(q, k, v, mask)
            found[f"{name}{row}"] = out.detach()
            found[f"gradients of {name}{row}"] = torch.stack(
                torch.autograd.grad(out, (q, k, v), toward, materialize_grads=True)
            )
    model = seeded(parts.SelfAttention(12, 3), 0)
    hand = parts.by_hand(q[0, 0, 0].tolist(), k[0, 0].tolist(), v[0, 0].tolist())
    found["by hand"] = torch.tensor(hand)
    return {**found, "module": model(torch.randn(2, 7, 12, generator=stream))}


PARTS = (lab_retrieval, lab_weights, lab_scale, lab_identity, lab_rates, lab_leaks, lab_costs)

lab = Lab(
    name="attention",
    number=7,
    lesson="Each token asks itself and those before it, and takes a weighted mean of the answers.",
    observe=observe,
    after=("bigram",),
    faults=FAULTS,
    experiments=tuple(one for part in PARTS for one in part.EXPERIMENTS),
    figures=tuple(one for part in PARTS for one in part.FIGURES),
    claims=(
        *lab_retrieval.CLAIMS,
        *lab_scale.CLAIMS,
        *lab_identity.CLAIMS,
        *RATES,
        *LEAKS,
        *lab_costs.CLAIMS,
    ),
)
