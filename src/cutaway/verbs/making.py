"""`new` and `check-lab`: a lab to begin with, and the contract it has to keep."""

from __future__ import annotations

import keyword
import re
import sys
import time
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from cutaway.errors import UsageError
from cutaway.kit.contract import problems
from cutaway.kit.labs import PACKAGE, WINGS, labs, load, place, places
from cutaway.kit.results import Results, read
from cutaway.kit.worlds import CLEAN, World
from cutaway.runs.disk import write_files
from cutaway.runs.folders import runs_folder

from .breaking import LabName
from .checkout import need_checkout
from .session import Halt, Run, gently
from .show import Json
from .talk import say, show, show_json

TEMPLATE = "bigram"


def new(
    name: Annotated[str, Parameter(help="A noun in lower case, such as sampling or my_idea.")],
    *,
    wing: Annotated[str, Parameter(help="The folder it stands in.")] = "atoms",
) -> int:
    """Write a small lab that measures something true, to be made into your own. It asks nothing.

    It is marked a draft: drafts are listed as such and stay out of the book.

    ```
    cutaway new my_idea
    cutaway check-lab my_idea
    ```
    """
    need_checkout("new")
    if not re.fullmatch(r"[a-z][a-z0-9_]*", name) or keyword.iskeyword(name):
        raise UsageError(
            f"{name!r} cannot name a lab.", "Use a noun: lower case letters, digits and _."
        )
    if name in ("lab", "conftest") or name.startswith("test_") or name in _defined():
        what = f"{name!r} cannot name a lab: something inside the lab is called that."
        raise UsageError(what, "Choose another name.")
    if name in _taken():
        what = f"{name!r} cannot name a lab: Python, a package or cutaway itself uses that name."
        raise UsageError(what, "Choose another name.")
    if name in places() or (PACKAGE / wing / name).exists():
        raise UsageError(f"There is a lab {name!r} already.", "Choose another name.")
    if wing not in WINGS:
        raise UsageError(f"There is no wing {wing!r}.", f"Choose one of: {', '.join(WINGS)}.")
    folder = PACKAGE / wing / name
    files = {folder / file: text for file, text in template(name).items()}
    if not (PACKAGE / wing / "__init__.py").exists():
        files[PACKAGE / wing / "__init__.py"] = f'"""{wing.capitalize()}: {WINGS[wing]}."""\n'
    write_files(files)
    say(f"Wrote {folder.relative_to(PACKAGE.parents[1])}: a draft to be made your own.")
    say(f"Next: `cutaway check-lab {name}`, then edit its files in any order.")
    return 0


def template(name: str) -> dict[str, str]:
    """The files of a new lab: those of the template under another name, marked a draft."""
    files = {}
    for path in sorted(place(TEMPLATE).folder.glob("*.*")):
        if path.suffix in (".py", ".md", ".js"):
            text = path.read_text(encoding="utf-8")
            files[path.name.replace(TEMPLATE, name)] = _renamed(text, name)
    number = max((lab.number for lab in labs()[0]), default=0) + 1
    files["lab.py"] = re.sub(
        r"(\n    )number=\d+,", rf"\1number={number},\1draft=True,", files["lab.py"]
    )
    return files


def _defined() -> set[str]:
    """The names in a new lab's component: a folder called like one of them would hide it."""
    component = place(TEMPLATE).folder / f"{TEMPLATE}.py"
    return set(re.findall(r"^(?:def|class) (\w+)", component.read_text("utf-8"), re.MULTILINE))


def _taken() -> set[str]:
    """The names that mean something else where a lab's name is used: in imports and in worlds."""
    ours = {path.stem for path in PACKAGE.iterdir()} | set(WINGS)
    worlds = {name for name in (*vars(World), *vars(CLEAN)) if not name.startswith("_")}
    return {*sys.stdlib_module_names, "numpy", "torch", "cutaway"} | ours | worlds


def _renamed(text: str, name: str) -> str:
    """A text of the template for another lab."""
    title = "".join(part.capitalize() for part in name.split("_"))
    return text.replace(TEMPLATE, name).replace(TEMPLATE.capitalize(), title)


def check_lab(lab: LabName, *, json: Json = False) -> int:
    """Hold a lab to the contract that every lab keeps: it is review, CI and guide in one.

    A draft is measured in its quick form for the occasion; any other lab by its recorded results.

    ```
    cutaway check-lab bigram
    ```
    """
    chosen = load(place(lab).name)
    found = (
        _measured(Run(chosen, runs_folder() / lab, quick=True)) if chosen.draft else read(chosen)
    )
    lacking = list(problems(chosen, found))
    if json:
        show_json({"lab": lab, "draft": chosen.draft, "problems": lacking})
        return 1 if lacking else 0
    for problem in lacking:
        show(f"- {problem}")
    if lacking:
        say(f"{lab} does not keep the contract yet: {len(lacking)} to mend.", "red")
        return 1
    kind = "draft, measured quickly" if chosen.draft else "recorded results are fresh"
    say(f"{lab} keeps the contract ({kind}).", "green")
    return 0


def _measured(one: Run) -> Results:
    """The results of a draft, measured in its quick form."""
    say(one.announce())
    start = time.monotonic()
    with gently(Halt()) as halt:
        one.measure(halt)
    halt.check()
    folder: Path = one.form
    one.write(folder, one.prove(), time.monotonic() - start)
    return read(one.lab, folder)
