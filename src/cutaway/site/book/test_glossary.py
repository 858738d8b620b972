"""The glossary repeats what the labs define, links to it, and defines nothing again."""

from __future__ import annotations

from . import glossary
from .glossary import defined
from .test_fences import HOSTILE, PARSER

PAGE = """# A lab

```{glossary}
:sorted:

query
  What a token asks: `q`, see {term}`the key <key>`
  and [more](elsewhere.md)

key
Schlüssel : k
    What it is found by.
    It has $d$ numbers
```

````md
```{glossary}
no term
  It is shown, not defined
```
````

:::{note}
~~~{glossary}
alpha
  The first
~~~
:::
"""


def words(text: str) -> list[tuple[str, str]]:
    """The terms of a page with what they mean."""
    return [(one.word, one.says) for one in defined("attention", text)]


def test_every_term_is_found_wherever_a_glossary_stands() -> None:
    found = dict(words(PAGE))
    assert list(found) == ["query", "key", "Schlüssel", "alpha"]
    assert found["key"] == found["Schlüssel"] == "What it is found by. It has $d$ numbers"
    assert found["alpha"] == "The first"


def test_a_glossary_that_is_only_shown_defines_nothing() -> None:
    for kind in ("", "md", "{code-block} md", "{code-cell}", "{raw} html", "{literalinclude} x"):
        assert not words(f"````{kind}\n```{{glossary}}\na\n  b\n```\n````\n"), kind
    assert words("````{admonition} A\n```{glossary}\na\n  b\n```\n````\n") == [("a", "b")]


def test_the_page_lists_each_term_once_in_the_order_of_the_alphabet() -> None:
    text = glossary.page({"attention": PAGE, "bigram": "```{glossary}\nBigram\n  Two\n```"})
    heads = [line for line in text.splitlines() if line.startswith("## ")]
    assert heads == ["## A", "## B", "## K", "## Q", "## S"]
    assert [text.count(f"**{{term}}`{word}`**") for word in ("alpha", "Bigram", "key")] == [1, 1, 1]
    assert "Built in [bigram](labs/bigram.md)." in text and "{glossary}" not in text


def test_a_definition_reads_as_on_its_own_page_without_its_links() -> None:
    text = glossary.page({"attention": PAGE})
    assert "What a token asks\\: `q`\\, see the key and more\\. Built in" in text
    assert "numbers\\. Built" in text and "elsewhere" not in text


def test_hostile_definitions_come_out_as_text() -> None:
    for hostile in HOSTILE:
        line = " ".join(hostile.split())
        text = glossary.page({"attention": f"``````{{glossary}}\nword\n  so {line}\n``````"})
        assert "so" in text
        html = PARSER.render(text)
        assert "<script" not in html and 'href="javascript' not in html and "<em>" not in html


def test_a_book_without_terms_says_so() -> None:
    assert "No page defines a term yet" in glossary.page({"attention": "# A lab"})
