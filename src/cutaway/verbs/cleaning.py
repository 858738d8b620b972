"""`clean`: free what can be made again."""

from __future__ import annotations

import re
import shutil
from contextlib import suppress
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from cutaway.errors import Unavailable
from cutaway.kit.worlds import worlds_folder
from cutaway.runs.folders import cache_folder, data_folder, runs_folder
from cutaway.runs.keeping import kept_folder

from .talk import say, show, size

COMPUTED = ("splits", "tokens", "ladders", "portraits")
DATA = re.compile(
    r"\.?([0-9a-f]{64}-[\w.-]+|[\w-]+\.jsonl(\.[0-9a-f]{32})?|tinystories|fineweb-edu)"
)
MEASURED = ("cells", "quick", "full", "log.txt", "report.html")
KEPT = re.compile(r"[0-9a-f]{32}\.json|\.[0-9a-f]{32}\.json\.[0-9a-f]{32}")
BOOK = re.compile(r"[0-9a-f]{16}|cells|figures|seen\.json|tests\.lock")
COPY = re.compile(r"\.?cutaway_[0-9a-f]{16}(\.[0-9a-f]{32}(\.\d+\.damaged)?)?|\.lock")


def clean(
    *,
    runs: Annotated[
        bool, Parameter(help="Your runs too: what was measured is lost.", negative="")
    ] = False,
    data: Annotated[
        bool, Parameter(help="Fetched corpora too: they can be fetched again.", negative="")
    ] = False,
    dry_run: Annotated[bool, Parameter(help="Only say what would be freed.", negative="")] = False,
) -> int:
    """Remove what can be made again, and say what that frees. Runs stay, unless you ask.

    That is the broken copies, what was computed of corpora (splits, tokens, ladders), and what is
    kept of pages and digests so that it need not be made again.

    ```
    cutaway clean --dry-run
    cutaway clean
    cutaway clean --runs
    ```
    """
    made, ours, fetched = copies(), measured(), of_data("corpora")
    freed = {worlds_folder(): made} if made else {}
    freed |= {book_folder(): of_book()} if of_book() else {}
    freed |= {kept_folder(): of_kept()} if of_kept() else {}
    for kind in COMPUTED:
        freed |= {data_folder(kind): of_data(kind)} if of_data(kind) else {}
    freed |= {data_folder("corpora"): fetched} if data and fetched else {}
    freed |= {path: [path] for path in ours} if runs else {}
    for home, paths in freed.items():
        before = sum(map(_weight, paths))
        if not dry_run:
            for path in paths:
                _remove(path)
            before -= sum(map(_weight, paths))
        show(f"{size(before):>8}  {home}")
    if not freed:
        say("There is nothing to free.")
    kept = 0 if runs else sum(map(_weight, ours))
    if kept:
        say(f"Runs stay: {size(kept)} in {runs_folder()}. `cutaway clean --runs` removes them too.")
    kept = 0 if data else sum(map(_weight, fetched))
    if kept:
        say(f"Fetched corpora stay: {size(kept)}. `cutaway clean --data` removes them too.")
    left = [str(path) for paths in freed.values() for path in paths if path.exists()]
    if left and not dry_run:
        raise Unavailable(f"Could not remove {', '.join(left)}.", "Check whose they are.")
    return 0


def copies() -> list[Path]:
    """The broken copies, halves of them and their lock; whatever else stands there is not ours."""
    found = sorted(worlds_folder().glob("*"))
    return [path for path in found if COPY.fullmatch(path.name) and not path.is_symlink()]


def book_folder() -> Path:
    """The folder for what of the book need not be made again."""
    return cache_folder() / "book"


def of_book() -> list[Path]:
    """What was made of the book; whatever else stands there is not ours."""
    found = sorted(book_folder().glob("*"))
    return [path for path in found if BOOK.fullmatch(path.name) and not path.is_symlink()]


def of_kept() -> list[Path]:
    """What was made and is kept until it changes; whatever else stands there is not ours."""
    found = sorted(kept_folder().glob("*"))
    return [path for path in found if KEPT.fullmatch(path.name) and not path.is_symlink()]


def of_data(kind: str) -> list[Path]:
    """What was fetched or computed of corpora; whatever else stands there is not ours."""
    found = sorted(data_folder(kind).glob("*"))
    return [path for path in found if DATA.fullmatch(path.name) and not path.is_symlink()]


def measured() -> list[Path]:
    """What cutaway's runs wrote; whatever else stands beside it is not ours."""
    homes = [path.parent for path in runs_folder().glob("**/cells") if _is_ours(path)]
    return [path for home in sorted(homes) for name in MEASURED if (path := home / name).exists()]


def _is_ours(cells: Path) -> bool:
    """Whether a folder holds measured cells and nothing else."""
    names = [path.name for path in cells.iterdir()] if cells.is_dir() else []
    return bool(names) and all(re.fullmatch(r"\.?[0-9a-f]{32}\.json.*", name) for name in names)


def _remove(path: Path) -> None:
    """Remove a file or a folder, and the folder around it if nothing is left there."""
    with suppress(OSError):
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)
        path.parent.rmdir()


def _weight(path: Path) -> int:
    """The bytes of a file, or of all files below a folder."""
    files = [file for file in (path, *path.rglob("*")) if file.is_file()]
    return sum(file.lstat().st_size for file in files)
