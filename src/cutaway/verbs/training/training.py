"""`train`: a model learns a text, in a folder that it can go on from."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from pathlib import Path
from shlex import quote
from typing import Annotated, Any, Literal

from cyclopts import Parameter

from cutaway.errors import UsageError
from cutaway.runs.folders import runs_folder
from cutaway.runs.job import Cadence, Ended
from cutaway.runs.placing import called, free_name
from cutaway.verbs.measuring import seconds_of
from cutaway.verbs.session import Halt, gently
from cutaway.verbs.show import Json
from cutaway.verbs.talk import say, show, show_json

from .settings import Asked, as_toml, settled
from .undertaking import Undertaking, again, anew


def every(what: str) -> Any:
    """How an option is explained that says how often something is done."""
    return Parameter(help=f"After how many steps {what}; 0 is only at the end.")


@Parameter(name="*")
@dataclass(frozen=True)
class Keeping:
    """Where a run is kept, what of it and for how long it goes on."""

    name: Annotated[str | None, Parameter(help="What the run is called. [TEXT-1, -2 ...]")] = None
    out: Annotated[Path | None, Parameter(help="Where runs are kept. [./runs]")] = None
    judge_every: Annotated[int, every("held-out text is read")] = 250
    save_every: Annotated[int, every("a checkpoint is saved")] = 250
    sample_every: Annotated[int, every("the model writes")] = 500
    keep: Annotated[int, Parameter(help="How many checkpoints are kept.")] = 3
    threads: Annotated[int, Parameter(help="Threads; 0 is as many as torch takes.")] = 0
    budget: Annotated[str, Parameter(help="Save and stop after 30s, 5m or 2h.")] = ""
    track: Annotated[
        tuple[Literal["tensorboard", "wandb"], ...],
        Parameter(help="Tell a tracker, too: tensorboard, or wandb (offline).", negative=""),
    ] = ()

    def place(self, text: str) -> Path:
        """The folder of a new run on a text."""
        folder = self.out or runs_folder()
        return called(folder, self.name) if self.name else free_name(folder, stem(text))

    def cadence(self) -> Cadence:
        """When what is done."""
        return Cadence(self.judge_every, self.save_every, self.sample_every, self.keep)


NOTHING, USUALLY = Asked(), Keeping()
Text = Annotated[
    str | None,
    Parameter(help="A corpus of `cutaway data list`, or a file or folder. [shakespeare]"),
]


def train(
    text: Text = None,
    *,
    asked: Asked = NOTHING,
    keeping: Keeping = USUALLY,
    config: Annotated[Path | None, Parameter(help="TOML, as --print-config prints it.")] = None,
    resume: Annotated[Path | None, Parameter(help="The folder of a run to go on with.")] = None,
    dry_run: Annotated[bool, Parameter(help="Say what would be done.", negative="")] = False,
    print_config: Annotated[
        bool, Parameter(help="Print the options as a file for --config.", negative="")
    ] = False,
    json: Json = False,
) -> int:
    """Train a GPT on a text, in a folder that keeps all that it needs to go on.

    Ctrl-C finishes the step, saves, and says how to go on. A run that was stopped, killed or cut
    off goes on from its last checkpoint to the same losses, bit for bit.

    ```
    cutaway train
    cutaway train notes.txt --width 64 --steps 500
    cutaway train --resume runs/shakespeare-1
    cutaway train --tokens plays --optimizer muon --budget 5m
    cutaway train --print-config --width 256
    cutaway train --config mine.toml
    ```
    """
    halt = Halt(first="Finishing the step, then saving")
    if keeping.budget:
        halt.until = time.monotonic() + seconds_of(keeping.budget)
    if resume:
        beside = text or asked.given() or config or print_config
        _only_when(resume, bool(beside), keeping)
        one = again(resume)
    else:
        settings = settled(text, asked, config)
        if print_config:
            show(as_toml(settings).rstrip())
            return 0
        one = anew(settings, keeping.cadence(), keeping.threads, keeping.place(settings.text))
    one.track(keeping.track)
    say(one.announce())
    if dry_run:
        if json:
            show_json(one.planned())
        return 0
    with gently(halt):
        ended = one.go(halt)
        halt.first = "Finishing the report"
        return _ending(one, ended, halt, json)


def _only_when(resume: Path, beside: bool, keeping: Keeping) -> None:
    """Nothing, or an error if a run that goes on is asked to be another one."""
    if beside or replace(keeping, budget="", track=()) != USUALLY:
        what = "A run goes on as it was begun: beside --resume only --budget and --track may stand."
        raise UsageError(what, f"cutaway train --resume {quote(str(resume))}")


def stem(text: str) -> str:
    """What a run on a text is called, before its number."""
    letters = [letter if letter.isalnum() or letter in "-_" else "-" for letter in Path(text).stem]
    return "".join(letters).strip("-")[:40] or "run"


def _ending(one: Undertaking, ended: Ended, halt: Halt, json: bool) -> int:
    """Say how a run ended; the exit code."""
    folder = quote(str(one.path))
    if json:
        judged = [{"step": step, "nats": nats} for step, nats in one.losses.items()]
        told = {"done": ended.done, "complete": ended.complete, "judged": judged}
        show_json({**one.planned(), **told})
    if not ended.complete:
        why = "Stopped" if halt.signal else "The budget is spent"
        where = f"after step {ended.done:,}, which is saved" if ended.done else "with nothing saved"
        say(f"{why} {where}.", "yellow")
        if beside := one.beside():
            say(beside)
        say(f"Go on with: cutaway train --resume {folder}")
        say(f"Report: {one.report({})}", "dim")
        return 128 + halt.signal if halt.signal else 0
    say(one.verdict())
    if beside := one.beside():
        say(beside)
    say(f"Report: {one.report(one.rungs)}. Let it write: cutaway sample {folder}")
    return 0
