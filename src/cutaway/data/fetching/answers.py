"""What a web server answers when a part of a file is asked for, and what is believed of it."""

from __future__ import annotations

import re
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from http.client import HTTPException, HTTPMessage, HTTPResponse
from typing import IO, NoReturn
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

from cutaway.errors import Refused, Unavailable, UsageError

from .ledger import Identity

LATER = "Run the same command later: it goes on where it stopped."
OTHERWISE = "Open the address in a browser to see what is there; or use a file of your own."
PASSING = {408, 425, 429, 500, 502, 503, 504}  # what a server says when it may work later
WEB_PAGE = "the server sent a web page instead of the file"


@dataclass(frozen=True)
class Line:
    """How long to try: how often, seconds for an answer, and seconds for each `least` bytes."""

    tries: int = 6
    answer: float = 30.0
    quiet: float = 60.0
    least: int = 2**14
    pause: float = 60.0  # the longest between two tries, whatever the server asks for
    sleep: Callable[[float], None] = time.sleep


class Interrupted(Exception):
    """What may go better the next time, as a clause; and the seconds that the server asks for."""

    def __init__(self, why: str, wait: float | None = None) -> None:
        super().__init__(why)
        self.wait = wait


class Unreachable(Interrupted):
    """That there is no way to the server."""


class Redirects(HTTPRedirectHandler):
    """Redirects that lead to the web, and from an encrypted place only to another one."""

    def redirect_request(
        self, req: Request, fp: IO[bytes], code: int, msg: str, headers: HTTPMessage, newurl: str
    ) -> Request | None:
        """The request to make instead."""
        old, new = urlsplit(req.full_url).scheme, urlsplit(newurl).scheme
        if new not in ("http", "https") or (old, new) == ("https", "http"):
            fp.close()
            no_file(req.full_url, f"the server leads from {old} to {new}, which is not followed")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


_OPENER = build_opener(Redirects)


def no_file(address: str, why: str) -> NoReturn:
    """Refuse what stands at an address."""
    raise Refused(f"{address} is not used: {why}.", OTHERWISE)


def checked(address: str) -> str:
    """An address of the web, if it is one."""
    try:
        parts = urlsplit(address)
        right = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        right = False
    if not right or not re.fullmatch(r"[!-~]+", address) or "@" in parts.netloc:
        step = "An address starts with https:// and has no spaces and no password in it."
        raise UsageError(f"{address!r} is not an address of the web.", step)
    return address


def answer(address: str, start: int, stop: int, line: Line) -> HTTPResponse:
    """What the server answers when it is asked for a range, once its headers are here."""
    headers = {
        "Range": f"bytes={start}-{stop - 1}",
        "Accept-Encoding": "identity",
        "User-Agent": f"cutaway/{sys.modules['cutaway'].__version__}",
    }
    request = Request(address, headers=headers)
    try:
        return _in_time(lambda: _OPENER.open(request, timeout=line.answer), line.answer * 2)
    except HTTPError as error:
        with error:
            raise _turned_down(address, error) from error
    except URLError as error:
        reason = getattr(error.reason, "strerror", None) or error.reason
        raise Unreachable(str(reason)) from error
    except TimeoutError as error:
        raise Interrupted("the server did not answer in time") from error
    except (OSError, HTTPException) as error:
        raise Interrupted("the server broke off before it answered") from error
    except ValueError as error:
        raise Unreachable(str(error)) from error


def _in_time(ask: Callable[[], HTTPResponse], seconds: float) -> HTTPResponse:
    """An answer, if it comes in time: neither names nor headers may take for ever."""
    box: Future[HTTPResponse] = Future()

    def wait() -> None:
        try:
            response = ask()
        except BaseException as error:
            if box.set_running_or_notify_cancel():
                box.set_exception(error)
            return
        if box.set_running_or_notify_cancel():
            box.set_result(response)
        else:
            response.close()

    threading.Thread(target=wait, daemon=True).start()
    try:
        return box.result(seconds)
    finally:
        box.cancel()


def _turned_down(address: str, error: HTTPError) -> Exception:
    """What an answer means that is no file."""
    said = f"the server answered {error.code} ({str(error.reason)[:60]})"
    if error.code in PASSING:
        return Interrupted(said, _seconds(error.headers.get("Retry-After", "")))
    if 300 <= error.code < 400:
        return Refused(f"{address} is not used: it leads nowhere that is followed.", OTHERWISE)
    if error.code == 416:
        return Refused(f"{address} is not used: it is empty, or shorter than it was.", OTHERWISE)
    return Unavailable(f"{address} could not be fetched: {said}.", OTHERWISE)


def _seconds(said: str) -> float | None:
    """For how long a server asks us to wait."""
    if re.fullmatch(r"\d{1,9}", said.strip()):
        return float(said)
    try:
        return max(0.0, parsedate_to_datetime(said).timestamp() - time.time())
    except (TypeError, ValueError, OverflowError):
        return None


def promised(address: str, response: HTTPResponse, start: int, stop: int) -> tuple[int, Identity]:
    """Where the part ends that an answer brings, and of what file, if it is what was asked for."""
    headers = response.headers
    if headers.get_content_type() in ("text/html", "application/xhtml+xml"):
        no_file(address, WEB_PAGE)
    if headers.get("Content-Encoding", "identity").strip().lower() != "identity":
        no_file(address, "the server packs it, so that no part of it can be had")
    length = headers.get("Content-Length", "")
    if response.status == 200:
        if start:
            no_file(address, "the server sends it only as a whole, not in parts")
        first, last, total = 0, -1, length
    else:
        said = headers.get("Content-Range", "").strip()
        match = re.fullmatch(r"bytes (\d{1,18})-(\d{1,18})/(\d{1,18}|\*)", said)
        if response.status != 206 or not match:
            raise Interrupted("the server did not say which part it sent")
        first, last, total = int(match[1]), int(match[2]), match[3]
    if not re.fullmatch(r"\d{1,18}", total):
        no_file(address, "the server does not say how large it is, so that a cut would go unseen")
    seen = Identity(int(total), headers.get("ETag", ""), headers.get("Last-Modified", ""))
    if seen.size == 0:
        no_file(address, "it is empty")
    if response.status == 200:
        return min(stop, seen.size), seen
    if first != start or not start <= last < min(stop, seen.size):
        raise Interrupted("the server sent another part than was asked for")
    if length and length != str(last + 1 - first):
        raise Interrupted("the server sent a part of another length than it said")
    return last + 1, seen
