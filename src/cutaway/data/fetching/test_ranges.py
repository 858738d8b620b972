"""Ranges from a server that cuts, stalls and lies: the right bytes, or one clear sentence."""

from __future__ import annotations

import io
import sys
import time
from collections.abc import Callable
from email.utils import formatdate
from http.client import HTTPMessage
from urllib.request import Request

import pytest

from cutaway.errors import CutawayError, Refused, Unavailable, UsageError

from .answers import Line, Redirects
from .conftest import (
    Handler,
    Lie,
    Server,
    cut,
    drip,
    drip_headers,
    mislabelled,
    page,
    part,
    reset,
    says,
    silent,
    to,
    whole,
)
from .ledger import Identity
from .ranges import RangeFile, Ranges


@pytest.fixture
def slept() -> list[float]:
    """The pauses between tries, which are not really made."""
    return []


@pytest.fixture
def ranges(server: Server, slept: list[float]) -> Ranges:
    """The server's file."""
    line = Line(answer=5.0, quiet=0.4, sleep=slept.append)
    return Ranges(server.address, line)


HEALED = {
    "cut at once": cut(0),
    "cut later": cut(300),
    "hung up": reset,
    "another range": part(shift=7),
    "an earlier range": part(shift=-5),
    "more than asked": part(add=b"more"),
    "a longer body": mislabelled(add=b"more"),
    "a longer body without a length": mislabelled(add=b"more", Content_Length=None),
    "a shorter body": mislabelled(drop=9),
    "a shorter body without a length": mislabelled(drop=9, Content_Length=None),
    "no range said": part(Content_Range=None),
    "a range of nonsense": part(Content_Range="bytes 5-2/x"),
    "a part in chunks that are none": part(Transfer_Encoding="chunked", Content_Length=None),
    "shorter parts": part(drop=500),
    "busy": says(503),
    "slow": drip,
    "no content": says(204),
}


@pytest.mark.parametrize("lie", HEALED.values(), ids=HEALED)
def test_what_a_retry_can_heal_is_healed(
    server: Server, ranges: Ranges, slept: list[float], lie: Lie
) -> None:
    assert ranges.identity.size == 4000
    server.lies = [lie, lie]
    assert ranges.read(1000, 3000) == server.data[1000:3000]
    assert len(server.asked) == 4
    assert slept == [1.0, 2.0]


@pytest.mark.parametrize("lie", HEALED.values(), ids=HEALED)
def test_what_no_retry_heals_ends_in_one_sentence(
    server: Server, ranges: Ranges, lie: Lie, slept: list[float]
) -> None:
    assert ranges.identity
    server.always = lie
    with pytest.raises(Unavailable) as caught:
        ranges.read(1000, 3900)
    assert caught.value.what.startswith(server.address + " could not be fetched in 6 tries: ")
    assert "goes on where it stopped" in caught.value.next_step
    assert len(server.asked) == 7
    assert slept == [1.0, 2.0, 4.0, 8.0, 16.0]


def test_a_transfer_goes_on_from_the_bytes_that_came(server: Server, ranges: Ranges) -> None:
    assert ranges.identity
    server.lies = [cut(300), cut(200), cut(0)]
    assert ranges.read(1000, 3000) == server.data[1000:3000]
    assert server.asked[1:] == [(1000, 3000), (1300, 3000), (1500, 3000), (1500, 3000)]


@pytest.mark.parametrize(
    ("lie", "why"),
    [
        (cut(0), "the connection broke off"),
        (reset, "broke off before it answered"),
        (drip, "next to nothing came in 0.4 s"),
        (part(shift=7), "another part than was asked for"),
        (says(503), "answered 503 (Service Unavailable)"),
    ],
)
def test_the_sentence_says_what_went_wrong(
    server: Server, ranges: Ranges, lie: Lie, why: str
) -> None:
    server.always = lie
    with pytest.raises(Unavailable) as caught:
        ranges.read(0, 4000)
    assert why in caught.value.what


PLAIN = "text/plain"
FATAL: dict[str, tuple[Lie, type[CutawayError], str]] = {
    "forbidden": (says(403), Unavailable, "answered 403"),
    "not there": (says(404), Unavailable, "answered 404"),
    "unauthorised": (says(401), Unavailable, "answered 401"),
    "a login page": (page(kind="text/html; charset=utf-8", body=b"hello"), Refused, "web page"),
    "a page in disguise": (page(), Refused, "web page"),
    "a page in disguise, as a part": (page(status=206), Refused, "web page"),
    "a page with a late start": (page(body=b"\n\t <HTML lang=en>"), Refused, "web page"),
    "a cut page": (page(206, PLAIN, b"<html><p>"), Refused, "web page"),
    "packed": (part(Content_Encoding="gzip"), Refused, "packs it"),
    "packed as a whole": (whole(Content_Encoding="gzip"), Refused, "packs it"),
    "no total": (part(total="*"), Refused, "how large"),
    "a whole without a length": (whole(Content_Length=None), Refused, "how large"),
    "empty": (whole(Content_Length=0), Refused, "empty"),
    "no such range": (says(416, Content_Range="bytes */0"), Refused, "empty"),
    "to a file": (to("file:///etc/passwd"), Refused, "leads"),
    "to ftp": (to("ftp://127.0.0.1/x"), Refused, "leads from http to ftp"),
    "to data": (to("data:text/plain,x"), Refused, "leads"),
    "in circles": (to("/file.txt"), Refused, "leads nowhere"),
    "nowhere": (says(302), Refused, "leads nowhere"),
}


@pytest.mark.parametrize(("lie", "error", "says"), FATAL.values(), ids=FATAL)
def test_what_is_no_file_is_refused_at_once(
    server: Server,
    ranges: Ranges,
    slept: list[float],
    lie: Lie,
    error: type[CutawayError],
    says: str,
) -> None:
    server.always = lie
    with pytest.raises(error, match=says) as caught:
        ranges.read(0, 4000)
    assert server.address in caught.value.what
    assert caught.value.next_step
    assert slept == []


def test_a_redirect_to_another_place_of_the_web_is_followed(server: Server, ranges: Ranges) -> None:
    server.lies = [to("/elsewhere"), Handler.tell, to(server.address + "?signed=1", 307)]
    assert ranges.read(10, 90) == server.data[10:90]
    assert server.agents == {f"cutaway/{sys.modules['cutaway'].__version__}"}


def test_an_encrypted_place_does_not_lead_to_an_open_one() -> None:
    asked = Request("https://a.example/x")
    headers = HTTPMessage()
    follow = Redirects().redirect_request
    with pytest.raises(Refused, match="leads from https to http"):
        follow(asked, io.BytesIO(), 302, "", headers, "http://a.example/x")
    assert follow(asked, io.BytesIO(), 302, "", headers, "https://b.example/x")


def test_a_server_that_sends_everything_is_left_early(server: Server, ranges: Ranges) -> None:
    server.data = server.data * 5000
    server.always = whole()
    start = time.monotonic()
    assert ranges.read(0, 1000) == server.data[:1000]
    assert ranges.got < 10_000
    assert time.monotonic() - start < 2
    with pytest.raises(Refused, match="only as a whole"):
        ranges.read(1000, 2000)


@pytest.mark.parametrize(
    "changed",
    [
        part(ETag='"2"'),
        part(total=4001),
        part(ETag=None, Last_Modified="Tue, 02 Jan 2024 00:00:00 GMT"),
    ],
)
@pytest.mark.parametrize("known", [True, False])
def test_a_file_that_changed_at_its_source_is_refused(
    server: Server, ranges: Ranges, changed: Lie, known: bool
) -> None:
    assert ranges.identity
    again = Ranges(server.address, ranges.line, ranges.identity) if known else ranges
    server.always = changed
    with pytest.raises(Refused, match="changed at its source") as caught:
        again.read(100, 200)
    assert "start anew" in caught.value.next_step


def test_a_file_is_the_same_by_its_etag_wherever_it_comes_from() -> None:
    first = Identity(9, "a", "Monday")
    assert not first.differs(Identity(9, "a", "Tuesday"))
    assert not first.differs(Identity(9, "", "Monday"))
    assert not first.differs(Identity(9, "", ""))
    assert first.differs(Identity(9, "b", "Monday"))
    assert first.differs(Identity(8, "a", "Monday"))
    assert first.differs(Identity(8, "", ""))
    assert first.differs(Identity(9, "", "Tuesday"))


@pytest.mark.parametrize(
    ("status", "after", "least", "most"),
    [
        (429, lambda: "7", 7, 7),
        (503, lambda: "9999999", 60, 60),
        (429, lambda: formatdate(time.time() + 30, usegmt=True), 25, 30),
        (503, lambda: formatdate(time.time() - 30, usegmt=True), 0, 0),
        (503, lambda: "soon", 1, 1),
        (500, lambda: None, 1, 1),
    ],
)
def test_a_server_may_ask_for_time_but_not_for_ever(
    server: Server,
    ranges: Ranges,
    slept: list[float],
    status: int,
    after: Callable[[], str | None],
    least: float,
    most: float,
) -> None:
    server.lies = [says(status, Retry_After=after())]
    assert ranges.read(0, 50) == server.data[:50]
    assert len(slept) == 1
    assert least <= slept[0] <= most


@pytest.mark.parametrize("lie", [silent, drip_headers])
def test_a_server_that_does_not_answer_is_given_up(server: Server, lie: Lie) -> None:
    server.always = lie
    start = time.monotonic()
    with pytest.raises(Unavailable, match="in 2 tries: the server did not answer in time"):
        Ranges(server.address, Line(tries=2, answer=0.2, sleep=lambda _: None)).read(0, 9)
    assert time.monotonic() - start < 3


@pytest.mark.parametrize("host", ["127.0.0.1:1", "no-such-host.invalid"])
def test_offline_is_one_sentence_and_at_once(slept: list[float], host: str) -> None:
    with pytest.raises(Unavailable) as caught:
        Ranges(f"http://{host}/x", Line(sleep=slept.append)).read(0, 9)
    assert caught.value.what.startswith(f"http://{host}/x cannot be reached: ")
    assert "\n" not in caught.value.what
    assert "Connect to the network" in caught.value.next_step
    assert slept == []


@pytest.mark.parametrize(
    "address",
    [
        "file:///etc/passwd",
        "ftp://host/x",
        "/a/path",
        "https://",
        "https://user:secret@host/x",
        "https://host/a b",
        "https://host:99999/",
        "https://host/\n",
        "https://[1/",
        "",
    ],
)
def test_what_is_no_address_is_said_to_be_none(address: str) -> None:
    with pytest.raises(UsageError, match="is not an address"):
        Ranges(address, Line())


def test_a_file_of_ranges_reads_like_any_other(server: Server, ranges: Ranges) -> None:
    file = io.BufferedReader(RangeFile(ranges), 64)
    plain = io.BytesIO(server.data)
    for offset, whence, size in [(10, 0, 5), (0, 1, 900), (-70, 2, 999), (4000, 0, 3), (5, 0, 70)]:
        assert file.seek(offset, whence) == plain.seek(offset, whence)
        assert file.read(size) == plain.read(size)
        assert file.tell() == plain.tell()
    assert file.seekable()
    assert file.readable()
    file.close()
