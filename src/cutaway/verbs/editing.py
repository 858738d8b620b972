"""A component that a reader wrote: in an editor of their own, or in a file."""

from __future__ import annotations

import ast
import os
import shlex
import shutil
import subprocess
import tempfile
from pathlib import Path

from cutaway.errors import UsageError
from cutaway.kit.faults import rewriting
from cutaway.kit.words import Fault
from cutaway.kit.worlds import sources

STEP = "Set EDITOR, for example: EDITOR=nano cutaway break LAB --edit"


def edited(target: str) -> Fault:
    """What the user's editor made of a component; an edit that is not Python is kept and named."""
    editor = os.environ.get("VISUAL") or os.environ.get("EDITOR")
    if not editor:
        raise UsageError("No editor is set.", STEP)
    before = sources()[target]
    folder = Path(tempfile.mkdtemp(prefix="cutaway-"))
    copy = folder / Path(target).name
    copy.write_text(before, encoding="utf-8")
    _open(editor, copy)
    after = written(copy)
    shutil.rmtree(folder, ignore_errors=True)
    if after == before:
        raise UsageError("Nothing was changed, so there is nothing to measure.", "Save a change.")
    return rewriting("your_edit", target, before, after, "Your own edit")


def _open(editor: str, path: Path) -> None:
    """Wait for an editor, or say why there was none."""
    try:
        code = subprocess.run([*shlex.split(editor), str(path)], check=False).returncode
    except (OSError, ValueError) as error:
        raise UsageError(f"The editor {editor!r} cannot be started.", STEP) from error
    if code:
        raise UsageError(f"The editor {editor!r} ended with exit code {code}.", STEP)


def written(path: Path) -> str:
    """The text of a file of Python, or an error that says what is wrong with it."""
    try:
        text = path.read_text(encoding="utf-8")
        ast.parse(text)
    except OSError as error:
        what = f"{path} cannot be read: {error.strerror}."
        raise UsageError(what, "Check the name.") from error
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        said = error.msg if isinstance(error, SyntaxError) else error
        at = f", line {error.lineno}," if isinstance(error, SyntaxError) else ""
        step = f"Mend it, then `cutaway try LAB {path}`."
        raise UsageError(f"{path}{at} is not Python: {said}.", step) from error
    return text
