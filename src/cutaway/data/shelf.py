"""What of the catalogue is on this machine: in installed packages, or fetched into the cache."""

from __future__ import annotations

import importlib.util
import json
import re
import sysconfig
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from cutaway.errors import Refused
from cutaway.runs.folders import data_folder

from .corpora import Corpus, Document
from .fetching.ledger import shards_here
from .sources import Listed, Package, Remote

NO_LIBRARY = {"test", "tests", "idle_test", "lib2to3", "site-packages", "dist-packages"}


@dataclass(frozen=True)
class Kept:
    """Where a corpus is, in a word, and how many bytes of it, where that is known."""

    word: str
    size: int = 0

    @property
    def here(self) -> bool:
        """Whether it can be opened now."""
        return self.word != "no"


def kept(listed: Listed) -> Kept:
    """Where a corpus is; nothing is read but names and sizes."""
    if listed.source is None:
        return Kept("in Python", sum(path.stat().st_size for path in library().values()))
    if isinstance(listed.source, Remote):
        sizes = shards_here(shard_folder(listed.name))
        word = "1 shard" if len(sizes) == 1 else f"{len(sizes)} shards" if sizes else "no"
        return Kept(word, sum(sizes))
    if installed(listed.source):
        return Kept("installed", listed.size)
    return Kept("fetched" if text_file(listed.name).is_file() else "no", listed.size)


def installed(package: Package) -> dict[str, Path]:
    """The wanted files of a package that is installed in this very version; it is not imported."""
    top = package.wanted.partition("/")[0]
    spec = importlib.util.find_spec(top) if package.registry == "PyPI" else None
    if spec is None or not spec.submodule_search_locations or not _same_version(package):
        return {}
    folder = Path(next(iter(spec.submodule_search_locations)))
    names = {path.relative_to(folder.parent).as_posix(): path for path in folder.rglob("*.*")}
    return {name: names[name] for name in sorted(names) if re.fullmatch(package.wanted, name)}


def _same_version(package: Package) -> bool:
    """Whether a package says of itself that it is this version."""
    try:
        return version(package.name) == package.version
    except PackageNotFoundError:
        return False


def library() -> dict[str, Path]:
    """The programs of Python's standard library, without tests and without what was added to it."""
    folder = Path(sysconfig.get_paths()["stdlib"])
    names = {path.relative_to(folder): path for path in folder.rglob("*.py")}
    return {
        name.as_posix(): names[name] for name in sorted(names) if not NO_LIBRARY & set(name.parts)
    }


def text_file(name: str) -> Path:
    """Where the texts of a fetched corpus are kept."""
    return data_folder("corpora") / f"{name}.jsonl"


def shard_folder(name: str) -> Path:
    """Where the shards of a large corpus are kept."""
    return data_folder("corpora") / name


def to_lines(corpus: Corpus) -> str:
    """The documents of a corpus, a line each."""
    lines = (json.dumps([one.name, one.text]) for one in corpus.documents)
    return "".join(f"{line}\n" for line in lines)


def from_lines(listed: Listed) -> Corpus:
    """A fetched corpus, if its texts are still what they were."""
    path = text_file(listed.name)
    try:
        with open(path, encoding="utf-8") as lines:
            documents = tuple(Document(*json.loads(line)) for line in lines)
        found = Corpus(listed.name, documents, listed.origin, listed.licence)
        if found.digest == listed.digest:
            return found
    except (ValueError, TypeError, AttributeError, RecursionError):
        pass
    step = f"`cutaway data get {listed.name}` gets it anew."
    raise Refused(f"{path} was changed or cut short.", step)
