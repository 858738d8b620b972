"""Worlds: copies of the package that are broken where they should be and nowhere else."""

from __future__ import annotations

import json
import os
import time
from contextlib import ExitStack
from pathlib import Path

import pytest

from cutaway.errors import Unavailable

from .conftest import Checkout, Scratch, answer
from .copies import prune, put

UPPER = '''
"""Numbers that are doubled twice, by what a lower lab offers."""

from ...atoms.tiny import tiny
from ...atoms.tiny.tiny import double as twice


def fourfold(number):
    """Four times a number."""
    number = twice(number)
    number = tiny.double(number)
    return number
'''


@pytest.fixture(scope="module")
def two(checkout: Checkout) -> Scratch:
    """A checkout in which one lab is built on another, in another wing."""
    scratch = checkout()
    (scratch.package / "architecture").mkdir(exist_ok=True)
    scratch.lab(
        "upper",
        'from cutaway.kit.words import Lab\nlab = Lab("upper", 2, "Two steps.", lambda world: {})',
        {"upper.py": UPPER},
        wing="architecture",
    )
    for wing in ("atoms", "architecture"):
        (scratch.package / wing / "__init__.py").touch()
    return scratch


def test_a_fault_breaks_its_lab_and_every_lab_built_on_it(two: Scratch) -> None:
    found = two.json("""
        import json
        from cutaway.kit.worlds import CLEAN, broken
        with broken("tiny.same") as world:
            values = [w.upper.fourfold(3) for w in (world, CLEAN)]
            values += [w.tiny.double(3) for w in (world, CLEAN)]
            packages = [world.upper.__name__.split(".")[0] == world.package, world.package]
        print(json.dumps([values, packages]))
    """)
    values, (inside, package) = found
    assert values == [3, 12, 3, 6]
    assert inside
    assert package.startswith("cutaway_")


def test_faults_of_several_labs_compose_in_one_world(two: Scratch) -> None:
    assert two.json("""
        import json
        from cutaway.kit.worlds import broken
        from cutaway.kit.words import Fault
        mine = Fault("mine", "upper.py", "number = tiny.double(number)", "", "One step")
        with broken("no_clip", mine) as world:
            print(json.dumps([world.upper.fourfold(3), world.tiny.clip(5, 3)]))
    """) == [6, 5]


def test_the_control_is_the_package_file_by_file(two: Scratch) -> None:
    package = two.json("""
        import json
        from cutaway.kit.worlds import broken
        with broken() as world:
            assert world.upper.fourfold(3) == 12
            print(json.dumps(world.package))
    """)
    copy = two.worlds / package
    files = {path.relative_to(copy) for path in copy.rglob("*.py")} - {Path("__init__.py")}
    assert Path("atoms/tiny/test_tiny.py") in files
    assert Path("atoms/tiny/lab.py") not in files
    assert all((copy / file).read_bytes() == (two.package / file).read_bytes() for file in files)


def test_what_runs_is_what_is_shown(two: Scratch) -> None:
    source, trace = two.json("""
        import inspect, json, traceback
        from cutaway.kit.worlds import broken
        with broken("tiny.same") as world:
            try:
                world.tiny.double([].pop)
                world.tiny.clip(None, 3)
            except TypeError:
                trace = traceback.format_exc()
            print(json.dumps([inspect.getsource(world.tiny.double), trace]))
    """)
    assert "result = number  # BROKEN: once" in source
    assert "number = min(number, most)" in trace


def test_a_world_is_unloaded_when_its_block_ends(two: Scratch) -> None:
    assert two.json("""
        import json, sys
        from cutaway.kit.worlds import broken
        for fail in (False, True):
            try:
                with broken("tiny.same") as world:
                    world.upper.fourfold(1)
                    inside = [name for name in sys.modules if name.startswith(world.package)]
                    if fail:
                        raise KeyError
            except KeyError:
                pass
            assert len(inside) > 4, inside
            assert not [name for name in sys.modules if name.startswith("cutaway_")]
        print(json.dumps("cutaway.kit.worlds" in sys.modules))
    """)


def test_the_same_world_inside_itself_stays_loaded(two: Scratch) -> None:
    assert two.json("""
        import json, sys
        from cutaway.kit.worlds import broken
        with broken("tiny.same") as outer:
            tiny = outer.tiny
            with broken("tiny.same") as inner:
                assert inner.tiny is tiny
            kept = outer.tiny is tiny
        left = [name for name in sys.modules if name.startswith("cutaway_")]
        print(json.dumps([kept, left]))
    """) == [True, []]


def test_worlds_stand_side_by_side(two: Scratch) -> None:
    assert two.json("""
        import json
        from cutaway.kit.worlds import CLEAN, broken
        with broken("tiny.same") as one, broken("tiny.no_clip") as other:
            names = {one.package, other.package, CLEAN.package}
            doubles = [world.tiny.double(3) for world in (one, other, CLEAN)]
            clips = [world.tiny.clip(9, 3) for world in (one, other, CLEAN)]
        print(json.dumps([len(names), doubles, clips]))
    """) == [3, [3, 6, 6], [3, 9, 3]]


def test_weights_travel_between_worlds(checkout: Checkout) -> None:
    scratch = checkout()
    model = """
        import torch

        class Model(torch.nn.Linear):
            def forward(self, x):
                x = x + 1
                return super().forward(x)
    """
    lab = 'from cutaway.kit.words import Lab\nlab = Lab("model", 2, "One model.", lambda w: {})'
    scratch.lab("model", lab, {"model.py": model})
    found = scratch.json("""
        import json, torch
        from cutaway.kit.words import Fault
        from cutaway.kit.worlds import CLEAN, broken
        with broken(Fault("f", "model.py", "x = x + 1", "x = x + 2", "More")) as world:
            clean, other = CLEAN.model.Model(2, 2), world.model.Model(2, 2)
            assert type(clean) is not type(other) and not isinstance(other, type(clean))
            other.load_state_dict(clean.state_dict())
            x = torch.ones(1, 2)
            print(json.dumps([torch.equal(other(x), clean(y)) for y in (x, x + 1)]))
    """)
    assert found == [False, True]


MISTAKES = {
    "syntax": ("result = number + number", "result = (number"),
    "name at import": ("from __future__ import annotations", "nothing_of_the_sort"),
    "division at import": ("from __future__ import annotations", "1 / 0"),
    "exit at import": ("from __future__ import annotations", "raise SystemExit(3)"),
    "null byte": ("result = number + number", "result = '\0'"),
    "future too late": ("result = number + number", "from __future__ import annotations"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_copy_that_cannot_be_imported_names_its_fault(two: Scratch, name: str) -> None:
    said = two.json(
        """
        import json, sys
        from cutaway.errors import UsageError
        from cutaway.kit.words import Fault
        from cutaway.kit.worlds import broken
        old, new = json.loads(sys.argv[1])
        try:
            with broken("no_clip", Fault("mistake", "tiny.py", old, new, "Wrong")) as world:
                world.tiny.double(2)
        except UsageError as error:
            print(json.dumps(str(error)))
        """,
        json.dumps(MISTAKES[name]),
    )
    assert "no_clip, mistake" in said
    assert "cannot be imported" in said


@pytest.mark.parametrize("file", ["test_tiny.py", "atoms/tiny/__init__.py"])
def test_a_fault_may_not_edit_what_judges_it(two: Scratch, file: str) -> None:
    with pytest.raises(AssertionError, match=r"names .* no one component"):
        two.json(f"""
            from cutaway.kit.words import Fault
            from cutaway.kit.worlds import build
            build([Fault("sly", "{file}", "a", "b", "A judge")])
        """)


def test_unknown_labs_and_faults_are_errors_that_offer_the_nearest(two: Scratch) -> None:
    said = two.json("""
        import json
        from cutaway.errors import UsageError
        from cutaway.kit.worlds import CLEAN, broken
        said = []
        for wrong in ("tiny.sane", "tinny.same", "no_clipp"):
            try:
                with broken(wrong):
                    pass
            except UsageError as error:
                said.append(error.next_step)
        try:
            CLEAN.uper
        except AttributeError as error:
            said.append(str(error))
        print(json.dumps(said))
    """)
    assert ["same" in said[0], "tiny" in said[1], "no_clip" in said[2], "upper" in said[3]] == [
        True
    ] * 4


DAMAGES = {
    "one letter": lambda file: file.write_text(file.read_text().replace("once", "ones")),
    "cut short": lambda file: file.write_text(file.read_text()[:40]),
    "no text": lambda file: file.write_bytes(b"\xff\xfe\x00"),
    "a file gone": lambda file: file.unlink(),
    "another file gone": lambda file: (file.parent / "__init__.py").unlink(),
    "the root gone": lambda file: (file.parents[2] / "__init__.py").unlink(),
    "code in the root": lambda file: (file.parents[2] / "__init__.py").write_text("1 / 0"),
}


@pytest.fixture(scope="module")
def plain(checkout: Checkout) -> Scratch:
    """A checkout with the tiny lab in it."""
    return checkout()


@pytest.mark.parametrize("name", DAMAGES)
def test_a_damaged_copy_is_made_anew(plain: Scratch, name: str) -> None:
    build = """
        import json
        from cutaway.kit.worlds import broken
        with broken("same") as world:
            print(json.dumps([world.package, world.tiny.double(3)]))
    """
    package, value = plain.json(build)
    assert value == 3
    DAMAGES[name](plain.worlds / package / "atoms" / "tiny" / "tiny.py")
    assert plain.json(build) == [package, 3]
    left = [path.name for path in plain.worlds.iterdir() if path.name not in (package, ".lock")]
    assert left == []


def test_many_processes_may_make_and_mend_one_copy_at_once(checkout: Checkout) -> None:
    scratch = checkout()
    code = """
        import json, sys, time
        from pathlib import Path
        from cutaway.kit.worlds import build
        time.sleep(max(0.0, float(sys.argv[2]) - time.time()))
        right = []
        for round in range(40):
            world = build([])
            try:
                right.append(world.tiny.double(round) == 2 * round)
            except (ImportError, OSError):
                pass  # another process did its damage just now
            world.forget()
            if round % 3 == 0:
                for path in Path(sys.argv[1]).glob("cutaway_*/atoms/tiny/tiny.py"):
                    path.unlink(missing_ok=True)
        print(json.dumps([all(right), len(right) > 0]))
    """
    args = scratch.worlds, time.time() + 1.5
    with ExitStack() as stack:
        quiet = {
            "PYTHONDONTWRITEBYTECODE": "1"
        }  # a late .pyc would outlive a folder on its way out
        several = [stack.enter_context(scratch.start(code, *args, **quiet)) for _ in range(3)]
        assert [answer(process) for process in several] == [[True, True]] * 3
    left = {path.name.partition("_")[0] for path in scratch.worlds.iterdir()}
    assert left <= {"cutaway", ".lock"}


def test_a_folder_that_cannot_be_written_is_a_clear_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(Path, "mkdir", refuse)
    with pytest.raises(Unavailable, match="read-only"):
        put(tmp_path / "copy", {"a.py": "a = 1\n"})


def test_a_whole_copy_on_a_read_only_disk_is_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(tmp_path / "copy", {"a/b.py": "a = 1\n"})

    def refuse(*_: object, **__: object) -> None:
        raise OSError(30, "Read-only file system")

    for owner, name in ((os, "utime"), (os, "rename"), (os, "mkdir"), (Path, "write_text")):
        monkeypatch.setattr(owner, name, refuse)
    put(tmp_path / "copy", {"a/b.py": "a = 1\n"})


def test_copies_unused_for_long_are_pruned_and_others_kept(tmp_path: Path) -> None:
    for name in ("cutaway_old", "cutaway_new", "notes"):
        put(tmp_path / name, {"a.py": "a = 1\n"})
    os.utime(tmp_path / "cutaway_old", (1, 1))
    os.utime(tmp_path / "notes", (1, 1))
    prune(tmp_path, time.time() - 60)
    assert {path.name for path in tmp_path.iterdir()} == {"cutaway_new", "notes"}


def test_using_a_copy_keeps_it(tmp_path: Path) -> None:
    put(tmp_path / "one", {"a.py": "a = 1\n"})
    os.utime(tmp_path / "one", (1, 1))
    put(tmp_path / "one", {"a.py": "a = 1\n"})
    prune(tmp_path, time.time() - 60)
    assert (tmp_path / "one").is_dir()
