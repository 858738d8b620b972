"""Options in a file of TOML: read strictly, and written."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cutaway.data.yours.filing import content, shown, status
from cutaway.errors import UsageError
from cutaway.verbs.tokens.files import there

MOST_FILE = 2**16  # bytes of a file of options
SHOWS = "`cutaway train --print-config` shows one."


def read(path: Path, usual: Mapping[str, Any]) -> dict[str, Any]:
    """The options in a file, each known and of the kind that it usually is."""
    there(path)
    if status(path).st_size > MOST_FILE:
        what = f"{shown(path)} has more than {MOST_FILE:,} bytes: it is no file of options."
        raise UsageError(what, SHOWS)
    try:
        found = tomllib.loads(content(path, MOST_FILE).decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{shown(path)} is no TOML: {error}.", SHOWS) from error
    for name, value in found.items():
        if name not in usual:
            raise UsageError(
                f"{shown(path)}: there is no option {name!r}.", f"There are: {', '.join(usual)}."
            )
        kind = type(usual[name])
        if kind is float and type(value) is int:
            found[name] = float(value)
        elif type(value) is not kind:
            what = f"{shown(path)}: {name} is {value!r}, which is no {kind.__name__}."
            raise UsageError(what, f"For example: {name} = {_toml(usual[name])}")
    return found


def written(options: Mapping[str, Any]) -> str:
    """Some options as a file that `read` reads."""
    return "".join(f"{name} = {_toml(value)}\n" for name, value in options.items())


def _toml(value: Any) -> str:
    """A value as TOML has it."""
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str) else repr(value)
