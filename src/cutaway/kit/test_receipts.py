"""Receipts: a fault changed something and a test names it; what proves nothing is refused."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import pytest

from cutaway.errors import CheckFailed, UsageError

from . import receipts
from .conftest import Checkout, Scratch
from .executor import Job, Outcome
from .receipts import Matrix, Receipt, caught, prove
from .words import Fault, Lab


def matrix(fails: Mapping[str, Iterable[str]], tests: str = "abcdef", blunt: str = "") -> Matrix:
    """The matrix of some faults, each with the tests that it fails."""
    made = {name: Receipt(name, {}, dict.fromkeys(failed, "")) for name, failed in fails.items()}
    return Matrix(list(tests), list(blunt), made)


def test_the_killer_is_the_test_that_fails_for_the_fewest_faults() -> None:
    found = matrix({"x": "abc", "y": "ab", "z": "a", **dict.fromkeys("uvwpqr", "")})
    assert [found.killer(fault) for fault in "xyz"] == ["c", "b", "a"]


def test_of_two_equally_sharp_tests_the_first_is_named() -> None:
    assert matrix({"x": "cb"}, tests="bc").killer("x") == "b"


@pytest.mark.parametrize(("kills", "faults", "sharp"), [(1, 1, True), (1, 2, True), (2, 2, False)])
def test_with_few_faults_a_test_of_one_fault_is_sharp(kills: int, faults: int, sharp: bool) -> None:
    fails = {str(number): "a" if number < kills else "" for number in range(faults)}
    assert (matrix(fails).killer("0") == "a") == sharp


@pytest.mark.parametrize("faults", range(3, 13))
def test_a_test_that_kills_more_than_a_third_of_the_faults_names_none(faults: int) -> None:
    for kills in range(1, faults + 1):
        fails = {str(number): "a" if number < kills else "" for number in range(faults)}
        named = matrix(fails).killer("0") == "a"
        assert named == (3 * kills <= faults)


def test_oracles_and_golden_values_are_no_killers() -> None:
    assert matrix({"x": "ab", "y": "", "z": ""}, blunt="a").killer("x") == "b"
    assert matrix({"x": "a", "y": "", "z": ""}, blunt="a").killer("x") is None


def test_a_crash_kills_where_no_test_names_the_fault() -> None:
    fails = {"x": ["crash: took longer than 60 s"], "y": ["crash: it fell", "a"], "z": [], "w": []}
    found = matrix(fails)
    assert [found.killer(fault) for fault in "xyz"] == ["crash: took longer than 60 s", "a", None]


class Stage:
    """An executor that answers as it is told, for faults by name."""

    def __init__(self, **told: Any) -> None:
        self.told = told
        self.jobs: list[Job] = []

    def __call__(
        self, jobs: Iterable[Job], *, stop: Callable[[], bool] = lambda: False
    ) -> Iterator[Outcome]:
        """Outcomes: what was told for a fault's observation or tests, or that all is well."""
        well = {"observe": {}, "test": {"tests": {"t": None, "s": None}, "blunt": []}}
        for job in jobs:
            self.jobs.append(job)
            name = job["fault"].rpartition(".")[2]
            value = self.told.get(f"{name}_{job['do']}", well[job["do"]])
            error = str(value) if isinstance(value, Exception) else None
            yield Outcome(job, None if error else value, error, 0.0)


FAULTS = tuple(Fault(name, "a.py", "x", "y", "It breaks") for name in ("one", "two"))
LAB = Lab("stage", 1, "A stage.", lambda world: {}, FAULTS)


@pytest.fixture(autouse=True)
def applied(monkeypatch: pytest.MonkeyPatch) -> list[list[Fault]]:
    """The copies that were made, none of them really."""
    made: list[list[Fault]] = []
    monkeypatch.setattr(receipts, "build", made.append)
    return made


def failing(**tests: str | None) -> dict[str, Any]:
    """What a run of the tests says."""
    return {"tests": {"t": None, "s": None, **tests}, "blunt": []}


def test_a_receipt_says_what_changed_and_which_test_failed() -> None:
    stage = Stage(one_observe={"loss": 0.5}, one_test=failing(t="assert 1 == 2"))
    found = prove(LAB, executor=stage).receipts
    assert found["one"] == Receipt("one", {"loss": 0.5}, {"t": "assert 1 == 2"}, "t")
    assert found["two"] == Receipt("two", {}, {}, None)


@pytest.mark.parametrize(
    "control",
    [
        {"control_observe": {"loss": 1e-9}},
        {"control_observe": ValueError("observing failed")},
        {"control_test": failing(t="assert 1 == 2")},
        {"control_test": ValueError("the interpreter was killed by SIGSEGV")},
        {"control_test": {"tests": {}, "blunt": []}},
        {"control_test": {"tests": {"crash: collection": "no module"}, "blunt": []}},
    ],
)
def test_a_control_that_is_not_the_package_voids_every_receipt(control: dict[str, Any]) -> None:
    stage = Stage(one_observe={"loss": 0.5}, one_test=failing(t="red"), **control)
    with pytest.raises(CheckFailed):
        prove(LAB, executor=stage)


def test_the_control_is_a_copy_with_an_empty_edit_and_comes_first(applied: list[Any]) -> None:
    stage = Stage()
    prove(LAB, executor=stage)
    assert [job["fault"] for job in stage.jobs[:2]] == ["control", "control"]
    assert stage.jobs[0]["faults"] == []
    assert [fault["name"] for fault in stage.jobs[2]["faults"]] == ["one"]
    assert applied == [[], [FAULTS[0]], [FAULTS[1]]]


def test_a_hang_and_a_crash_are_kills() -> None:
    found = prove(LAB, executor=Stage(one_test=ValueError("took longer than 60 s"))).receipts["one"]
    assert found.killer == "crash: took longer than 60 s"
    observed = prove(LAB, executor=Stage(one_observe=ValueError("took longer than 20 s")))
    assert observed.receipts["one"].changed == {"everything": "took longer than 20 s"}


def test_each_fault_is_announced_once_as_it_is_done() -> None:
    done: list[str] = []
    prove(LAB, executor=Stage(), done=done.append)
    assert done == ["control", "one", "two"]


@pytest.mark.parametrize(
    ("killer", "ended", "is_caught"),
    [
        ("t", failing(t="red"), True),
        ("t", failing(), False),
        ("t", failing(s="red"), False),
        ("t", {"tests": {}, "blunt": []}, False),
        ("t", {"tests": {"crash: collection": "no module"}, "blunt": []}, False),
        ("t", ValueError("took longer than 60 s"), False),
        ("crash: took longer than 60 s", ValueError("took longer than 60 s"), True),
        ("crash: took longer than 60 s", failing(t="red"), False),
        ("crash: collection", {"tests": {"crash: collection": "no"}, "blunt": []}, True),
    ],
)
def test_only_the_named_killer_counts(killer: str, ended: Any, is_caught: bool) -> None:
    stage = Stage(one_test=ended)
    assert caught([(LAB, FAULTS[0], killer)], stage) == {f"{LAB.name}.one": is_caught}
    assert stage.jobs[0]["tests"] == ([killer] if killer == "t" else [])


def test_the_content_of_a_matrix_is_plain_data() -> None:
    content = prove(LAB, executor=Stage(one_test=failing(t="red"))).content()
    assert json.loads(json.dumps(content)) == content
    assert content["faults"]["one"] == {"changed": {}, "failed": ["t"], "killer": "t"}


MORE_TESTS = """
import pytest

from .tiny import clip, double


@pytest.mark.oracle
def test_double_is_what_python_says():
    assert double(4) == 4 * 2


@pytest.mark.parametrize("number", [1, 2])
def test_clip_never_exceeds(number):
    assert clip(number, 1) <= 1


def test_that_is_skipped():
    pytest.skip("not today")
"""

PROVE = """
    import json, sys
    from cutaway.errors import CutawayError
    from cutaway.kit.labs import load
    from cutaway.kit.receipts import caught, prove
    from cutaway.kit.words import Fault
    lab = load("tiny")
    extra = [
        Fault("hang", "tiny.py", "number = min(number, most)", "while True: pass", "It hangs"),
        Fault("kill", "tiny.py", "result = number + number", "import os; os._exit(7)", "It ends"),
        Fault("nothing", "tiny.py", "return result", "return result  # BROKEN: not", "Not broken"),
        Fault("at_import", "tiny.py", "from __future__ import annotations", "1 / 0", "Not there"),
        Fault("missing", "tiny.py", "def double(number):", "def single(number):", "Renamed"),
    ]
    from cutaway.kit import receipts
    real = receipts.job
    def job(do, **details):
        return real(do, **{**details, "limit": 2 if details["fault"].endswith("hang") else 60})
    receipts.job = job
    matrix = prove(lab, [*lab.faults, *extra])
    named = [(lab, fault, matrix.receipts[fault.name].killer) for fault in lab.faults]
    print(json.dumps([matrix.content(), matrix.blunt, caught(named)]))
"""


@pytest.mark.parametrize("ended", [{"s": None}, {"s": None, "t[other]": "red"}])
def test_a_test_that_did_not_run_has_not_passed(ended: dict[str, Any]) -> None:
    matrix = prove(LAB, FAULTS, Stage(one_test={"tests": ended, "blunt": []}))
    assert matrix.receipts["one"].failed["t"] == "did not run"
    assert matrix.receipts["one"].killer == "t"


def test_a_test_that_only_the_broken_copy_has_names_nothing() -> None:
    said = {"tests": {"s": None, "t": None, "t[other]": "red"}, "blunt": []}
    receipt = prove(LAB, FAULTS, Stage(one_test=said)).receipts["one"]
    assert receipt.failed == {"t[other]": "red"} and receipt.killer is None


def test_a_lab_that_cannot_be_observed_is_told_so() -> None:
    stage = Stage(control_observe={"everything": "ImportError: a circle"})
    with pytest.raises(CheckFailed, match="cannot be observed, broken or not: ImportError"):
        prove(LAB, FAULTS, stage)


@pytest.fixture(scope="module")
def house(checkout: Checkout) -> Scratch:
    """A checkout whose tiny lab has two files of tests."""
    scratch = checkout().without_torch()
    (scratch.package / "atoms" / "tiny" / "test_more.py").write_text(MORE_TESTS)
    return scratch


@pytest.fixture(scope="module")
def proven(house: Scratch) -> Any:
    """The matrix of the tiny lab, proven by real processes under a hostile configuration."""
    (house.root / "pytest.ini").write_text("[pytest]\naddopts = -k nothing --no-such-option\n")
    (house.root / "conftest.py").write_text("raise ImportError('not for you')\n")
    return house.json(PROVE, PYTEST_ADDOPTS="-x -k clip", CUTAWAY_PROCESSES="3")


def test_real_faults_are_killed_by_the_test_that_names_them(proven: Any) -> None:
    faults = proven[0]["faults"]
    assert faults["same"]["killer"] == "test_double_is_twice_as_much"
    assert "test_double_is_what_python_says" in faults["same"]["failed"]
    assert faults["same"]["changed"] == {"double": 3.0}
    assert faults["no_clip"]["killer"] == "test_clip_never_exceeds[2]"
    assert "test_nothing_lies_above_the_most" in faults["no_clip"]["failed"]
    assert proven[2] == {"tiny.same": True, "tiny.no_clip": True}


def test_tests_of_every_file_run_and_the_skipped_one_is_no_test(proven: Any) -> None:
    assert set(proven[0]["tests"]) == {
        "test_double_is_twice_as_much",
        "test_nothing_lies_above_the_most",
        "test_what_is_small_stays",
        "test_double_is_what_python_says",
        "test_clip_never_exceeds[1]",
        "test_clip_never_exceeds[2]",
    }
    assert proven[1] == ["test_double_is_what_python_says"]


def test_a_fault_that_does_nothing_has_no_receipt(proven: Any) -> None:
    assert proven[0]["faults"]["nothing"] == {"changed": {}, "failed": [], "killer": None}


def test_a_copy_that_hangs_or_kills_its_interpreter_is_bounded_and_named(proven: Any) -> None:
    faults = proven[0]["faults"]
    assert faults["hang"]["killer"] == "crash: took longer than 2 s"
    assert faults["kill"]["killer"] == "crash: the interpreter ended with exit code 7"
    assert "ended with exit code 7" in faults["kill"]["changed"]["everything"]


def test_a_copy_that_cannot_be_imported_names_its_fault(proven: Any) -> None:
    killer = proven[0]["faults"]["at_import"]["killer"]
    assert "The broken copy (at_import) cannot be imported: ZeroDivisionError" in killer
    assert proven[0]["faults"]["missing"]["killer"] == "crash: collection"


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("no such line", "x", "occurs not at all"),
        ("return number", "return (", "cannot be imported: SyntaxError"),
    ],
)
def test_a_fault_that_does_not_apply_has_no_receipt_but_an_error(
    house: Scratch, old: str, new: str, said: str
) -> None:
    found = house.json(
        """
        import json, sys
        from cutaway.errors import UsageError
        from cutaway.kit.labs import load
        from cutaway.kit.receipts import caught, prove
        from cutaway.kit.words import Fault
        said = []
        fault = Fault("wrong", "tiny.py", *sys.argv[1:], "It is wrong")
        lab = load("tiny")
        for act in (lambda: prove(lab, [fault]), lambda: caught([(lab, fault, "t")])):
            try:
                act()
            except UsageError as error:
                said.append(str(error))
        print(json.dumps(said))
        """,
        old,
        new,
    )
    assert len(found) == 2
    assert all("wrong" in one and said in one for one in found)


def test_faults_named_twice_or_as_the_control_are_refused() -> None:
    for name in ("one", "control"):
        with pytest.raises(UsageError, match=name):
            prove(LAB, [*FAULTS, Fault(name, "a.py", "x", "z", "Again")], executor=Stage())
