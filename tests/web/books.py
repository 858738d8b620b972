"""A book to look at: built by a process of its own, served on this machine, its pages by digest."""

from __future__ import annotations

import hashlib
import http.server
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

from web.links import Page, read


def build(out: Path, environment: Mapping[str, str]) -> Path:
    """The folder of a book that was built of the package on the path of an environment."""
    command = [sys.executable, "-m", "cutaway", "book", "--out", str(out)]
    ended = subprocess.run(
        command, env=environment, cwd=out.parent, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stderr[-4000:]
    return out


def pages(book: Path) -> list[str]:
    """The pages of a book by their paths."""
    return sorted(path.relative_to(book).as_posix() for path in book.rglob("*.html"))


class Quiet(http.server.SimpleHTTPRequestHandler):
    """A server of files that says nothing and keeps connections open."""

    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        """Nothing."""


@contextmanager
def served(book: Path) -> Iterator[str]:
    """The address of a book while it is served."""
    with http.server.ThreadingHTTPServer(
        ("127.0.0.1", 0), partial(Quiet, directory=book)
    ) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
        thread.join()


def digests(book: Path, more: bytes) -> dict[str, str]:
    """A digest of each page with all that it loads, and with something more."""
    return {name: _digest(book, page, more) for name, page in read(book).items()}


def _digest(book: Path, page: Page, more: bytes) -> str:
    """The digest of a page with its scripts, styles and pictures."""
    path = book / page.name
    parts = [more, path.read_bytes()]
    for tag, url in sorted(set(page.links)):
        there = path.parent / urlsplit(url).path
        if tag in ("script", "link", "img") and there.is_file():
            parts.append(there.read_bytes())
    return hashlib.sha256(b"\0".join(parts)).hexdigest()


class Seen:
    """The pages that passed in full before, by their digests, in a file."""

    def __init__(self, file: Path, now: Mapping[str, str]) -> None:
        self.file = file
        self.now = now
        try:
            self.before: dict[str, str] = json.loads(file.read_text(encoding="utf-8"))
        except (FileNotFoundError, json.JSONDecodeError):
            self.before = {}

    def unchanged(self, page: str) -> bool:
        """Whether a page passed in full as it is now."""
        return self.before.get(page) == self.now[page]

    def keep(self) -> None:
        """Say that all pages passed, in one step."""
        self.file.parent.mkdir(parents=True, exist_ok=True)
        half = self.file.with_suffix(f".{os.getpid()}")
        half.write_text(json.dumps(self.now, indent=1), encoding="utf-8")
        half.replace(self.file)
