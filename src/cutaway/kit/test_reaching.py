"""Of the files in which a lab is declared a result rests on all that its function reaches."""

from __future__ import annotations

import ast
import dis
from collections.abc import Callable, Iterator
from pathlib import Path
from types import CodeType

import pytest

from cutaway.errors import UsageError
from cutaway.runs.sealing import digest

from . import closures, digests, labs
from .conftest import Checkout
from .digests import experiment_inputs, function_inputs, opens_corpora, receipt_inputs
from .reaching import names_of

Files = Callable[..., Path]
MORE = """
SETTINGS = {"depth": 1}


def other():
    return 7


def deep():
    from .lab_deep import bottom

    return bottom() + SETTINGS["depth"]


for name in ("a", "b"):
    SETTINGS[name] = 1
"""
DEEP = """
from cutaway.kit.fit import generator

LEVEL = [level for level in range(3)]


def bottom():
    return LEVEL


def beside(level):
    return generator(level, "x")
"""


@pytest.fixture
def lab(checkout: Checkout, monkeypatch: pytest.MonkeyPatch) -> Iterator[Files]:
    """A way to write files of the one lab there is, to its own text or in its place."""
    scratch = checkout()
    for module in (labs, digests, closures):
        monkeypatch.setattr(module, "PACKAGE", scratch.package)
    folder = scratch.package / "atoms" / "tiny"

    def write(own: str = "", **files: str) -> Path:
        text = (folder / "lab.py").read_text(encoding="utf-8")
        (folder / "lab.py").write_text(f"{text}\n\n{own}\n", encoding="utf-8")
        for name, code in files.items():
            (folder / f"{name}.py").write_text(code.lstrip("\n"), encoding="utf-8")
        labs.load.cache_clear()
        return folder

    yield write
    labs.load.cache_clear()


def inputs(function: str) -> str:
    """The digest of all that a function rests on."""
    return digest(function_inputs("tiny", function))


def stale(folder: Path, file: str, old: str, new: str, function: str = "one") -> bool:
    """Whether a change of a file, which is undone, makes a result of a function stale."""
    path = folder / file
    before, text = inputs(function), path.read_text(encoding="utf-8")
    assert text.count(old) == 1, text.count(old)
    path.write_text(text.replace(old, new), encoding="utf-8")
    try:
        return inputs(function) != before
    finally:
        path.write_text(text, encoding="utf-8")


IMPORTS = {
    "at the top": "from .lab_more import deep\n\n\ndef one(world):\n    return deep()\n",
    "in the function": "def one(world):\n    from .lab_more import deep\n\n    return deep()\n",
    "by another name": "from .lab_more import deep as d\n\n\ndef one(world):\n    return d()\n",
    "where it is needed": (
        "try:\n    from .lab_more import deep\nexcept ImportError:\n    deep = print\n\n\n"
        "def one(world):\n    return deep()\n"
    ),
}


@pytest.mark.parametrize("how", IMPORTS)
def test_of_a_file_beside_it_only_what_is_taken_counts(lab: Files, how: str) -> None:
    folder = lab(IMPORTS[how], lab_more=MORE, lab_deep=DEEP)
    assert stale(folder, "lab_more.py", "return bottom()", "return 2 * bottom()")
    assert stale(folder, "lab_more.py", '{"depth": 1}', '{"depth": 2}')
    assert stale(folder, "lab_deep.py", "range(3)", "range(4)")
    assert not stale(folder, "lab_more.py", "return 7", "return 8")
    assert not stale(folder, "lab_deep.py", '"x")', '"y")')
    assert not any("fit.py" in name for name in function_inputs("tiny", "one"))


WHOLE = {
    "a module": "from . import lab_more\n\n\ndef one(world):\n    return lab_more.other()\n",
    "a module by another name": "from . import lab_more as m\n\n\ndef one(world):\n    m.other()\n",
    "in the function": "def one(world):\n    from . import lab_more\n\n    lab_more.other()\n",
    "everything": "from .lab_more import *\n\n\ndef one(world):\n    return other()\n",
    "by its full name": (
        "def one(world):\n    from cutaway.atoms.tiny.lab_more import other\n\n    return other()\n"
    ),
    "as a module by its full name": (
        "def one(world):\n    import cutaway.atoms.tiny.lab_more as m\n\n    return m.other()\n"
    ),
    "through its package": (
        "def one(world):\n    from ..tiny.lab_more import other\n\n    return other()\n"
    ),
}


@pytest.mark.parametrize("how", WHOLE)
def test_of_a_file_that_is_taken_as_a_whole_everything_counts(lab: Files, how: str) -> None:
    folder = lab(WHOLE[how], lab_more=MORE, lab_deep=DEEP)
    assert stale(folder, "lab_more.py", "return 7", "return 8")
    assert stale(folder, "lab_more.py", "return bottom()", "return 2 * bottom()")
    assert stale(folder, "lab_deep.py", "range(3)", "range(4)")
    assert not stale(folder, "lab_more.py", "def other", "# why\ndef other")


ACTS = {
    "for": "for name in SETTINGS:\n    SETTINGS[name] = 777\n",
    "while": "while len(SETTINGS) < 5:\n    SETTINGS[len(SETTINGS)] = 777\n",
    "with": "with open(__file__) as file:\n    SETTINGS[file.name] = 777\n",
    "if": 'if SETTINGS:\n    kept = 2\n    SETTINGS["a"] = 777\n',
    "else": 'if SETTINGS:\n    kept = 2\nelse:\n    SETTINGS["a"] = 777\n',
    "try": 'try:\n    kept = 2\n    SETTINGS["a"] = 777\nexcept KeyError:\n    kept = 3\n',
    "except": 'try:\n    kept = 2\nexcept KeyError:\n    SETTINGS["a"] = 777\n',
    "a call": "SETTINGS.update(a=777)\n",
    "what it reads": "NAMES = [777]\nSETTINGS.update(a=NAMES)\n",
}


@pytest.mark.parametrize("how", ACTS)
@pytest.mark.parametrize("file", ["lab.py", "lab_more.py"])
def test_what_acts_when_a_file_is_read_counts_whatever_else_it_names(
    lab: Files, how: str, file: str
) -> None:
    own = f"SETTINGS = {{}}\n{ACTS[how]}"
    function = "def one(world):\n    return SETTINGS\n"
    if file == "lab.py":
        folder = lab(f"{own}\n\n{function}")
    else:
        folder = lab(f"from .lab_more import SETTINGS\n\n\n{function}", lab_more=own)
    assert stale(folder, file, "777", "778")


def test_what_defines_or_does_nothing_does_not_act(lab: Files) -> None:
    unused = 'try:\n    import json\nexcept ImportError:\n    pass\nelse:\n    "nothing"\n'
    folder = lab(f"{unused}\nif os:\n    size = 3\n\n\ndef one(world):\n    return 1\n")
    assert not stale(folder, "lab.py", "import json", "import math")
    assert not stale(folder, "lab.py", "size = 3", "size = 4")


def test_a_variable_of_a_comprehension_is_no_definition(lab: Files) -> None:
    own = """
width = 3
SIZES = [width for width in range(2)]
ALSO = {kept: last for kept in range(2) if (last := kept)}


def one(world):
    return width


def two(world):
    return last
"""
    folder = lab(own)
    assert not stale(folder, "lab.py", "SIZES = [width for", "SIZES = [width + 1 for")
    assert stale(folder, "lab.py", "width = 3", "width = 4")
    assert stale(folder, "lab.py", "{kept: last", "{kept + 1: last", "two")


def stored(code: CodeType) -> set[str]:
    """The names of a module that its compiled code sets."""
    own = {one.argval for one in dis.get_instructions(code) if one.opname in STORES}
    inner = [one for one in code.co_consts if isinstance(one, CodeType)]
    return own.union(*map(stored, inner))


STORES = ("STORE_NAME", "STORE_GLOBAL")
FORMS = ["[{0} for {0} in y]", "{{{0}: 1 for {0} in y if {0}}}", "({0} for {0} in y)"]


@pytest.mark.parametrize("form", FORMS)
def test_comprehensions_define_what_python_says_that_they_do(form: str) -> None:
    code = form.format("x")
    for whole in (code, f"{code} and (z := 1)", f"[z := {code}]", f"[z := x for x in {code}]"):
        found = names_of(ast.parse(f"k = {whole}").body[0])
        assert found == stored(compile(f"k = {whole}", "code", "exec"))


def test_a_new_field_of_a_word_makes_nothing_stale(lab: Files) -> None:
    uses = (
        "def one(world):\n    from cutaway.kit.faults import lines_of\n\n    return lines_of('')\n"
    )
    folder = lab(uses)
    words, faults = (folder.parents[1] / "kit" / name for name in ("words.py", "faults.py"))
    assert "from .words import" in faults.read_text(encoding="utf-8")

    def all_of_it() -> list[str]:
        labs.load.cache_clear()
        tiny = labs.load("tiny")
        return [experiment_inputs(tiny, tiny.experiments[0]), receipt_inputs(tiny), inputs("one")]

    before, text = all_of_it(), words.read_text(encoding="utf-8")
    assert text.count("    draft: bool = False\n") == 1
    more = "    draft: bool = False\n    motto: str = ''\n"
    words.write_text(text.replace("    draft: bool = False\n", more), encoding="utf-8")
    assert all_of_it() == before
    assert "kit/faults.py" in function_inputs("tiny", "one")


def test_two_functions_of_one_name_are_refused_since_either_could_be_meant(lab: Files) -> None:
    lab("def one(world):\n    return 1\n", lab_more="def one(world):\n    return 2\n")
    with pytest.raises(UsageError, match=r"tiny defines 'one' in lab\.py and lab_more\.py"):
        function_inputs("tiny", "one")


def test_a_name_that_is_only_imported_again_is_defined_where_it_is_written(lab: Files) -> None:
    folder = lab("from .lab_more import one\n", lab_more="def one(world):\n    return 2\n")
    assert stale(folder, "lab_more.py", "return 2", "return 3")


def test_files_that_take_from_each_other_are_followed_to_the_end(lab: Files) -> None:
    folder = lab(
        "from .lab_a import a\n\n\ndef one(world):\n    return a()\n",
        lab_a="from .lab_b import b\n\n\ndef a():\n    return b()\n\n\ndef c():\n    return 1\n",
        lab_b="def b():\n    from .lab_a import c\n\n    return c()\n\n\ndef d():\n    return 1\n",
    )
    assert stale(folder, "lab_a.py", "return 1", "return 2")
    assert not stale(folder, "lab_b.py", "return 1", "return 2")
    assert {"lab.py", "lab_a.py", "lab_b.py"} <= set(function_inputs("tiny", "one"))


def test_a_corpus_that_a_file_beside_it_opens_is_seen(lab: Files) -> None:
    opens = "def opens():\n    from cutaway.data import corpus\n    return corpus\n"
    lab(
        "from .lab_more import opens, other\n\n\ndef one(world):\n    return opens()\n\n\n"
        "def two(world):\n    return other()\n",
        lab_more=f"{opens}\n\ndef other():\n    return 1\n",
    )
    assert opens_corpora("tiny", "one") and not opens_corpora("tiny", "two")
