"""Digests of inputs change when a result could, and only then."""

from __future__ import annotations

import ast
import dataclasses
import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cutaway.data.catalogue import CATALOGUE
from cutaway.errors import UsageError
from cutaway.runs.sealing import digest

from . import closures, digests, labs
from .closures import closure, imports
from .conftest import Checkout, Scratch
from .digests import (
    experiment_inputs,
    fault_inputs,
    function_inputs,
    opens_corpora,
    receipt_inputs,
    syntax,
)
from .words import Fault

Edit = Callable[[str, str, str], None]

MORE = """

async def later():
    return 7


if OFFSET > 0:
    def sometimes(number):
        return number * 2


SETTINGS = {"depth": 1}
SETTINGS["depth"] = 2
OFFSET = OFFSET + 0.0


def plain(world, *, seed):
    return [{"value": world.tiny.clip(seed, 2)}]


def by_settings(world, *, seed):
    return [{"value": SETTINGS["depth"], "other": sometimes(2)}]


def by_import(world, *, seed):
    from cutaway.kit.fit import generator

    return [{"value": generator(seed, "x").initial_seed()}]


def by_package(world, *, seed):
    from cutaway import watch

    return [{"value": str(watch)}]


def by_other(world, *, seed):
    return [{"value": world.upper.fourfold(2)}]
"""
UPPER = "from ..tiny import tiny\n\n\ndef fourfold(x):\n    return tiny.double(tiny.double(x))\n"


@pytest.fixture
def house(checkout: Checkout, monkeypatch: pytest.MonkeyPatch) -> Iterator[Scratch]:
    """A checkout with two labs, which the kit of this process takes for its own."""
    scratch = checkout()
    path = scratch.package / "atoms" / "tiny" / "lab.py"
    path.write_text(path.read_text() + MORE)
    lab = 'from cutaway.kit.words import Lab\nlab = Lab("upper", 2, "Two steps.", print)\n'
    scratch.lab("upper", lab, {"upper.py": UPPER})
    # Compiled files are told from older ones by the second and the size: too coarse for an edit.
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    monkeypatch.setattr(labs, "PACKAGE", scratch.package)
    monkeypatch.setattr(digests, "PACKAGE", scratch.package)
    monkeypatch.setattr(closures, "PACKAGE", scratch.package)
    labs.load.cache_clear()
    yield scratch
    labs.load.cache_clear()


@pytest.fixture
def edit(house: Scratch) -> Edit:
    """A way to change one text of a file of the package, which must be there once."""

    def change(file: str, old: str, new: str) -> None:
        path = house.package / file
        text = path.read_text(encoding="utf-8")
        assert text.count(old) == 1, text.count(old)
        path.write_text(text.replace(old, new), encoding="utf-8")
        labs.load.cache_clear()

    return change


def measured() -> str:
    """The digest of the tiny lab's one experiment."""
    lab = labs.load("tiny")
    return experiment_inputs(lab, lab.experiments[0])


LAB, TINY = "atoms/tiny/lab.py", "atoms/tiny/tiny.py"

SAME = {
    "a comment": (TINY, "result = number + number", "result = number + number  # twice"),
    "a docstring": (TINY, '"""Twice a number."""', '"""Two times a number."""'),
    "no docstring": (TINY, '    """Twice a number."""\n', ""),
    "blank lines": (TINY, "    return result\n", "\n\n    return result\n"),
    "layout": (TINY, "result = number + number", "result = (\n        number+number)"),
    "the module's docstring": (TINY, '"""Numbers that are', '"""Whole numbers that are'),
    "a function that is not reached": (LAB, "return number - 1", "return number - 2"),
    "a sentence": (LAB, "Numbers can be doubled", "Any number can be doubled"),
    "a claim": (LAB, 'exactly(True, "it does")', 'exactly(False, "it does not")'),
    "a fault that is not measured": (LAB, "# BROKEN: no limit", "# BROKEN: unlimited"),
    "what the fault says": (LAB, '"Once")', '"Only once")'),
    "a module that is not imported": ("kit/watch.py", "import", "import math\nimport"),
    "another lab": ("atoms/upper/upper.py", "return tiny", "return 1 + tiny"),
    "a test": ("atoms/tiny/test_tiny.py", "clip(5, 3)", "clip(6, 3)"),
}
CHANGED = {
    "a component": (TINY, "result = number + number", "result = 2 * number"),
    "a component not yet called": (TINY, "return number\n", "return number + 0\n"),
    "a constant": (LAB, "OFFSET = 0.25", "OFFSET = 0.5"),
    "a constant's second definition": (LAB, "OFFSET + 0.0", "OFFSET + 1.0"),
    "a function that is reached": (LAB, "return number + OFFSET", "return number - OFFSET"),
    "the measuring function": (LAB, '"clipped"', '"cut"'),
    "the grid": (LAB, '(None, "same")}', '(None, "no_clip")}'),
    "the order of the grid": (LAB, '(None, "same")}', '("same", None)}'),
    "the number of seeds": (LAB, "seeds=3", "seeds=4"),
    "more seeds at one point": (LAB, "seeds=3", 'seeds=3, more=5, at=({"fault": None},)'),
    "a fault that is measured": (LAB, "result = number  #", "result = 3 * number  #"),
    "an integer for a float": (LAB, "OFFSET = 0.25", "OFFSET = 1"),
    "what a package offers": ("atoms/tiny/__init__.py", "import *", "import double, clip"),
}


@pytest.mark.parametrize("name", SAME)
def test_what_cannot_change_a_result_makes_nothing_stale(
    house: Scratch, edit: Edit, name: str
) -> None:
    before = measured()
    if name == "a module that is not imported":
        path = house.package / SAME[name][0]
        path.write_text(path.read_text() + "\nx = 1\n")
    else:
        edit(*SAME[name])
    assert measured() == before


@pytest.mark.parametrize("name", CHANGED)
def test_what_can_change_a_result_makes_it_stale(house: Scratch, edit: Edit, name: str) -> None:
    before = measured()
    edit(*CHANGED[name])
    assert measured() != before


def inputs(function: str, lab: str = "tiny") -> str:
    """What a function rests on, as text."""
    return json.dumps(function_inputs(lab, function))


@pytest.mark.parametrize(
    ("function", "file", "old", "new"),
    [
        ("by_settings", LAB, 'SETTINGS["depth"] = 2', 'SETTINGS["depth"] = 3'),
        ("by_settings", LAB, '{"depth": 1}', '{"depth": 1, "width": 2}'),
        ("by_settings", LAB, "return number * 2", "return number * 3"),
        ("by_import", "kit/fit.py", '"big") >> 1', '"big") >> 2'),
        ("by_import", "errors.py", "code = 4", "code = 5"),
        ("by_package", "kit/watch.py", "from __future__ import annotations\n", ""),
        ("by_other", "atoms/upper/upper.py", "return tiny", "return 1 + tiny"),
        ("by_other", TINY, "number + number", "2 * number"),
    ],
)
def test_what_a_function_reaches_counts(
    house: Scratch, edit: Edit, function: str, file: str, old: str, new: str
) -> None:
    others = ("plain",) if file not in (TINY, LAB) else ()
    before = [inputs(name) for name in (function, *others)]
    edit(file, old, new)
    assert inputs(function) != before[0]
    assert [inputs(name) for name in others] == before[1:]


@pytest.mark.parametrize("name", ["<lambda>", "no_such", "clip"])
def test_a_function_that_cannot_be_found_is_refused_not_ignored(house: Scratch, name: str) -> None:
    with pytest.raises(UsageError, match="would be blind"):
        function_inputs("tiny", name)


def test_a_long_lab_keeps_functions_beside_its_lab_py(house: Scratch, edit: Edit) -> None:
    folder = house.package / "atoms" / "tiny"
    model = "def model(world):\n    return world.upper.fourfold(1)\n"
    more = "from .lab_model import model\n\n\ndef one(world):\n    return model(world)\n\n\n"
    (folder / "lab_model.py").write_text(model, encoding="utf-8")
    (folder / "lab_more.py").write_text(f"{more}def two(world):\n    return 2\n", encoding="utf-8")
    edit("atoms/tiny/lab.py", "import os\n", "import os\nfrom .lab_more import one\n")
    assert labs.load("tiny").name == "tiny"
    before = [digest(function_inputs("tiny", name)) for name in ("one", "two")]
    assert any("upper.py" in name for name in function_inputs("tiny", "one"))
    edit("atoms/tiny/lab_model.py", "fourfold(1)", "fourfold(2)")
    after = [digest(function_inputs("tiny", name)) for name in ("one", "two")]
    assert [a == b for a, b in zip(before, after, strict=True)] == [False, True]
    assert not {"lab.py", "lab_model.py"} & {path.name for path in labs.place("tiny").components}


def test_a_mistake_beside_a_lab_py_is_named_by_its_file_and_line(
    house: Scratch, edit: Edit
) -> None:
    (house.package / "atoms" / "tiny" / "lab_more.py").write_text("x = 1\ny = 1 / 0\n")
    edit("atoms/tiny/lab.py", "import os\n", "import os\nfrom .lab_more import x\n")
    with pytest.raises(labs.LabBroken, match=r"lab_more\.py, line 2"):
        labs.load("tiny")


def test_a_corpus_is_its_digest_and_not_how_it_was_opened(
    house: Scratch, edit: Edit, monkeypatch: pytest.MonkeyPatch
) -> None:
    opens = "def opens(world, *, seed):\n    from cutaway.data import corpus\n    return []\n"
    path = house.package / "atoms" / "tiny" / "lab.py"
    path.write_text(f"{path.read_text(encoding='utf-8')}\n\n{opens}", encoding="utf-8")
    assert opens_corpora("tiny", "opens") and not opens_corpora("tiny", "by_other")
    assert not any("opening" in name for name in function_inputs("tiny", "opens"))
    lab = labs.load("tiny")
    one = replace(lab.experiments[0], data=("union",))
    before = experiment_inputs(lab, one)
    assert before != experiment_inputs(lab, lab.experiments[0])
    other = replace(CATALOGUE["union"], digest="0")
    monkeypatch.setitem(CATALOGUE, "union", other)
    assert experiment_inputs(lab, one) != before


def test_receipts_rest_on_tests_faults_and_what_is_observed(house: Scratch, edit: Edit) -> None:
    seen = [receipt_inputs(labs.load("tiny"))]
    for change in (
        ("atoms/tiny/test_tiny.py", "clip(5, 3) == 3", "clip(6, 3) == 3"),
        (LAB, "# BROKEN: no limit", "# BROKEN: unlimited"),
        (LAB, "world.tiny.double(3)", "world.tiny.double(4)"),
        (TINY, "result = number + number", "result = 2 * number"),
    ):
        edit(*change)
        seen.append(receipt_inputs(labs.load("tiny")))
    assert len(set(seen)) == len(seen)
    edit(LAB, "return number - 1", "return number - 2")
    edit("atoms/tiny/test_tiny.py", "def test_what_is_small", "# why\ndef test_what_is_small")
    assert receipt_inputs(labs.load("tiny")) == seen[-1]


def test_digests_are_the_same_in_every_process_and_for_every_hash_seed(house: Scratch) -> None:
    code = """
        import json
        from cutaway.kit.digests import experiment_inputs, receipt_inputs
        from cutaway.kit.labs import load
        lab = load("tiny")
        print(json.dumps([experiment_inputs(lab, lab.experiments[0]), receipt_inputs(lab)]))
    """
    here = [measured(), receipt_inputs(labs.load("tiny"))]
    assert [house.json(code, PYTHONHASHSEED=seed) for seed in ("0", "1", "77")] == [here] * 3


def test_the_closure_follows_relative_and_function_level_imports_round_a_circle(
    house: Scratch,
) -> None:
    folder = house.package / "atoms" / "tiny"
    (folder / "a.py").write_text("def f():\n    from . import b\n")
    (folder / "b.py").write_text("from .a import f\nfrom ..upper import fourfold\nimport torch\n")
    found = [path.relative_to(house.package).as_posix() for path in closure([folder / "a.py"])]
    assert found == [
        "atoms/tiny/a.py",
        "atoms/tiny/b.py",
        "atoms/tiny/tiny.py",
        "atoms/upper/__init__.py",
        "atoms/upper/upper.py",
    ]


@pytest.mark.parametrize(
    ("code", "file"),
    [
        ("import cutaway.atoms.tiny.tiny as t", TINY),
        ("from cutaway.atoms.tiny import tiny", TINY),
        ("from cutaway.atoms.tiny.tiny import double", TINY),
        ("from cutaway.atoms import tiny", "atoms/tiny/__init__.py"),
        ("from .tiny import double", TINY),
        ("from . import tiny", TINY),
        ("from .. import tiny", "atoms/tiny/__init__.py"),
        ("from ...kit import fit", "kit/fit.py"),
        ("from cutaway import broken", "kit/worlds.py"),
        ("def f():\n    if x:\n        import cutaway.errors", "errors.py"),
    ],
)
def test_every_way_to_write_an_import_is_understood(house: Scratch, code: str, file: str) -> None:
    package = ("cutaway", "atoms", "tiny")
    assert imports([ast.parse(code)], package) == {house.package / file}


@pytest.mark.parametrize(
    "code", ["import torch", "from math import pi", "import cutaways", "x = 1"]
)
def test_what_is_not_of_this_package_is_no_import_of_it(house: Scratch, code: str) -> None:
    assert imports([ast.parse(code)], ("cutaway", "atoms")) == set()


DIFFERENT = ["1", "1.0", "True", "'1'", "b'1'", "None", "...", "x", "[]", "()", "-1", "1j", "f'1'"]


def test_different_values_have_different_syntax() -> None:
    codes = [syntax(ast.parse(f"y = {value}")) for value in DIFFERENT]
    codes += [
        syntax(ast.parse(text)) for text in ("return_", "def f(): return", "def f(): return None")
    ]
    texts = [json.dumps(code) for code in codes]
    assert len(set(texts)) == len(texts)


@given(st.recursive(st.sampled_from(DIFFERENT[:8]), lambda part: st.lists(part, max_size=3)))
def test_syntax_is_equal_exactly_where_python_says_the_trees_are(value: object) -> None:
    code = f"x = {value}".replace('"', "")
    other = code.replace("1", "2", 1)
    equal = ast.dump(ast.parse(code)) == ast.dump(ast.parse(other))
    assert (syntax(ast.parse(code)) == syntax(ast.parse(other))) == equal


def test_the_sentence_of_a_fault_is_no_part_of_it_and_every_edit_is() -> None:
    fault = Fault("f", "a.py", "x = 1", "x = 2", "It is two")
    assert fault_inputs([fault]) == fault_inputs(
        [dataclasses.replace(fault, says="Two", inert="no")]
    )
    for other in ({"name": "g"}, {"file": "b.py"}, {"old": "y"}, {"new": "y"}, {"where": "f"}):
        assert fault_inputs([fault]) != fault_inputs([dataclasses.replace(fault, **other)])
    deep = dataclasses.replace(fault, old="    x = 1", new="  x = 2")
    assert fault_inputs([fault]) == fault_inputs([deep])


def test_a_file_that_changed_is_read_again(tmp_path: Path) -> None:
    path = tmp_path / "a.py"
    path.write_text("x = 1\n")
    first = syntax(closures.tree(path))
    path.write_text("x = 22\n")
    assert syntax(closures.tree(path)) != first


def test_what_only_a_type_checker_sees_is_no_input() -> None:
    code = """
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cutaway.kit.worlds import World
else:
    from cutaway.kit.fit import fit
"""
    assert imports([ast.parse(code)], ("cutaway",)) == {labs.PACKAGE / "kit" / "fit.py"}
    assert imports([ast.parse(code.replace("TYPE_CHECKING:", "DEBUGGING:"))], ("cutaway",)) == {
        labs.PACKAGE / "kit" / "worlds.py",
        labs.PACKAGE / "kit" / "fit.py",
    }
