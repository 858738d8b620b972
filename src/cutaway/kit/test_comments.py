"""A shape comment that cannot be read, or whose line cannot be checked, is never passed over."""

from __future__ import annotations

import ast
from typing import Any

import pytest

from cutaway.errors import UsageError

from .comments import Promise, distinct, promises


def found(source: str, **sizes: int) -> list[Promise]:
    """The shape comments of a piece of source."""
    return list(promises(source, ast.parse(source), "lesson.py", sizes))


@pytest.mark.parametrize(
    "comment",
    [
        "plain words (A, B)",
        "(see above)",
        "(2x as much, or so)",
        "(all but one), (A, B)",
        "a (A, B)",
        "(that is, rows)",
        "",
    ],
)
def test_words_are_no_shape(comment: str) -> None:
    assert found(f"x = 1  # {comment}\n", A=2, B=3) == []


@pytest.mark.parametrize(
    ("comment", "says", "shape"),
    [
        ("#(A,B)", "(A, B)", (2, 3)),
        ("# (A, B): one row (or none) per token", "(A, B)", (2, 3)),
        ("# ((A + B)//2 - 1, 2*(A-1), 7)", "((A + B) // 2 - 1, 2 * (A - 1), 7)", (1, 2, 7)),
        ("# (A,), (B,)", "(A,)", (2,)),
        ("# () a number", "()", ()),
    ],
)
def test_a_shape_is_read_up_to_its_closing_bracket(
    comment: str, says: str, shape: tuple[int, ...]
) -> None:
    (promise,) = found(f"x = 1  {comment}\n", A=2, B=3)
    assert (promise.where, promise.says, promise.shape) == ("lesson.py:1", says, shape)


def test_a_comment_in_a_string_is_no_comment() -> None:
    assert found("x = '# (A, B)'\n") == []


@pytest.mark.parametrize(
    ("body", "line"),
    [
        ("def f(x):  # (A, B)\n    return x\n", 1),
        ("def f(\n    x,  # (A, B)\n):\n    return x\n", 2),
        ("def f(x):\n    y = [\n        z  # (A, B)\n        for z in x\n    ]\n", 3),
        ("def f(x):\n    y = [\n        z\n        for z in x  # (A, B)\n    ]  # (A,)\n", 4),
        ("def f(x):\n    return lambda: (\n        x  # (A, B)\n    )\n", 3),
        ("def f(x):\n    x.relu_()  # (A, B)\n", 2),
        ("def f(x):\n    x[len(x)] = 1  # (A, B)\n", 2),
        ("def f(x):\n    x: int  # (A, B)\n", 2),
        ("def f(x):\n    return  # (A, B)\n", 2),
        ("def f(x):\n    if x is None:  # (A, B)\n        x = 1\n", 2),
        ("def f(x):\n    for y in x:\n        pass\n    else:  # (A, B)\n        pass\n", 4),
        ("def f(x):\n    yield from x  # (A, B)\n", 2),
        ("# (A, B) is the shape\n", 1),
    ],
)
def test_a_comment_whose_line_has_no_value_is_an_error(body: str, line: int) -> None:
    with pytest.raises(UsageError, match=rf"lesson\.py:{line}: no value can be checked"):
        found(body, A=2, B=3)


@pytest.mark.parametrize(
    ("comment", "says"),
    [
        ("(A, Q)", "no size was given for 'Q'"),
        ("(rows, A)", "no size was given for 'rows'"),
        ("(A, 1.5)", "'1.5' is no size"),
        ("(A, True)", "'True' is no size"),
        ("(A, ...)", "'...' is no size"),
        ("(*A, 2)", r"'\*A' is no size"),
        ("(A, __import__('os'))", r"is no size"),
        ("(A, A ** 9)", r"'A \*\* 9' is no size"),
        ("(A // (A - 2),)", "is no size"),
        ("(A)", "cannot be read as a shape"),
        ("(A-1)", "cannot be read as a shape"),
        ("(7)", "cannot be read as a shape"),
        ("(A B)", "cannot be read as a shape"),
        ("(A, B; C)", "cannot be read as a shape"),
        ("(A, B", "cannot be read as a shape"),
    ],
)
def test_a_comment_that_is_no_shape_of_the_given_sizes_is_an_error(comment: str, says: str) -> None:
    with pytest.raises(UsageError, match=rf"lesson\.py:2: .*{says}"):
        found(f"def f(x):\n    y = x  # {comment}\n", A=2)


@pytest.mark.parametrize(
    ("sizes", "says"),
    [
        ({"T": 3, "S": 3}, "T and S are both 3: exchanged axes would not show"),
        ({"H": 2, "D": 5, "C": "H*D", "V": 10}, "C and V are both 10"),
        ({"V": 10, "H": 2, "D": 5, "C": "H*D"}, "V and C are both 10"),
        ({"T": 0}, "T=0: 0 is no size"),
        ({"T": 2.0}, "'2.0' is no size"),
        ({"T": True}, "'True' is no size"),
        ({"T": "S"}, "no size was given for 'S'"),
        ({"T": "2 3"}, "T='2 3' is no size"),
    ],
)
def test_sizes_that_could_hide_a_mistake_are_refused(sizes: dict[str, Any], says: str) -> None:
    with pytest.raises(UsageError) as caught:
        distinct(sizes)
    assert says in caught.value.what
