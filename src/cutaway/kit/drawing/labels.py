"""Labels: a value, a number, a count and a column as a figure writes them."""

from __future__ import annotations

import re

from ..words import Scalar

CONTROL = "clean"


UNPRINTABLE = re.compile(r"[^ -~\xa0-\ud7ff\ue000-\ufdcf\ufdf0-\ufffd\U00010000-\U0001fffd]")


def word(value: Scalar) -> str:
    """A value as a label: the control is clean, and no character is one that XML refuses."""
    return UNPRINTABLE.sub("\ufffd", CONTROL if value is None else str(value))


def number_text(value: float, _: object = None) -> str:
    """A number as an axis shows it: at most four digits, powers of ten when far from one."""
    if value == 0 or 1e-3 <= abs(value) < 1e5:
        return f"{value:.4g}".replace("-", "\u2212")
    digits, power = f"{value:.3e}".split("e")
    digits = digits.rstrip("0").rstrip(".")
    raised = str(int(power)).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))
    return f"{digits}×10{raised}".replace("-", "\u2212").removeprefix("1×")


def tick(value: Scalar) -> str:
    """A value of x as its axis shows it."""
    return number_text(value) if isinstance(value, float) else cut(word(value))


def count_of(number: int, noun: str) -> str:
    """A number of things."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def column_title(column: str) -> str:
    """A column's name as an axis shows it."""
    return cut(word(column).replace("_", " "))


def cut(text: str) -> str:
    """A label of at most 36 characters."""
    return text if len(text) <= 36 else text[:35] + "…"
