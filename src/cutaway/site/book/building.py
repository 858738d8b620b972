"""Building the book: its sources are written, Sphinx makes pages of them, they are published."""

from __future__ import annotations

import hashlib
import io
import json
import os
import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from cutaway.errors import CheckFailed, Unavailable
from cutaway.kit.labs import PACKAGE
from cutaway.runs.folders import cache_folder

from .assets import assets
from .mistakes import mistakes
from .pages import pages
from .publishing import publish, synchronise
from .settings import settings
from .shelf import Volume, shelf
from .takeaways import takeaways

NEEDED = {
    "sphinx": "Sphinx",
    "myst_nb": "MyST-NB",
    "furo": "Furo",
    "py_mini_racer": "mini-racer",
    "sphinxcontrib.katex": "KaTeX (sphinxcontrib-katex)",
    "matplotlib": "matplotlib",
}
QUIET = {
    "OMP_NUM_THREADS": "1",  # cells run as labs are measured
    "PYTHONHASHSEED": "0",
    "JUPYTER_PLATFORM_DIRS": "1",
    "PYDEVD_DISABLE_FILE_VALIDATION": "1",
}
START = """import os, sys
log = os.open(sys.argv.pop(1), os.O_WRONLY | os.O_CREAT | os.O_APPEND)
os.dup2(log, 2)
from ipykernel.kernelapp import launch_new_instance
launch_new_instance()
"""
Told = Callable[[str], None]


@dataclass(frozen=True)
class Built:
    """A book that was built: where, of how many pages, and what of it is out of date."""

    out: Path
    pages: int
    stale: Sequence[str] = ()


def build(out: Path, stale: bool = False, told: Told = lambda _: None) -> Built:
    """Build the book into a folder, anew only where something changed."""
    _check_packages()
    told("reading what is recorded")
    volumes = shelf(stale)
    if wrong := [said for one in volumes for said in one.wrong()]:
        more = f" And {len(wrong) - 1} more." if len(wrong) > 1 else ""
        next_step = "cutaway run LAB --record, or build with --stale to see it marked"
        raise CheckFailed(f"The book would show what is out of date. {wrong[0]}.{more}", next_step)
    told("writing pages")
    home = cache_folder() / "book" / _digest(PACKAGE / "site", PACKAGE / "kit")[:16]
    found, loaded = pages(volumes), assets(volumes)
    with _alone(home, [*found, *loaded]):
        synchronise({path: text.encode() for path, text in found.items()}, home / "source")
        synchronise(loaded, home / "assets")
        log = home / "kernel.log"
        log.unlink(missing_ok=True)
        synchronise({"kernels/python3/kernel.json": _kernel(log)}, home / "jupyter")
        told("running cells, making pages")
        _sphinx(home, volumes)
        told("drawing what can be taken away")
        publish(home / "html", takeaways(volumes), out)
    old = [f"{one.lab.name}: {said}" for one in volumes for said in one.results.stale]
    return Built(out, len(found), old)


@contextmanager
def _alone(home: Path, names: Sequence[str]) -> Iterator[None]:
    """A folder for one build at a time, with nothing in it of one that failed or had other files.

    Sphinx warns of a page once, and leaves what it made of pages that are gone.
    """
    from filelock import FileLock

    home.mkdir(parents=True, exist_ok=True)
    done, wanted = home / "done", "\n".join(sorted(names))
    with FileLock(home / ".lock"):
        if not done.is_file() or done.read_text(encoding="utf-8") != wanted:
            for name in ("html", "trees"):
                shutil.rmtree(home / name, ignore_errors=True)
        done.unlink(missing_ok=True)
        yield
        done.write_text(wanted, encoding="utf-8")


def _check_packages() -> None:
    """An error that says which of the book's packages is missing, and what works without."""
    from importlib.util import find_spec

    missing = []
    for module, name in NEEDED.items():
        try:
            missing += [] if find_spec(module) else [name]
        except ModuleNotFoundError:
            missing.append(name)
    if missing:
        said = f"The book is made with {', '.join(missing)}, not installed here."
        raise Unavailable(f"{said} Everything else works without.", "pip install 'cutaway[book]'")


def _sphinx(home: Path, volumes: Sequence[Volume]) -> None:
    """Make the pages; whatever Sphinx warns of is an error that names page and line."""
    from sphinx.application import Sphinx
    from sphinx.util.docutils import docutils_namespace, patch_docutils

    from .extension import Shelf

    Shelf.volumes = {one.lab.name: one for one in volumes}
    source, html = home / "source", home / "html"
    warnings = io.StringIO()
    here = {"JUPYTER_PATH": str(home / "jupyter")}
    with (
        _environment(QUIET | here),
        patch_docutils(None),
        docutils_namespace(),
        closing(Shelf.formulas),
    ):
        app = Sphinx(
            srcdir=source,
            confdir=None,
            outdir=html,
            doctreedir=home / "trees",
            buildername="html",
            confoverrides=settings(home, home.parent / "cells" / _digest(PACKAGE)[:16]),
            status=None,
            warning=warnings,
        )
        app.build()
    if said := mistakes(warnings.getvalue(), source, html):
        raise CheckFailed("The book has mistakes:\n" + "\n".join(said), "Mend them, build again")


def _kernel(log: Path) -> bytes:
    """What starts a page's cells: this very Python, its own complaints in a file.

    A cell's errors reach its page. What is left are the words of a kernel that is interrupted, or
    ends: at times one of its libraries finds its sockets closed.
    """
    start = [sys.executable, "-c", START, str(log), "-f", "{connection_file}"]
    spec = {"argv": start, "display_name": "Python 3", "language": "python"}
    return json.dumps(spec).encode()


def _digest(*folders: Path) -> str:
    """The digest of all Python beneath some folders."""
    files = (path for folder in folders for path in sorted(folder.rglob("*.py")))
    return hashlib.sha256(b"".join(path.read_bytes() for path in files)).hexdigest()


@contextmanager
def _environment(changed: dict[str, str]) -> Iterator[None]:
    """Some environment variables, for what is started meanwhile."""
    before = {name: os.environ.get(name) for name in changed}
    os.environ.update(changed)
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name) if value is None else os.environ.update({name: value})
