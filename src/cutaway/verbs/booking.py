"""`book`: every lab's page with its results as a site, and that site while it is written."""

from __future__ import annotations

import asyncio
import signal
import sys
import time
import zipfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Annotated, Any, Never

from cyclopts import Parameter

from cutaway.errors import UsageError
from cutaway.runs.folders import runs_folder

from .show import Json
from .talk import duration, say, show_json, stages

PORTS = range(2**16)
Out = Annotated[Path | None, Parameter(help="The folder for the book, instead of ./runs/book.")]
Zip = Annotated[Path | None, Parameter(name="--zip", help="Pack it into this file too.")]
Serve = Annotated[
    bool, Parameter(help="Show it on 127.0.0.1 and build it again at every change.", negative="")
]
Port = Annotated[
    int | None, Parameter(help="The port to serve on, instead of the first free from 8000.")
]
Stale = Annotated[
    bool, Parameter(help="Show results that are out of date too, marked.", negative="")
]


def book(
    *,
    out: Out = None,
    to_zip: Zip = None,
    serve: Serve = False,
    port: Port = None,
    stale: Stale = False,
    json: Json = False,
) -> int:
    """Build the book: the labs' pages with their results, as a site that needs no server.

    It fails on a result that is missing or out of date, and names the page. Only what changed is
    made again. `--serve` is for writing: there, what is out of date is shown and marked.

    ```
    cutaway book
    cutaway book --zip book.zip
    cutaway book --serve
    ```
    """
    if serve and (to_zip or json):
        raise UsageError("--serve goes with --out and --port only.", "Build first, then serve.")
    if port is not None and (not serve or port not in PORTS):
        said = f"{port} is no port." if serve else "--port goes with --serve."
        raise UsageError(said, "`cutaway book --serve --port 8001` serves on port 8001.")
    out = out or runs_folder() / "book"
    _check_places(out, to_zip)
    if serve:
        _serve(out, port)
    start = time.monotonic()
    found = _built(out, to_zip, stale)
    seconds = time.monotonic() - start
    if json:
        show_json({**found, "seconds": round(seconds, 1)})
        return 0
    for lab, count in found["stale"].items():
        say(f"{lab}: {count} results are out of date, and marked so.", "yellow")
    say(f"{found['pages']} pages in {duration(seconds)}.")
    if to_zip:
        say(f"Wrote {to_zip}")
    say(f"Open {found['front']}", "bold")
    return 0


def _built(out: Path, to_zip: Path | None, stale: bool) -> dict[str, Any]:
    """The book, built: where it is, of how many pages, and how much of each lab is out of date."""
    from cutaway.site.book.building import build
    from cutaway.site.book.publishing import zipped

    with stages("Building the book") as said, _stoppable():
        built = build(out, stale, lambda stage: said(stage, 0, None))
        if to_zip:
            said("packing it", 0, None)
            zipped(out, to_zip)
    return {
        "out": str(out),
        "front": (out.absolute() / "index.html").as_uri(),
        "zip": str(to_zip) if to_zip else None,
        "pages": built.pages,
        "stale": dict(Counter(one.partition(":")[0] for one in built.stale)),
    }


def _check_places(out: Path, to_zip: Path | None) -> None:
    """An error before anything is built, if the book or its zip would take the place of others."""
    from cutaway.site.book.publishing import MARK

    empty = not out.exists() or (out.is_dir() and not any(out.iterdir()))
    if not empty and not (out / MARK).exists():
        raise UsageError(
            f"{out} holds something that is no book.", "Choose an empty folder with --out."
        )
    if to_zip and to_zip.exists() and not (to_zip.is_file() and zipfile.is_zipfile(to_zip)):
        raise UsageError(f"{to_zip} is there and is no zip.", "Choose another file with --zip.")


@contextmanager
def _stoppable() -> Iterator[None]:
    """Ctrl-C stops the book: what runs a page's cells would end those and go on without them."""

    def refused(*_: object) -> Never:
        raise RuntimeError("Ctrl-C is for the whole book")

    with_signals: Any = asyncio.SelectorEventLoop
    kept = with_signals.add_signal_handler
    with_signals.add_signal_handler = refused
    try:
        yield
    except KeyboardInterrupt:
        with suppress(ImportError):  # then nothing runs any cells
            _end_cells()
        raise
    finally:
        with_signals.add_signal_handler = kept


def _end_cells() -> None:
    """End what runs cells and what waits for them: if it were asked to, that would take seconds."""
    import psutil  # type: ignore[import-untyped]
    from jupyter_core.utils import ensure_event_loop

    running = psutil.Process().children(recursive=True)
    for child in running:
        with suppress(psutil.Error):
            child.kill()
    psutil.wait_procs(running, timeout=1)
    loop = ensure_event_loop()
    waiting = asyncio.all_tasks(loop)
    for task in waiting:
        task.cancel()
    if waiting:
        loop.run_until_complete(asyncio.gather(*waiting, return_exceptions=True))
    sys.unraisablehook = lambda _: None  # what is half ended has no more to say


def _serve(out: Path, port: int | None) -> Never:
    """Show the book until someone stops it."""
    from cutaway.site.book.rebuilding import serve

    for name in ("SIGTERM", "SIGHUP"):
        if number := getattr(signal, name, None):
            signal.signal(number, lambda got, _: sys.exit(128 + got))
    serve(out, port, say)
