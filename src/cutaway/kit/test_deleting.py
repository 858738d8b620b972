"""Every statement of a function is found once, in order, and its deletion takes it away."""

from __future__ import annotations

from pathlib import Path

import pytest

from cutaway.errors import UsageError

from . import deleting
from .deleting import deletions

SOURCE = '''"""A module."""


class Kept:
    """A class."""

    @property
    def size(self):
        return self.one

    @size.setter
    def size(self, one):
        self.one = one


def walk(numbers):
    """A docstring is no statement."""
    total = 0  # a remark
    for one in numbers:
        if one > 2:
            total += one
    return total


def other():
    return 0
'''


@pytest.fixture(autouse=True)
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "it.py").write_text(SOURCE)
    monkeypatch.setattr(deleting, "PACKAGE", tmp_path)


def test_every_statement_of_a_function_is_found_once_and_in_order() -> None:
    found = [(one.function, one.text) for one in deletions("it.py", ["walk"])]
    texts = ["total = 0", "for one in numbers:", "if one > 2:", "total += one", "return total"]
    assert found == [("walk", text) for text in texts]


def test_the_lines_are_those_of_the_file() -> None:
    lines = SOURCE.split("\n")
    for one in deletions("it.py", ["walk", "other"]):
        assert lines[one.line - 1].strip().startswith(one.text)


def test_a_method_is_named_by_its_class_and_both_of_one_name_count() -> None:
    assert [one.text for one in deletions("it.py", ["Kept.size"])] == [
        "return self.one",
        "self.one = one",
    ]


def test_each_fault_takes_its_statement_away() -> None:
    for one in deletions("it.py", ["walk"]):
        assert one.text in one.fault.old
        assert one.text not in one.fault.new.replace(one.fault.says, "")


def test_a_function_that_is_not_there_is_an_error() -> None:
    with pytest.raises(UsageError, match="nowhere"):
        list(deletions("it.py", ["walk", "nowhere"]))
