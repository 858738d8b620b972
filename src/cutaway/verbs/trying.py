"""`try`: the reader's own component in a lab's place."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from cutaway.errors import UsageError
from cutaway.kit.faults import rewriting
from cutaway.kit.labs import load, place
from cutaway.kit.stubs import stub
from cutaway.kit.words import Fault
from cutaway.kit.worlds import component, sources
from cutaway.runs.disk import write_file

from .breaking import LabName
from .consequences import broken_by, plain
from .editing import written
from .show import Json
from .talk import say, show, show_grid, show_json


def try_(
    lab: LabName,
    path: Annotated[Path | None, Parameter(help="Your own file.")] = None,
    *,
    make_stub: Annotated[
        bool,
        Parameter(name="--stub", help="Write the component with its bodies empty.", negative=""),
    ] = False,
    file: Annotated[str | None, Parameter(help="Which file of the lab, if it has several.")] = None,
    json: Json = False,
) -> int:
    """Run a lab's tests and quick measurements on your own file in its place.

    The exit code is 0 when every test passes.

    ```
    cutaway try bigram --stub
    cutaway try bigram bigram.py
    ```
    """
    load(place(lab).name)
    target = component(lab, file or (path.name if path and _several(lab) else None))
    if make_stub:
        return _write_stub(lab, path or Path(Path(target).name), sources()[target])
    if path is None:
        raise UsageError(
            "There is no file to try.", f"`cutaway try {lab} --stub` writes one to begin with."
        )
    found = broken_by(load(lab), [theirs(path, target)])
    if json:
        show_json({"file": str(path), "passed": found.passed, "tests": found.tests, **plain(found)})
        return 0 if found.well else 1
    colour = "red" if found.failed else "green"
    show(f"{found.passed} of {found.tests} tests pass", colour)
    show_grid([], [[f"  {name}", said] for name, said in found.failed.items()])
    show(f"\nMeasured against the lab's own component ({found.measured})")
    for effect in found.effects:
        show(f"  {effect}")
    if not found.well:
        say(f"Mend {path} and try again. `cutaway eject {lab}` shows how it can be done.")
    return 0 if found.well else 1


def _several(lab: str) -> bool:
    """Whether a lab has more than one component."""
    return len(place(lab).components) > 1


def _write_stub(lab: str, path: Path, text: str) -> int:
    """Write the stub, never over a file that is there."""
    if path.exists():
        raise UsageError(f"{path} exists already.", "Name another file, or move it away.")
    write_file(path, stub(text))
    say(f"Wrote {path}: fill its bodies, then `cutaway try {lab} {path}`.")
    return 0


def theirs(path: Path, target: str) -> Fault:
    """A reader's file in the place of a component, or an error that says what is wrong with it."""
    text, before = written(path), sources()[target]
    missing = sorted(_defined(before) - _defined(text))
    if missing:
        step = "`cutaway try LAB --stub` writes a file with every name in it."
        raise UsageError(f"{path} lacks {', '.join(missing)}, which the lab needs.", step)
    if text.rstrip() == before.rstrip():
        raise UsageError(
            f"{path} is the lab's own component, unchanged.", "Change it, then try it."
        )
    return rewriting("yours", target, before, text, "Your own component")


def _defined(text: str) -> set[str]:
    """The functions and classes of a file."""
    body = ast.parse(text).body
    return {node.name for node in body if isinstance(node, ast.FunctionDef | ast.ClassDef)}
