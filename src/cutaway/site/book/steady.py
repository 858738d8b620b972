"""What keeps a book the same bytes, whether it was built at once or page by page."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from nbformat import NotebookNode, v4
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.search import IndexBuilder
from sphinx.util.docutils import new_document


def unstamped(app: Sphinx) -> None:
    """Remove a style that the first build copies last, and whose digest later ones would add."""
    for path in Path(app.outdir, "_static").glob("mystnb.*.css"):
        path.unlink()


def whole_index(app: Sphinx) -> Iterable[tuple[str, dict[str, Any], str]]:
    """No pages; but a search index with the entries of pages that were not written again.

    Sphinx loads all of an earlier index but these.
    """
    builder: Any = app.builder
    index = builder.indexer
    spare = IndexBuilder(app.env, index.lang.lang, {}, "")
    for name in set(index._titles) - set(index._index_entries):
        page = new_document("")
        page += addnodes.index(entries=app.env.domains.index_domain.entries.get(name, []))
        spare.feed(name, "", "", page)
    index._index_entries = dict(sorted({**index._index_entries, **spare._index_entries}.items()))
    return ()


def joined(outputs: list[NotebookNode]) -> list[NotebookNode]:
    """What a cell put out, with all that it printed in one piece, or two if it printed errors.

    A kernel divides what is printed wherever time has it, and myst-nb, whose part this takes, cuts
    off the white space at the end of every piece.
    """
    pieces = [one for one in outputs if one["output_type"] == "stream"]
    others = [one for one in outputs if one["output_type"] != "stream"]
    whole = []
    for name in ("stdout", "stderr"):
        if text := "".join(one["text"] for one in pieces if one["name"] == name):
            whole.append(v4.new_output("stream", name=name, text=text))
    first = outputs.index(pieces[0]) if pieces else 0
    return [*others[:first], *whole, *others[first:]]
