"""The server: this machine alone, this folder alone, and pages that follow what is built."""

from __future__ import annotations

import http.client
import json
import socket
from collections.abc import Iterator
from pathlib import Path
from threading import Thread

import pytest

from cutaway.errors import Unavailable

from . import serving
from .serving import HOST, Server, State, opened

PAGE = b"<!doctype html><html><body><!-- </body> --><p>One of two.</p></body></html>"
END = b"</body></html>"
SECRET = b"nobody's business"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """A served book, beside something that is none of its readers' business."""
    book = tmp_path / "book"
    (book / "labs").mkdir(parents=True)
    (book / "empty").mkdir()
    for name in ("index.html", "labs/index.html", "labs/a b.html"):
        (book / name).write_bytes(PAGE)
    (book / "numbers.csv").write_bytes(b"a,b\r\n1,2\r\n")
    (book / ".cutaway-book").write_bytes(SECRET)
    (tmp_path / "secret.txt").write_bytes(SECRET)
    (tmp_path / "book2").mkdir()
    (tmp_path / "book2" / "secret.txt").write_bytes(SECRET)
    (book / "link").symlink_to(tmp_path / "book2")
    (book / "out").mkdir()
    (book / "out" / "index.html").symlink_to(tmp_path / "secret.txt")
    with opened(book, 0, State()) as found:
        thread = Thread(target=found.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        yield found
        found.shutdown()
        thread.join()


def said(server: Server, request: bytes) -> tuple[int, dict[str, str], bytes]:
    """The status, headers and content that a request gets, sent byte by byte as it is."""
    with socket.create_connection((HOST, server.server_port), timeout=10) as line:
        line.sendall(request)
        answer = http.client.HTTPResponse(line, method=request.split()[0].decode())
        answer.begin()
        return answer.status, dict(answer.headers), answer.read()


def asked(
    server: Server, path: str, method: str = "GET", host: str | None = None
) -> tuple[int, dict[str, str], bytes]:
    """What a browser gets that asks for a path."""
    name = host if host is not None else f"{HOST}:{server.server_port}"
    return said(server, f"{method} {path} HTTP/1.1\r\nHost: {name}\r\n\r\n".encode())


@pytest.mark.parametrize("path", ["/", "/index.html", "/labs/", "/labs/a%20b.html", "/?x=/../y"])
def test_a_page_is_served_with_a_script_that_the_book_itself_has_not(
    server: Server, path: str
) -> None:
    server.state.build = "7"
    status, headers, content = asked(server, path)
    script = b'<script defer src="/-/follow.js" data-build="7"></script>'
    assert (status, content) == (200, PAGE[: -len(END)] + script + END)
    assert headers["Content-Type"] == "text/html; charset=utf-8"
    assert (server.folder / "index.html").read_bytes() == PAGE


def test_what_is_no_page_is_served_as_it_is(server: Server) -> None:
    status, headers, content = asked(server, "/numbers.csv")
    assert (status, content) == (200, b"a,b\r\n1,2\r\n")
    assert headers["Content-Type"].startswith("text/csv")


def test_the_script_is_served_and_is_no_file_of_the_book(server: Server) -> None:
    status, headers, content = asked(server, "/-/follow.js")
    assert status == 200 and headers["Content-Type"].startswith("text/javascript")
    assert b"/-/state" in content and b"innerHTML" not in content


def test_open_pages_are_told_what_is_built_and_what_is_wrong(server: Server) -> None:
    server.state.build, server.state.error = "8", "</script> \u202e\udc80 [x](javascript:y)"
    status, headers, content = asked(server, "/-/state")
    assert (status, headers["Content-Type"]) == (200, "application/json")
    assert json.loads(content) == {"build": "8", "error": server.state.error}


@pytest.mark.parametrize("name", ["127.0.0.1:{}", "localhost:{}", "LocalHost:{}"])
def test_this_machines_own_names_are_answered(server: Server, name: str) -> None:
    assert asked(server, "/", host=name.format(server.server_port))[0] == 200


@pytest.mark.parametrize(
    "name",
    [
        *("evil.example", "evil.example:{}", "127.0.0.1", "localhost", "localhost:1", ""),
        *("0.0.0.0:{}", "[::1]:{}", "localhost.:{}", "127.0.0.1:{}.evil.example"),
        "127.0.0.1:{}@evil.example",
    ],
)
@pytest.mark.parametrize("path", ["/", "/-/state", "/-/follow.js", "/numbers.csv"])
def test_a_name_that_someone_made_point_here_is_refused(
    server: Server, name: str, path: str
) -> None:
    status, _, content = asked(server, path, host=name.format(server.server_port))
    assert status == 403 and b"this machine alone" in content


def test_no_name_and_two_names_are_refused(server: Server) -> None:
    name = f"Host: {HOST}:{server.server_port}\r\n".encode()
    for names in (b"", name + b"Host: evil.example\r\n", name + name):
        assert said(server, b"GET / HTTP/1.1\r\n" + names + b"\r\n")[0] == 403


@pytest.mark.parametrize(
    "path",
    [
        "/../secret.txt",
        "/labs/../../secret.txt",
        "/%2e%2e/secret.txt",
        "/%2E%2E%2Fsecret.txt",
        "/labs/..%2f..%2fsecret.txt",
        "/%252e%252e/secret.txt",
        "/..%5csecret.txt",
        "/..\\secret.txt",
        "//../secret.txt",
        "/../book2/secret.txt",
        "/link/secret.txt",
        "/out/",
        "/out/index.html",
        "/.cutaway-book",
        "/%2ecutaway-book",
        "/labs/./../.cutaway-book",
        "/index.html%00.txt",
        "/C:/secret.txt",
        "file:///secret.txt",
        "secret.txt",
        "index.html",
        "/" + "x" * 5000,
        "/%ff%fe",
        "/empty/",
        "/nothing.html",
        "/numbers.csv/",
        "/-/",
        "/-/../-/state",
    ],
)
def test_nothing_is_served_but_the_books_own_files(server: Server, path: str) -> None:
    status, _, content = asked(server, path)
    assert status == 404 and SECRET not in content and b"html" not in content


def test_a_whole_address_of_another_server_is_not_fetched(server: Server) -> None:
    assert asked(server, "http://evil.example/index.html")[0] == 404


@pytest.mark.parametrize("path", ["/labs", "//labs", "/labs?x#y", "///labs"])
def test_a_folder_is_asked_for_by_its_own_address_and_never_sends_anyone_away(
    server: Server, path: str
) -> None:
    status, headers, _ = asked(server, path)
    assert (status, headers["Location"]) == (301, "/labs/")


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "CONNECT", "TRACE"])
def test_only_reading_is_possible(server: Server, method: str) -> None:
    assert asked(server, "/index.html", method)[0] == 501
    assert (server.folder / "index.html").read_bytes() == PAGE


def test_a_head_is_a_get_without_its_content(server: Server) -> None:
    head = f"HEAD / HTTP/1.1\r\nHost: {HOST}:{server.server_port}\r\n\r\n".encode()
    with socket.create_connection((HOST, server.server_port), timeout=10) as line:
        line.sendall(head)
        answer = b"".join(iter(lambda: line.recv(4096), b""))
    whole = asked(server, "/")
    assert answer.startswith(b"HTTP/1.0 200") and answer.endswith(b"\r\n\r\n")
    assert f"Content-Length: {len(whole[2])}\r\n".encode() in answer


@pytest.mark.parametrize("path", ["/", "/numbers.csv", "/-/state", "/-/follow.js", "/nothing"])
def test_nothing_is_ever_kept_by_a_browser(server: Server, path: str) -> None:
    headers = asked(server, path)[1]
    assert headers["Cache-Control"] == "no-store"
    assert not {"Last-Modified", "ETag", "Expires"} & headers.keys()


def test_before_the_first_book_there_is_a_page_that_waits_for_it(tmp_path: Path) -> None:
    with opened(tmp_path / "not yet", 0, State()) as server:
        found = server.answer("/", [f"localhost:{server.server_port}"])
    assert found.status == 200 and b"follow.js" in found.content
    assert not (tmp_path / "not yet").exists()


def test_a_page_that_changes_while_it_is_read_is_not_taken_for_the_newer_one(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = Path.read_bytes

    def slowly(path: Path) -> bytes:
        content = read(path)
        server.state.build = "new"
        return content

    server.state.build = "old"
    monkeypatch.setattr(Path, "read_bytes", slowly)
    assert b'data-build="old"' in asked(server, "/")[2]


def test_only_this_machine_can_reach_it_and_no_name_server_is_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def forbidden(*_: object) -> str:
        raise AssertionError("a name server was asked")

    for name in ("getfqdn", "gethostbyaddr", "gethostbyname"):
        monkeypatch.setattr(socket, name, forbidden)
    with opened(tmp_path, 0, State()) as server:
        assert server.socket.getsockname()[0] == "127.0.0.1"
        assert server.address == f"http://127.0.0.1:{server.server_port}/"


def test_a_port_that_is_asked_for_and_taken_is_an_error(server: Server, tmp_path: Path) -> None:
    with pytest.raises(Unavailable) as caught:
        opened(tmp_path, server.server_port, State())
    assert f"Port {server.server_port} cannot be used: address already in use" in caught.value.what
    assert "--port" in caught.value.next_step


def test_without_a_wish_the_next_free_port_is_taken(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken = server.server_port
    monkeypatch.setattr(serving, "PORTS", (taken, taken, 0))
    with opened(tmp_path, None, State()) as other:
        assert other.server_port != taken
    monkeypatch.setattr(serving, "PORTS", (taken, taken))
    with pytest.raises(Unavailable, match="Each port from"):
        opened(tmp_path, None, State())


def test_a_browser_that_leaves_or_talks_nonsense_is_no_news(
    server: Server, capfd: pytest.CaptureFixture[str]
) -> None:
    for request in (b"", b"GET / HT", b"\0\xff\r\n\r\n", b"GET / HTTP/1.1\r\nHost: \xff\r\n\r\n"):
        with socket.create_connection((HOST, server.server_port), timeout=10) as line:
            line.sendall(request)
    assert asked(server, "/")[0] == 200
    assert capfd.readouterr() == ("", "")
