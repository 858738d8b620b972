"""HTML as values: what is not yet HTML is text, and is escaped on its way in."""

from __future__ import annotations

import html
import math
import re
from collections.abc import Iterable
from typing import Any

from cutaway.runs.sealing import canonical

VOID = ("meta", "br", "wbr", "input")
# Characters that HTML refuses: controls, lone surrogates, and what is no character at all.
ODD = re.compile(r"[^\t\n -~\xa0-\ud7ff\ue000-\ufdcf\ufdf0-\ufffd\U00010000-\U0001fffd]")
RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


class Html(str):
    """A piece of finished HTML; any other string is text."""

    __slots__ = ()


def escape(text: object) -> Html:
    """Text as HTML that shows it, whatever it holds; for a place between elements."""
    return Html(html.escape(ODD.sub("\ufffd", str(text)), quote=False))


def quoted(value: object) -> Html:
    """The value of an attribute in the quotes that take less space, as JSON does in single ones."""
    text = escape(value)
    if text.count('"') > text.count("'"):
        return Html("'" + text.replace("'", "&#39;") + "'")
    return Html('"' + text.replace('"', "&quot;") + '"')


def joined(*pieces: object) -> Html:
    """Pieces of HTML and text, one after the other; None and False are nothing."""
    kept = (piece for piece in pieces if piece is not None and piece is not False)
    return Html("".join(piece if isinstance(piece, Html) else escape(piece) for piece in kept))


def listed(pieces: Iterable[object], between: str = ", ") -> Html:
    """Pieces with something between each two."""
    return joined(*[one for piece in pieces for one in (between, piece)][1:])


def tag(element: str, /, *inside: object, **attributes: object) -> Html:
    """An element; `class_` is written for class and `data_x` for data-x."""
    words = ""
    for key, value in attributes.items():
        if value is not None and value is not False:
            word = key.strip("_").replace("_", "-")
            words += f" {word}" if value is True else f" {word}={quoted(value)}"
    end = "" if element in VOID else f"{joined(*inside)}</{element}>"
    return Html(f"<{element}{words}>{end}")


def embedded(data: Any) -> Html:
    """Data as JSON that can stand in a script element: nothing in it can end the element."""
    text = canonical(data)
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return Html(text)


def inlined(code: str) -> Html:
    """JavaScript as it can stand in a script element."""
    return Html(re.sub(r"<(?=/script|!--)", r"\\x3c", code, flags=re.IGNORECASE))


def number(value: object) -> str:
    """A number as one reads it: three digits, a true minus, powers of ten when far from one."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return "–" if value is None else str(value)
    if isinstance(value, int) or value == 0 or 1e-3 <= abs(value) < 1e5:
        shown = f"{value:,}" if isinstance(value, int) else f"{float(f'{value:.3g}'):,.12g}"
        return shown.replace(",", "\u2009").replace("-", "\u2212")
    digits, power = f"{value:.1e}".split("e")
    return f"{digits}×10{str(int(power)).translate(RAISED)}".replace("-", "\u2212")


def signed(value: float) -> str:
    """A difference, with its sign."""
    return f"+{number(value)}" if value > 0 else number(value)
