"""The norms lab: what size and bend are for, and what a slip in them costs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cutaway.kit.fit import generator
from cutaway.kit.words import Lab

from . import lab_bends, lab_breaks, lab_gradients, lab_precision, lab_rates, lab_sizes
from .lab_faults import FAULTS
from .lab_rates_claims import CLAIMS as RATES

if TYPE_CHECKING:
    from cutaway.kit.worlds import World


def observe(world: World) -> dict[str, Any]:
    """What a fault of this lab must change: values and gradients, of small and large numbers."""
    import torch

    parts = world.norms
    stream, cotangent = generator(0, "observed"), generator(0, "cotangent")
    x = torch.randn(3, 5, 12, generator=stream) + 0.5
    toward = torch.randn(3, 5, 12, generator=cotangent)
    found = {}
    for norm in (parts.LayerNorm(12, 1e-5), parts.RMSNorm(12, 1e-5)):
        name = type(norm).__name__
        found[f"first gain of {name}"] = norm.weight.detach().clone()
        for seed, parameter in enumerate(norm.parameters()):
            parameter.data.normal_(generator=generator(seed, "learned"))
        for kind, one in {"": x, " of small": x / 1000, " of zeros": 0 * x}.items():
            one = one.clone().requires_grad_()
            out = norm(one)
            leaves = [leaf for leaf in (one, *norm.parameters()) if leaf.requires_grad]
            slopes = torch.autograd.grad(out, leaves, toward, materialize_grads=True)
            found[f"{name}{kind}"] = out.detach()
            found[f"gradients of {name}{kind}"] = torch.cat([one.flatten() for one in slopes])
        found[f"{name} of halves"] = norm.half()((400 * x).half()).detach()
    line = torch.linspace(-9, 9, 361)
    for name in ("gelu", "gelu_tanh", "silu", "relu"):
        one = line.clone().requires_grad_()
        out = getattr(parts, name)(one)
        found[name] = out.detach()
        found[f"gradients of {name}"] = torch.autograd.grad(out.sum(), one)[0]
        found[f"{name} of no number"] = getattr(parts, name)(torch.tensor(float("nan")))
    return found


PARTS = (lab_precision, lab_gradients, lab_sizes, lab_rates, lab_bends, lab_breaks)

lab = Lab(
    name="norms",
    number=9,
    lesson="What grows or fades from layer to layer is brought back to one size, token by token.",
    observe=observe,
    after=("attention",),
    faults=FAULTS,
    experiments=tuple(one for part in PARTS for one in part.EXPERIMENTS),
    figures=tuple(one for part in PARTS for one in part.FIGURES),
    claims=(
        *lab_precision.CLAIMS,
        *lab_gradients.CLAIMS,
        *lab_sizes.CLAIMS,
        *RATES,
        *lab_bends.CLAIMS,
        *lab_breaks.CLAIMS,
    ),
)
