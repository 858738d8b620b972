"""A planted lab with recorded results and a page, in a copy of the package."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from cutaway.kit import closures, digests, labs
from cutaway.kit.conftest import Checkout, Scratch, bare, checkout
from cutaway.kit.digests import experiment_inputs, receipt_inputs
from cutaway.kit.labs import load, place
from cutaway.kit.results import read
from cutaway.kit.tables import Table
from cutaway.runs.sealing import digest, sealed
from cutaway.site import listing

from . import defined, reference
from .shelf import Volume

__all__ = ["bare", "checkout"]  # fixtures of the kit's own tests

LAB = '''
"""A lab that is as small as can be."""

from cutaway.kit.verdicts import exactly
from cutaway.kit.words import Claim, Experiment, Fault, Figure, Lab


def value_by_fault(world, *, seed, width):
    yield {"value": float(world.tiny.double(seed))}


def observe(world):
    return {"double": world.tiny.double(3)}


lab = Lab(
    name="tiny",
    number=1,
    lesson="Numbers can be <doubled> and clipped.",
    observe=observe,
    faults=(
        Fault("once", "tiny.py", "result = number + number", "result = number  # BROKEN", "1 | 2"),
        Fault("no_clip", "tiny.py", "number = min(number, most)", "pass  # BROKEN", "No limit"),
    ),
    experiments=(
        Experiment(
            "value_by_fault", value_by_fault, grid={"fault": (None, "once"), "width": (8, 64)},
            seeds=3, outcome="value", margin=0.1,
        ),
        Experiment("unclaimed", value_by_fault, grid={"width": (8,)}, seeds=2),
    ),
    figures=(
        Figure(
            "value_of_all", "value_by_fault", "A break halves the value", "width", "value",
            "The value against the width, clean and broken.",
        ),
    ),
    claims=(
        Claim(
            "Doubling makes <b>every</b> number_here larger",
            source="000-00",
            experiment="value_by_fault",
            holds=lambda table: exactly(True, "it does"),
            regime="three numbers",
        ),
    ),
)
'''
COMPONENT = '''
"""Numbers that are doubled and clipped."""

from .words import nothing


def double(number):
    """Twice a number."""
    result = number + number
    return result


def clip(number, most):
    """A number, or the most it may be."""
    from ..tiny import words
    number = min(number, most)
    return number
'''
HEADER = """---
jupytext:
  text_representation:
    extension: .md
    format_name: myst
    format_version: 0.13
    jupytext_version: 1.19.6
kernelspec:
  display_name: Python 3
  language: python
  name: python3
---

"""
PAGE = f"""{HEADER}# Tiny

A number is doubled: {{number}}`value_by_fault value width=8`, and never $x^2$.
The word is {{term}}`double`.

```{{listing}} tiny.py
```

```{{code-cell}} ipython3
print("six times", end=" ", flush=True)
print("seven is", 6 * 7)
```

```{{drawing}} value_of_all
```

```{{means}} value_by_fault width value fault=clean
```

````{{predict}} Which is higher?
:experiment: value_by_fault
:column: value
:arms: clean, once
:where: '"width=8"'

It was {{number}}`value_by_fault value width=64`.
````

```{{glossary}}
double
  Twice a number.
```

$$
\\begin{{aligned}} a &= b \\\\ c &= d \\end{{aligned}}
$$
"""


def rows() -> list[dict[str, Any]]:
    """What the planted lab has measured: clean a number is doubled, broken it is not."""
    return [
        {"fault": fault, "width": width, "seed": seed, "value": width + seed * times}
        for fault, times in ((None, 2.0), ("once", 1.0))
        for width in (8, 64)
        for seed in range(3)
    ]


def record() -> None:
    """Write what `run --record` would, without measuring."""
    lab, folder = load("tiny"), place("tiny").results
    tables = {
        "value_by_fault": Table.of(rows()),
        "unclaimed": Table.of([{"width": 8, "seed": seed, "value": 0.5} for seed in range(2)]),
    }
    proof = {"changed": {"double": 3.0}, "failed": ["test_a"], "killer": "test_a"}
    receipts = {"tests": ["test_a"], "blunt": [], "faults": {f.name: proof for f in lab.faults}}
    known = {
        one.name: {"content": tables[one.name].digest(), "inputs": experiment_inputs(lab, one)}
        for one in lab.experiments
    }
    proved = {"inputs": receipt_inputs(lab), "content": digest(receipts)}
    folder.mkdir(exist_ok=True)
    for name, table in tables.items():
        (folder / f"{name}.json").write_text(table.to_json(), encoding="utf-8")
    (folder / "receipts.json").write_text(sealed(receipts), encoding="utf-8")
    manifest = {"lab": "tiny", "experiments": known, "receipts": proved}
    (folder / "manifest.json").write_text(sealed(manifest), encoding="utf-8")


@pytest.fixture(scope="session")
def house(checkout: Checkout) -> Scratch:
    """A copy of the package with the planted lab and no other, not yet recorded."""
    scratch = checkout()
    shutil.rmtree(scratch.package / "atoms" / "tiny")
    files = {"tiny.py": COMPONENT, "words.py": '"""No words."""\n\nnothing = None\n'}
    folder = scratch.lab("tiny", LAB, files)
    (folder / "page.md").write_text(PAGE, encoding="utf-8")
    return scratch


@contextmanager
def taken(package: Path, home: Path) -> Iterator[None]:
    """A package that this process takes for its own, with its labs recorded."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("CUTAWAY_HOME", str(home))
        patched.setattr(sys, "dont_write_bytecode", True)  # so that an edit counts at once
        for module in (labs, digests, closures, listing, defined, reference):
            patched.setattr(module, "PACKAGE", package)
        load.cache_clear()
        record()
        yield
    load.cache_clear()


@pytest.fixture
def planted(house: Scratch, tmp_path: Path) -> Iterator[Path]:
    """The folder of the planted lab, recorded, which this process takes for the only one."""
    folder, kept = house.package / "atoms" / "tiny", tmp_path / "kept"
    shutil.copytree(folder, kept)
    with taken(house.package, tmp_path / "home"):
        yield folder
    shutil.rmtree(folder)
    shutil.copytree(kept, folder)


@pytest.fixture
def volume(planted: Path) -> Volume:
    """The planted lab in the book."""
    lab = load("tiny")
    return Volume(lab, read(lab))
