"""A run that is undertaken: begun in a folder of its own, or taken up where it was left."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property, partial
from pathlib import Path
from typing import Any

from cutaway import __version__
from cutaway.data.opening import corpus, named
from cutaway.data.prepared import Prepared, prepare
from cutaway.data.tokenization import Tokenization
from cutaway.errors import Refused, UsageError
from cutaway.kit.manifest import environment, same_kind
from cutaway.runs.driving import drive
from cutaway.runs.job import Cadence, Ended
from cutaway.runs.placing import Place, begin, reopen
from cutaway.runs.telemetry import Telemetry, lines
from cutaway.runs.trackers import TensorBoard, Tracker, WandB
from cutaway.site.training import page
from cutaway.site.training_curves import Others
from cutaway.verbs.session import Halt
from cutaway.verbs.talk import say, stages

from .assembling import Training
from .compiling import decided
from .kin import judged
from .needing import needed
from .normal import Normal, normal, unsaid, warned
from .settings import Settings, checked
from .vocabulary import chosen, kept, of_kept
from .watching import watched

FORMAT = 1
TRACKERS: dict[str, Callable[[Path], Tracker]] = {"tensorboard": TensorBoard, "wandb": WandB}


@dataclass
class Undertaking:
    """A run made ready: its job, and the folder that it is or will be kept in."""

    job: Training
    needs: str
    cadence: Cadence
    config: dict[str, Any]
    path: Path
    place: Place | None = None
    judged: list[tuple[int, float]] = field(default_factory=list)

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

    def go(self, halt: Halt, track: Sequence[str] = ()) -> Ended:
        """Train to the end, or until it is to halt; trackers are told, too."""
        place = self.place = self.place or begin(self.path, self.config)
        asked = {name: self.config[name] for name in ("settings", "cadence")}
        meta = {name: self.config[name] for name in ("cutaway", "text", "environment")}

        def record(first: int) -> Telemetry:
            trackers = [TRACKERS[name](place.path / name) for name in dict.fromkeys(track)]
            return Telemetry(place.telemetry, place.path.name, asked, meta, first, trackers)

        known = normal(self.path, self.config, unsaid)
        with watched(self.job.steps) as watch:
            told = warned(watch.told, known, self.job.steps, partial(watch.tell, style="yellow"))
            ended = drive(self.job, place, self.cadence, record, halt, told)
        self.judged = watch.judged
        return ended

    @cached_property
    def rungs(self) -> dict[str, float]:
        """What the n-gram models of the text lose on its held-out side, in nats a token."""
        with stages("The ladder") as said:
            return {one.name: one.nats for one in replace(self.job.text, said=said).ladder}

    def verdict(self) -> str:
        """What the run came to, on the ladder of n-gram models."""
        nats = self.judged[-1][1] if self.judged else self.job.judge()[0]
        below = [name for name, one in self.rungs.items() if nats < one]
        where = f"below the {min(below, key=self.rungs.__getitem__)}" if below else "above them all"
        ladder = ", ".join(f"{name} {one:.3f}" for name, one in self.rungs.items())
        return f"Held-out loss {nats:.3f} nats a token, {where}. N-gram models: {ladder}."

    @cached_property
    def normal(self) -> Normal:
        """What is normal for the run, by what is known when it ends."""
        return normal(self.path, self.config, partial(say, style="yellow"))

    def beside(self) -> str | None:
        """How the run lies to others of the same settings, if there are enough of them."""
        return self.normal.said(judged(self.path)[0])

    def report(self, rungs: Mapping[str, float]) -> Path:
        """The page of the run so far, beside some rungs of the ladder, written into its folder."""
        assert self.place
        seen = list(lines(self.place.telemetry))
        wrote = {one["step"] + 1: one["text"] for one in seen if one["kind"] == "sample"}
        others = Others(self.normal.limits, self.beside())
        text = page(self.path.name, self.config, seen, wrote, rungs, others)
        self.place.write(self.place.report, text)
        return self.place.report


def anew(settings: Settings, cadence: Cadence, threads: int, path: Path) -> Undertaking:
    """A run that is about to begin."""
    if not named(settings.text)[0]:
        settings = replace(settings, text=str(Path(settings.text).absolute()))
    if path.exists():
        raise UsageError(f"{path} is there already.", "Choose another --name.")
    settings = decided(settings)
    how = chosen(settings.tokens, corpus(settings.text))
    text = _prepared(settings.text, how)
    config = {
        "format": FORMAT,
        "cutaway": __version__,
        "settings": asdict(settings),
        "cadence": asdict(cadence),
        "text": {"key": text.key, "digest": text.corpus.digest},
        "tokens": kept(how),
        "environment": {**environment(), "threads": _threads(threads)},
    }
    needs = needed(settings, text)
    return Undertaking(Training(settings, text), needs, cadence, config, path.absolute())


def again(path: Path) -> Undertaking:
    """A run that was begun, as it was asked for then."""
    place, config = reopen(path)
    settings, cadence = read(config, place)
    settings = decided(settings)
    how = of_kept(config["tokens"])
    text = _prepared(settings.text, how)
    if text.key != config["text"]["key"]:
        what = f"{settings.text} is not the text that this run began with."
        raise Refused(what, "Put that text back, or begin a new run.")
    _threads(config["environment"]["threads"])
    now = {**environment(), "threads": config["environment"]["threads"]}
    if not same_kind(config["environment"], now):
        said = "This is not the machine, or not the torch, that the run began with"
        say(f"{said}: it goes on, but not to the same bits.", "yellow")
    needs = needed(settings, text)
    return Undertaking(Training(settings, text), needs, cadence, config, place.path, place)


def read(config: Mapping[str, Any], place: Place) -> tuple[Settings, Cadence]:
    """What a run was asked to be."""
    try:
        if config["format"] != FORMAT:
            raise ValueError(f"it is of format {config['format']}")
        settings = checked(Settings(**{"compile": "no", **config["settings"]}))
        return settings, Cadence(**config["cadence"])
    except (KeyError, TypeError, ValueError) as error:
        what = f"The run in {place.path} is not one that this version can go on with: {error}."
        raise Refused(what, f"Take cutaway {config.get('cutaway', 'of then')}.") from error


def _prepared(source: str, how: Tokenization) -> Prepared:
    """A text made ready, which takes a moment the first time."""
    with stages(f"Reading {Path(source).name}") as said:
        return prepare(source, how, said)


def _threads(count: int) -> int:
    """Use so many threads, or as many as torch takes; how many those are."""
    import torch

    if count < 0:
        raise UsageError(f"A run has no {count} threads.", "Give 1 or more, or 0.")
    if count:
        torch.set_num_threads(count)
    return torch.get_num_threads()
