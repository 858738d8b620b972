"""`break` and `diff`: one broken line, what it did, which tests failed, and what it costs."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter

from cutaway.errors import UsageError
from cutaway.kit.faults import deletion, lines_of
from cutaway.kit.labs import find_fault, load, place
from cutaway.kit.words import Lab
from cutaway.kit.worlds import component, sources

from .consequences import Broken, broken_by, difference_of, plain
from .editing import edited
from .show import Json
from .talk import say, show, show_diff, show_grid, show_json

LabName = Annotated[str, Parameter(help="The name of a lab.")]


def diff(fault: Annotated[str, Parameter(help="The name of a fault, or LAB.FAULT.")]) -> int:
    """Show what a fault changes, from the files that really run.

    ```
    cutaway diff no_shift
    cutaway diff bigram.no_shift
    ```
    """
    show_diff(difference_of([find_fault(fault)]))
    return 0


def break_(
    lab: LabName,
    fault: Annotated[
        str | None, Parameter(help="A declared fault, or several joined by +.")
    ] = None,
    *,
    line: Annotated[
        int | None, Parameter(help="Delete the statement on this line instead.")
    ] = None,
    edit: Annotated[
        bool, Parameter(help="Edit a copy in your editor instead.", negative="")
    ] = False,
    file: Annotated[str | None, Parameter(help="The file, if the lab has several.")] = None,
    json: Json = False,
) -> int:
    """Break one line of a lab, declared as a fault or not, and see what it does.

    Prints the difference, what it changed of what the lab observes, the tests that failed and the
    effect with its interval. Without a fault, a line or --edit it lists what can be broken.

    ```
    cutaway break bigram
    cutaway break bigram no_shift
    cutaway break bigram.no_shift
    cutaway break bigram --line 16
    EDITOR=nano cutaway break bigram --edit
    ```
    """
    if fault is None and "." in lab:
        lab, _, fault = lab.partition(".")
    chosen = load(place(lab).name)
    if (fault is not None) + (line is not None) + edit > 1:
        raise UsageError("A fault, --line and --edit exclude each other.", "Choose one of them.")
    if fault is not None:
        faults = [find_fault(name, lab) for name in fault.split("+")]
    elif line is not None:
        path = component(lab, file)
        faults = [deletion(path, sources()[path], line)]
    elif edit:
        faults = [edited(component(lab, file))]
    else:
        return _choices(chosen, file)
    found = broken_by(chosen, faults)
    if json:
        show_json(plain(found))
    else:
        tell(found)
    return 0


def _choices(lab: Lab, file: str | None) -> int:
    """The faults of a lab and the lines of its components."""
    show_grid(["fault", "", ""], [[f.name, f.says, "inert" if f.inert else ""] for f in lab.faults])
    several = [path.name for path in place(lab.name).components]
    for name in [file] if file else several:
        show("" if len(several) == 1 else f"\n{name}")
        for number, text in enumerate(lines_of(sources()[component(lab.name, name)]), 1):
            show(f"{number:4}  {text}")
    say(f"Choose: `cutaway break {lab.name} {lab.faults[0].name if lab.faults else '--line N'}`")
    return 0


def tell(found: Broken) -> None:
    """Print what is known of a break."""
    show_diff(found.diff)
    show("\nWhat it changed", "bold")
    changed = found.receipt.changed
    show_grid([], [[f"  {name}", _amount(amount)] for name, amount in changed.items()])
    if not changed:
        show("  nothing that this lab observes")
    show(f"\nTests that failed ({found.tests - found.passed} of {found.tests})", "bold")
    show_grid([], [[f"  {name}", said] for name, said in found.failed.items()])
    if not found.failed:
        show("  none")
    show(f"\nEffect ({found.measured})", "bold")
    for effect in found.effects:
        show(f"  {effect}")


def _amount(amount: float | str) -> str:
    """How much something changed."""
    return amount if isinstance(amount, str) else f"by up to {amount:.3g}"
