"""Driving a run: whatever lasts happens here, between two steps of a loop that knows nothing of it.

A job yields states. After each, what is due is done, in this order: judge, sample, save. So
everything of a step is on the disk before its checkpoint is, and a run that goes on from one, after
a kill at any moment, repeats what came later as it was. A step after which the model is known to
have left the numbers is not saved: what was saved before stands.

    ended = drive(job, place, Cadence(judged=250, saved=250, sampled=500), record, halt)

A checkpoint is named after the steps that are done; a line of telemetry after the last of them,
which is one less.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from typing import Any

from cutaway.errors import CheckFailed, Refused

from .chances import put_back, random_states
from .checkpoints import Checkpoint, Checkpoints
from .job import Cadence, Ended, Job
from .manifests import folder_name
from .placing import Place
from .recording import Stepped, recorded
from .telemetry import Telemetry

STUCK = 20  # steps in a row that left the numbers, after which a run will not come back
Told = Callable[[str, int, Mapping[str, Any]], None]


def silent(kind: str, done: int, values: Mapping[str, Any]) -> None:
    """Tell nobody."""


def drive(
    job: Job,
    place: Place,
    cadence: Cadence,
    record: Callable[[int], Telemetry],
    halt: Callable[[], bool] = lambda: False,
    told: Told = silent,
) -> Ended:
    """Run a job from where its folder says that it stands, to its end or until it is to halt.

    `record` opens the telemetry of a run whose next step is the one given; `told` hears what was
    done after how many steps.
    """
    with Checkpoints(place.checkpoints, cadence.keep, place.disk) as checkpoints:
        first = _resume(job, checkpoints, told)
        if first == job.steps:
            return Ended(first, True)
        if first == 0:  # whatever was seen is seen again
            with suppress(FileNotFoundError):
                place.disk.remove(place.telemetry)
        with record(first) as log:
            driver = _Driver(job, place, cadence, log, told, checkpoints, kept=first)
            if first == 0:
                driver.judge(0)
            return driver.go(first, halt)


def _resume(job: Job, checkpoints: Checkpoints, told: Told) -> int:
    """How many steps are done: the job stands there now."""
    last, skipped = checkpoints.resume()
    for what in skipped:
        told("skipped", 0, {"what": what})
    if last is None:
        return 0
    _load(job, last)
    told("resumed", last.step, {})
    return last.step


def _load(job: Job, last: Checkpoint) -> None:
    """Have a job stand where a checkpoint was saved."""
    again = "Move that checkpoint away: the one before it may be whole."
    if last.step > job.steps:
        raise Refused(f"A checkpoint of step {last.step} is beyond the run's {job.steps}.", again)
    try:
        job.load(last.groups)
        random = last.state["random"]
    except (KeyError, ValueError, RuntimeError) as error:
        what = f"The checkpoint of step {last.step} is not one of this run: {error}."
        raise Refused(what, again) from error
    put_back(random)


@dataclass
class _Driver:
    """A run on its way."""

    job: Job
    place: Place
    cadence: Cadence
    log: Telemetry
    told: Told
    checkpoints: Checkpoints
    kept: int = 0  # the steps that were done when it was last saved
    lost: int = 0  # steps in a row that left the numbers
    well: bool = True  # whether the last step is not known to have left them

    def go(self, first: int, halt: Callable[[], bool]) -> Ended:
        """Take the steps that are left; where the run stands then, which is where it was saved."""
        job, every, done = self.job, self.cadence, first
        states = recorded(job.states(first), self.log, job.limit, job.probes, job.data)
        for state in islice(states, job.steps - first):
            done = state.step + 1
            self.step(state)
            stop, last = halt(), done == job.steps
            if last or _due(done, every.judged):
                self.judge(done)
            if last or _due(done, every.sampled):
                self.sample(done)
            if last or (self.well and (stop or _due(done, every.saved))):
                self.save(done)
            if stop:
                break
        if self.kept < done or self.lost:
            after = min(self.kept, done - self.lost)
            what = f"the steps after {after:,}, since the last of them left the numbers."
            self.told("skipped", done, {"what": what})
        self.log.write("ended", done - 1, status="done" if done == job.steps else "stopped")
        return Ended(self.kept, self.kept == job.steps)

    def step(self, state: Stepped) -> None:
        """Tell of a step; too many that left the numbers end the run."""
        done = state.step + 1
        seen = {name: getattr(state, name) for name in ("loss", "tokens", "norm", "rate")}
        self.told("step", done, seen)
        self.well = math.isfinite(state.loss + state.norm)
        self.lost = 0 if self.well else self.lost + 1
        if self.lost == STUCK:
            what = f"The last {STUCK} steps, up to step {done:,}, had no finite loss or gradient"
            self.fail(done, f"{what}: nothing was learnt in them.")

    def fail(self, done: int, what: str) -> None:
        """End the run as one that left the numbers."""
        self.log.write("ended", done - 1, status="failed", reason=what)
        saved = f"the last step that is saved is {self.kept:,}" if self.kept else "nothing is saved"
        raise CheckFailed(what, f"Begin anew with a lower --rate or a longer --warm; {saved}.")

    def judge(self, done: int) -> None:
        """Judge the model; one that has left the numbers in the end is the failure of its run."""
        loss, tokens = self.job.judge()
        self.log.write("judged", done - 1, loss=loss, on="held out", tokens=tokens)
        self.told("judged", done, {"loss": loss})
        self.well = self.well and math.isfinite(loss)
        if done == self.job.steps and not math.isfinite(loss):
            self.fail(done, f"After step {done:,}, the last, the held-out loss is {loss}.")

    def sample(self, done: int) -> None:
        """Let the model write, if it can."""
        try:
            prompt, text = self.job.sample()
        except CheckFailed as error:
            self.told("skipped", done, {"what": f"the sample of step {done:,}. {error.what}"})
            return
        self.place.write(self.place.sample(done), text)
        self.log.write("sample", done - 1, prompt=prompt, text=text)
        self.told("sample", done, {"text": text})

    def save(self, done: int) -> None:
        """Make everything up to here last."""
        self.log.write("saved", done - 1, checkpoint=folder_name(done))
        self.checkpoints.save(done, self.job.groups(), {"random": random_states()})
        self.kept = done
        self.told("saved", done, {})


def _due(done: int, every: int) -> bool:
    """Whether something that is done every so many steps is done now."""
    return every > 0 and done % every == 0
