"""Opening a corpus: by its name, or a file or folder of yours wherever a name does."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from cutaway.errors import Unavailable, UsageError

from .catalogue import CATALOGUE
from .corpora import Corpus
from .fetching.ledger import joined
from .recipes import with_text
from .shelf import from_lines, installed, library, shard_folder, text_file
from .sources import Listed, Remote
from .yours.reading import read


def corpus(name: str | Path) -> Corpus:
    """The corpus of a name (`union`, `tinystories:8`), or of a file, a folder or a pattern."""
    known, shards = named(name)
    if known:
        return _listed(known, shards)
    if re.fullmatch(r"[\w:-]+", str(name)) and not Path(name).exists():
        near = difflib.get_close_matches(str(name), CATALOGUE, 1, 0.5)
        step = f"Did you mean {near[0]}?" if near else "`cutaway data list` shows the names."
        what = f"There is no corpus {str(name)!r}, and no file or folder of that name."
        raise UsageError(what, step)
    return Corpus(Path(name).name or str(name), read(name), source=str(name))


def named(name: str | Path) -> tuple[str, int]:
    """The corpus of the catalogue that a name means, or nothing; and how many shards of it."""
    word, _, count = str(name).partition(":")
    if isinstance(name, Path) or word not in CATALOGUE or (count and Path(name).exists()):
        return "", 0
    in_shards = isinstance(CATALOGUE[word].source, Remote)
    if ":" in str(name) and not (in_shards and re.fullmatch("[1-9][0-9]{0,5}", count)):
        raise UsageError(
            f"{str(name)!r} is no corpus.",
            f"Eight shards of it are {word}:8." if in_shards else f"{word} comes as a whole.",
        )
    return word, int(count or 1) if in_shards else 0


@cache
def _listed(name: str, shards: int) -> Corpus:
    """A corpus of the catalogue, from where it is, or an error that says how to get it."""
    listed = CATALOGUE[name]
    title = f"{name}:{shards}" if shards > 1 else name
    found = _found(listed, shards, title)
    if found and found.digest == (listed.digest or found.digest):
        return found
    if text_file(name).is_file():
        return from_lines(listed)
    raise Unavailable(f"The corpus {title} is not here.", f"`cutaway data get {title}` gets it.")


def _found(listed: Listed, shards: int, title: str) -> Corpus | None:
    """The corpus that can be made from what is here, if that is what the recipe expects."""
    files = _files(listed, shards)
    try:
        return made(listed, files, title) if files else None
    except (KeyError, ValueError, SyntaxError):
        return None


def _files(listed: Listed, shards: int) -> dict[str, bytes]:
    """The files that a corpus is made from, if they are here."""
    if isinstance(listed.source, Remote):
        text = joined(listed.source, shard_folder(listed.name), shards)
        return {} if text is None else {"": text}
    paths = library() if listed.source is None else installed(listed.source)
    return {name: path.read_bytes() for name, path in paths.items()}


def made(listed: Listed, files: Mapping[str, bytes], title: str = "") -> Corpus:
    """The corpus that a recipe makes from files."""
    documents = with_text(listed.recipe(files))
    return Corpus(title or listed.name, documents, listed.origin, listed.licence)
