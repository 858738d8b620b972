"""What is text stays text, and numbers read as in a book."""

from __future__ import annotations

import html
import json

import pytest

from .markup import Html, embedded, escape, inlined, number, quoted, tag

HOSTILE = "</script><script>alert(1)</script>\"'&\x00\ud800 [x](javascript:alert(1)) <!-- \u2028"


def test_escaped_text_holds_no_markup_and_can_be_written() -> None:
    text = escape(HOSTILE)
    assert not set("<>\x00\ud800") & set(text) and text.encode()


@pytest.mark.parametrize("value", [HOSTILE, "it's", '{"a": "it\'s"}', "\"'", "", "<&"])
def test_an_attribute_ends_where_its_value_does(value: str) -> None:
    found = quoted(value)
    assert found[0] == found[-1] in "\"'" and found[0] not in found[1:-1]
    assert not set("<>\x00\ud800") & set(found)
    assert html.unescape(found[1:-1]) == value.replace("\x00", "\ufffd").replace("\ud800", "\ufffd")


def test_embedded_data_cannot_end_its_script_and_comes_back_unchanged() -> None:
    data = {"a": HOSTILE, HOSTILE: [1, None]}
    text = embedded(data)
    assert not set("<>&\u2028\u2029") & set(text)
    assert json.loads(text) == data


def test_inlined_code_cannot_end_its_script() -> None:
    assert inlined('"</SCRIPT>" < /a/ "<!--"') == '"\\x3c/SCRIPT>" < /a/ "\\x3c!--"'


def test_what_is_html_is_not_escaped_twice_and_what_is_text_is_escaped_once() -> None:
    assert (
        tag("p", tag("b", "<"), "<\"'", None, False, title="'\"'")
        == "<p title=\"'&quot;'\"><b>&lt;</b>&lt;\"'</p>"
    )
    assert isinstance(tag("p"), Html)


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0.0, "0"),
        (-0.51234, "−0.512"),
        (12345.6, "12\u2009300"),
        (1234567, "1\u2009234\u2009567"),
        (-1.5e-10, "−1.5×10⁻¹⁰"),
        (True, "True"),
        (None, "–"),
        ("no_max", "no_max"),
        (float("nan"), "nan"),
    ],
)
def test_numbers_read_as_in_a_book(value: object, shown: str) -> None:
    assert number(value) == shown
