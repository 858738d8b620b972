"""Who may import whom: design.md, section 2. Imports inside functions count."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from houses import House

from cutaway.kit.closures import imports, package_of, tree
from cutaway.kit.components import foreign_imports
from cutaway.kit.labs import PACKAGE, places

ROOT = PACKAGE.parents[1]
FLOOR = {"errors.py"}
KIT = {"errors.py", "__init__.py", "runs", "data"}
ROOMS: dict[str, set[str]] = {
    "errors.py": set(),
    "__init__.py": set(),
    "runs": FLOOR,
    "data": FLOOR | {"runs"},
    "kit": KIT,
    "doctor": KIT | {"kit", "labs"},
    "site": KIT | {"kit"},
    "dash": KIT | {"kit"},
    "verbs": KIT | {"kit", "site", "dash"},
    "cli.py": FLOOR | {"__init__.py", "verbs"},
    "__main__.py": {"cli.py"},
}
BY_NAME = {"__init__.py", "kit/worlds.py"}  # what they import is decided when it is asked for
SLOW_TO_IMPORT = {"torch", "numpy", "scipy", "matplotlib", "jupytext", "rich"}
FORBIDDEN = {"pickle", "cPickle", "_pickle", "dill", "joblib", "cloudpickle", "shelve", "marshal"}


def is_test(path: Path) -> bool:
    """Whether a file is part of the tests: they may look into any room."""
    return path.name.startswith("test_") or path.name == "conftest.py"


def files() -> list[Path]:
    """Every file of the package that is no test."""
    return [path for path in sorted(PACKAGE.rglob("*.py")) if not is_test(path)]


def room(path: Path) -> str:
    """The room that a file stands in; a lab's folder is the room of the labs."""
    parts = path.relative_to(PACKAGE).parts
    wings = {place.wing for place in places().values()}
    return "labs" if parts[0] in wings else parts[0]


def at_run_time(module: ast.AST) -> Iterator[ast.AST]:
    """The nodes of a file without those that only a type checker reads."""
    checked_only = isinstance(module, ast.If) and "TYPE_CHECKING" in ast.unparse(module.test)
    if not checked_only:
        yield module
        for child in ast.iter_child_nodes(module):
            yield from at_run_time(child)


def imported(path: Path) -> set[Path]:
    """The files of cutaway that a file imports when it runs; `cutaway` itself is one."""
    found: set[Path] = set()
    for node in filter(_is_import, at_run_time(tree(path))):
        found |= imports([node], package_of(path)) or _whole(node)
    return found


def _whole(node: ast.AST) -> set[Path]:
    """The package itself, if that is what an import names."""
    names = [node.module] if isinstance(node, ast.ImportFrom) and not node.level else []
    names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
    return {PACKAGE / "__init__.py"} if "cutaway" in names else set()


def _is_import(node: ast.AST) -> bool:
    return isinstance(node, ast.Import | ast.ImportFrom)


def circles(graph: Mapping[Path, set[Path]]) -> list[str]:
    """Every file that can reach itself, as the shortest way round."""
    found = []
    for start in graph:
        ways, seen = [[start]], set[Path]()
        while ways:
            way = ways.pop(0)
            if start in graph.get(way[-1], ()):
                found.append(" -> ".join(_short(path) for path in [*way, start]))
                break
            fresh = graph.get(way[-1], set()) - seen
            seen |= fresh
            ways += [[*way, path] for path in sorted(fresh)]
    return found


def _short(path: Path) -> str:
    return path.relative_to(PACKAGE).as_posix()


def test_each_room_imports_only_the_rooms_below_it() -> None:
    wrong = [
        f"{_short(path)} imports {_short(other)}"
        for path in files()
        if room(path) != "labs"
        for other in imported(path)
        if room(other) not in ROOMS[room(path)] | {room(path)}
    ]
    assert not wrong


def test_only_two_files_import_what_no_reader_of_them_can_see() -> None:
    dynamic = ("importlib.import_module", "import_module", "__import__")
    calls = {
        _short(path)
        for path in files()
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Call) and ast.unparse(node.func) in dynamic
    }
    assert calls <= BY_NAME


def test_components_import_only_libraries_and_earlier_components() -> None:
    wrong = {
        path.name: names
        for place in places().values()
        for path in [*place.components, place.folder / "__init__.py"]
        if (names := list(foreign_imports(path)))
    }
    assert not wrong


def test_a_lab_measures_with_the_kit_and_takes_components_from_its_world() -> None:
    for place in places().values():
        for path in place.declaring:
            for other in imported(path) - set(place.declaring):
                assert room(other) in ("kit", "data"), f"{_short(path)} imports {_short(other)}"


def test_the_tests_that_judge_broken_copies_import_nothing_that_is_not_copied() -> None:
    for place in places().values():
        for path in set(place.folder.glob("test_*.py")) - set(place.folder.glob("test_lab*.py")):
            assert all(room(other) == "labs" for other in imported(path)), _short(path)


def test_nobody_imports_a_lab() -> None:
    everything = [*sorted(PACKAGE.rglob("*.py")), *sorted((ROOT / "tests").glob("*.py"))]
    for path in everything:
        package = package_of(path) if path.is_relative_to(PACKAGE) else ()
        names = {other.name for other in imports([tree(path)], package)}
        assert "lab.py" not in names, f"{path} imports a lab.py; the kit discovers it"


def test_nothing_goes_round_in_circles() -> None:
    assert not circles({path: imported(path) for path in files()})


def test_the_kit_imports_drawing_and_talking_libraries_only_when_it_uses_them() -> None:
    allowed = sys.stdlib_module_names | {"cutaway", "numpy", "torch"}
    for path in [p for p in files() if room(p) in ("kit", "data", "runs")]:
        top = [node for node in tree(path).body if _is_import(node)]
        names = {alias.name for node in top if isinstance(node, ast.Import) for alias in node.names}
        names |= {n.module or "" for n in top if isinstance(n, ast.ImportFrom) and not n.level}
        assert {name.partition(".")[0] for name in names} <= allowed, _short(path)


def test_no_name_of_a_labs_package_hides_one_of_its_files() -> None:
    for place in places().values():
        init = place.folder / "__init__.py"
        names = {
            alias.asname or alias.name
            for node in tree(init).body
            if isinstance(node, ast.ImportFrom) and node.module
            for alias in node.names
        }
        assert not names & {path.stem for path in place.folder.glob("*.py")}, init


def dangers(module: ast.AST) -> Iterator[str]:
    """What a file does that could run a stranger's code."""
    for node in ast.walk(module):
        if isinstance(node, ast.Import):
            yield from {alias.name for alias in node.names} & FORBIDDEN
        elif isinstance(node, ast.ImportFrom):
            yield from {str(node.module)} & FORBIDDEN
            yield from {f"{node.module}.{alias.name}" for alias in node.names} & {"torch.load"}
        elif isinstance(node, ast.Call):
            called = ast.unparse(node.func)
            if called in (
                "eval",
                "exec",
                "builtins.eval",
                "builtins.exec",
                "os.system",
                "os.popen",
            ):
                yield called
            if called in ("torch.load", "torch.save", "yaml.load", "yaml.unsafe_load"):
                yield called
            given = {str(k.arg) for k in node.keywords if not _is_false(k.value)}
            yield from given & {"shell", "allow_pickle"}


def _is_false(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is False


def test_nothing_here_can_run_a_strangers_code() -> None:
    scripts = [ROOT / "cutaway", ROOT / "conftest.py", *sorted((ROOT / "tests").glob("*.py"))]
    for path in [*scripts, *sorted(PACKAGE.rglob("*.py"))]:
        assert not list(dangers(tree(path))), path


@pytest.mark.parametrize(
    "code",
    [
        "import pickle",
        "def f():\n from torch import load",
        "import torch\ntorch.load('x')",
        "eval('1')",
        "subprocess.run('ls', shell=True)",
        "numpy.load('x', allow_pickle=flag)",
        "yaml.load(text)",
    ],
)
def test_a_danger_is_seen_wherever_it_stands(code: str) -> None:
    assert list(dangers(ast.parse(code)))
    assert not list(dangers(ast.parse("model.eval()\nrun(shell=False)\nload(x)")))


def loaded(house: House, code: str, limit: float = 9.0) -> tuple[float, set[str]]:
    """The seconds that some code takes in a fresh interpreter, and what it imports.

    On a busy machine the shortest of several counts, so that only slow code is slow.
    """
    watch = (
        "import json, sys, time; start = time.perf_counter()\n"
        f"{code}\n"
        "took = time.perf_counter() - start\n"
        "names = sorted({name.partition('.')[0] for name in sys.modules})\n"
        "print(json.dumps([took, names]), file=sys.stderr)"
    )
    shortest = limit + 1
    for _ in range(9):
        command = [sys.executable, "-c", watch]
        ended = subprocess.run(
            command, env=house.environment(), cwd=house.desk, capture_output=True, check=True
        )
        took, names = json.loads(ended.stderr.splitlines()[-1])
        shortest = min(shortest, took)
        if shortest < limit:
            break
    return shortest, set(names) & SLOW_TO_IMPORT


def test_importing_the_package_is_quick_and_brings_nothing_along(here: House) -> None:
    took, names = loaded(here, "import cutaway", 0.2)
    assert not names
    assert took < 0.2


def test_help_is_quick(here: House) -> None:
    took, names = loaded(here, "from cutaway.cli import main; main(['--help'])", 0.5)
    assert names <= {"rich"}
    assert took < 0.5


@pytest.mark.parametrize(
    ("verb", "allowed"),
    [
        ("['list']", {"rich", "numpy", "scipy"}),
        ("['list', '--json']", {"rich", "numpy", "scipy"}),
        ("['diff', 'bigram.no_shift']", {"rich", "numpy"}),
        ("['info']", {"rich", "torch", "numpy"}),
        ("['run', '--help']", {"rich", "numpy"}),
    ],
)
def test_a_verb_imports_only_what_it_needs(here: House, verb: str, allowed: set[str]) -> None:
    _, names = loaded(here, f"from cutaway.cli import main; main({verb})")
    assert names <= allowed
