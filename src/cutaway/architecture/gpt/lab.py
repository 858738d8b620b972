"""The GPT lab: what a model is made of, how it begins, and what each of its parts is worth."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from cutaway.kit.fit import generator
from cutaway.kit.words import Lab

from . import lab_breaks, lab_sizes, lab_start, lab_styles, lab_text
from .lab_faults import FAULTS

if TYPE_CHECKING:
    from cutaway.kit.worlds import World


def observe(world: World) -> dict[str, Any]:
    """What a fault of this lab must change."""
    import torch

    gpt = world.gpt
    c = gpt.Config(13, 11, 8, 3, 2, 1, 4, 16, base=500.0)
    ids = torch.randint(13, (2, 7), generator=generator(0, "observed"))
    toward = torch.randn(2, 7, 13, generator=generator(0, "cotangent"))
    counts = [gpt.gpt2_parameters(c), gpt.llama_parameters(c), gpt.qwen3_parameters(c)]
    found: dict[str, Any] = {"counts": [*counts, gpt.operations(c, 7, 2), gpt.operations(c, 7, 3)]}
    for style in (gpt.gpt2, gpt.llama, gpt.qwen3):
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            model = style(c, partial(generator, 0))
        name = style.__name__
        found[f"names of {name}"] = " ".join(model.state_dict())
        found[f"start of {name}"] = model(ids).detach()
        with torch.no_grad():
            for path, weight in model.named_parameters():
                weight.add_(torch.randn(weight.shape, generator=generator(1, path)), alpha=0.3)
        scores = model(ids, lambda t, s: (s <= t) & (s != t - 1), 3)
        scores.backward(toward)
        found[f"scores of {name}"] = scores.detach()
        found[f"slope of {name}"] = model.tokens.weight.grad
    return found


PARTS = (lab_sizes, lab_styles, lab_start, lab_text, lab_breaks)

lab = Lab(
    name="gpt",
    number=11,
    lesson="A table, positions, blocks, a norm and a head: a GPT is a list of parts.",
    observe=observe,
    after=("block",),
    faults=FAULTS,
    experiments=tuple(one for part in PARTS for one in part.EXPERIMENTS),
    figures=tuple(one for part in PARTS for one in part.FIGURES),
    claims=tuple(one for part in PARTS for one in part.CLAIMS),
)
