"""What each break costs who has it: losses at the rate that is best for the block as it is."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from cutaway.kit.words import Experiment, Figure, Row

from .lab_faults import POST, READING, STREAM
from .lab_faults_mlp import GATED, PLAIN

if TYPE_CHECKING:
    from cutaway.kit.worlds import World

DEPTH, RATE = 2, 0.01
LONG, SHORT = 300, 150
FAULTS = (*STREAM, *READING, *PLAIN)
NAMES = (None, *(fault.name for fault in FAULTS))
TELLING = (None, *(fault.name for fault in FAULTS if not fault.inert))
GATES = (None, *(fault.name for fault in GATED))
LATE = (None, *(fault.name for fault in POST))


def loss_by_fault(
    world: World, *, seed: int, task: str, wiring: str, mlp: str, steps: int
) -> Iterator[Row]:
    """Where training ends, and the size of the stream that it ends with."""
    import torch

    from cutaway.kit.teaching import accuracy, nats

    from . import lab_model as models

    exam = models.exam_of(task)

    def block() -> torch.nn.Module:
        return models.made(world, wiring, mlp)

    model = models.built(world, exam, seed, depth=DEPTH, block=block)
    models.learn(model, exam, seed, steps=steps, rate=RATE)
    sizes: list[float] = []
    tap = model.last.register_forward_pre_hook(
        lambda module, given: sizes.append(given[0].square().mean().sqrt().item())
    )
    found = nats(model, exam.held_out())
    tap.remove()
    yield {
        "nats": models.short(found),
        "accuracy": models.short(accuracy(model, exam.held_out())),
        "size": models.short(sizes[0]),
        "chance": models.short(models.chance(task)),
        "bigram": models.short(models.Text(context=models.CONTEXT).rung("bigram")),
        "diverged": found is None,
    }


def experiment(
    name: str,
    faults: tuple[str | None, ...],
    task: str,
    wiring: str,
    mlp: str,
    steps: int,
    seeds: int = 8,
) -> Experiment:
    """The losses under some faults of one kind of block."""
    common = {"task": (task,), "wiring": (wiring,), "mlp": (mlp,), "steps": (steps,)}
    return Experiment(
        name,
        loss_by_fault,
        grid={"fault": faults, **common},
        seeds=seeds,
        quick={"fault": faults[:3], "steps": (15,), "seeds": 1},
        outcome="nats",
        margin={"text": 0.02, "recall": 0.2}[task],
        data=("shakespeare",),
    )


EXPERIMENTS = (
    experiment("loss_by_fault", NAMES, "text", "Block", "plain", LONG),
    experiment("recall_by_fault", TELLING, "recall", "Block", "plain", SHORT),
    experiment("loss_by_gate_fault", GATES, "text", "Block", "gated", SHORT, 32),  # one is inert
    experiment("recall_by_gate_fault", GATES, "recall", "Block", "gated", SHORT),
    experiment("loss_by_post_fault", LATE, "text", "PostBlock", "plain", SHORT),
    experiment("recall_by_post_fault", LATE, "recall", "PostBlock", "plain", SHORT),
)


def bars(name: str, title: str, alt: str) -> Figure:
    """One bar for each fault."""
    return Figure(f"nats_of_{name}", name, title=title, x="fault", y="nats", mark="bar", alt=alt)


FIGURES = (
    bars(
        "loss_by_fault",
        "On a text most breaks of a block cost little, and some end lower; a stream that is "
        "replaced costs most",
        "Bars of held-out loss on a text, one for each break of a pre-norm block: the highest "
        "where the stream is replaced, most within a tenth of the clean one.",
    ),
    bars(
        "recall_by_fault",
        "Looking up finds breaks that a text hides: heads that read the raw stream, or read late",
        "Bars of loss on a task of looking up, one for each break: near zero for most, at chance "
        "where heads are dropped, between the two for a few.",
    ),
    bars(
        "loss_by_gate_fault",
        "A gate on the other branch costs nothing, and no break of the gate costs much",
        "Bars of held-out loss on a text, one for each break of a gated MLP: nearly level.",
    ),
    bars(
        "loss_by_post_fault",
        "To norm what was found instead of the sum costs a little; a missing last norm hardly",
        "Bars of held-out loss on a text, one for each break of a post-norm block: the clean one "
        "lowest, then the one without a last norm, then the one that norms the wrong thing.",
    ),
    bars(
        "recall_by_gate_fault",
        "In looking up no break of the gate costs anything",
        "Bars of loss on a task of looking up, one for each break of a gated MLP: all near zero.",
    ),
    bars(
        "recall_by_post_fault",
        "In looking up, which post-norm learns slowly, to norm what was found helps; a missing "
        "last norm hurts",
        "Bars of loss on a task of looking up, one for each break of a post-norm block: lowest "
        "where what was found is normed, highest without a last norm.",
    ),
)
