"""`eject` and `notebook`: what a reader takes away."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from cutaway.errors import UsageError
from cutaway.kit.ejecting import ejected
from cutaway.kit.labs import load, place
from cutaway.runs.disk import write_files

from .breaking import LabName
from .talk import say


def eject(
    lab: LabName,
    *,
    to: Annotated[Path | None, Parameter(help="The folder to copy into, instead of ./LAB.")] = None,
) -> int:
    """Copy a lab's component out, with its licence line and whatever it imports from other labs.

    ```
    cutaway eject bigram
    cutaway eject bigram --to my_model
    ```
    """
    folder = to or Path(lab)
    files = {folder / name: text for name, text in ejected(load(place(lab).name)).items()}
    _refuse(list(files))
    write_files(files)
    for path in files:
        say(f"Wrote {path}")
    return 0


def notebook(
    lab: LabName,
    *,
    to: Annotated[Path | None, Parameter(help="The file to write, instead of ./LAB.ipynb.")] = None,
) -> int:
    """Write a lab's page as a Jupyter notebook that runs: its code, its experiments, its figures.

    ```
    cutaway notebook bigram
    jupyter notebook bigram.ipynb
    ```
    """
    from cutaway.site.notebooks import notebook_of

    path = to or Path(f"{lab}.ipynb")
    _refuse([path])
    write_files({path: notebook_of(load(place(lab).name))})
    say(f"Wrote {path}. Open it with `jupyter notebook {path}`.")
    return 0


def _refuse(paths: list[Path]) -> None:
    """An error if something would be overwritten."""
    there = [str(path) for path in paths if path.exists()]
    if there:
        raise UsageError(f"{', '.join(there)} exists already.", "Choose another place with --to.")
