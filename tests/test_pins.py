"""What gets installed is named exactly: every package of development, and this version of ours."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from importlib.metadata import PackageNotFoundError, packages_distributions, requires
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import cutaway

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def pins() -> dict[str, str]:
    """The version that constraints.txt pins for each package; nothing but pins stands there."""
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    found = [
        re.fullmatch(r"([A-Za-z0-9._-]+)==([0-9][\w.!]*)", line)
        for line in lines
        if line[:1] != "#"
    ]
    assert all(found), "a line that is no exact pin"
    return {canonicalize_name(match[1]): match[2] for match in found if match}


def closure(names: list[str]) -> set[str]:
    """Everything that gets installed with some requirements, as far as it is installed here."""
    extras = PROJECT["optional-dependencies"]
    seen: set[tuple[str, str]] = set()
    queue = [(Requirement(name), "") for name in names]
    while queue:
        wanted, extra = queue.pop()
        name = canonicalize_name(wanted.name)
        if wanted.marker and not wanted.marker.evaluate({"extra": extra}):
            continue
        for part in ["", *wanted.extras]:
            if (name, part) in seen:
                continue
            seen.add((name, part))
            try:
                further = extras.get(part, []) if name == "cutaway" else requires(name) or []
            except PackageNotFoundError:
                further = []
            queue += [(Requirement(text), part) for text in further]
    return {name for name, _ in seen} - {"cutaway"}


def test_constraints_pin_everything_that_development_installs() -> None:
    wanted = closure([*PROJECT["dependencies"], "cutaway[dev]"])
    assert wanted <= pins().keys()
    assert pins()["torch"] == "2.13.0"
    assert "torch" in wanted and "ipython" in wanted


def declared(requirements: list[str]) -> set[str]:
    """The packages that some requirements name."""
    return {canonicalize_name(Requirement(text).name) for text in requirements}


MADE_BY = packages_distributions()  # py_mini_racer is made by mini-racer


def imported(file: Path) -> set[str]:
    """The packages that a file imports anywhere, without ours and those of Python."""
    found = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            found.add(str(node.module))
    names = {name.split(".")[0] for name in found}
    outside = names - sys.stdlib_module_names - {"cutaway"}
    return {canonicalize_name(MADE_BY[name][0] if name in MADE_BY else name) for name in outside}


def for_tests(file: Path) -> bool:
    """Whether a file is there for tests alone, and needs what development installs."""
    return file.name.startswith(("test_", "conftest."))


def test_what_the_package_imports_is_declared_and_nothing_more() -> None:
    files = (ROOT / "src").rglob("*.py")
    used = set[str]().union(*(imported(file) for file in files if not for_tests(file)))
    core, extras = declared(PROJECT["dependencies"]), PROJECT["optional-dependencies"]
    users = [name for extra, names in extras.items() if extra != "dev" for name in names]
    assert used <= core | declared(users)
    assert core <= used


def test_the_citation_names_this_version() -> None:
    assert f"version: {cutaway.__version__}\n" in (ROOT / "CITATION.cff").read_text(
        encoding="utf-8"
    )
