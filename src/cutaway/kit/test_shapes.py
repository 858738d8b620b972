"""A shape comment that is false, never reached or not checkable cannot pass."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import torch

from cutaway.errors import UsageError

from .shapes import true_shapes
from .watch import watch

HEAD = "import contextlib\nimport torch\nfrom torch import zeros\n\n"
Write = Callable[[str], ModuleType]


def loaded(path: Path) -> ModuleType:
    """The module that a file holds, not registered anywhere."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def lesson(tmp_path: Path) -> Write:
    """Writes a file of source and imports it."""

    def write(body: str) -> ModuleType:
        path = tmp_path / f"lesson{len(list(tmp_path.iterdir()))}.py"
        path.write_text(HEAD + body)
        return loaded(path)

    return write


ATTEND = """
def attend(q, k, v):  # q, k and v are alike
    '''Values mixed by how alike queries and keys are.  # (X, Y)'''
    scores = q @ k.transpose(-1, -2)   # (B, H, T, S)
    scores = scores / q.shape[-1] ** 0.5
    weights = scores.softmax(-1)       #(B,H,T,S) one row per token (or patch)
    mixed = torch.einsum(
        "bhts,bhsd->bhtd",
        weights, v,
    )                                  # (B, H, T, D)
    heads = mixed.transpose(1, 2)      # ( B, T, H, D )
    return heads.flatten(2)            # (B, T, H*D)
"""


def run(module: ModuleType, function: str = "attend") -> None:
    """Call the lesson's function with sizes B=2, H=3, T=5, S=7, D=4."""
    q, k = torch.zeros(2, 3, 5, 4), torch.zeros(2, 3, 7, 4)
    getattr(module, function)(q, k, k)


def test_a_lesson_whose_comments_are_true_passes_by_module_and_by_path(lesson: Write) -> None:
    module = lesson(ATTEND)
    sizes = {"B": 2, "H": 3, "T": 5, "S": 7, "D": 4}
    with true_shapes(module, **sizes):
        run(module)
    assert module.__file__
    with true_shapes(Path(module.__file__), module.__file__, **sizes):
        run(module)


@pytest.mark.parametrize(
    ("true", "false", "real"),
    [
        ("# (B, H, T, S)", "# (B, H, S, T)", "(2, 3, 7, 5), but is (2, 3, 5, 7)"),
        ("#(B,H,T,S) one", "#(B,H,T,D) one", "(2, 3, 5, 4), but is (2, 3, 5, 7)"),
        (")                                  # (B, H, T, D)", ")  # (B, H, T, D, 1)", "4, 1), but"),
        ("# ( B, T, H, D )", "#  (B, H, T, D)", "(2, 3, 5, 4), but is (2, 5, 3, 4)"),
        ("# (B, T, H*D)", "# (B, T, H+D)", "(2, 5, 7), but is (2, 5, 12)"),
        ("weights, v,", "weights, v,  # (B, T)", "(2, 5), but is (2, 3, 5, 4)"),
    ],
)
def test_a_false_comment_is_named_with_its_line_and_both_shapes(
    lesson: Write, true: str, false: str, real: str
) -> None:
    body = ATTEND.replace(true, false)
    assert body != ATTEND
    module = lesson(body)
    line = next(i for i, text in enumerate((HEAD + body).splitlines(), 1) if false in text)
    with pytest.raises(AssertionError) as caught, true_shapes(module, B=2, H=3, T=5, S=7, D=4):
        run(module)
    assert real in str(caught.value) and len(str(caught.value).splitlines()) == 1
    assert f"{Path(str(module.__file__)).name}:{line}: " in str(caught.value)


STATEMENTS = {
    "name": "x = zeros(2, 3)  # (A, B)",
    "last line": "x = zeros(\n        2,\n        3,\n    )  # (A, B)",
    "first line": "x = zeros(  # (A, B)\n        2, 3)",
    "line alone inside": "x = zeros(\n        # (A, B)\n        2, 3)",
    "rebound over lines": "x = zeros(6)\n    x = x.view(  # (A, B)\n        2,\n        3)",
    "chained": "x = y = box.x = zeros(2, 3)  # (A, B)",
    "unpacked": "x, (y, *z) = zeros(2, 3), zeros(4, 2, 3)  # (A, B)",
    "one of two on a line": "y = 1; x = zeros(2, 3)  # (A, B)",
    "augmented": "x = zeros(3)\n    x = x + zeros(2, 1); x *= 2  # (A, B)",
    "augmented attribute": "box.x = zeros(2, 3)\n    box.x += 1  # (A, B)",
    "annotated": "x: torch.Tensor = zeros(2, 3)  # (A, B)",
    "attribute": "box.inner = box; box.inner.x = zeros(2, 3)  # (A, B)",
    "item": "box.d = {}; i = 1; box.d['a', i + 1] = zeros(2, 3)  # (A, B)",
    "slice": "x = zeros(9, 2, 4)\n    t = 2\n    x[-1, :, t - 2 : 3] = zeros(2, 3)  # (A, B)",
    "global": "global G\n    G = zeros(2, 3)  # (A, B)",
    "captured": "x = zeros(2, 3)  # (A, B)\n    (lambda: x)()",
    "loop": "for x in zeros(5, 2, 3):  # (A, B)\n        x = x[0]",
    "loop on one line": "for i in range(3): x = zeros(2, 3)  # (A, B)",
    "with": "with contextlib.nullcontext(zeros(2, 3)) as x:  # (A, B)\n        x = 0",
    "tuple value": "x = zeros(2, 6).split(3, 1)  # (A, B)",
    "conditional": "x = zeros(2, 3) if box else 0  # (A, B)",
    "class body": "class C:\n        x = zeros(2, 3)  # (A, B)",
    "awkward column": "é = '≤'; x = zeros(2, 3)  # (A, B)",
    "return": "return zeros(2, 3)  # (A, B)",
    "return over lines": "return (  # (A, B)\n        zeros(2, 3)\n    )",
    "return of a pair": "return zeros(2, 3), zeros(2, 3)  # (A, B)",
    "return in with": "with torch.no_grad():\n        return zeros(2, 3)  # (A, B)",
    "return in finally": (
        "try:\n        return zeros(2, 3)  # (A, B)\n    finally:\n        box.n = [box]"
    ),
    "return overruled": (
        "try:\n        return zeros(9)\n    finally:\n        return zeros(2, 3)  # (A, B)"
    ),
    "return with a comprehension": "return sum(x for x in [zeros(2, 3)])  # (A, B)",
    "return of a mapped lambda": "return list(map(lambda x: x[0], zeros(2, 1, 2, 3)))  # (A, B)",
    "yield": "yield 0\n    yield zeros(2, 3)  # (A, B)\n    yield 1",
}


def use(module: ModuleType) -> None:
    """Call the lesson's `f` with a box, and exhaust it if it is a generator."""
    box = type("Box", (), {"n": 1})
    given = module.f(box)
    if hasattr(given, "send"):
        list(given)


@pytest.mark.parametrize("kind", STATEMENTS)
def test_every_kind_of_statement_is_checked(lesson: Write, kind: str) -> None:
    module = lesson(f"def f(box):\n    {STATEMENTS[kind]}\n")
    with true_shapes(module, A=2, B=3):
        use(module)
        use(module)
    false = pytest.raises(AssertionError, match=r"\(A, B\) should be \(5, 3\), but is \(2, 3\)$")
    with false, true_shapes(module, A=5, B=3):
        use(module)
    unreached = pytest.raises(AssertionError, match=r":\d+: \(A, B\) was never checked")
    with unreached, true_shapes(module, A=2, B=3):
        pass


def test_every_target_of_a_tuple_and_every_item_of_a_tuple_is_checked(lesson: Write) -> None:
    module = lesson(
        "def f(box):\n    x, box.y = zeros(2), zeros(3)  # (A,)\n    return x, zeros(5)  # (A,)\n"
    )
    with pytest.raises(AssertionError) as caught, true_shapes(module, A=2):
        use(module)
    assert [text.split(": ")[1] for text in str(caught.value).splitlines()] == [
        "(A,) should be (2,), but is (3,)",
        "(A,) should be (2,), but is (5,)",
    ]


def test_one_wrong_turn_among_many_is_caught(lesson: Write) -> None:
    module = lesson("def f(n):\n    for i in range(n):\n        x = zeros(2 + (i == 2))  # (A,)\n")
    with true_shapes(module, A=2):
        module.f(2), module.f(1)
    false = pytest.raises(AssertionError, match=r":7: \(A,\) should be \(2,\), but is \(3,\)$")
    with false, true_shapes(module, A=2):
        module.f(1), module.f(5), module.f(1)


def test_a_return_that_raised_is_not_taken_for_the_end_of_its_function(lesson: Write) -> None:
    module = lesson(
        "def f(n):\n"
        "    try:\n        return zeros(1, 2)[n]  # (A,)\n"
        "    except IndexError:\n        pass\n"
    )
    with true_shapes(module, A=2):
        assert module.f(0) is not None and module.f(9) is None


def test_a_generator_that_is_closed_yields_nothing_more(lesson: Write) -> None:
    module = lesson("def f():\n    while True:\n        yield zeros(2)  # (A,)\n")
    with true_shapes(module, A=2):
        numbers = module.f()
        next(numbers), numbers.close()
        again = module.f()
        next(again)
        with suppress(KeyError):
            again.throw(KeyError)


def test_a_name_that_takes_what_is_sent_is_not_what_is_yielded(lesson: Write) -> None:
    module = lesson("def f():\n    x = yield torch.zeros(9)  # (A,)\n    yield x\n")
    with true_shapes(module, A=2):
        numbers = module.f()
        next(numbers), numbers.send(torch.zeros(2))


def test_an_item_whose_assignment_failed_was_not_checked(lesson: Write) -> None:
    module = lesson(
        "def f():\n    x = zeros(2, 3)\n    try:\n        x[0] = zeros(9)  # (B,)\n"
        "    except RuntimeError:\n        pass\n"
    )
    with pytest.raises(AssertionError, match="never checked"), true_shapes(module, B=3):
        module.f()


def test_scalars_numpy_words_and_expressions_of_sizes(lesson: Write) -> None:
    module = lesson(
        "def f(x):\n"
        "    y = x.sum()  # () a number\n"
        "    y = x[0]     # (T,), the first\n"
        "    y = x[:, 1:] # (3, T-1)\n"
        "    y = x[:, : x.shape[1] // 2]  # (2*A+1, (T + 1)//2 - 1)\n"
        "    y = 0        # (see above)\n"
        "    y = 1        # (2x as much, or so)\n"
    )
    with true_shapes(module, A=1, T=5):
        module.f(np.zeros((3, 5))), module.f(torch.zeros(3, 5))


def test_a_value_without_a_shape_is_named_by_its_type(lesson: Write) -> None:
    module = lesson("def f():\n    x = 1.0  # ()\n    y = []  # (A,)\n    return x  # (A,)\n")
    with pytest.raises(AssertionError) as caught, true_shapes(module, A=2):
        module.f()
    assert [line.split("of type ")[1] for line in str(caught.value).splitlines()] == [
        "float, without a shape",
        "list, without a shape",
        "float, without a shape",
    ]


def test_an_attribute_that_cannot_be_read_is_a_failure_and_not_a_crash(lesson: Write) -> None:
    module = lesson(
        "class Odd:\n    @property\n    def x(self):\n        raise OSError('no')\n"
        "    @x.setter\n    def x(self, value):\n        pass\n"
        "def f():\n    Odd.y = o = Odd()\n    o.x = zeros(2)  # (A,)\n"
    )
    failed = pytest.raises(AssertionError, match=r"but is not to be had: OSError\('no'\)")
    with failed, true_shapes(module, A=2):
        module.f()


def test_equal_sizes_may_be_declared_by_an_expression(lesson: Write) -> None:
    module = lesson("def f(x):\n    y = x  # (T, S, U, C)\n")
    with true_shapes(module, T=3, S="T", U="T", C="2*T"):
        module.f(zeros := torch.zeros(3, 3, 3, 6))
    assert zeros.shape == (3, 3, 3, 6)


def test_a_file_without_a_shape_comment_or_without_source_is_an_error(
    lesson: Write, tmp_path: Path
) -> None:
    with pytest.raises(UsageError, match="has no shape comment"), true_shapes(lesson("x = 1\n")):
        pass
    with pytest.raises(UsageError, match="cannot be read"), true_shapes(tmp_path / "none.py"):
        pass
    for without in (sys, ModuleType("made")):
        with pytest.raises(UsageError, match="has no source file"), true_shapes(without):
            pass
    with pytest.raises(UsageError, match="No file"), true_shapes(A=2):
        pass


def test_a_copy_of_the_file_elsewhere_is_another_file_and_a_link_to_it_is_not(
    lesson: Write, tmp_path: Path
) -> None:
    first = lesson("def f(x):\n    y = x  # (A,)\n")
    second = lesson("def f(x):\n    y = x  # (A,)\n")
    assert first.f.__code__ == second.f.__code__
    unreached = pytest.raises(AssertionError, match=r"lesson0\.py:6: .* never checked")
    with unreached, true_shapes(first, A=2):
        second.f(torch.zeros(3))
    link = tmp_path / "link.py"
    link.symlink_to(str(second.__file__))
    with true_shapes(link, A=2):
        second.f(torch.zeros(2)), first.f(torch.zeros(3))
    with true_shapes(second, A=2):
        loaded(link).f(torch.zeros(2))


def test_an_exception_of_the_block_wins(lesson: Write) -> None:
    module = lesson("def f(x):\n    y = x  # (A,)\n")
    before = sys.gettrace()
    with pytest.raises(KeyError, match="mine"), true_shapes(module, A=2):
        module.f(torch.zeros(3))
        raise KeyError("mine")
    assert sys.gettrace() is before


def test_it_nests_with_itself_and_with_a_watch(lesson: Write) -> None:
    module = lesson("def f(x):\n    y = x * 2  # (A,)\n    return y\n")
    with true_shapes(module, A=2), watch(module.f, "y") as seen, true_shapes(module, A=2):
        module.f(torch.ones(2))
    assert [value.tolist() for value in seen["y"]] == [[2.0, 2.0]]
    false = pytest.raises(AssertionError, match=r"should be \(3,\)")
    with false, true_shapes(module, A=3), true_shapes(module, A=2):
        module.f(torch.ones(2))


def test_only_frames_of_the_file_are_traced(lesson: Write) -> None:
    module = lesson("def f(x):\n    y = x()  # (A,)\n    return y\n")
    local: list[Any] = []

    def elsewhere() -> torch.Tensor:
        local.append(sys._getframe().f_trace)
        return torch.zeros(2)

    before = sys.gettrace()
    with true_shapes(module, A=2):
        module.f(elsewhere)
    assert local == [before]
