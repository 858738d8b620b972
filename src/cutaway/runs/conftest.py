"""Real file systems that are small, for the tests of what happens when one is full."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

Mounts = Callable[[str], Path]


@pytest.fixture
def mounted(tmp_path: Path) -> Iterator[Mounts]:
    """Makes a real file system of some size, such as 64k or 2m; it is gone after the test."""
    made: list[Path] = []

    def mount(size: str) -> Path:
        folder = tmp_path / f"of {size}"
        folder.mkdir()
        command = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)]
        try:
            done = subprocess.run(command, capture_output=True).returncode == 0
        except OSError:
            done = False
        if not done:
            pytest.skip("only root may mount a file system")
        made.append(folder)
        return folder

    yield mount
    for folder in made:
        subprocess.run(["umount", str(folder)], check=True)
