"""What keeps a book the same bytes, whether it was built at once or page by page."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

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
