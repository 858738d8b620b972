"""Where things are kept: runs in sight of the user, copies and caches out of the way."""

from __future__ import annotations

import os
from pathlib import Path


def cache_folder() -> Path:
    """The folder for what can be made again: `CUTAWAY_HOME/cache`, or the system's own place."""
    home = os.environ.get("CUTAWAY_HOME")
    if home:
        return Path(home).expanduser().absolute() / "cache"
    from platformdirs import user_cache_path

    return user_cache_path("cutaway")


def data_folder(kind: str) -> Path:
    """The folder of one kind of what was fetched or computed of corpora, such as tokens."""
    return cache_folder() / "data" / kind


def runs_folder() -> Path:
    """The folder for what was measured: `CUTAWAY_HOME/runs`, or `./runs`."""
    home = os.environ.get("CUTAWAY_HOME")
    return Path(home).expanduser() / "runs" if home else Path("runs")
