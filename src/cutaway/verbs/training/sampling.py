"""`sample`: a model that was trained goes on with a text."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from cutaway.errors import UsageError
from cutaway.runs.checkpoints import Checkpoint, load, resume
from cutaway.runs.manifests import folder_name
from cutaway.runs.placing import Place, reopen
from cutaway.verbs.show import Json
from cutaway.verbs.talk import say, show, show_json

from .assembling import loaded, model_of
from .undertaking import read
from .vocabulary import of_kept
from .writing import written

MOST_COUNT, MOST_LENGTH = 1000, 100_000


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
    start = how.separator if prompt is None else how.encode(prompt)
    if not len(start):
        raise UsageError("The prompt is empty.", "Leave out --prompt for a new text.")
    checkpoint = _checkpoint(place, step)
    model = loaded(model_of(settings, how.vocab), checkpoint)
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


def _checkpoint(place: Place, step: int | None) -> Checkpoint:
    """The checkpoint of a step, or the last one."""
    if step is not None:
        return load(place.checkpoints / folder_name(max(step, 0)), place.disk)
    last, skipped = resume(place.checkpoints, place.disk)
    for what in skipped:
        say(f"Passed over: {what}", "yellow")
    if last is None:
        what = f"{place.path} has no checkpoint yet."
        raise UsageError(what, f"cutaway train --resume {place.path} goes on until there is one.")
    return last
