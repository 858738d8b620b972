"""The watch sees every binding, of the right function, and says so when it saw none."""

from __future__ import annotations

import functools
import importlib.util
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import torch

from cutaway.errors import UsageError

from .watch import watch


def halve(x: float, times: int = 2) -> float:
    for _ in range(times):
        x = x / 2
    return x


def naming(x: Any) -> Any:
    y = x
    y = y
    y, y = 1, 2
    if y:
        z = y
    return z


def loaded(path: Path, name: str) -> ModuleType:
    """The module that a file holds, not registered anywhere."""
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_a_parameter_is_bound_by_the_call_and_then_at_every_turn_of_a_loop() -> None:
    with watch(halve, "x", "times") as seen:
        halve(8.0)
        halve(1.0, times=1)
    assert seen == {"x": [8.0, 4.0, 2.0, 1.0, 0.5], "times": [2, 1]}


def test_the_same_object_bound_again_counts_and_so_do_two_bindings_on_a_line() -> None:
    with watch(naming, "y") as seen:
        naming(None)
    assert seen["y"] == [None, None, 1, 2]


def test_the_binding_on_the_last_line_before_the_return_is_seen() -> None:
    with watch(naming, "z") as seen:
        naming(0)
    assert seen["z"] == [2]


def test_a_loop_over_one_object_binds_it_at_every_turn() -> None:
    def repeat() -> None:
        for item in [None, None, None]:
            assert item is None

    with watch(repeat, "item") as seen:
        repeat()
    assert seen["item"] == [None, None, None]


def test_the_values_are_the_objects_themselves_so_that_later_changes_in_place_show() -> None:
    def fill() -> torch.Tensor:
        scores = torch.zeros(2)
        scores += 1
        return scores

    with watch(fill, "scores") as seen:
        out = fill()
    assert [id(value) for value in seen["scores"]] == [id(out), id(out)]
    assert seen["scores"][0].sum() == 2


def test_a_with_an_import_an_except_and_a_walrus_are_bindings() -> None:
    @contextmanager
    def opened() -> Iterator[str]:
        yield "opened"

    def every() -> None:
        with opened() as a:
            pass
        import math as b

        try:
            raise KeyError
        except KeyError as c:
            assert c
        if (d := 4) and b:
            [e := n for n in (5, 6)]
        assert a and d and e

    with watch(every, "a", "b", "c", "d", "e") as seen:
        every()
    assert seen["a"] == ["opened"] and seen["b"][0].pi and seen["d"] == [4]
    assert [type(error) for error in seen["c"]] == [KeyError, type(None)]
    assert seen["e"] == [5, 6]


def test_a_name_that_an_inner_function_rebinds_is_seen_and_its_own_name_alike_is_not() -> None:
    def outer(total: int) -> int:
        def add() -> None:
            nonlocal total
            total += 1

        def other() -> None:
            total = 100
            assert total

        add()
        other()
        return total

    with watch(outer, "total") as seen:
        outer(1)
    assert seen["total"] == [1, 2]


def test_a_recursive_function_shows_the_bindings_of_all_its_calls_in_order() -> None:
    def down(n: int) -> int:
        below = down(n - 1) if n else 0
        total = below + n
        return total

    with watch(down, "n", "total") as seen:
        down(3)
    assert seen == {"n": [3, 2, 1, 0], "total": [0, 1, 3, 6]}


def test_a_generator_is_watched_between_its_yields_and_binds_its_parameter_once() -> None:
    def count(n: int) -> Iterator[int]:
        i = n
        while True:
            yield i
            i = i + 1

    numbers = count(5)
    with watch(count, "n", "i") as seen:
        assert [next(numbers), next(numbers)] == [5, 6]
    next(numbers)
    assert seen == {"n": [5], "i": [5, 6]}
    with watch(count, "i") as seen:
        next(numbers)
        numbers.close()  # type: ignore[attr-defined]
    assert seen["i"] == [8]


class Doubler:
    """Something with methods."""

    def __init__(self, by: int) -> None:
        self.by = by

    def double(self, x: int) -> int:
        y = x * self.by
        return y

    def inside(self, x: int) -> int:
        by = self.by
        every = [last := n * by for n in (x, x + 1)]
        return last + len(every)

    @staticmethod
    def plain(x: int) -> int:
        y = x + 1
        return y

    @classmethod
    def made(cls, by: int) -> Doubler:
        new = cls(by)
        return new


def test_a_method_of_the_class_shows_every_object_and_of_an_object_only_that_one() -> None:
    two, three = Doubler(2), Doubler(3)
    with watch(Doubler.double, "y") as every, watch(three.double, "y") as one:
        two.double(1), three.double(1)
    assert (every["y"], one["y"]) == ([2, 3], [3])
    with watch(three.inside, "last") as one:
        two.inside(1), three.inside(1)
    assert one["last"] == [3, 6]
    with pytest.raises(UsageError, match=r"never ran on that Doubler"), watch(two.double, "y"):
        three.double(1)


def test_static_and_class_methods_are_watched() -> None:
    with watch(Doubler.plain, "y") as a, watch(Doubler.made, "new") as b:
        Doubler.plain(1), Doubler.made(2)
    assert a["y"] == [2] and b["new"][0].by == 2


def test_the_function_under_a_decorator_is_watched() -> None:
    @torch.no_grad()
    @functools.lru_cache
    def decorated(x: int) -> int:
        y = x + 1
        return y

    with watch(decorated, "y") as seen:
        decorated(1)
    assert seen["y"] == [2]


def test_an_equal_function_of_another_world_is_not_taken_for_it(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / f"{name}.py").write_text("def f(x):\n    y = x\n    return y\n")
    a, b = (loaded(tmp_path / f"{name}.py", name) for name in ("a", "b"))
    assert a.f.__code__ == b.f.__code__
    with watch(a.f, "y") as seen:
        a.f(1), b.f(2)
    assert seen["y"] == [1]


def test_an_attribute_or_a_raising_line_binds_nothing() -> None:
    def fails() -> int:
        x = 1
        with suppress(ZeroDivisionError):
            x = 1 // 0
        return x

    with watch(fails, "x") as seen:
        fails()
    assert seen["x"] == [1]


def test_an_exception_of_the_block_wins_over_the_complaint_that_nothing_was_seen() -> None:
    with pytest.raises(KeyError, match="mine"), watch(halve, "x"):
        raise KeyError("mine")


def test_a_compiled_function_that_ran_other_code_is_an_error() -> None:
    @functools.wraps(halve)
    def compiled(x: float, times: int = 2) -> float:
        return float(x / 2.0**times)

    with pytest.raises(UsageError) as caught, watch(compiled, "x"):
        compiled(1.0)
    assert "never ran" in caught.value.what and "uncompiled" in caught.value.next_step


@pytest.mark.slow
def test_a_function_compiled_by_torch_is_an_error() -> None:
    def double(x: torch.Tensor) -> torch.Tensor:
        y = x + x
        return y

    compiled = torch.compile(double, backend="eager")
    with pytest.raises(UsageError, match="double` never ran"), watch(compiled, "y"):
        compiled(torch.ones(2))


def test_a_name_that_no_run_bound_is_an_error_that_offers_its_neighbours() -> None:
    def branch(flag: bool) -> None:
        if flag:
            scores = 1
            score = scores
            del score

    with pytest.raises(UsageError, match="never bound 'scores'") as caught, watch(branch, "scores"):
        branch(False)
    assert caught.value.next_step == "Did you mean score?"


def test_a_name_the_function_does_not_have_fails_before_anything_runs() -> None:
    ran = False
    unknown = pytest.raises(UsageError, match=r"`halve` has no local name 'time'")
    with unknown as caught, watch(halve, "x", "time"):
        ran = True
    assert caught.value.next_step == "Did you mean times?" and not ran
    with pytest.raises(UsageError, match="no local name ''") as caught, watch(halve):
        pass
    assert caught.value.next_step == "Its local names are: x, times, _."


@pytest.mark.parametrize("thing", [len, torch.relu, functools.partial(halve, 1.0), Doubler(2)])
def test_what_has_no_python_code_is_refused(thing: Any) -> None:
    with pytest.raises(UsageError, match="cannot be watched"), watch(thing, "x"):
        pass
