"""Formulas are MathML that holds no more than their TeX; what cannot be read is an error."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from types import SimpleNamespace
from xml.etree import ElementTree as Xml

import pytest

from cutaway.errors import UsageError

from .formulas import Formulas, logger

pytest.importorskip("py_mini_racer")
nodes = pytest.importorskip("docutils.nodes")
MATH = "{http://www.w3.org/1998/Math/MathML}"


@pytest.fixture(scope="module")
def formulas() -> Iterator[Formulas]:
    """One engine for all tests."""
    found = Formulas()
    yield found
    found.close()


def parsed(html: str) -> Xml.Element:
    """The formula as a tree; what is not well-formed cannot be one."""
    return Xml.fromstring(html)


def texts(html: str, tag: str) -> list[str]:
    """What the elements of a kind say."""
    return ["".join(one.itertext()) for one in parsed(html).iter(f"{MATH}{tag}")]


def test_a_formula_is_mathml_in_a_line_or_alone(formulas: Formulas) -> None:
    inline, block = (formulas.mathml("x^2", display) for display in (False, True))
    assert texts(inline, "mi") == ["x"] and texts(inline, "mn") == ["2"]
    assert 'display="block"' in block and 'display="block"' not in inline


def test_aligned_lines_are_a_table(formulas: Formulas) -> None:
    found = formulas.mathml(r"\begin{aligned} a &= b \\ c &= d \end{aligned}", True)
    assert len(texts(found, "mtr")) == 2 and texts(found, "mi") == ["a", "b", "c", "d"]


WRONG = {
    r"\frac{1}{": "Unexpected end of input",
    r"\unknown": "Undefined control sequence",
    "a & b": "Expected 'EOF', got '&' at position 3",
    r"\def\a{\a\a}\a": "Too many expansions",
    "é": "Unicode",
    "x % y": "comment",
    r"x \tag{1}": "only in display",
}


@pytest.mark.parametrize("tex", WRONG)
def test_what_katex_cannot_read_is_an_error_that_says_where(formulas: Formulas, tex: str) -> None:
    with pytest.raises(UsageError, match="cannot be read") as error:
        formulas.mathml(tex, False)
    assert WRONG[tex] in error.value.what and repr(tex) in error.value.what
    assert "<anonymous>" not in error.value.what and "\n" not in error.value.what
    assert formulas.mathml("x", False)  # the engine goes on


UNTRUSTED = [
    r"\href{javascript:alert(1)}{x}",
    r"\url{javascript:alert(1)}",
    r"\includegraphics{https://example.org/x.png}",
    r"a + \href{https://example.org}{x}",
    r"\htmlData{a=b}{x}",
    r"\htmlId{a}{x}",
    r"\htmlClass{a}{x}",
    r"\htmlStyle{color:red}{x}",
    r"\def\a#1{\href{javascript:alert(1)}{#1}}\a{x}",
]


@pytest.mark.parametrize("tex", UNTRUSTED)
def test_a_command_that_reaches_out_is_an_error_and_not_red_text(
    formulas: Formulas, tex: str
) -> None:
    with pytest.raises(UsageError, match=r"not trusted|HTML extension is disabled"):
        formulas.mathml(tex, True)


class Elements(HTMLParser):
    """The elements and attributes of some HTML as a browser reads it."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.names: set[str] = set()
        self.attributes: set[str] = set()
        self.feed(text)
        self.close()

    def handle_starttag(self, name: str, attrs: list[tuple[str, str | None]]) -> None:
        """Notes an element."""
        self.names.add(name)
        self.attributes |= {key for key, _ in attrs}


HOSTILE = [
    r"\text{<script>alert(1)</script>}",
    "<img src=x onerror=alert(1)>",
    r"\text{</annotation></semantics></math><script>alert(1)</script>}",
    r"\text{]]> --> \&lt;b\&gt; \&quot; '}",
    r"\texttt{\char`\<script\char`\>}",
]


@pytest.mark.parametrize("tex", HOSTILE)
def test_no_tex_becomes_html(formulas: Formulas, tex: str) -> None:
    found = formulas.mathml(tex, False)
    seen = Elements(found)
    assert not seen.names & {"script", "img", "a", "b"}
    assert not {one for one in seen.attributes if one.startswith("on")} | (
        seen.attributes & {"src", "href"}
    )
    assert texts(found, "annotation") == [tex]


def test_a_colour_in_red_is_no_error_and_what_one_formula_defines_another_does_not_know(
    formulas: Formulas,
) -> None:
    for colour in ("red", "#cc0000", "#bad"):
        assert texts(formulas.mathml(rf"\textcolor{{{colour}}}{{x}}", False), "mi") == ["x"]
    formulas.mathml(r"\gdef\mine{1}\mine", False)
    with pytest.raises(UsageError, match="Undefined"):
        formulas.mathml(r"\mine", False)


@pytest.mark.parametrize("kind", ["math", "math_block"])
def test_a_mistake_is_a_warning_at_its_place_and_leaves_nothing_on_the_page(
    formulas: Formulas, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[tuple[str, object]] = []

    def warned(message: str, *words: object, location: object = None) -> None:
        said.append((message % words, location))

    monkeypatch.setattr(logger, "warning", warned)
    write = formulas.inline if kind == "math" else formulas.block
    writer = SimpleNamespace(body=[])
    for tex in ("x", r"\frac{"):
        node = getattr(nodes, kind)(tex, tex)
        with pytest.raises(nodes.SkipNode):
            write(writer, node)
    assert len(writer.body) == 1 and ('display="block"' in writer.body[0]) == (kind != "math")
    ((message, location),) = said
    assert location is node and r"\\frac{" in message and "cannot be read" in message


def test_a_closed_engine_starts_anew_and_closing_twice_is_nothing() -> None:
    found = Formulas()
    found.close()
    for _ in range(2):
        assert found.mathml("x", False)
        found.close()
        found.close()


ENDS = """
import sys
from cutaway.site.book.formulas import Formulas
formulas = Formulas()
formulas.mathml("x^2", False)
engine = formulas.engine
formulas.close()
print("done", flush=True)
"""


def test_a_process_that_closed_its_engine_ends_by_itself() -> None:
    ended = subprocess.run([sys.executable, "-c", ENDS], capture_output=True, text=True, timeout=60)
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "done\n", "")
