"""Faults are edits of whole lines that stand in exactly one place."""

from __future__ import annotations

import ast
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cutaway.errors import UsageError

from .faults import deletion, difference, edited, located, rewriting
from .words import Fault

FILE = "atoms/x/x.py"
TEXT = '''"""A file."""
import math


def first(x):
    """The first."""
    y = x + 1
    if y: return y
    return 2 * y


class Box:
    @property
    def size(self):
        y = self.a + 1
        return (
            y
        )

    async def first(self, x):
        y = x + 1
        for i in range(3):
            y = y + i
        else:
            y = 0
        return y
'''


def fault(
    old: str, new: str = "# BROKEN: gone", where: str | None = None, name: str = "f"
) -> Fault:
    """A fault of the file."""
    return Fault(name, FILE, old, new, "It is gone", where)


def apply(*faults: Fault, text: str = TEXT) -> str:
    """The file with some faults in it."""
    return edited({FILE: text}, faults)[FILE]


def without(line: int, text: str = TEXT) -> str:
    """The file with a line deleted, which must be Python still."""
    after = apply(deletion(FILE, text, line), text=text)
    ast.parse(after)
    return after


def changed(after: str, before: str = TEXT) -> list[str]:
    """The lines that differ, signed as in a diff."""
    lines = difference({FILE: before}, {FILE: after}).splitlines()
    return [line for line in lines if line[0] in "+-" and line[:3] not in ("+++", "---")]


def test_a_fault_replaces_its_line_and_no_other() -> None:
    assert changed(apply(fault("return 2 * y", "return y"))) == [
        "-    return 2 * y",
        "+    return y",
    ]


def test_text_that_occurs_twice_is_refused_with_fault_file_and_count() -> None:
    with pytest.raises(UsageError, match=rf"'f' occurs 2 times in {FILE}") as caught:
        apply(fault("y = x + 1"))
    assert "where" in caught.value.next_step


def test_text_that_does_not_occur_is_refused_and_says_what_to_look_for() -> None:
    with pytest.raises(UsageError, match=rf"'f' occurs not at all in {FILE}") as caught:
        apply(fault("y = x + 2"))
    assert "y = x + 2" in caught.value.next_step


@pytest.mark.parametrize("part", ["y = x", "= x + 1", "return", "import mat"])
def test_a_part_of_a_line_is_no_line(part: str) -> None:
    with pytest.raises(UsageError, match="not at all"):
        apply(fault(part))


@pytest.mark.parametrize("nothing", ["", "\n\n", "   \n  "])
def test_a_fault_without_lines_is_refused(nothing: str) -> None:
    with pytest.raises(UsageError, match="names no line"):
        apply(fault(nothing))


def test_where_chooses_the_function() -> None:
    assert changed(apply(fault("y = x + 1", "y = x", where="first"))) == [
        "-    y = x + 1",
        "+    y = x",
    ]


def test_where_names_a_method_with_a_dot() -> None:
    after = apply(fault("y = x + 1", "y = x", where="Box.first"))
    assert changed(after) == ["-        y = x + 1", "+        y = x"]


def test_where_does_not_find_what_stands_in_another_function() -> None:
    with pytest.raises(UsageError, match=r"not at all in Box\.size"):
        apply(fault("y = x + 1", where="Box.size"))


@pytest.mark.parametrize("where", ["second", "Box.second", "size", "Box.first.y", "first.Box"])
def test_where_that_names_nothing_is_refused(where: str) -> None:
    with pytest.raises(UsageError, match=f"looks in '{where}'"):
        apply(fault("y = x + 1", where=where))


def test_where_that_names_two_functions_is_refused() -> None:
    twice = "def f():\n    return 1\n\n\ndef f():\n    return 2\n"
    with pytest.raises(UsageError, match="looks in 'f'"):
        apply(fault("return 1", where="f"), text=twice)


def test_a_decorator_belongs_to_the_function_that_where_names() -> None:
    assert changed(apply(fault("@property", where="Box.size"))) == [
        "-    @property",
        "+    # BROKEN: gone",
    ]


def test_indentation_does_not_matter() -> None:
    flat = fault("for i in range(3):\n    y = y + i", "for i in ():\n    y = i")
    deep = fault(
        "\n      for i in range(3):\n          y = y + i\n", "  for i in ():\n      y = i\n"
    )
    assert apply(flat) == apply(deep)
    assert changed(apply(flat)) == [
        "-        for i in range(3):",
        "-            y = y + i",
        "+        for i in ():",
        "+            y = i",
    ]


def test_the_depth_of_one_line_below_another_matters() -> None:
    with pytest.raises(UsageError, match="not at all"):
        apply(fault("for i in range(3):\ny = y + i"))


def test_lines_that_climb_out_of_a_block_keep_their_depths() -> None:
    old, new = "    y = y + i\nelse:\n    y = 0", "    y = i\nelse:\n    y = 1"
    assert changed(apply(fault(old, new))) == [
        "-            y = y + i",
        "+            y = i",
        "-            y = 0",
        "+            y = 1",
    ]


def test_a_line_that_is_replaced_by_nothing_is_gone() -> None:
    assert changed(apply(fault("return 2 * y", ""))) == ["-    return 2 * y"]


def test_a_form_feed_or_a_line_separator_within_a_text_ends_no_line() -> None:
    text = 'a = "\x0c \u2028 \x85"\ndef f():\n    return 1\n'
    assert apply(fault("return 1", "return 2", where="f"), text=text) == text.replace("1\n", "2\n")


def test_the_file_that_a_fault_names_must_be_there() -> None:
    with pytest.raises(UsageError, match=r"'f' names atoms/x/x\.py, which is not here"):
        edited({"other.py": ""}, [fault("a")])


def test_no_fault_is_no_change() -> None:
    texts = {FILE: TEXT, "odd.py": "x = 1 \n\n\n"}
    assert edited(texts, []) == texts


def test_faults_compose_in_any_order() -> None:
    three = [
        fault("y = x + 1", "y = x", "first", "a"),
        fault("if y: return y", "", name="b"),
        fault("return 2 * y", "y = 7\nreturn 3 * y", name="c"),
    ]
    results = {apply(*some) for some in permutations(three)}
    assert len(results) == 1
    assert "    y = x\n    y = 7\n    return 3 * y\n" in results.pop()


def test_faults_on_neighbouring_lines_compose() -> None:
    assert changed(apply(fault("if y: return y", name="a"), fault("return 2 * y", name="b"))) == [
        "-    if y: return y",
        "-    return 2 * y",
        "+    # BROKEN: gone",
        "+    # BROKEN: gone",
    ]


@pytest.mark.parametrize(
    "other", ["y = x + 1", "y = x + 1\nif y: return y", '"""The first."""\ny = x + 1']
)
def test_faults_that_touch_one_line_are_refused_by_name(other: str) -> None:
    one = fault("y = x + 1", where="first", name="one")
    for pair in permutations([one, fault(other, where="first", name="other")]):
        with pytest.raises(
            UsageError, match=r"'(one|other)' and '(one|other)' touch the same line"
        ):
            apply(*pair)


def test_a_fault_within_the_lines_of_another_is_refused_even_with_a_third_between() -> None:
    wide = fault(TEXT, "pass", name="wide")
    with pytest.raises(UsageError, match="'wide' and 'a'"):
        apply(wide, fault("return 2 * y", name="b"), fault("if y: return y", name="a"))


@given(
    st.lists(st.sampled_from(["a = 1", "b = 2", "c = 3", ""]), min_size=1, max_size=8), st.data()
)
def test_a_fault_applies_exactly_where_brute_force_finds_it_once(
    lines: list[str], data: st.DataObject
) -> None:
    first = data.draw(st.integers(0, len(lines) - 1))
    old = lines[first : data.draw(st.integers(first + 1, len(lines)))]
    while old and not old[0]:
        old = old[1:]
    while old and not old[-1]:
        old = old[:-1]
    starts = [at for at in range(len(lines)) if lines[at : at + len(old)] == old]
    text = "\n".join(lines) + "\n"
    if old and len(starts) == 1:
        edit = located(fault("\n".join(old)), text)
        assert (edit.start, edit.end) == (starts[0], starts[0] + len(old))
    else:
        with pytest.raises(UsageError, match="no line" if not old else f"{len(starts)} times"):
            located(fault("\n".join(old)), text)


@pytest.mark.parametrize(
    "before", ["x = 1\n", "\n\nx = 1\n", "x = 1", "def f():\n    return 1\n\n\n"]
)
def test_a_whole_file_can_be_rewritten(before: str) -> None:
    mine = "def f():\n\n    return 2\n"
    after = apply(rewriting("mine", FILE, before, mine, "Mine"), text=before)
    assert after.strip("\n") == mine.strip("\n")


def test_deleting_a_statement_leaves_a_pass_that_says_so() -> None:
    assert changed(without(7)) == ["-    y = x + 1", "+    pass  # BROKEN: line 7 deleted"]


@pytest.mark.parametrize("line", [16, 17, 18])
def test_any_line_of_a_long_statement_deletes_all_of_it(line: int) -> None:
    assert changed(without(line))[:3] == [
        "-        return (",
        "-            y",
        "-        )",
    ]


def test_the_head_of_a_loop_takes_the_loop_with_it() -> None:
    assert [text for text in changed(without(22)) if text[0] == "-"] == [
        "-        for i in range(3):",
        "-            y = y + i",
        "-        else:",
        "-            y = 0",
    ]


def test_a_line_within_a_loop_leaves_the_loop() -> None:
    assert changed(without(23)) == [
        "-            y = y + i",
        "+            pass  # BROKEN: line 23 deleted",
    ]


def test_a_condition_and_what_it_guards_on_one_line_go_together() -> None:
    assert changed(without(8)) == ["-    if y: return y", "+    pass  # BROKEN: line 8 deleted"]


def test_the_last_statement_of_a_function_can_go() -> None:
    assert changed(without(9)) == ["-    return 2 * y", "+    pass  # BROKEN: line 9 deleted"]


def test_a_decorator_goes_alone() -> None:
    assert changed(without(13)) == ["-    @property", "+    # BROKEN: line 13 deleted"]


def test_a_decorated_function_takes_its_decorators_with_it() -> None:
    after = without(14)
    assert "@property" not in after
    assert "def size" not in after
    assert "async def first" in after


@pytest.mark.parametrize("line", [-1, 0, 1, 3, 6, 10, 27, 28, 10**9])
def test_a_docstring_a_blank_and_no_line_hold_no_statement(line: int) -> None:
    with pytest.raises(UsageError, match=f"Line {line} of {FILE} holds no statement"):
        deletion(FILE, TEXT, line)


ODD = {
    "else_on_one_line": "if a: b()\nelse: c()\nd()\n",
    "try_on_one_line": "try: a()\nexcept E: b()\nfinally: c()\n",
    "semicolons": "a = 1; b = [\n    2,\n]; c = 3\nd = 4\n",
    "elif": "if a:\n    b()\nelif c:\n    d()\nelse:\n    e()\n",
    "match": "match a:\n    case 1:\n        b()\n    case _:\n        c()\n",
    "with": "with a as b, (\n    c\n): d()\ne()\n",
    "nested": "class A:\n    def b(self):\n        def c(): return 1\n        return c\n",
    "decorators": "@a\n@b(\n    1,\n)\n# why\nclass C:\n    x: int = 1\n",
    "text": 'a = """\nx\n  y\n"""\nb = 2\n',
    "backslash": "a = 1 + \\\n    2\nassert a, \\\n    b\n",
    "continued": "from a import (\n    b,\n    c,\n)\nif (a and\n        b):\n    pass\n",
}


@pytest.mark.parametrize("name", ODD)
def test_every_line_of_odd_code_can_be_deleted_and_python_is_left(name: str) -> None:
    text = ODD[name]
    for number, line in enumerate(text.splitlines(), 1):
        if not line.startswith("#"):
            after = without(number, text)
            assert after != text
            assert "# BROKEN: line" in after


def test_a_deleted_line_leaves_the_line_numbers_above_it() -> None:
    after = without(23).splitlines()
    assert after[:22] == TEXT.splitlines()[:22]


def test_the_difference_is_a_unified_diff_of_the_files_that_changed() -> None:
    before = {FILE: TEXT, "same.py": "x = 1\n"}
    text = difference(before, edited(before, [fault("return 2 * y")]))
    assert text.startswith(f"--- {FILE}\n+++ {FILE} (broken)\n@@ ")
    assert "same.py" not in text
