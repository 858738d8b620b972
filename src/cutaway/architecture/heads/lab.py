"""The heads lab: what several narrow attentions find, and what it costs to lose one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cutaway.kit.fit import generator
from cutaway.kit.words import Lab

from . import lab_broken, lab_count, lab_grid, lab_looks, lab_removal, lab_roles
from .lab_claims import CLAIMS
from .lab_faults import FAULTS
from .lab_small import drawn

if TYPE_CHECKING:
    from torch import Tensor, nn

    from cutaway.kit.worlds import World

B, T, C, H, G, D = 2, 7, 13, 6, 3, 4


def observe(world: World) -> dict[str, Any]:
    """What a fault of this lab must change."""
    import torch

    parts = world.heads
    x, toward = (torch.randn(B, T, C, generator=generator(0, name)) for name in ("x", "toward"))
    turned = world.positions.Rotary(world.positions.speeds(D), world.positions.halves)
    layer = drawn(parts.Heads(C, H, G, D, True, turned))
    ids = torch.tensor([[0, 1, 2, 0, 1, 0, 2], [1, 1, 0, 2, 0, 1, 1]])
    looks = torch.randn(B, H, T, T, generator=generator(0, "looks")).tril().softmax(-1)
    found = {
        **learnt("loop", drawn(parts.Looped(C, H, D)), x, toward),
        **learnt("layer", layer, x, toward),
        "layer without a head": parts.without(layer, 2)(x).detach(),
        "layer as it was": layer(x).detach(),
        "weights": parts.weights(layer, x).detach(),
        "previous": parts.previous(looks),
        "induction": parts.induction(looks, ids),
    }

    class Told(torch.nn.Module):
        def forward(self, q: Tensor, k: Tensor, first: int = 0) -> tuple[Tensor, Tensor]:
            return q * (1 + first), k

    later = drawn(parts.Heads(C, H, G, D, False, Told()))
    found["layer of a text that goes on"] = later(x, world.attention.causal, 5).detach()
    biased = parts.Biased(drawn(world.positions.Bucketed(H, 8, 20)))
    q, k, v = (
        torch.randn(B, heads, length, D, generator=generator(0, f"{heads} of {length}"))
        for heads, length in ((H, T), (G, T + 4), (G, T + 4))
    )
    found["biased"] = biased(q, k, v, lambda t, s: s <= t + 4).detach()
    return found


def learnt(name: str, model: nn.Module, x: Tensor, toward: Tensor) -> dict[str, Any]:
    """What a model finds, and what its parameters learn of it, together in one number each."""
    import torch

    out = model(x)
    slopes = torch.autograd.grad(
        out, list(model.parameters()), toward, allow_unused=True, materialize_grads=True
    )
    sizes = torch.stack([slope.norm() for slope in slopes])
    return {name: out.detach(), f"slopes of the {name}": sizes}


PARTS = (lab_count, lab_removal, lab_roles, lab_looks, lab_grid, lab_broken)

lab = Lab(
    name="heads",
    number=8,
    lesson="Several narrow attentions cost what one wide one costs, and look for several things.",
    observe=observe,
    after=("attention",),
    faults=FAULTS,
    experiments=tuple(one for part in PARTS for one in part.EXPERIMENTS),
    figures=tuple(one for part in PARTS for one in part.FIGURES),
    claims=CLAIMS,
)
