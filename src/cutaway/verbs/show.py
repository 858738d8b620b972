"""`list` and `info`: what is here."""

from __future__ import annotations

import importlib.util
import os
import platform
import shutil
import sys
from contextlib import suppress
from typing import Annotated, Any

from cyclopts import Parameter

from cutaway import __version__
from cutaway.errors import CutawayError
from cutaway.kit.labs import labs, place
from cutaway.kit.results import Results, judge, read
from cutaway.kit.statistics import Verdict
from cutaway.kit.words import Lab
from cutaway.runs.folders import cache_folder, runs_folder

from .talk import SCHEMA, say, show, show_grid, show_json

Json = Annotated[
    bool, Parameter(name="--json", help="One JSON object for a script to read.", negative="")
]
BOOK = ("`cutaway book`", "Everything else works without.", "pip install 'cutaway[book]'")
HELPFUL = {  # by package: what it is needed for, what there is without it, how it comes
    "matplotlib": (
        "figures",
        "Without it reports have the numbers.",
        "pip install 'cutaway[plot]'",
    ),
    "jupytext": ("`cutaway notebook`", *BOOK[1:]),
    "nbclient": ("running notebooks", *BOOK[1:]),
    **dict.fromkeys(("sphinx", "myst_nb", "furo", "py_mini_racer", "sphinxcontrib.katex"), BOOK),
}
PROGRAMS = {
    "node": (
        "the tests of what runs in pages",
        "The book and its demos work without.",
        "Install Node.js with your system's package manager.",
    ),
    "chromium": (
        "the tests of the book in a browser",
        "The book itself opens in any browser.",
        "Install Chromium with your system's package manager.",
    ),
}


def list_labs(
    *,
    faults: Annotated[bool, Parameter(help="The faults of each lab too.", negative="")] = False,
    json: Json = False,
) -> int:
    """List the labs, in the order in which one would learn them, with their verdicts.

    Results are fresh, stale (something they rest on changed since), damaged or not measured.

    ```
    cutaway list
    cutaway list --faults
    cutaway list --json
    ```
    """
    good, unread = labs()
    bad: list[CutawayError] = list(unread)
    read_labs: list[tuple[Lab, Results]] = []
    for lab in good:
        try:
            read_labs.append((lab, read(lab)))
        except CutawayError as unreadable:  # a file that it imports is not Python
            bad.append(unreadable)
    if json:
        broken = [{"error": error.what} for error in bad]
        show_json({"labs": [described(lab, found) for lab, found in read_labs], "broken": broken})
    else:
        rows = [_row(lab, found) for lab, found in read_labs]
        show_grid(["", "lab", "wing", "results", "verdicts", "lesson"], rows)
        if faults:
            for lab in good:
                show(f"\n{lab.name}")
                show_grid([], [["  " + fault.name, fault.says] for fault in lab.faults])
        if not rows:
            say("There are no labs yet. `cutaway new NAME` makes one.")
    for error in bad:
        say(f"{error.what} {error.next_step}", "red")
    damaged = [problem for _, found in read_labs for problem in found.problems.values()]
    for problem in damaged:
        say(f"{problem} Nothing of that lab's results is used.", "red")
    return 1 if bad else 4 if damaged else 0


def state(found: Results) -> str:
    """Results in one word."""
    if found.problems:
        return "damaged"
    if not found.manifest:
        return "not measured"
    return "fresh" if found.fresh else "stale"


def _row(lab: Lab, found: Results) -> list[str]:
    """A lab in a line."""
    words = [verdict.verdict for verdict in judged(lab, found)]
    counts = ", ".join(f"{words.count(word)} {word}" for word in dict.fromkeys(words))
    name = f"{lab.name} (draft)" if lab.draft else lab.name
    return [str(lab.number), name, place(lab.name).wing, state(found), counts or "-", lab.lesson]


def judged(lab: Lab, found: Results) -> list[Verdict]:
    """The verdicts of the claims as they stand now, on recorded tables that can be trusted."""
    return judge(lab, found.tables) if found.manifest and not found.problems else []


def described(lab: Lab, found: Results) -> dict[str, Any]:
    """A lab as plain data."""
    verdicts = judged(lab, found) or [Verdict("undecided")] * len(lab.claims)
    receipts = {} if found.problems else found.receipts.get("faults", {})
    return {
        "name": lab.name,
        "number": lab.number,
        "wing": place(lab.name).wing,
        "lesson": lab.lesson,
        "draft": lab.draft,
        "fresh": found.fresh,
        "problems": [*found.problems.values(), *found.stale],
        "claims": [
            {"source": claim.source, "says": claim.says, "regime": claim.regime} | _plain(verdict)
            for claim, verdict in zip(lab.claims, verdicts, strict=True)
        ],
        "faults": [
            {"name": fault.name, "file": fault.file, "says": fault.says, "inert": fault.inert}
            | {"observable": receipts.get(fault.name, {}).get("changed", {})}
            | {"killed_by": receipts.get(fault.name, {}).get("killer")}
            for fault in lab.faults
        ],
    }


def _plain(verdict: Verdict) -> dict[str, Any]:
    """A verdict with its effect and interval."""
    ends = None if verdict.low is None else [verdict.low, verdict.high]
    return {"verdict": verdict.verdict, "effect": verdict.effect, "interval": ends}


def info(*, json: Json = False) -> int:
    """Show the environment, and what would work better with what installed.

    ```
    cutaway info
    ```
    """
    missing = {name: known for name, known in HELPFUL.items() if not _is_installed(name)}
    missing |= {name: known for name, known in PROGRAMS.items() if not shutil.which(name)}
    facts = _facts()
    if json:
        words = ("for", "without", "install")
        lacking = {name: dict(zip(words, known, strict=True)) for name, known in missing.items()}
        show_json({**facts, "missing": lacking})
        return 0
    show_grid([], [[key, str(value)] for key, value in facts.items()])
    for what, without, step in dict.fromkeys(missing.values()):
        names = [name for name, known in missing.items() if known == (what, without, step)]
        are = "is" if len(names) == 1 else "are"
        said = f"{', '.join(names)} {are} missing: needed for {what}. {without} {step}"
        say(said, "yellow")
    return 0


def _is_installed(package: str) -> bool:
    """Whether a package can be imported."""
    with suppress(ModuleNotFoundError):  # the one that it is in
        return importlib.util.find_spec(package) is not None
    return False


def _facts() -> dict[str, Any]:
    """The environment."""
    from cutaway.kit.executor import processes
    from cutaway.kit.manifest import environment

    return {
        "cutaway": __version__,
        **environment(),
        "python at": sys.executable,
        "processes": processes(),
        "platform": platform.platform(),
        "editor": os.environ.get("VISUAL") or os.environ.get("EDITOR") or "not set ($EDITOR)",
        "runs": str(runs_folder().resolve()),
        "cache": str(cache_folder()),
        "free disk": f"{shutil.disk_usage('.').free / 1e9:.1f} GB",
        "json schema": SCHEMA,
    }
