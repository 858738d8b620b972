"""The book on 127.0.0.1: one server for this machine alone, which tells open pages what is new."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from socketserver import TCPServer
from urllib.parse import quote, unquote

from cutaway.errors import Unavailable

HOST = "127.0.0.1"
PORTS = range(8000, 8100)  # where a free one is looked for, if none is asked for
OWN = "/-/"  # what is served beside the book: no file of it starts so
KINDS = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".csv": "text/csv; charset=utf-8",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".txt": "text/plain; charset=utf-8",
    ".woff2": "font/woff2",
}
COMING = b"<!doctype html><html lang=en><title>cutaway</title><p>The book is not built yet.</body>"


@dataclass
class State:
    """What open pages are told: which build is served, and what is wrong with a later one."""

    build: str = ""
    error: str = ""


@dataclass(frozen=True)
class Answer:
    """What a request gets."""

    status: int
    kind: str = KINDS[".txt"]
    content: bytes = b""
    location: str = ""


NOTHING = Answer(404, content=b"There is no such page.\n")
REFUSED = Answer(403, content=b"This server answers this machine alone.\n")


class Server(ThreadingHTTPServer):
    """A folder, served to the browsers of this machine."""

    daemon_threads = True
    allow_reuse_address = os.name == "posix"  # elsewhere it would share the port

    def __init__(self, folder: Path, port: int, state: State) -> None:
        self.folder, self.state = folder.resolve(), state
        super().__init__((HOST, port), Handler)

    def server_bind(self) -> None:
        """Take the port; unlike HTTPServer's own, this asks no name server anything."""
        TCPServer.server_bind(self)
        self.server_name, self.server_port = HOST, int(self.server_address[1])

    def handle_error(self, request: object, client_address: object) -> None:
        """A browser that leaves early is no error, and nothing else is worth a traceback."""

    @property
    def address(self) -> str:
        """Where a browser finds it."""
        return f"http://{HOST}:{self.server_port}/"

    def answer(self, target: str, hosts: Sequence[str]) -> Answer:
        """What a target gets that was asked for under some names of this server."""
        if len(hosts) != 1 or hosts[0].lower() not in self._names():
            return REFUSED  # a name that someone else made point here
        asked = target.partition("?")[0].partition("#")[0]
        if asked == f"{OWN}state":
            told = {"build": self.state.build, "error": self.state.error}
            return Answer(200, KINDS[".json"], json.dumps(told).encode())
        if asked == f"{OWN}follow.js":
            return Answer(200, KINDS[".js"], Path(__file__).with_name("follow.js").read_bytes())
        if asked == "/favicon.ico":  # browsers ask for one, and complain where there is none
            return Answer(200, "image/x-icon")
        return self._file(asked)

    def _names(self) -> set[str]:
        """What a browser on this machine calls this server."""
        names = {f"{host}:{self.server_port}" for host in (HOST, "localhost")}
        return names | ({HOST, "localhost"} if self.server_port == 80 else set())

    def _file(self, asked: str) -> Answer:
        """A file of the book, and of nothing else; a folder is its index."""
        parts = unquote(asked).split("/")
        if parts[0] or any(part.startswith(".") or set(part) & set("\\:\0") for part in parts):
            return NOTHING
        build = self.state.build  # before the file is read: a page is never taken for newer
        names = [*filter(None, parts), *([] if parts[-1] else ["index.html"])]
        path = self.folder.joinpath(*names).resolve()
        if not path.is_relative_to(self.folder):
            return NOTHING
        if path.is_dir():
            return Answer(301, location=quote("/".join(["", *names, ""])))
        if path.is_file():
            return _page(path.suffix, path.read_bytes(), build)
        return NOTHING if any(parts) else _page(".html", COMING, build)


def _page(suffix: str, content: bytes, build: str) -> Answer:
    """A file as it is served: a page also follows what is built."""
    if suffix == ".html":
        script = f'<script defer src="{OWN}follow.js" data-build="{build}"></script>'.encode()
        before, end, after = content.rpartition(b"</body>")
        content = before + script + end + after if end else content + script
    return Answer(200, KINDS.get(suffix, "application/octet-stream"), content)


class Handler(BaseHTTPRequestHandler):
    """One request; only GET and HEAD are answered."""

    server: Server
    server_version, sys_version = "cutaway", ""
    timeout = 30

    def do_GET(self) -> None:
        """A page or a file."""
        try:
            found = self.server.answer(self.path, self.headers.get_all("Host", []))
        except (OSError, ValueError):  # it was replaced meanwhile, or no file can be called so
            found = NOTHING
        self.send_response(found.status)
        self.send_header("Content-Type", found.kind)
        self.send_header("Content-Length", str(len(found.content)))
        self.send_header("Cache-Control", "no-store")
        self.send_header("X-Content-Type-Options", "nosniff")
        if found.location:
            self.send_header("Location", found.location)
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(found.content)

    do_HEAD = do_GET

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing: the terminal is for what is built."""


def opened(folder: Path, port: int | None, state: State) -> Server:
    """A server on the port that is asked for, or on the first free one."""
    for one in PORTS if port is None else (port,):
        try:
            return Server(folder, one, state)
        except OSError as error:
            reason = (error.strerror or str(error)).lower()
    which = f"Port {port}" if port is not None else f"Each port from {PORTS[0]} to {PORTS[-1]}"
    raise Unavailable(f"{which} cannot be used: {reason}.", "Choose another one with --port.")
