"""A run put together: a text, a model, an optimizer and a recipe, out of what was asked."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property, lru_cache, partial
from typing import Any

from cutaway.data.batches import batch
from cutaway.data.prepared import Prepared
from cutaway.errors import Refused, UsageError
from cutaway.kit.fit import generator
from cutaway.kit.worlds import CLEAN, World
from cutaway.runs.checkpoints import Checkpoint
from cutaway.runs.probes import Probes
from cutaway.runs.recording import Hashed, Stepped
from cutaway.runs.saving import Groups

from .attending import fused
from .bending import bent
from .compiling import attend_by, compiled, stepped
from .settings import Settings
from .stacking import stacked
from .writing import written

BETAS, EPSILON, MOMENTUM, TIMES = (0.9, 0.95), 1e-8, 0.9, 0.5
LEAST, FALL = 0.1, 5  # the share of the rate that is left at the end; a fifth of the steps to fall
JUDGED = 128  # held-out windows that a model is judged on
WRITES = 256  # tokens that a model writes when it is sampled


class Training:
    """A run that can be driven."""

    def __init__(self, settings: Settings, text: Prepared, world: World = CLEAN) -> None:
        self.settings, self.text, self.steps = settings, text, settings.steps
        self.loop, self.limit = world.loop, settings.limit or math.inf
        self.model = model_of(settings, text.tokenization.vocab, world)
        self.fast = settings.compile == "yes" and not world.faults  # a fault is run as it stands
        self.optimizer = optimizer_of(settings, self.model, world)
        self.data, self.probes = Hashed(self.batches), Probes(self.model)
        if self.fast:
            attend_by(self.model, fused(world))
            bent(self.model, world)
            stacked(self.optimizer, world)
        least = settings.context + 1
        if min(len(text.train), len(text.held_out)) <= least:
            what = f"{settings.text} is too short for a context of {settings.context} tokens."
            raise UsageError(what, "Choose a shorter --context or a longer text.")

    def states(self, first: int) -> Iterator[Stepped]:
        """The states from a step on."""
        states: Iterator[Stepped] = self.loop.train(self.model, self.optimizer, self.recipe, first)
        return stepped(states) if self.fast else states

    @cached_property
    def recipe(self) -> Any:
        """The data, the loss and the rate."""
        loop = self.loop
        loss = loop.surprise
        if self.fast:
            loss = compiled(loss)
        if self.settings.precision == "bf16":
            loss = loop.mixed(loss, "cpu")
        return loop.Recipe(self.data, loop.asked, loss, self.rate, self.limit)

    def batches(self, step: int) -> Parts:
        """The parts of a step's batch."""
        return Parts(partial(self._part, step), self.settings.parts)

    def _part(self, step: int, number: int) -> Any:
        """One part of a step's batch: as a smaller batch of a run of more steps, the same rows."""
        import torch

        one = self.settings
        size, at = one.batch // one.parts, step * one.parts + number
        rows = batch(self.text.train, one.seed, at, size=size, context=one.context)
        return self.loop.parts(torch.from_numpy(rows), size)[0]

    def rate(self, step: int) -> float:
        """The rate of a step."""
        one, loop = self.settings, self.loop
        shares = {
            "cosine": partial(loop.cosine, warm=one.warm, steps=one.steps, least=LEAST),
            "stable": partial(
                loop.stable, warm=one.warm, steps=one.steps, fall=one.steps // FALL, least=LEAST
            ),
            "constant": partial(loop.constant, warm=one.warm),
        }
        return float(one.rate * shares[one.schedule](step))

    def groups(self) -> Groups:
        """The weights, and what the optimizer remembers."""
        return {"weights": dict(self.model.state_dict()), "optimizer": self.optimizer.state}

    def load(self, groups: Groups) -> None:
        """Go on from these."""
        self.model.load_state_dict(dict(groups["weights"]))
        if self.optimizer.state:
            self.optimizer.load(groups["optimizer"])

    @cached_property
    def held_out(self) -> list[Any]:
        """Windows from one end of the held-out text to the other, in parts."""
        import numpy as np
        import torch

        one, row = self.settings, np.asarray(self.text.held_out)
        starts = np.unique(np.linspace(0, len(row) - one.context - 1, JUDGED).astype(int))
        rows = row[starts[:, None] + np.arange(one.context + 1)].astype(np.int64)
        return list(self.loop.parts(torch.from_numpy(rows), max(one.batch // one.parts, 1)))

    def judge(self) -> tuple[float, int]:
        """The loss on held-out text, in nats a token, and on how many tokens."""
        tokens = sum(self.loop.asked(part) for part in self.held_out)
        return self.loop.nats(self.model, self.held_out), tokens

    def sample(self) -> tuple[str, str]:
        """What stands between two texts, and how the model goes on: each time by the same seed."""
        how = self.text.tokenization
        ids = written(self.model, how.separator, self.settings.context, WRITES, 0.8, 0)
        return how.decode(how.separator), how.decode(ids)


class Parts(Sequence[Any]):
    """The parts of a step's batch: each is drawn when it is asked for, and the last one is kept."""

    def __init__(self, drawn: Callable[[int], Any], many: int) -> None:
        self.drawn, self.many = lru_cache(maxsize=1)(drawn), many

    def __len__(self) -> int:
        return self.many

    def __getitem__(self, at: Any) -> Any:
        return self.drawn(range(self.many)[at])


def model_of(settings: Settings, vocab: int, world: World = CLEAN) -> Any:
    """The model, each weight drawn by its name."""
    one, gpt = settings, world.gpt
    made = {"llama": gpt.llama, "gpt2": gpt.gpt2, "qwen3": gpt.qwen3}[one.style]
    hidden = 4 * one.width if one.style == "gpt2" else 8 * one.width // 3
    config = gpt.Config(
        vocab=vocab,
        context=one.context,
        width=one.width,
        depth=one.depth,
        heads=one.heads,
        groups=one.groups,
        size=one.width // one.heads,
        hidden=hidden,
    )
    return made(config, partial(generator, one.seed))


def optimizer_of(settings: Settings, model: Any, world: World = CLEAN) -> Any:
    """The optimizer, with decay where it belongs."""
    one, loop = settings, world.loop
    if one.optimizer == "adamw":
        return loop.with_adamw(model, one.decay, BETAS, EPSILON)
    if one.optimizer == "muon":
        return loop.with_muon(model, one.decay, MOMENTUM, BETAS, EPSILON, TIMES)
    weights = dict(model.named_parameters())
    if one.optimizer == "momentum":
        return loop.Momentum(weights, one.decay, MOMENTUM)
    return loop.SGD(weights, one.decay)


def loaded(model: Any, checkpoint: Checkpoint) -> Any:
    """A model with the weights of a checkpoint."""
    try:
        model.load_state_dict(checkpoint.groups["weights"])
    except (KeyError, RuntimeError) as error:
        what = f"The checkpoint of step {checkpoint.step} is not one of this run: {error}."
        raise Refused(what, "Choose another one with --step.") from error
    return model
