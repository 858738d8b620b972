"""What was made before of the very same things, and is made again once they change."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

from cutaway.errors import Refused, Unavailable

from .disk import write_file
from .folders import cache_folder
from .sealing import digest, sealed, unsealed

Made = TypeVar("Made")


def kept_folder() -> Path:
    """The folder of what is kept, a file for each name."""
    return cache_folder() / "kept"


def kept(name: str, rests_on: Any, make: Callable[[], Made]) -> Made:
    """What `make` makes, plain data: kept under a name for as long as what it rests on stays.

    Where nothing can be written it is made each time, which is slower and never wrong.
    """
    path = kept_folder() / f"{digest(name)[:32]}.json"
    state = digest(rests_on)
    with suppress(Refused, OSError):
        found = unsealed(path)
        if found["state"] == state and found["name"] == name:
            return found["made"]  # type: ignore[no-any-return]
    made = make()
    with suppress(Unavailable):
        write_file(path, sealed({"name": name, "state": state, "made": made}))
    return made
