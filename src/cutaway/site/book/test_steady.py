"""What a cell printed is the same, wherever the kernel divided it."""

from __future__ import annotations

from typing import Any

import pytest

v4 = pytest.importorskip("nbformat.v4")
steady = pytest.importorskip("cutaway.site.book.steady")


def printed(text: str, name: str = "stdout") -> Any:
    """One piece of what a cell printed."""
    return v4.new_output("stream", name=name, text=text)


@pytest.mark.parametrize("cut", range(1, len("a  b\n\n  c \n")))
def test_a_cut_leaves_no_trace(cut: int) -> None:
    text = "a  b\n\n  c \n"
    assert steady.joined([printed(text[:cut]), printed(text[cut:])]) == [printed(text)]


def test_what_is_shown_stays_where_it_was() -> None:
    shown, last = v4.new_output("display_data"), v4.new_output("execute_result")
    found = steady.joined([shown, printed("a"), last, printed("b")])
    assert found == [shown, printed("ab"), last]
    assert steady.joined([shown, last]) == [shown, last]
    assert steady.joined([]) == []


def test_errors_stand_after_what_was_printed_whichever_came_first() -> None:
    early = [printed("no", "stderr"), printed("one ")]
    late = [printed("one "), printed("no", "stderr")]
    assert steady.joined(early) == steady.joined(late) == [printed("one "), printed("no", "stderr")]


def test_the_outputs_that_are_joined_are_left_alone() -> None:
    pieces = [printed("a "), printed("b")]
    assert steady.joined(pieces) == steady.joined(pieces) == [printed("a b")]
