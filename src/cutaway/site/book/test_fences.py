"""What is data comes out of a page as the text that it was."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from mdit_py_plugins.dollarmath import dollarmath_plugin
from mdit_py_plugins.myst_blocks import myst_block_plugin
from mdit_py_plugins.myst_role import myst_role_plugin

from cutaway.site.markup import ODD, tag

from .fences import fence, fenced, plain, prose, raw

PARSER = MarkdownIt("gfm-like", {"linkify": False}).use(myst_role_plugin)
PARSER = PARSER.use(myst_block_plugin).use(dollarmath_plugin)
HOSTILE = (
    "<script>alert(1)</script>",
    "[x](javascript:alert(1))",
    "![x](y) <https://a.b> &lt; \\",
    "{raw}`<b>` {term}`x`",
    "```` ``` ` ~~~",
    "# not a title",
    "1. - + * no list",
    "$x^2$ ^a ~b~ **c** _d_",
    "| a | b |\n|---|---|",
    "(label)=",
    "% no comment",
    "+++ no break",
    ":::{note}",
    "---",
)


def shown(text: str) -> str:
    """What a reader sees of a page that holds nothing but text, or an error."""
    tokens = [token for token in PARSER.parse(text) if token.type == "inline"]
    children = [child for token in tokens for child in token.children or ()]
    kinds = {token.type for token in PARSER.parse(text)} | {child.type for child in children}
    assert kinds <= {"paragraph_open", "paragraph_close", "inline", "text", "text_special"}, kinds
    return "".join(child.content for child in children)


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_is_shown_as_it_is(text: str) -> None:
    assert shown(plain(text)) == " ".join(text.split())
    assert shown(prose(text.replace("`", "'"))) == " ".join(text.replace("`", "'").split())


@given(st.text(alphabet=st.characters(codec="utf-8"), min_size=1))
def test_any_text_is_shown_as_it_is(text: str) -> None:
    assert shown(plain(text)) == " ".join(" ".join(text.split()).split(" ")) or ODD.search(text)


def test_prose_keeps_code_and_indented_lines_and_nothing_else() -> None:
    text = prose("One `a_b` and\n`{x}` <b>.\n\n    kept  as\n      it `is`\n\n*Last*")
    tokens = PARSER.parse(text)
    code = [one.content for token in tokens for one in token.children or () if "code" in one.type]
    assert code == ["a_b", "{x}"]
    assert [token.content for token in tokens if token.type == "fence"] == ["kept  as\n  it `is`\n"]
    assert "<b>" not in PARSER.render(text) and "<em>" not in PARSER.render(text)


@pytest.mark.parametrize(
    "inside", ["", "x", "```", "a\n`````\n```\nb", ":option: x", "---\na: b\n---"]
)
def test_nothing_inside_a_fence_ends_it(inside: str) -> None:
    (token,) = PARSER.parse(fenced("{raw} html", inside))
    assert token.type == "fence" and token.content == f"{inside}\n"
    assert fence(inside) not in inside


def test_raw_html_cannot_be_read_as_options_of_its_block() -> None:
    (token,) = PARSER.parse(raw(tag("p", ":option: ```")))
    assert token.info == "{raw} html" and token.content.startswith("\n<p>")
