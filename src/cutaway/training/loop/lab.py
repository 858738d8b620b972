"""The loop lab: a draft. Its parts and their tests are whole; its faults are to come."""

from __future__ import annotations

from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, Any

from cutaway.kit.fit import generator
from cutaway.kit.words import Lab

if TYPE_CHECKING:
    from cutaway.kit.worlds import World

STEPS = 6


def observe(world: World) -> dict[str, Any]:
    """What a fault of this lab must change: runs of a few steps, each rule and schedule in one."""
    import torch

    parts, found = world.loop, dict[str, Any]()
    text = torch.randint(7, (90,), generator=generator(0, "text"))
    learnt, judged = parts.apart(text, 0.2)
    for name, (model, optimizer, recipe) in _runs(world, learnt).items():
        states = list(islice(parts.train(model, optimizer, recipe, 2), STEPS))
        found[f"states of {name}"] = repr(states)
        found |= {f"{name}: {key}": one.detach() for key, one in model.named_parameters()}
        found |= {f"{name}: {key}": one for key, one in optimizer.state.items()}
        found[f"{name} judged"] = parts.nats(model, parts.parts(judged[None], 1))
    shares = {
        "constant": [parts.constant(step, 4) for step in range(-2, 30)],
        "cosine": [parts.cosine(step, 4, 20, 0.1) for step in range(-2, 30)],
        "stable": [parts.stable(step, 4, 20, 6, 0.1) for step in range(-2, 30)],
    }
    return found | shares


def _runs(world: World, text: Any) -> dict[str, Any]:
    """A small GPT under each rule: in two uneven parts, clipped, and one of them in bfloat16."""
    parts, gpt = world.loop, world.gpt
    config = gpt.Config(7, 8, width=8, depth=1, heads=2, groups=1, size=4, hidden=12)

    def batches(step: int) -> Any:
        return parts.parts(parts.windows(text, 0, step, 5, 8), 3)

    def rate(step: int) -> float:
        return float(0.02 * parts.cosine(step, 3, 9, 0.1))

    betas, found = (0.9, 0.95), {}
    for name in ("SGD", "momentum", "AdamW", "Muon"):
        model = gpt.llama(config, partial(generator, 0))
        weights = dict(model.named_parameters())
        if name == "SGD":
            optimizer = parts.SGD(weights, 0.1)
        elif name == "momentum":
            optimizer = parts.Momentum(weights, 0.1, 0.9)
        elif name == "AdamW":
            optimizer = parts.with_adamw(model, 0.1, betas, 1e-8)
        else:
            optimizer = parts.with_muon(model, 0.1, 0.9, betas, 1e-8, 0.2)
        loss = parts.mixed(parts.surprise, "cpu") if name == "AdamW" else parts.surprise
        found[name] = (model, optimizer, parts.Recipe(batches, parts.asked, loss, rate, 0.5))
    return found


lab = Lab(
    name="loop",
    number=13,
    lesson="Surprise, slope, step, again: the rest of a training loop keeps that from going wrong.",
    observe=observe,
    after=("gpt",),
    draft=True,
)
