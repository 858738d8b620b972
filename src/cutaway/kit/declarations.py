"""What a lab declares: names and sentences, the corpora that it opens, its faults as edits."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from cutaway.data.opening import named
from cutaway.errors import CutawayError

from .closures import tree
from .digests import opens_corpora
from .faults import edited
from .labs import labs, place
from .receipts import CONTROL
from .words import Lab
from .worlds import sources

SOURCE = re.compile(r"\d{3}-\d{2}")
NAME = re.compile(r"[a-z][a-z0-9_]*")


def declarations(lab: Lab) -> Iterator[str]:
    """What is wrong with what a lab declares, a sentence each."""
    yield from _words(lab)
    yield from _corpora(lab)
    yield from _edits(lab)


def _corpora(lab: Lab) -> Iterator[str]:
    """Every corpus that an experiment opens is named, so that its digest enters the results."""
    for one in lab.experiments:
        strange = [name for name in one.data if not named(name)[0]]
        if strange:
            yield f"experiment {one.name}: there is no corpus {strange[0]!r}"
        if opens_corpora(lab.name, one.measure.__name__) and not one.data:
            yield f"experiment {one.name}: it opens a corpus; name it: data=('shakespeare',)"


def _words(lab: Lab) -> Iterator[str]:
    """Names, sentences and sources."""
    if lab.name != place(lab.name).name:
        yield f"lab.py calls the lab {lab.name!r}, its folder does not"
    twins = [one.name for one in labs()[0] if one.number == lab.number and one.name != lab.name]
    if twins and not lab.draft:
        yield f"number {lab.number} is taken by {', '.join(twins)}"
    before = {one.name for one in labs()[0] if one.number < lab.number}
    for name in sorted(set(lab.after) - before):
        yield f"after: {name!r} is no lab that comes before this one"
    for sentence in [
        lab.lesson,
        *(fault.says for fault in lab.faults),
        *(c.says for c in lab.claims),
    ]:
        if len(sentence.split()) < 3:
            yield f"{sentence!r} is not a sentence"
    for fault in lab.faults:
        if not NAME.fullmatch(fault.name) or fault.name == CONTROL:
            yield f"{fault.name!r} cannot name a fault: use lower case letters, digits and _"
        if not fault.symptom:
            yield f"fault {fault.name}: its symptom is not said: what someone sees who has it"
    tests = [
        test for path in sorted(place(lab.name).folder.glob("test_*.py")) for test in _tests(path)
    ]
    for test in sorted({test for test in tests if tests.count(test) > 1}):
        yield f"two tests are called {test}: a receipt could not tell them apart"
    for kind in (lab.faults, lab.experiments, lab.figures):
        names = [one.name for one in kind]
        for name in sorted({name for name in names if names.count(name) > 1}):
            yield f"two are called {name!r}"
    for claim in lab.claims:
        if not SOURCE.fullmatch(claim.source):
            yield f"the claim {claim.says!r} needs a source such as 004-18, not {claim.source!r}"
        if not claim.regime.strip():
            yield f"the claim {claim.says!r} names no regime"


def _tests(path: Path) -> list[str]:
    """The names of the tests in a file."""
    found = [node.name for node in tree(path).body if isinstance(node, ast.FunctionDef)]
    return [name for name in found if name.startswith("test_")]


def _edits(lab: Lab) -> Iterator[str]:
    """Every fault applies, leaves Python, and says in the source what is broken."""
    texts = sources()
    for fault in lab.faults:
        try:
            after = edited(texts, [fault])[fault.file]
            compile(after, fault.file, "exec")
        except (CutawayError, SyntaxError) as error:
            yield f"fault {fault.name}: {error}"
        if "# BROKEN:" not in fault.new:
            yield f"fault {fault.name}: its new lines carry no `# BROKEN:` comment"
