"""A run that is undertaken: begun in a folder of its own, or taken up where it was left."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from pathlib import Path
from typing import Any

from cutaway.data.opening import corpus, named
from cutaway.data.prepared import Prepared, prepare
from cutaway.data.tokenization import Tokenization
from cutaway.errors import Refused, UsageError
from cutaway.kit.manifest import environment, same_kind
from cutaway.runs.driving import drive
from cutaway.runs.job import Cadence, Ended
from cutaway.runs.placing import Place, begin, reopen, vacant
from cutaway.runs.telemetry import Telemetry, lines
from cutaway.runs.trackers import TensorBoard, Tracker, WandB
from cutaway.site.training import page
from cutaway.site.training_curves import Others
from cutaway.verbs.session import Halt
from cutaway.verbs.talk import say, stages

from .assembling import Training
from .compiling import decided
from .configs import MOST_THREADS, config_of, name_of, read
from .kin import judged
from .needing import needed
from .normal import Normal, normal, unsaid, warned
from .settings import Settings
from .vocabulary import chosen, of_kept
from .watching import watched

TRACKERS: dict[str, Callable[[Path], Tracker]] = {"tensorboard": TensorBoard, "wandb": WandB}


@dataclass
class Undertaking:
    """A run made ready: its job, and the folder that it is or will be kept in."""

    job: Training
    needs: str
    cadence: Cadence
    config: dict[str, Any]
    path: Path
    name: str
    place: Place | None = None
    trackers: list[Tracker] = field(default_factory=list)

    def planned(self) -> dict[str, Any]:
        """What the run is, as plain data."""
        parameters = sum(one.numel() for one in self.job.model.parameters())
        each = self.job.settings.batch * self.job.settings.context
        return {
            "run": str(self.path),
            "parameters": parameters,
            "vocabulary": self.job.text.tokenization.vocab,
            "tokens": {"train": len(self.job.text.train), "held_out": len(self.job.text.held_out)},
            "tokens_a_step": each,
            "epochs": each * self.job.steps / len(self.job.text.train),
            "settings": self.config["settings"],
        }

    def announce(self) -> str:
        """What is about to be done, in words."""
        plan, one = self.planned(), self.job.settings
        tokens = plan["tokens"]["train"]
        return (
            f"{one.style}, {plan['parameters']:,} numbers: {one.steps:,} steps of "
            f"{plan['tokens_a_step']:,} tokens, {plan['epochs']:.2g} times through {tokens:,} "
            f"{self.job.text.tokenization.name} of {Path(one.text).name}; in {self.path}. "
            f"It {self.needs}"
        )

    def track(self, names: Sequence[str]) -> None:
        """Have trackers told, too; what one of them lacks is found out now."""
        self.trackers = [TRACKERS[name](self.path / name) for name in dict.fromkeys(names)]

    def go(self, halt: Halt) -> Ended:
        """Train to the end, or until it is to halt."""
        place = self.place = self.place or begin(self.path, self.config)
        asked = {name: self.config[name] for name in ("settings", "cadence")}
        meta = {name: self.config[name] for name in ("cutaway", "text", "environment")}

        def record(first: int) -> Telemetry:
            return Telemetry(place.telemetry, self.name, asked, meta, first, self.trackers)

        known = normal(self.path, self.config, unsaid)
        with watched(self.job.steps) as watch:
            told = warned(watch.told, known, self.job.steps, partial(watch.tell, style="yellow"))
            return drive(self.job, place, self.cadence, record, halt, told)

    @property
    def losses(self) -> dict[int, float]:
        """The held-out losses up to now, by the steps that were done."""
        return judged(self.path)[0] if Place(self.path).telemetry.exists() else {}

    @cached_property
    def rungs(self) -> dict[str, float]:
        """What the n-gram models of the text lose on its held-out side, in nats a token."""
        with stages("The ladder") as said:
            return {one.name: one.nats for one in replace(self.job.text, said=said).ladder}

    def verdict(self) -> str:
        """What the run came to, on the ladder of n-gram models."""
        losses, rungs = self.losses, sorted(self.rungs, key=self.rungs.__getitem__)
        nats = losses[self.job.steps] if self.job.steps in losses else self.job.judge()[0]
        above = [name for name in rungs if nats < self.rungs[name]]
        below = [name for name in rungs if name not in above]
        where = f"below the {above[0]} and above the {below[-1]}" if above and below else ""
        where = where or f"{'below' if above else 'above'} them all"
        ladder = ", ".join(f"{name} {one:.3f}" for name, one in self.rungs.items())
        return f"Held-out loss {nats:.3f} nats a token, {where}. N-gram models: {ladder}."

    @cached_property
    def normal(self) -> Normal:
        """What is normal for the run, by what is known when it ends."""
        return normal(self.path, self.config, partial(say, style="yellow"))

    def beside(self) -> str | None:
        """How the run lies to others of the same settings, if there are enough of them."""
        return self.normal.said(self.losses)

    def report(self, rungs: Mapping[str, float]) -> Path:
        """The page of the run so far, beside some rungs of the ladder, written into its folder."""
        assert self.place
        seen = list(lines(self.place.telemetry)) if self.place.telemetry.exists() else []
        wrote = {one["step"] + 1: one["text"] for one in seen if one["kind"] == "sample"}
        others = Others(self.normal.limits, self.beside())
        text = page(self.name, self.config, seen, wrote, rungs, others)
        self.place.write(self.place.report, text)
        return self.place.report


def anew(settings: Settings, cadence: Cadence, threads: int, path: Path) -> Undertaking:
    """A run that is about to begin."""
    vacant(path)
    found = corpus(settings.text)
    if not named(settings.text)[0]:
        settings = replace(settings, text=str(Path(settings.text).absolute()))
    settings = decided(settings)
    text = _prepared(settings.text, chosen(settings.tokens, found))
    config = config_of(path.name, settings, cadence, text, _threads(threads))
    needs = needed(settings, text)
    return Undertaking(Training(settings, text), needs, cadence, config, path.absolute(), path.name)


def again(path: Path) -> Undertaking:
    """A run that was begun, as it was asked for then."""
    place, config = reopen(path)
    settings, cadence = read(config, place)
    how, began = of_kept(config["tokens"]), config["text"]
    if corpus(settings.text).digest != began["digest"]:
        what = f"{settings.text} is not the text that this run began with."
        raise Refused(what, "Put that text back, or begin a new run.")
    settings = decided(settings)
    text = _prepared(settings.text, how)
    if text.key != began["key"]:
        what = f"This cutaway splits {settings.text} otherwise than the one that began the run."
        raise Refused(what, f"Take cutaway {config['cutaway']}, or begin a new run.")
    _threads(config["environment"]["threads"])
    now = {**environment(), "threads": config["environment"]["threads"]}
    if not same_kind(config["environment"], now):
        said = "This is not the machine, or not the torch, that the run began with"
        say(f"{said}: it goes on, but not to the same bits.", "yellow")
    needs, name = needed(settings, text, resumed=True), name_of(config, place)
    job = Training(settings, text)
    return Undertaking(job, needs, cadence, config, place.path, name, place)


def _prepared(source: str, how: Tokenization) -> Prepared:
    """A text made ready, which takes a moment the first time."""
    with stages(f"Reading {Path(source).name}") as said:
        return prepare(source, how, said)


def _threads(count: int) -> int:
    """Use so many threads, or as many as torch takes; how many those are."""
    import torch

    if not 0 <= count <= MOST_THREADS:
        raise UsageError(f"A run has no {count} threads.", f"Give 1 to {MOST_THREADS:,}, or 0.")
    if count:
        torch.set_num_threads(count)
    return torch.get_num_threads()
