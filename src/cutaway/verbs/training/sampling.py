"""`sample`: a model that was trained goes on with a text."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from shlex import quote
from typing import Annotated, Any

from cyclopts import Parameter

from cutaway.data.tokenization import Characters, Ids, Tokenization
from cutaway.errors import Refused, UsageError
from cutaway.runs.checkpoints import Checkpoint, load, resume
from cutaway.runs.manifests import folder_name, steps
from cutaway.runs.placing import Place, reopen
from cutaway.verbs.show import Json
from cutaway.verbs.talk import say, show, show_json

from .assembling import loaded, model_of
from .configs import read
from .settings import Settings
from .vocabulary import of_kept
from .writing import written

MOST_COUNT, MOST_LENGTH, MOST_SHOWN = 1000, 100_000, 20


def sample(
    run: Annotated[Path, Parameter(help="The folder of a run.")],
    *,
    prompt: Annotated[
        str | None, Parameter(help="What to go on with; without it, a new text.")
    ] = None,
    length: Annotated[int, Parameter(help="How many tokens.")] = 300,
    count: Annotated[int, Parameter(help="How many samples.")] = 1,
    temperature: Annotated[
        float, Parameter(help="0 is always the likeliest token; higher is more daring.")
    ] = 0.8,
    seed: Annotated[int, Parameter(help="What the samples are drawn by.")] = 0,
    step: Annotated[
        int | None, Parameter(help="A checkpoint's step; without it, the last.")
    ] = None,
    json: Json = False,
) -> int:
    """Let the model of a run write, from its last checkpoint or another.

    The same seed writes the same. It may be asked while the run is still on its way.

    ```
    cutaway sample runs/shakespeare-1
    cutaway sample runs/shakespeare-1 --prompt 'ROMEO:' --count 3
    cutaway sample runs/shakespeare-1 --temperature 0 --length 50 --step 500
    ```
    """
    _possible(length, count, temperature, seed)
    place, config = reopen(run)
    settings, _ = read(config, place)
    how = of_kept(config["tokens"])
    start = how.separator if prompt is None else _start(prompt, how)
    model = _model(settings, how.vocab, checkpoint := _checkpoint(place, step))
    say(f"{place.path.name} after step {checkpoint.step:,}", "dim")
    texts = [
        how.decode(written(model, start, settings.context, length, temperature, seed + at))
        for at in range(count)
    ]
    if json:
        show_json({"run": str(place.path), "step": checkpoint.step, "samples": texts})
        return 0
    for at, text in enumerate(texts):
        if count > 1:
            say(f"--- {at + 1} of {count}", "dim")
        show((prompt or "") + text)
    return 0


def _possible(length: int, count: int, temperature: float, seed: int) -> None:
    """Nothing, or an error if nothing can be written like this."""
    if not 1 <= length <= MOST_LENGTH:
        raise UsageError(f"A sample has no {length} tokens.", f"Ask for 1 to {MOST_LENGTH:,}.")
    if not 1 <= count <= MOST_COUNT:
        raise UsageError(f"There are no {count} samples.", f"Ask for 1 to {MOST_COUNT:,}.")
    if not (math.isfinite(temperature) and temperature >= 0):
        raise UsageError(f"There is no temperature {temperature}.", "It is 0 or more.")
    if not 0 <= seed < 2**63 - MOST_COUNT:
        raise UsageError(f"There is no seed {seed}.", "Seeds are whole numbers from 0 on.")


def _start(prompt: str, how: Tokenization) -> Ids:
    """The tokens of a prompt, or an error if it has none or others than were learnt."""
    if not prompt:
        raise UsageError("The prompt is empty.", "Leave out --prompt for a new text.")
    if any("\ud800" <= letter <= "\udfff" for letter in prompt):
        raise UsageError("The prompt is no UTF-8.", "Write it in UTF-8.")
    known = how.alphabet if isinstance(how, Characters) else prompt
    if strange := next((letter for letter in prompt if letter not in known), ""):
        what = f"{strange!r} is none of the {how.vocab} characters that this model has learnt."
        step = "Write the prompt without it. A run with --tokens bytes takes any character."
        raise UsageError(what, step)
    return how.encode(prompt)


def _model(settings: Settings, vocab: int, checkpoint: Checkpoint) -> Any:
    """The model of a run with the weights of a checkpoint, made only if it is of their sizes."""
    import torch

    weights = checkpoint.groups.get("weights", {})
    found = {name: list(one.shape) for name, one in weights.items()}
    try:
        with torch.device("meta"):  # sizes alone, and of one block: the others are like it
            small = model_of(replace(settings, depth=1), vocab).state_dict()
    except (RuntimeError, TypeError) as error:  # larger than any tensor
        raise _foreign(checkpoint) from error
    first = "blocks.0."
    block = {name: list(one.shape) for name, one in small.items() if name.startswith(first)}
    every = {name: list(one.shape) for name, one in small.items() if name not in block}
    if len(every) + settings.depth * len(block) != len(found):
        raise _foreign(checkpoint)
    for at in range(settings.depth):
        every |= {name.replace(first, f"blocks.{at}.", 1): one for name, one in block.items()}
    if every != found:
        raise _foreign(checkpoint)
    return loaded(model_of(settings, vocab), checkpoint)


def _foreign(checkpoint: Checkpoint) -> Refused:
    """The error a user sees when the weights of a checkpoint are not those of the run's model."""
    what = f"The checkpoint of step {checkpoint.step} is not one of this run: its weights are not."
    return Refused(what, "Choose another one with --step.")


def _checkpoint(place: Place, step: int | None) -> Checkpoint:
    """The checkpoint of a step, or the last one."""
    there = steps(place.disk, place.checkpoints)
    if step is not None and step in there:
        return load(place.checkpoints / folder_name(step), place.disk)
    if step is not None and there:
        before = ["..."] if len(there) > MOST_SHOWN else []
        some = ", ".join([*before, *map(str, there[-MOST_SHOWN:])])
        what = f"{place.path} has no checkpoint of step {step}."
        raise UsageError(what, f"Choose one of these: {some}.")
    last, skipped = resume(place.checkpoints, place.disk)
    for what in skipped:
        say(f"Passed over: {what}", "yellow")
    if last is None:
        what = f"{place.path} has no checkpoint yet."
        on = f"cutaway train --resume {quote(str(place.path))}"
        raise UsageError(what, f"{on} goes on until there is one.")
    return last
