"""A web server for the tests: it has one file, and lies as it is told to."""

from __future__ import annotations

import json
import re
import socket
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from ..sources import Remote
from .ledger import joined

PAGE = b"<!DOCTYPE html><html><body>Please log in</body></html>"
Lie = Callable[["Handler", int, int], None]


class Server(ThreadingHTTPServer):
    """A server of one file on this machine; `lies` are told first, then `always`, or the truth."""

    daemon_threads = True

    def __init__(self, data: bytes) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.data = data
        self.marks = {"ETag": '"1"', "Last-Modified": "Mon, 01 Jan 2024 00:00:00 GMT"}
        self.lies: list[Lie] = []
        self.always: Lie | None = None
        self.asked: list[tuple[int, int]] = []  # ranges, as start and stop
        self.agents: set[str] = set()
        self.stopped = threading.Event()

    @property
    def address(self) -> str:
        """Where the file is."""
        return f"http://127.0.0.1:{self.server_port}/file.txt"

    def handle_error(self, *_: Any) -> None:
        """Say nothing of clients that hang up."""


class Handler(BaseHTTPRequestHandler):
    """How one request is answered."""

    server: Server

    def do_GET(self) -> None:
        """Answer a request for a range."""
        match = re.fullmatch(r"bytes=(\d+)-(\d+)", self.headers["Range"])
        assert match
        start, stop = int(match[1]), int(match[2]) + 1
        self.server.asked.append((start, stop))
        self.server.agents.add(self.headers["User-Agent"])
        lies = self.server.lies
        lie = lies.pop(0) if lies else self.server.always or Handler.tell
        lie(self, start, stop)

    def tell(self, start: int, stop: int) -> None:
        """The truth."""
        body = self.server.data[start:stop]
        self.part(start, body, len(self.server.data))

    def part(self, start: int, body: bytes, total: int | str, **headers: Any) -> None:
        """A part of the file, with its headers or others."""
        span = f"bytes {start}-{start + len(body) - 1}/{total}"
        self.head(206, **({"Content_Range": span, "Content_Length": len(body)} | headers))
        self.wfile.write(body)

    def head(self, status: int, **headers: Any) -> None:
        """The status and the headers of an answer; a header that is None is left out."""
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        self.send_response(status)
        for name, value in (self.server.marks | headers).items():
            if value is not None:
                self.send_header(name, str(value))
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Be quiet."""


def cut(count: int) -> Lie:
    """The right headers, and a body that ends too early."""

    def lie(handler: Handler, start: int, stop: int) -> None:
        body = handler.server.data[start:stop]
        span = f"bytes {start}-{start + len(body) - 1}/{len(handler.server.data)}"
        handler.head(206, Content_Range=span, Content_Length=len(body))
        handler.wfile.write(body[:count])

    return lie


def reset(handler: Handler, *_: int) -> None:
    """Hang up without an answer."""
    handler.connection.shutdown(socket.SHUT_RDWR)


def part(
    shift: int = 0, add: bytes = b"", drop: int = 0, total: int | str = "", **headers: object
) -> Lie:
    """A part that begins elsewhere, has more or fewer bytes, or other headers."""

    def lie(handler: Handler, start: int, stop: int) -> None:
        body = handler.server.data[start + shift : stop + shift] + add
        size = total or len(handler.server.data)
        handler.part(start + shift, body[: len(body) - drop], size, **headers)

    return lie


def mislabelled(add: bytes = b"", drop: int = 0, **headers: object) -> Lie:
    """A body that is longer or shorter than its right label says."""

    def lie(handler: Handler, start: int, stop: int) -> None:
        body = handler.server.data[start:stop]
        span = f"bytes {start}-{start + len(body) - 1}/{len(handler.server.data)}"
        body = body[: len(body) - drop] + add
        length = {"Content_Length": len(body)} | headers
        handler.head(206, Content_Range=span, **length)
        handler.wfile.write(body)

    return lie


def whole(**headers: object) -> Lie:
    """Everything, whatever was asked for."""

    def lie(handler: Handler, *_: int) -> None:
        data = handler.server.data
        handler.head(200, **{"Content_Length": len(data), **headers})
        handler.wfile.write(data)

    return lie


def says(status: int, **headers: object) -> Lie:
    """No file, but a status."""

    def lie(handler: Handler, *_: int) -> None:
        handler.head(status, Content_Length=0, **headers)

    return lie


def page(status: int = 200, kind: str = "text/plain", body: bytes = PAGE) -> Lie:
    """A web page in the place of the file."""

    def lie(handler: Handler, start: int, stop: int) -> None:
        span = f"bytes {start}-{start + len(body) - 1}/4000" if status == 206 else None
        length = len(body)
        handler.head(status, Content_Type=kind, Content_Length=length, Content_Range=span)
        handler.wfile.write(body)

    return lie


def drip(handler: Handler, start: int, stop: int) -> None:
    """A byte now and then, for ever."""
    size = len(handler.server.data)
    stop = min(stop, size)
    handler.head(206, Content_Range=f"bytes {start}-{stop - 1}/{size}", Content_Length=stop - start)
    for number in range(start, stop):
        handler.wfile.write(handler.server.data[number : number + 1])
        if handler.server.stopped.wait(0.05):
            return


def silent(handler: Handler, *_: int) -> None:
    """No answer at all, while the line stays open."""
    handler.server.stopped.wait(20)


def drip_headers(handler: Handler, *_: int) -> None:
    """A header that does not end."""
    handler.wfile.write(b"HTTP/1.1 206 OK\r\nX: ")
    while not handler.server.stopped.wait(0.05):
        handler.wfile.write(b"x")


def to(address: str, status: int = 302) -> Lie:
    """A redirect."""
    return says(status, Location=address)


@pytest.fixture
def server() -> Iterator[Server]:
    """A server that runs as long as a test."""
    words = " ".join(str(number) for number in range(1200)).encode()
    with Server(words[:4000]) as running:
        thread = threading.Thread(target=running.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        yield running
        running.stopped.set()
        running.shutdown()
        thread.join()


def texts(remote: Remote, folder: Path, shards: int) -> list[str]:
    """The texts in the first shards, all of which are here; the last one may be cut."""
    data = joined(remote, folder, shards)
    assert data is not None
    if remote.kind == "parquet":
        return [json.loads(line) for line in data.decode().split("\n")[:-1]]
    return [text for text in data.decode().split("\n<|endoftext|>\n") if text]
