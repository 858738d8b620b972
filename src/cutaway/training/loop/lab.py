"""The loop lab: what keeps a run from going wrong, and what each part of that is worth."""

from __future__ import annotations

import math
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, Any

from cutaway.kit.fit import generator
from cutaway.kit.words import Lab

from . import lab_lines, lab_parts, lab_precision, lab_rules, lab_signs, lab_start, lab_tanked
from . import lab_tanked_claims as tanked
from .lab_faults import FAULTS

if TYPE_CHECKING:
    from cutaway.kit.worlds import World

FIRST, HALF = 2, 3  # the step that a run begins with, and how many there are until it is stopped
LIMITS = {"SGD": 0.3, "momentum": 0.5, "AdamW": 0.7, "Muon": 0.9}  # met, and not met, by some
BETAS = (0.9, 0.95)


def observe(world: World) -> dict[str, Any]:
    """What a fault of this lab must change: runs of a few steps, each rule and schedule in one."""
    import torch

    parts, found = world.loop, dict[str, Any]()
    text = torch.randint(7, (90,), generator=generator(0, "text"))
    learnt, judged = parts.apart(text, 0.2)
    for name in LIMITS:
        found |= {f"{name}: {key}": one for key, one in _run(world, name, learnt, judged).items()}
    table = torch.nn.Embedding(7, 7)
    torch.nn.init.ones_(table.weight)
    recipe = _recipe(world, learnt, lambda *given: math.nan * parts.surprise(*given), 1.0)
    next(parts.train(table, parts.SGD({"table": table.weight}, 0.0), recipe, 0))
    shares = {
        "constant": [parts.constant(step, 4) for step in range(-2, 30)],
        "cosine": [parts.cosine(step, 4, 20, 0.1) for step in range(-2, 30)],
        "stable": [parts.stable(step, 4, 20, 6, 0.1) for step in range(-2, 30)],
    }
    return found | shares | {"after a loss that is no number": table.weight.detach()}


def _run(world: World, rule: str, learnt: Any, judged: Any) -> dict[str, Any]:
    """A small GPT that learns, is judged, and goes on with what its optimizer remembers."""
    import torch

    parts, modes = world.loop, list[tuple[bool, bool]]()
    config = world.gpt.Config(7, 8, width=8, depth=1, heads=2, groups=1, size=4, hidden=12)
    model = world.gpt.llama(config, partial(generator, 0))
    model.register_forward_hook(lambda *_: modes.append((model.training, torch.is_grad_enabled())))
    loss = parts.mixed(parts.surprise, "cpu") if rule == "AdamW" else parts.surprise
    recipe = _recipe(world, learnt, loss, LIMITS[rule])
    optimizer, again = (_optimizer(world, rule, model) for _ in range(2))
    model.eval()  # as whoever judged it may have left it
    states = list(islice(parts.train(model, optimizer, recipe, FIRST), HALF))
    nats = parts.nats(model, _asked(world, parts.parts(judged.view(2, 9), 1)))
    again.load({key: one.clone() for key, one in optimizer.state.items()})
    states += islice(parts.train(model, again, recipe, FIRST + HALF), HALF)
    told = {name: [float(vars(one)[name]) for one in states] for name in vars(states[0])}
    kinds = [type(value).__name__ for value in vars(states[0]).values()]
    weights = {key: one.detach() for key, one in model.named_parameters()}
    seen = {"judged": nats, "modes": repr(modes), "kinds": repr(kinds)}
    return told | seen | weights | dict(again.state)


def _recipe(world: World, text: Any, loss: Any, limit: float) -> Any:
    """What a run follows: windows in two uneven parts, a short rise, and a limit."""
    parts = world.loop

    def batches(step: int) -> Any:
        return _asked(world, parts.parts(parts.windows(text, 0, step, 5, 8), 3))

    def rate(step: int) -> float:
        return float(0.02 * parts.cosine(step, 5, 9, 0.1))

    return parts.Recipe(batches, parts.asked, loss, rate, limit)


def _asked(world: World, some: Any) -> list[Any]:
    """The parts of a batch with one token that nobody is asked for, so that they are uneven."""
    return [(read, to.masked_fill(to == 3, world.loop.UNASKED)) for read, to in some]


def _optimizer(world: World, rule: str, model: Any) -> Any:
    """An optimizer of one rule for a whole model."""
    parts, weights = world.loop, dict(model.named_parameters())
    if rule == "SGD":
        return parts.SGD(weights, 0.1)
    if rule == "momentum":
        return parts.Momentum(weights, 0.1, 0.9)
    if rule == "AdamW":
        return parts.with_adamw(model, 0.1, BETAS, 1e-8)
    return parts.with_muon(model, 0.1, 0.9, BETAS, 1e-8, 0.2)


PARTS = (lab_tanked, lab_signs, lab_rules, lab_start, lab_precision, lab_parts, lab_lines)

lab = Lab(
    name="loop",
    number=13,
    lesson="Surprise, slope, step, again: the rest of a training loop keeps that from going wrong.",
    observe=observe,
    faults=FAULTS,
    experiments=tuple(one for part in PARTS for one in part.EXPERIMENTS),
    figures=tuple(one for part in PARTS for one in part.FIGURES),
    claims=tuple(one for part in (tanked, *PARTS[1:]) for one in part.CLAIMS),
    after=("gpt",),
)
