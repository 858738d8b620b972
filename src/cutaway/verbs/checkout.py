"""What needs a checkout of the project, and says so elsewhere."""

from __future__ import annotations

from pathlib import Path

from cutaway.errors import UsageError
from cutaway.kit.labs import PACKAGE


def checkout() -> Path | None:
    """The project's folder, if the package runs from a checkout of it."""
    root = PACKAGE.parents[1]
    return root if PACKAGE.parent.name == "src" and (root / "pyproject.toml").is_file() else None


def need_checkout(verb: str) -> Path:
    """The project's folder, or an error that says how to get one."""
    root = checkout()
    if root is None:
        raise UsageError(
            f"`cutaway {verb}` changes the project's own files, and this is an installed package.",
            "Clone the project and use its ./cutaway there.",
        )
    return root
