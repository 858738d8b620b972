"""Sizes are a habit: short enough to read. Raise one here, in a commit that says why."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from cutaway.kit.closures import tree
from cutaway.kit.labs import PACKAGE, places

ROOT = PACKAGE.parents[1]
COMPONENT = {"lines": 150, "function": 30, "width": 100, "arguments": 6}
CODE = {"lines": 200, "function": 50, "width": 100, "arguments": 8}
DATA = {"lines": 350, "function": 60, "width": 120, "arguments": 8}  # lab.py and tests
MAY: dict[str, dict[str, int]] = {  # by file: what is larger, up to which size, and above it why
    # A lab of every misfortune stands in it as text.
    "src/cutaway/kit/test_executor.py": {"lines": 580},
    # A model has many sizes, and each is named where it is called.
    "src/cutaway/architecture/attention/lab_model.py": {"arguments": 9},
    # A layer of heads has four sizes and three parts that vary.
    "src/cutaway/architecture/heads/heads.py": {"arguments": 7},
    # What a kernel does for each word is given what the kernel knows, one by one.
    **{
        f"src/cutaway/atoms/tokens/fast_{name}.py": {"arguments": most}
        for name, most in {
            "memo": 7,
            "starts": 7,
        }.items()
    },
    # Everything that a digest must see, and everything that it must not, on one scratch house.
    "src/cutaway/kit/test_digests.py": {"lines": 370},
}


def kinds() -> dict[str, list[Path]]:
    """Every file of the project by the register that it is written in."""
    lessons = [path for place in places().values() for path in place.components]
    every = [*PACKAGE.rglob("*.py"), *(ROOT / "tests").glob("*.py"), ROOT / "conftest.py"]
    data = [path for path in every if _is_data(path)]
    code = [path for path in every if path not in {*lessons, *data}] + [ROOT / "cutaway"]
    return {"components": lessons, "code": code, "data and tests": data}


def _is_data(path: Path) -> bool:
    tests = path.parent == ROOT / "tests" or path.name.startswith(("test_", "conftest."))
    return tests or path in [one for place in places().values() for one in place.declaring]


LIMITS = {"components": COMPONENT, "code": CODE, "data and tests": DATA}
FILES = [(kind, path) for kind, paths in kinds().items() for path in sorted(paths)]


def sizes(path: Path) -> dict[str, int]:
    """The lines of a file, its widest line, its longest function and its most arguments."""
    lines = path.read_text(encoding="utf-8").splitlines()
    functions = list(_functions(tree(path)))
    return {
        "lines": len(lines),
        "width": max(map(len, lines), default=0),
        "function": max((_length(node) for node in functions), default=0),
        "arguments": max((_arguments(node) for node in functions), default=0),
    }


def _functions(module: ast.Module) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(module):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def _length(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    return (node.end_lineno or node.lineno) - node.lineno + 1


def _arguments(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    given = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
    given += [one for one in (node.args.vararg, node.args.kwarg) if one]
    return len([one for one in given if one.arg not in ("self", "cls")])


@pytest.mark.parametrize(
    ("kind", "path"), FILES, ids=[path.relative_to(ROOT).as_posix() for _, path in FILES]
)
def test_a_file_is_short_enough_to_read(kind: str, path: Path) -> None:
    name = path.relative_to(ROOT).as_posix()
    found, limits = sizes(path), LIMITS[kind] | MAY.get(name, {})
    print(", ".join(f"{what} {found[what]} of {limits[what]}" for what in limits))
    assert {what: n for what, n in found.items() if n > limits[what]} == {}


def test_an_exception_is_needed_and_no_larger_than_it_needs_to_be() -> None:
    by_name = {path.relative_to(ROOT).as_posix(): (kind, path) for kind, path in FILES}
    for name, raised in MAY.items():
        kind, path = by_name[name]
        found = sizes(path)
        for what, limit in raised.items():
            assert LIMITS[kind][what] < found[what] <= limit, f"{name} has {found[what]} {what}"


def test_the_counts_are_counted_right(tmp_path: Path) -> None:
    path = tmp_path / "one.py"
    path.write_text("class A:\n    def f(self, a, *b, c=1, **d):\n        return 1234567890123\n")
    assert sizes(path) == {"lines": 3, "width": 33, "function": 2, "arguments": 4}
