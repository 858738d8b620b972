"""The block lab: a stream that parts read and add to, and what happens where they do not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cutaway.kit.fit import generator, seeded
from cutaway.kit.words import Lab

from . import lab_broken, lab_interplay, lab_names, lab_stream
from .lab_faults import BLOCK
from .lab_faults_mlp import MLPS
from .lab_interplay_claims import CLAIMS as INTERPLAY
from .lab_names_claims import CLAIMS as NAMES
from .lab_stream_claims import CLAIMS as STREAM

if TYPE_CHECKING:
    from cutaway.kit.worlds import World


def observe(world: World) -> dict[str, Any]:
    """What a fault of this lab must change."""
    import torch

    parts, norms = world.block, world.norms
    stream, cotangent = generator(0, "observed"), generator(0, "cotangent")
    x = torch.randn(2, 7, 12, generator=stream, requires_grad=True)
    toward = torch.randn(2, 7, 12, generator=cotangent)
    found: dict[str, Any] = {}
    for name, kind in {"pre-norm": parts.Block, "post-norm": parts.PostBlock}.items():
        for mlp in (parts.MLP, parts.Gated):
            heads = world.heads.Heads(12, 3, 3, 4, False, Places())
            thinks = mlp(12, 24, True, norms.silu)
            read = norms.LayerNorm(12, 1e-5), norms.RMSNorm(12, 1e-5)
            model = seeded(kind(read[0], heads, read[1], thinks), 0)
            with torch.no_grad():
                read[0].weight *= 2  # so that it is told from the other one
            out, what = model(x), f"{name}, {mlp.__name__}"
            found[what] = out.detach()
            (found[f"gradient of {what}"],) = torch.autograd.grad(out, x, toward)
            found[f"{what}, given all to see"] = model(x, lambda t, s: s >= 0 * t).detach()
            found[f"{what}, from the seventh place"] = model(x, first=7).detach()
    return found


class Places:
    """Queries that grow with the place of the first token, so that it shows where a text begins."""

    def __call__(self, q: Any, k: Any, first: int = 0) -> Any:
        return q * (1 + first), k


PARTS = (lab_interplay, lab_stream, lab_names, lab_broken)

lab = Lab(
    name="block",
    number=10,
    lesson="A block reads the stream and adds to it; nothing is replaced.",
    observe=observe,
    after=(
        "heads",
        "norms",
    ),
    faults=(*BLOCK, *MLPS),
    experiments=tuple(one for part in PARTS for one in part.EXPERIMENTS),
    figures=tuple(one for part in PARTS for one in part.FIGURES),
    claims=(*INTERPLAY, *STREAM, *NAMES),
)
