"""`clean`: free what can be made again."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from cutaway.runs.folders import cache_folder, runs_folder

from .talk import say, show, size

MEASURED = ("cells", "quick", "full", "log.txt", "report.html")


def clean(
    *,
    runs: Annotated[
        bool, Parameter(help="Your runs too: what was measured is lost.", negative="")
    ] = False,
    dry_run: Annotated[bool, Parameter(help="Only say what would be freed.", negative="")] = False,
) -> int:
    """Remove broken copies and caches, and say what that frees. Runs stay, unless you ask.

    ```
    cutaway clean --dry-run
    cutaway clean
    cutaway clean --runs
    ```
    """
    ours = measured()
    folders = [path for path in sorted(cache_folder().glob("*")) if path.is_dir()]
    for path in [*folders, *(ours if runs else [])]:
        show(f"{size(_weight(path)):>8}  {path}")
        if not dry_run:
            _remove(path)
    if not folders and not (runs and ours):
        say("There is nothing to free.")
    kept = 0 if runs else sum(map(_weight, ours))
    if kept:
        say(f"Runs stay: {size(kept)} in {runs_folder()}. `cutaway clean --runs` removes them too.")
    return 0


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
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)
    if path.parent.is_dir() and not any(path.parent.iterdir()):
        path.parent.rmdir()


def _weight(path: Path) -> int:
    """The bytes of a file, or of all files below a folder."""
    files = [path] if path.is_file() else [file for file in path.rglob("*") if file.is_file()]
    return sum(file.lstat().st_size for file in files)
